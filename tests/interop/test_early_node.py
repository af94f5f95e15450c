"""Our client at an aquadoggo 0.1.0 node: everything works, nothing is signed twice, what it says is verified."""

import asyncio
from collections.abc import Coroutine, Iterator, Sequence
from typing import Any, TypeVar

import pytest

from panda_web import bamboo
from panda_web.bamboo import digest
from panda_web.client import Client
from panda_web.client.errors import LogDiverged, NodeTooOld, RefusedUnclearly
from panda_web.client.store import ClientStore, MemoryStore
from panda_web.keys import Claim, InvalidSignature
from panda_web.keys.with_cryptography import CryptographySigner, CryptographyVerifier
from panda_web.messages import SYSTEM_LOGS, Field, Relation
from panda_web.rpc import jsonrpc
from panda_web.rpc.errors import AnswerTooLong, InvalidParams, NodeUnreachable
from panda_web.rpc.transport import InProcess, Transport, too_long
from tests.authors import OTHER_SCHEMA, SCHEMA, Author
from tests.client.kept import texts_of
from tests.interop.aquadoggo import Aquadoggo
from tests.interop.served import InProcessAquadoggo, ServedAquadoggo
from tests.node.test_publish import Harness

T = TypeVar("T")
SEED = bytes((1,)) * 32  # the key of Author(1)
THIRD, FOURTH = digest(b"third").hex(), digest(b"fourth").hex()


