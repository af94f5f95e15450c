"""A node's word is not proof: what one node says of a log costs nothing at the next one."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from panda_web.bamboo import digest
from panda_web.client import Client
from panda_web.client.errors import LogDiverged, LogForked, LogRefused, MessageRefused
from panda_web.client.own_logs import OwnLogs
from panda_web.client.refusals import OF_A_MESSAGE
from panda_web.client.store import MemoryStore
from panda_web.keys.with_cryptography import CryptographySigner, CryptographyVerifier
from panda_web.messages.schema import DEFINITION
from panda_web.rpc import jsonrpc
from panda_web.rpc.errors import AnswerMalformed
from panda_web.rpc.methods import ItemOutcome
from tests.authors import OTHER_SCHEMA, SCHEMA, Author
from tests.client.kept import set_text, texts_of
from tests.client.liar import FALSE_PROOFS, REASONS, Liar
from tests.client.test_publishing import SEED, Patched, client, no_sleep, numbers, run
from tests.node.test_publish import Harness


@pytest.fixture
def node() -> Harness:
    return Harness()


def at(liar: Liar, store: MemoryStore) -> Client:
    """The author's page, opened there."""
    return Client(
        liar,
        CryptographySigner(SEED),
        store=store,
        verifier=CryptographyVerifier(),
        name="liar",
        sleep=no_sleep,
    )


def entries(store: MemoryStore) -> dict[str, str]:
    return texts_of(store, "entry/")


def visited(node: Harness, liar: Liar) -> tuple[MemoryStore, list[str]]:
    """An author with two talks at an honest node, who presses "Send now" at a lying one."""
    store = MemoryStore()
    panda = client(node, store)
    run(panda.key_made())
    ids = [each.id for each in run(panda.create_many(SCHEMA, [{"n": 1}, {"n": 2}]))]
    with pytest.raises(LogRefused, match="The node liar refuses entry 1 of log 1") as told:
        run(at(liar, store).flush())
    assert "Other nodes may take it" in str(told.value)
    assert "in use elsewhere" not in str(told.value)
    return store, ids


@pytest.mark.parametrize("reason", REASONS)
def test_an_author_who_was_lied_to_changes_and_deletes_everything_elsewhere(
    node: Harness, reason: str
) -> None:
    liar = Liar(Harness(), reason)
    store, ids = visited(node, liar)
    before = entries(store)
    with pytest.raises(LogRefused, match="your change was not signed"):
        run(at(liar, store).update(SCHEMA, ids[0], {"n": 3}))
    assert entries(store) == before, "what cannot get there is not signed"
    for _ in range(2):
        assert isinstance(run(at(liar, store).create(SCHEMA, {"n": 4})).error, LogRefused)
    assert run(at(liar, store).pending()) == 4
    assert run(client(node, store).pending()) == 2
    assert run(client(node, store).is_complete(SCHEMA)), "it is the only copy of the key still"
    assert run(client(node, store).flush()) == 2
    for each in ids:
        assert run(client(node, store).delete(SCHEMA, each)).acknowledged
    assert numbers(node) == [4, 4]
    assert run(client(node, store).pending()) == 0
    assert run(client(node, store).lost()) == []


@pytest.mark.parametrize("proof", FALSE_PROOFS.values(), ids=FALSE_PROOFS)
@pytest.mark.parametrize("reason", ["seq-num-taken", "backlink-mismatch"])
def test_a_false_proof_is_none(node: Harness, reason: str, proof: Callable[[str], Any]) -> None:
    store, ids = visited(node, Liar(Harness(), reason, proof))
    assert run(client(node, store).delete(SCHEMA, ids[0])).acknowledged
    assert numbers(node) == [2]


def test_what_one_log_is_refused_costs_others_nothing(node: Harness) -> None:
    """Nor is it sent again with each write: only by who wants to change what is in it, or presses the button."""
    liar = Liar(Harness(), "log-schema-mismatch")
    store, ids = visited(node, liar)
    liar.reason = "a-word-that-costs-nothing"
    liar.calls.clear()
    run(at(liar, store).create(OTHER_SCHEMA, {"n": 1}))
    assert liar.calls.count("panda_publishEntry") == 1
    liar.calls.clear()
    with pytest.raises(LogRefused):
        run(at(liar, store).delete(SCHEMA, ids[0]))
    assert liar.calls.count("panda_publishEntry") == 2