def run(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(work)


async def no_sleep(_: float) -> None:
    pass


def client(
    wire: Transport | Aquadoggo, store: ClientStore | None = None, seed: bytes = SEED, name: str = "node"
) -> Client:
    return Client(
        InProcessAquadoggo(wire) if isinstance(wire, Aquadoggo) else wire,
        CryptographySigner(seed),
        store=store or MemoryStore(),
        verifier=CryptographyVerifier(),
        name=name,
        sleep=no_sleep,
    )


@pytest.fixture
def node() -> Aquadoggo:
    return Aquadoggo()


@pytest.fixture(params=[False, True], ids=["seqNum", "lastSeqNum"])
def served(request: pytest.FixtureRequest) -> Iterator[ServedAquadoggo]:
    with ServedAquadoggo(Aquadoggo(early_replies=request.param)) as server:
        yield server


def published(wire: InProcessAquadoggo) -> list[bytes]:
    return [
        bytes.fromhex(body["params"]["entryEncoded"])
        for body in wire.bodies
        if body["method"] == "panda_publishEntry"
    ]


def called(wire: InProcessAquadoggo) -> list[str]:
    return [body["method"].removeprefix("panda_") for body in wire.bodies]


def numbers(node: Aquadoggo, schema: str = SCHEMA) -> list[Any]:
    answer = run(client(node).query(schema).all())
    assert not answer.rejected
    assert all(instance.verified for instance in answer)
    return sorted(instance["n"] for instance in answer)


# -- over HTTP ---------------------------------------------------------------------------------------


def test_everything_over_http(served: ServedAquadoggo) -> None:
    async def work() -> None:
        async with Client(served.url, CryptographySigner(SEED), sleep=no_sleep) as panda:
            fields: dict[str, object] = {
                "title": "Ünïcødé 🐼",
                "n": -(2**63),
                "x": 3.5,
                "b": True,
                "of": Relation(digest(b"r").hex()),
            }
            one = await panda.create(SCHEMA, fields)
            many = await panda.create_many(SCHEMA, [{"n": n} for n in range(40)])
            assert all(written.acknowledged for written in (one, *many))
            await panda.update(SCHEMA, one.id, {"title": "edited"})
            await panda.delete(SCHEMA, many[0].id)
            other = await panda.create(OTHER_SCHEMA, {"n": 7})
            assert await panda.pending() == 0

            (found,) = await panda.query(SCHEMA, filter={"title": "edited"})
            assert found.values == fields | {"title": "edited"}
            assert (found.id, found.author, found.log_id, found.seq_num) == (one.id, panda.author, 1, 42)
            assert found.edited
            assert found.verified
            assert len(await panda.query(SCHEMA).all()) == 40
            (found,) = await panda.query(OTHER_SCHEMA)
            assert (found.id, found.log_id) == (other.id, 3)

    run(work())


def test_a_lost_reply_over_http_is_asked_about_and_not_sent_again(served: ServedAquadoggo) -> None:
    async def work() -> None:
        async with Client(served.url, CryptographySigner(SEED), sleep=no_sleep) as panda:
            await panda.create(SCHEMA, {"n": 1})
            served.lose_replies = 1
            written = await panda.create(SCHEMA, {"n": 2})
            assert written.acknowledged
            assert [instance["n"] for instance in await panda.query(SCHEMA, order_by=["n"])] == [1, 2]

    run(work())


def test_a_node_that_is_away_is_unreachable_and_nothing_is_lost(served: ServedAquadoggo) -> None:
    async def work() -> None:
        async with Client(served.url, CryptographySigner(SEED), sleep=no_sleep) as panda:
            await panda.create(SCHEMA, {"n": 1})
            served.away = True
            assert not (await panda.create(SCHEMA, {"n": 2})).acknowledged
            with pytest.raises(NodeUnreachable):
                await panda.query(SCHEMA)
            served.away = False
            assert await panda.flush() == 1
            assert len(await panda.query(SCHEMA)) == 2

    run(work())


# -- what is asked, and how often ---------------------------------------------------------------------


def test_what_the_node_can_is_asked_once_and_batches_are_not_sent(node: Aquadoggo) -> None:
    wire = InProcessAquadoggo(node)
    panda = client(wire)
    for n in range(3):
        run(panda.create(SCHEMA, {"n": n}))
    run(panda.create_many(SCHEMA, [{"n": n} for n in range(3, 6)]))
    assert called(wire) == [
        "query",  # for the schema, and what the node can
        "getEntryArguments",  # which log
        "getEntryArguments",  # whether the first entry is there already, from before a crash
        *["publishEntry"] * 6,
    ]
    assert numbers(node) == list(range(6))


def test_after_a_restart_the_end_of_the_log_is_asked_for_before_anything_is_sent(node: Aquadoggo) -> None:
    store = MemoryStore()
    run(client(node, store).create(SCHEMA, {"n": 0}))
    wire = InProcessAquadoggo(node)
    run(client(wire, store).create(SCHEMA, {"n": 1}))
    assert called(wire) == ["query", "getEntryArguments", "publishEntry"]


class LossyWire(InProcessAquadoggo):
    """Loses the reply to every publication in `lose`, counted from 0; the node does what it is asked, if not `gone`."""

    gone = False

    def __init__(self, node: Aquadoggo, *lose: int) -> None:
        super().__init__(node)
        self._lose = lose

    async def send(self, body: bytes) -> bytes:
        if self.gone:
            raise NodeUnreachable("gone")
        number = len(published(self))
        answer = await super().send(body)
        if len(published(self)) > number and number in self._lose:
            raise NodeUnreachable("lost")
        return answer


def test_a_key_that_was_made_here_begins_without_the_node(node: Aquadoggo) -> None:
    wire, store = LossyWire(node), MemoryStore()
    panda = client(wire, store)
    run(panda.key_made())
    wire.gone = True
    for n, schema in enumerate((SCHEMA, OTHER_SCHEMA, SCHEMA)):
        assert not run(panda.create(schema, {"n": n})).acknowledged
    wire.gone = False
    assert run(client(wire, store).flush()) == 3
    assert (numbers(node), numbers(node, OTHER_SCHEMA)) == ([0, 2], [1])


@pytest.mark.parametrize("lose", [(0,), (1,), (2, 3), (0, 1, 2, 3, 4)], ids=str)
def test_lost_replies_do_not_condemn_the_log(node: Aquadoggo, lose: tuple[int, ...]) -> None:
    wire = LossyWire(node, *lose)
    panda = client(wire)
    for n in range(5):
        assert run(panda.create(SCHEMA, {"n": n})).acknowledged
    assert len(published(wire)) == len(set(published(wire))) == 5, "nothing was sent twice"
    assert {bamboo.decode(entry).log_id for entry in published(wire)} == {1}
    assert numbers(node) == list(range(5))


def test_a_lost_reply_in_the_middle_of_many(node: Aquadoggo) -> None:
    wire = LossyWire(node, 7, 20)
    run(client(wire).create_many(SCHEMA, [{"n": n} for n in range(30)]))
    assert len(published(wire)) == len(set(published(wire))) == 30
    assert numbers(node) == list(range(30))


def test_a_crash_after_sending(node: Aquadoggo) -> None:
    store = MemoryStore()

    class Crash(InProcessAquadoggo):
        async def send(self, body: bytes) -> bytes:
            answer = await super().send(body)
            if published(self):
                raise KeyboardInterrupt
            return answer

    with pytest.raises(KeyboardInterrupt):
        run(client(Crash(node), store).create(SCHEMA, {"n": 0}))
    wire = InProcessAquadoggo(node)
    panda = client(wire, store)
    assert run(panda.pending()) == 0  # whoever counts asks first
    assert run(panda.flush()) == 0
    assert published(wire) == []
    run(panda.create(SCHEMA, {"n": 1}))
    assert numbers(node) == [0, 1]


def test_a_doubled_request(node: Aquadoggo) -> None:
    """The answer to the second one, a database error, is the one that arrives."""

    class Doubling(InProcessAquadoggo):
        async def send(self, body: bytes) -> bytes:
            self.handle(body)
            return await super().send(body)

    panda = client(Doubling(node))
    for n in range(4):
        assert run(panda.create(SCHEMA, {"n": n})).acknowledged
    assert numbers(node) == list(range(4))


@pytest.mark.parametrize("kept", [0, 1, 5, 20])
def test_a_node_that_lags_or_is_empty_is_brought_up_to_date(node: Aquadoggo, kept: int) -> None:
    store = MemoryStore()
    panda = client(node, store)
    for n in range(kept):
        run(panda.create(SCHEMA, {"n": n}))
    copy = node.copy()
    for n in range(kept, 20):
        run(panda.create(SCHEMA, {"n": n}))
    run(client(copy, store).create(SCHEMA, {"n": 20}))
    assert numbers(copy) == list(range(21))


def test_a_refusal_without_a_reason_condemns_nothing(node: Aquadoggo) -> None:
    class Locked(InProcessAquadoggo):
        locked = True

        async def send(self, body: bytes) -> bytes:
            if self.locked and b"publishEntry" in body:
                error = {"code": 0, "message": "error returned from database: database is locked"}
                return jsonrpc.dumps({"jsonrpc": "2.0", "id": jsonrpc.loads(body)["id"], "error": error})
            return await super().send(body)

    wire = Locked(node)
    panda = client(wire)
    written = run(panda.create(SCHEMA, {"n": 0}))
    assert isinstance(written.error, RefusedUnclearly)
    assert "database is locked" in str(written.error)
    assert run(panda.pending()) == 1
    wire.locked = False
    run(panda.create(SCHEMA, {"n": 1}))
    assert numbers(node) == [0, 1]


# -- which log ---------------------------------------------------------------------------------------


def test_a_log_id_offered_twice_is_taken_once(node: Aquadoggo) -> None:
    class Storm(InProcessAquadoggo):
        """Publishing fails, so that the node offers one id to all."""

        async def send(self, body: bytes) -> bytes:
            if b"publishEntry" in body:
                raise NodeUnreachable("storm")
            return await super().send(body)

    store = MemoryStore()
    panda = client(Storm(node), store)
    schemas = [SCHEMA, OTHER_SCHEMA, THIRD]
    for schema in schemas:
        assert not run(panda.create(schema, {"n": 1})).acknowledged
    calm = client(node, store)
    assert run(calm.flush()) == 3
    for log_id, schema in zip((1, 3, 5), schemas, strict=True):
        (found,) = run(calm.query(schema))
        assert found.log_id == log_id


def test_two_tabs_that_begin_one_schema_use_one_log(node: Aquadoggo) -> None:
    """Without a lock between them: the other one begins and publishes while this one asks."""
    store = MemoryStore()
    other = client(node, store)

    class Slow(InProcessAquadoggo):
        asked = False

        async def send(self, body: bytes) -> bytes:
            if b"getEntryArguments" in body and not self.asked:
                self.asked = True
                await other.create(SCHEMA, {"n": 1})
            return await super().send(body)

    wire = Slow(node)
    written = run(client(wire, store).create(SCHEMA, {"n": 2}))
    assert written.acknowledged
    assert {bamboo.decode(entry).log_id for entry in published(wire)} == {1}
    assert numbers(node) == [1, 2]


def entangled(node: Aquadoggo) -> None:
    """What two quick creates for two schemas by an old client leave: both in log 1."""
    wire, author = InProcessAquadoggo(node), Author()

    def send(signed: Any, payload: bytes) -> None:
        params = {"entryEncoded": signed.encoded.hex(), "messageEncoded": payload.hex()}
        wire.handle(jsonrpc.dumps(jsonrpc.call("1", "panda_publishEntry", params)))

    send(*author.create(n=1))
    send(*Author().create(OTHER_SCHEMA, n=2))  # refused, and yet log 1 is now OTHER_SCHEMA's too
    send(*author.create(OTHER_SCHEMA, n=3))
    send(*author.create(n=4))


def test_two_schemas_in_one_log_are_told_apart(node: Aquadoggo) -> None:
    entangled(node)
    assert numbers(node) == [1, 4]
    assert numbers(node, OTHER_SCHEMA) == [3]


def test_a_restored_key_goes_on_with_an_entangled_log_for_one_schema(node: Aquadoggo) -> None:
    entangled(node)
    wire = InProcessAquadoggo(node)
    panda = client(wire)
    run(panda.create(SCHEMA, {"n": 5}))
    sent = len(published(wire))
    with pytest.raises(NodeTooOld, match=r"log 1 only"):
        run(panda.create(OTHER_SCHEMA, {"n": 6}))
    assert len(published(wire)) == sent
    assert numbers(node) == [1, 4, 5]
    assert numbers(node, OTHER_SCHEMA) == [3]


def test_an_offered_id_that_is_in_use_is_not_taken_for_the_schemas_log(node: Aquadoggo) -> None:
    entangled(node)
    other = client(node)
    run(other.create(THIRD, {"n": 7}))  # log 3; now the node offers 3 to everybody
    run(other.create(FOURTH, {"n": 8}))
    restored = client(node)
    run(restored.create(FOURTH, {"n": 9}))
    assert numbers(node, THIRD) == [7]
    assert numbers(node, FOURTH) == [8, 9]


@pytest.mark.parametrize("length", [1, 2, 3, 4, 8, 13, 14, 40])
def test_a_restored_key_goes_on_with_its_log(node: Aquadoggo, length: int) -> None:
    first = run(client(node).create_many(SCHEMA, [{"n": n} for n in range(length)]))
    again = client(node)
    run(again.create_many(SCHEMA, [{"n": length + n} for n in range(10)]))
    run(again.update(SCHEMA, first[0].id, {"n": -1}))
    assert numbers(node) == [-1, *range(1, length + 10)]


def test_two_copies_of_a_key(node: Aquadoggo) -> None:
    wire = InProcessAquadoggo(node)
    one, other = client(wire), client(node)
    run(one.create(SCHEMA, {"n": 1}))
    run(other.create(SCHEMA, {"n": 2}))
    with pytest.raises(LogDiverged):
        run(one.create(SCHEMA, {"n": 3}))
    wire.bodies.clear()
    with pytest.raises(NodeTooOld, match="log 1 only"):
        run(one.create(SCHEMA, {"n": 4}))
    assert published(wire) == []
    run(other.create(SCHEMA, {"n": 5}))
    assert numbers(node) == [1, 2, 5]


# -- what it cannot take -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("schema", "fields", "words"),
    [
        (SCHEMA, {"names": ["a"]}, r"field type str\[\].*'names'"),
        (SCHEMA, {"n": 1, "of": Field("relation[]", ())}, "take the value of 'of' away"),
        (
            SYSTEM_LOGS[0],
            {"name": "a schema", "description": "", "version": 1, "fields": '{"n":{"type":"integer"}}'},
            "system logs",
        ),
        (SYSTEM_LOGS[4], {"key": "x"}, "system logs"),
    ],
)
def test_it_is_said_in_words_before_anything_is_signed(
    node: Aquadoggo, schema: str, fields: dict[str, object], words: str
) -> None:
    wire, store = LossyWire(node), MemoryStore()
    with pytest.raises(NodeTooOld, match=words):
        run(client(wire, store).create(schema, fields))
    assert not texts_of(store, "entry/")
    assert called(wire) in (["query"], ["rpc.discover"])
    # As long as the node cannot be reached, it is what it was.
    wire.gone = True
    with pytest.raises(NodeTooOld):
        run(client(wire, store).create(schema, fields))
    assert not texts_of(store, "entry/")


def test_what_went_to_another_node_is_withheld_from_it(node: Aquadoggo) -> None:
    store, present = MemoryStore(), Harness()
    there = client(InProcess(present.node.dispatcher()), store, name="present")
    run(there.create(SYSTEM_LOGS[4], {"n": 1}))
    run(there.create(SCHEMA, {"n": 1}))
    run(there.create(SCHEMA, {"names": ["a"]}))
    run(there.create(OTHER_SCHEMA, {"n": 2}))
    wire = InProcessAquadoggo(node)
    here = client(wire, store, name="early")
    with pytest.raises(NodeTooOld, match=r"Entry 2 of log 1 .* 'names'"):
        run(here.flush())
    with pytest.raises(NodeTooOld, match="system logs"):
        run(here.flush(SYSTEM_LOGS[4]))
    assert numbers(node, OTHER_SCHEMA) == [2]
    assert numbers(node, SCHEMA) == [1]  # what lies before what it cannot take is there
    assert {bamboo.decode(entry).log_id for entry in published(wire)} == {1, 3}
    behind = run(here.create(SCHEMA, {"n": 3}))
    assert isinstance(behind.error, NodeTooOld)
    assert behind.error.data["seqNum"] == 2
    assert run(here.create(OTHER_SCHEMA, {"n": 4})).acknowledged
    assert run(here.pending(SCHEMA)) == 2
    assert not node.ended