def test_what_is_recorded_meanwhile_hides_no_refusal(node: Harness) -> None:
    """Another tab counts what waits, and records what its node holds, while this one is refused."""
    store = MemoryStore()
    own = OwnLogs(store, Author(1).signer.author)
    run(client(node, store).create(SCHEMA, {"n": 1}))

    class Beside(Liar):
        async def send(self, body: bytes) -> bytes:
            state = await own.get(1)
            assert state is not None
            await own.acknowledge(state, f"another node {len(self.calls)}", 1)
            return await super().send(body)

    with pytest.raises(LogRefused):
        run(at(Beside(Harness(), "field-missing"), store).flush())
    state = run(own.get(1))
    assert state is not None
    assert state.refused.keys() == {"liar"}


def test_a_node_that_takes_the_entry_after_all_goes_on_with_the_log(node: Harness) -> None:
    """By itself, when something is to be added to the log."""
    store, ids = visited(node, Liar(Harness(), "instance-unknown"))
    honest = Harness()
    assert run(client(honest, store, name="liar").update(SCHEMA, ids[0], {"n": 5})).acknowledged
    assert numbers(honest) == [2, 5]
    state = run(OwnLogs(store, Author(1).signer.author).get(1))
    assert state is not None
    assert state.refused == {}


def test_the_other_entry_is_what_ends_a_log(node: Harness) -> None:
    """As our node shows it with its refusal, also where it shows nothing else of the log."""

    class Silent(Patched):
        def answer(self, method: str, result: Any) -> Any:
            return {"items": [], "next": None} if method == "panda_getItems" else result

    store = MemoryStore()
    run(client(node, store).key_made())
    run(client(node).create(SCHEMA, {"n": 1}))
    with pytest.raises(LogDiverged, match="in use elsewhere"):
        run(client(Silent(node), store).create(SCHEMA, {"n": 2}))
    assert run(client(node, store).create(SCHEMA, {"n": 3})).acknowledged
    assert numbers(node) == [1, 3]


def test_what_is_ours_at_one_node_can_be_deleted_though_another_one_shows_a_fork(node: Harness) -> None:
    store, theirs = MemoryStore(), Harness()
    ours = run(client(node, store).create(SCHEMA, {"n": 1})).id
    run(client(theirs).create(SCHEMA, {"n": 2}))
    with pytest.raises(LogForked):
        run(client(theirs, store, name="theirs").flush())
    assert run(client(node, store).delete(SCHEMA, ours)).acknowledged
    assert numbers(node) == []


@pytest.mark.parametrize("word", ["seq-num-taken", "log-schema-mismatch"])
def test_what_an_earlier_version_gave_up_on_a_nodes_word_is_tried_again(node: Harness, word: str) -> None:
    store = MemoryStore()
    ours = run(client(node, store).create(SCHEMA, {"n": 1})).id
    ((key, text),) = texts_of(store, "log/").items()
    state = json.loads(text)
    del state["refused"]
    set_text(store, key, json.dumps(state | {"givenUp": word}))
    assert run(client(node, store).delete(SCHEMA, ours)).acknowledged


@pytest.mark.parametrize("length", [1, 6])
def test_a_log_has_an_end_that_its_author_has_signed(node: Harness, length: int) -> None:
    """A node that always has one page more is asked no more than the last entry says."""

    class Endless(Patched):
        pages = 0
        items: Any = None

        def answer(self, method: str, result: Any) -> Any:
            if method == "panda_getItems":
                self.pages += 1
                assert self.pages < 20
                self.items = self.items or result["items"]
                return {"items": self.items, "next": self.pages}
            return result

    old = run(client(node).create_many(SCHEMA, [{"n": n} for n in range(length)]))
    wire, store = Endless(node), MemoryStore()
    for work in (client(wire, store).create(SCHEMA, {"n": 9}), client(wire, store).delete(SCHEMA, old[0].id)):
        with pytest.raises(AnswerMalformed, match="does not go on"):
            run(work)
    assert run(client(node, store).delete(SCHEMA, old[0].id)).acknowledged


def test_an_own_entry_that_lost_its_place_proves_nothing_new(node: Harness) -> None:
    """Whoever has seen it can show it for ever."""
    store = MemoryStore()
    old = run(client(node, store).create(SCHEMA, {"n": 1})).id
    run(client(node).update(SCHEMA, old, {"n": 2}))
    with pytest.raises(LogDiverged):
        run(client(node, store).update(SCHEMA, old, {"n": 3}))
    (lost,) = run(OwnLogs(store, Author(1).signer.author).entries(1, 1, None))
    assert run(client(node, store).update(SCHEMA, old, {"n": 4})).acknowledged
    liar = Liar(node, "seq-num-taken", lambda _: lost.entry.hex())
    assert isinstance(run(at(liar, store).update(SCHEMA, old, {"n": 5})).error, LogRefused)
    assert run(client(node, store).delete(SCHEMA, old)).acknowledged


@pytest.mark.parametrize(
    "reason",
    ["log-schema-mismatch", "log-condemned", "instance-unknown", "pattern-not-matched", "key-unknown"],
)
def test_what_a_message_says_costs_its_log_nothing(node: Harness, reason: str) -> None:
    """What the node refuses for what it says, it is brought; what was written before goes on as before."""
    assert reason in OF_A_MESSAGE
    store = MemoryStore()
    old = run(client(node, store).create(SCHEMA, {"n": 1})).id
    liar = Liar(node, reason, brought=True)
    panda = Client(
        liar, CryptographySigner(SEED), store=store, verifier=CryptographyVerifier(), sleep=no_sleep
    )
    refused = run(panda.create_many(SCHEMA, [{"n": 2}, {"n": 3}]))
    for each in refused:
        assert each.acknowledged
        assert isinstance(each.error, MessageRefused)
        assert each.error.data["node"] == reason
        assert each.error.data["entryHash"] == each.entry_hash
    assert run(panda.pending()) == run(panda.flush()) == 0
    changed = run(client(node, store).update(SCHEMA, old, {"n": 4}))
    assert (changed.acknowledged, changed.error) == (True, None)
    assert run(client(node, store).delete(SCHEMA, old)).acknowledged
    assert run(client(node, store).lost()) == []


def test_a_definition_that_a_node_refuses_costs_no_other(node: Harness) -> None:
    """An author has one log for definitions, and no other one to go to."""
    store, schema = MemoryStore(), str(DEFINITION.id)
    fields = {"name": "a", "description": "", "version": 1, "fields": '{"x": {"type": "text"}}'}
    liar = at(Liar(node, "pattern-escape-unknown", brought=True), store)
    refused = run(liar.create(schema, fields))
    assert (refused.acknowledged, type(refused.error)) == (True, MessageRefused)
    assert run(liar.pending()) == 0
    written = run(client(node, store).create(schema, {**fields, "name": "b"}))
    assert (written.acknowledged, written.error) == (True, None)


def test_what_does_not_pass_either_way_waits_as_ever(node: Harness) -> None:
    """The node neither takes the entry from its author nor as from a peer."""

    class Closed(Liar):
        async def send(self, body: bytes) -> bytes:
            call = jsonrpc.loads(body)
            if b"panda_publishItems" not in body:
                return await super().send(body)
            outcomes = [
                ItemOutcome(
                    digest(bytes.fromhex(item["entryBytes"])).hex(), "refused", "author-quota-reached"
                )
                for item in call["params"]["items"]
            ]
            return jsonrpc.dumps(jsonrpc.reply(call["id"], {"items": [each.to_json() for each in outcomes]}))

    store = MemoryStore()
    panda = at(Closed(Harness(), "field-missing", brought=True), store)
    assert isinstance(run(panda.create(SCHEMA, {"n": 1})).error, LogRefused)
    assert run(panda.pending()) == 1
    run(client(node, store).flush())
    assert numbers(node) == [1]