def test_a_node_that_was_renewed_is_found_out(node: Aquadoggo) -> None:
    store, present = MemoryStore(), Harness()
    run(client(node, store).create(SCHEMA, {"n": 1}))
    run(client(InProcess(present.node.dispatcher()), store).create(SCHEMA, {"names": ["a"]}))
    reader = Client(InProcess(present.node.dispatcher()), verifier=CryptographyVerifier())
    assert len(run(reader.query(SCHEMA))) == 2


# -- reading -----------------------------------------------------------------------------------------


@pytest.fixture
def full(node: Aquadoggo) -> Aquadoggo:
    """Three talks, the second one edited, a fourth one deleted, and one of somebody else."""
    panda = client(node)
    made = run(panda.create_many(SCHEMA, [{"n": n, "title": f"talk {n}"} for n in range(4)]))
    run(panda.update(SCHEMA, made[1].id, {"title": "edited"}))
    run(panda.delete(SCHEMA, made[3].id))
    run(client(node, seed=bytes(32)).create(SCHEMA, {"n": 9}))
    return node


class Liar(InProcessAquadoggo):
    """Changes a column of one row of its answers, the row with this number."""

    def __init__(self, node: Aquadoggo, row: int, column: str, at: int | None) -> None:
        super().__init__(node)
        self._row, self._column, self._at = row, column, at

    async def send(self, body: bytes) -> bytes:
        answer = jsonrpc.loads(await super().send(body))
        if "entries" in answer.get("result", {}):
            entries = answer["result"]["entries"]
            if self._at is None:
                del entries[self._row]
            else:
                text, at = entries[self._row][self._column], self._at % len(entries[self._row][self._column])
                entries[self._row][self._column] = (
                    text[:at] + ("0" if text[at] != "0" else "1") + text[at + 1 :]
                )
        return jsonrpc.dumps(answer)


def shown(wire: Transport) -> tuple[list[Any], list[str]]:
    answer = run(Client(wire, verifier=CryptographyVerifier()).query(SCHEMA, order_by=["n"]))
    return [instance["n"] for instance in answer], [rejected.error.reason for rejected in answer.rejected]


def test_the_honest_answer(full: Aquadoggo) -> None:
    assert shown(InProcessAquadoggo(full)) == ([0, 1, 2, 9], [])


@pytest.mark.parametrize(
    ("row", "numbers", "rejected"),
    [
        (0, [1, 2, 9], 1),
        (1, [0, 2, 9], 2),  # and the update that has nothing to change now
        (2, [0, 1, 9], 1),
        (3, [0, 1, 2, 9], 1),  # its delete is nothing wrong: what is deleted need not be there
        (4, [0, 1, 2, 9], 1),
        (5, [0, 1, 2, 3, 9], 1),  # a delete that is not there cannot be known of
        (6, [0, 1, 2], 1),
    ],
)
@pytest.mark.parametrize("at", [0, 40, 100, -30])
def test_no_altered_entry_is_believed(
    full: Aquadoggo, row: int, at: int, numbers: list[int], rejected: int
) -> None:
    liar = Liar(full, row, "entryBytes", at)
    answer = run(Client(liar, verifier=CryptographyVerifier()).query(SCHEMA, order_by=["n"]))
    assert [instance["n"] for instance in answer] == numbers
    assert len(answer.rejected) == rejected
    titles = {0: "talk 0", 1: "talk 1" if row == 4 else "edited", 2: "talk 2", 3: "talk 3", 9: None}
    assert [instance.values.get("title") for instance in answer] == [titles[n] for n in numbers]
    if row == 0:  # nothing leads to entry 1 any more
        assert [instance.verified for instance in answer] == [False, False, True]


@pytest.mark.parametrize("at", [0, 20, 100, -1])
def test_an_altered_payload(full: Aquadoggo, at: int) -> None:
    assert shown(Liar(full, 0, "payloadBytes", at)) == ([1, 2, 9], ["payload-hash-mismatch"])


def test_a_missing_create(full: Aquadoggo) -> None:
    assert shown(Liar(full, 1, "", None)) == ([0, 2, 9], ["proof-incomplete"])


def test_what_the_node_says_about_an_entry_does_not_count(full: Aquadoggo) -> None:
    for column in ("author", "entryHash", "payloadHash"):
        assert shown(Liar(full, 2, column, 50)) == ([0, 1, 2, 9], [])


def test_a_stranger_changes_and_hides_nothing(full: Aquadoggo) -> None:
    (first, *_) = run(Client(InProcessAquadoggo(full)).query(SCHEMA, order_by=["n"]))
    stranger = Author(7)
    for signed, payload in (
        stranger.update(bytes.fromhex(first.id), title="mine"),
        stranger.delete(bytes.fromhex(first.id)),
    ):
        params = {"entryEncoded": signed.encoded.hex(), "messageEncoded": payload.hex()}
        InProcessAquadoggo(full).handle(jsonrpc.dumps(jsonrpc.call("1", "panda_publishEntry", params)))
    answer = run(Client(InProcessAquadoggo(full)).query(SCHEMA, order_by=["n"]))
    assert [instance["n"] for instance in answer] == [0, 1, 2, 9]
    assert answer[0]["title"] == "talk 0"
    assert [(r.id, r.error.reason) for r in answer.rejected] == [(first.id, "proof-incomplete")] * 2


def test_a_fork_ends_the_log(full: Aquadoggo) -> None:
    class Forked(InProcessAquadoggo):
        async def send(self, body: bytes) -> bytes:
            answer = jsonrpc.loads(await super().send(body))
            if "entries" in answer.get("result", {}):
                author = Author()
                author.create(n=100)
                signed, payload = author.create(n=101)  # a second entry 2
                row = {**answer["result"]["entries"][0], "entryBytes": signed.encoded.hex()}
                answer["result"]["entries"].append(row | {"payloadBytes": payload.hex()})
            return jsonrpc.dumps(answer)

    numbers, reasons = shown(Forked(full))
    assert numbers == [0, 9]
    assert set(reasons) == {"proof-mismatch"}


def test_pages(full: Aquadoggo) -> None:
    panda = Client(InProcessAquadoggo(full), verifier=CryptographyVerifier())
    seen, after = [], None
    while page := run(panda.query(SCHEMA, order_by=["-n"], limit=1, after=after)):
        seen.append(page[0]["n"])
        after = page.after
    assert seen == [9, 2, 1, 0]


def test_rejected_ones_are_reported_once(full: Aquadoggo) -> None:
    panda = Client(Liar(full, 0, "payloadBytes", 20), verifier=CryptographyVerifier())
    assert len(run(panda.query(SCHEMA).all()).rejected) == 1


@pytest.mark.parametrize(
    "options",
    [
        {"limit": 0},
        {"limit": 1001},
        {"after": "nonsense"},
        {"filter": {"n": {"near": 1}}},
        {"filter": {"id": "x"}},
        {"order_by": ["n"] * 9},
    ],
    ids=str,
)
def test_a_query_that_is_none_is_refused_as_a_present_day_node_does(
    full: Aquadoggo, options: dict[str, Any]
) -> None:
    with pytest.raises(InvalidParams) as refused:
        run(Client(InProcessAquadoggo(full), verifier=CryptographyVerifier()).query(SCHEMA, **options))
    present = Client(InProcess(Harness().node.dispatcher()), verifier=CryptographyVerifier())
    with pytest.raises(Exception, match=r".") as there:
        run(present.query(SCHEMA, **options))
    assert (str(there.value), there.value.reason) == (str(refused.value), refused.value.reason)  # type: ignore[attr-defined]


def test_it_lists_no_schemas(full: Aquadoggo) -> None:
    assert run(client(full).schemas()) == ()


def test_what_was_verified_is_not_verified_again(full: Aquadoggo) -> None:
    class Counting(CryptographyVerifier):
        asked = 0

        async def verify_many(self, claims: Sequence[Claim]) -> list[InvalidSignature | None]:
            self.asked += len(claims)
            return await super().verify_many(claims)

    wire, verifier = InProcessAquadoggo(full), Counting()
    panda = Client(wire, verifier=verifier)
    first = run(panda.query(SCHEMA, limit=2))
    held = verifier.asked
    assert held > 4
    assert len(run(panda.query(SCHEMA).all())) == 4
    assert called(wire).count("queryEntries") == 2  # a look each; pages are of one look
    assert verifier.asked == held
    run(client(full, MemoryStore()).create(SCHEMA, {"n": 77}))
    assert len(run(panda.query(SCHEMA, filter={"n": 77}))) == 1
    assert verifier.asked == held + 1
    assert run(panda.query(SCHEMA, limit=2, after=first.after)) != first


def test_too_many_entries_are_told_with_a_way_out(full: Aquadoggo, monkeypatch: pytest.MonkeyPatch) -> None:
    class Short(InProcessAquadoggo):
        async def send(self, body: bytes) -> bytes:
            if b"queryEntries" in body:
                raise too_long("http://node.example", 64 << 20)
            return await super().send(body)

    with pytest.raises(AnswerTooLong, match=r"64 MiB.* Read it at a present-day node"):
        run(client(Short(full), MemoryStore()).query(SCHEMA))
