"""From one node into another by a file: all of it, whoever broke it, and however often."""

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from panda_web import archive
from panda_web.archive import ArchiveError, Import, Imported, exporting, importing, lines
from panda_web.archive.lines import HEADER
from panda_web.bamboo import decode
from panda_web.errors import PandaError
from panda_web.keys.with_cryptography import CryptographyVerifier
from panda_web.node import Node
from panda_web.node.answer import items as items_module
from panda_web.node.rates import Rates
from panda_web.node.store import changes
from panda_web.rpc.connection import Connection
from panda_web.rpc.errors import ErrorFromNode, RateExceeded
from panda_web.rpc.methods import StoredEntry
from panda_web.rpc.transport import InProcess
from panda_web.rpc.within import in_process
from tests.authors import OTHER_SCHEMA, Author
from tests.examples import examples
from tests.node.branches import DEFINED
from tests.node.test_brought import Offered, Peered, log_of, offer_all, offers
from tests.node.test_publish import Harness
from tests.sync.world import Between, Clock

Json = Any


async def exported(node: Connection) -> list[archive.Exported]:
    return [each async for each in archive.export(node, asyncio.sleep)]


def file_of(node: Harness) -> bytes:
    return b"".join(each.data for each in asyncio.run(exported(node.connection)))


def bring(node: Harness, *pieces: bytes, clock: Clock | None = None) -> tuple[Imported, str | None]:
    """What became of a file, and the reason where it ended before its end."""

    async def work() -> tuple[Imported, str | None]:
        taking = Import(node.connection, (clock or Clock()).sleep)
        try:
            for piece in pieces:
                assert await taking.take(piece) == taking.so_far
            return await taking.end(), None
        except ArchiveError as error:
            assert len(str(error)) > 40
            return taking.so_far, error.reason

    return asyncio.run(work())


def places(file: bytes) -> list[tuple[bytes, int, int]]:
    reader = lines.Reader()
    entries = [decode(each.item.entry) for each in reader.feed(file)]
    return [(each.author, each.log_id, each.seq_num) for each in entries]


def some_logs(length: int = 12) -> Peered:
    """A node with a definition and two logs, of which one has a gap."""
    node = Peered()
    first, second = log_of(length), log_of(length, number=2)
    node.bring(*first)
    node.bring(*(second[n - 1] for n in (1, 4, 8, 12) if n <= length))
    node.bring(*((second[n - 1], False) for n in (2, 3)))
    return node


@examples(1)
@given(offers(), st.integers(500, 4000), st.integers(2, 20), st.integers(1, 9), st.integers(1, 3000))
def test_what_one_node_has_another_has_afterwards(
    offered: tuple[dict[Any, bool], list[list[list[Offered]]]],
    answer: int,
    looked_at: int,
    few: int,
    piece: int,
) -> None:
    """Forks, gaps, deletes and what is no message too; and the file of that one is the same, to the byte."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(items_module, "MAX_ANSWER", answer)
        patch.setattr(changes, "LOOKED_AT", looked_at)
        patch.setattr(exporting, "FEW", few)
        _, (calls, _) = offered
        node, other = Peered(), Harness()
        offer_all(node, calls)
        file = file_of(node)
        assert file_of(node) == file
        found, wrong = bring(other, *(file[at : at + piece] for at in range(0, len(file), piece)))
        assert wrong is None
        assert found == Imported(found.entries, stored=found.entries)
        assert file_of(other) == file
        assert Peered.shown(other) == node.shown()  # type: ignore[arg-type]
        again, wrong = bring(other, file)
        assert (again, wrong) == (Imported(found.entries, held=found.entries), None)
        for each in (node, other):
            each.store.close()


def test_definitions_come_first_and_each_log_ascends() -> None:
    node = some_logs()
    found = places(file_of(node))
    system = [place for place in found if place[1] % 2 == 0]
    assert system == [(DEFINED[0].entry.author, 0, 1)]
    assert found[0] == system[0]
    assert found == system + sorted(found[1:])
    assert len(found) == 1 + 12 + 6


def test_how_far_it_is_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exporting, "PIECE", 2000)
    node = some_logs()
    pieces = asyncio.run(exported(node.connection))
    assert len(pieces) > 5
    assert [each.entries for each in pieces] == sorted({each.entries for each in pieces})
    assert {each.of_logs for each in pieces} == {3}
    last = pieces[-1]
    assert (last.entries, last.payloads, last.logs) == (19, 17, 3)
    assert last.data.endswith(lines.end(19))


def test_a_node_has_others_to_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """So it is asked for few entries at a time; where most of a log is not there, soon for more."""
    monkeypatch.setattr(exporting, "FEW", 4)
    node = Peered()
    whole, path = log_of(40), [1, 4, 13, 40]
    node.bring(*(each for each in log_of(40, number=2) if each.place[2] in path))
    node.bring(*whole)
    most: dict[bytes, list[int]] = {}

    def otherwise(method: str, params: Json, answer: Json) -> Json:
        if method == "panda_getItems" and params["logId"] == 1:
            most.setdefault(params["author"], []).append(len(answer["items"]))
        return answer

    async def work() -> list[archive.Exported]:
        way = Between(in_process(node.node.dispatcher()), otherwise)
        found = await exported(Connection(way))
        await way.close()
        return found

    assert asyncio.run(work())[-1].entries == 1 + 40 + 4
    counts = {sum(each): each for each in most.values()}
    assert counts[40] == [4] * 10
    assert len(counts[4]) < 5


def test_who_calls_too_often_waits() -> None:
    """A node that counts calls is asked again after as long as it says, for the logs, the items, and to take them in."""
    node, other, refused = some_logs(), Harness(), set()
    clock = Clock()

    def otherwise(method: str, _: Json, answer: Json) -> Json:
        if method not in refused:
            refused.add(method)
            raise ErrorFromNode("Too fast.", RateExceeded.reason, RateExceeded.code, node={"retryAfter": 7})
        return answer

    async def work() -> Imported:
        source = Between(in_process(node.node.dispatcher()), otherwise)
        sink = Between(in_process(other.node.dispatcher()), otherwise)
        taking = Import(Connection(sink), clock.sleep)
        async for piece in archive.export(Connection(source), clock.sleep):
            await taking.take(piece.data)
        found = await taking.end()
        for each in (source, sink):
            await each.close()
        return found

    found = asyncio.run(work())
    assert found.entries == found.stored + found.held == 19
    assert clock.slept == [7, 7, 7]


def test_others_write_meanwhile() -> None:
    """A log goes as far as it went when it was listed: an end comes, and what is there is sound."""

    async def work() -> bytes:
        author, file = Author(1), b""
        signed = [author.create(n=n) for n in range(200)]
        node = Harness()
        for each, payload in signed[:20]:
            await node.node.publish_entry(each.encoded, payload)
        rest = iter(signed[20:])

        def otherwise(method: str, _: Any, answer: Any) -> Any:
            if method == "panda_getItems" and answer["next"] is not None:
                writing.append(asyncio.ensure_future(node.node.publish_entry(*_encoded(next(rest)))))
            return answer

        writing: list[asyncio.Future[Any]] = []
        way = Between(in_process(node.node.dispatcher()), otherwise)
        async for piece in archive.export(Connection(way), asyncio.sleep):
            file += piece.data
            if not writing:
                await node.node.publish_entry(*_encoded(next(rest)))
        assert writing
        await asyncio.gather(*writing)
        await way.close()
        return file

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(items_module, "MAX_ANSWER", 2000)
        file = asyncio.run(work())
    found, wrong = bring(Harness(), file)
    assert (found, wrong) == (Imported(20, stored=20), None)


def _encoded(one: tuple[Any, bytes]) -> tuple[bytes, bytes]:
    return one[0].encoded, one[1]


@given(st.data())
def test_a_file_that_was_cut_is_named_and_what_was_whole_is_taken_in(data: st.DataObject) -> None:
    file = file_of(some_logs(6))
    cut = data.draw(st.integers(len(HEADER), len(file) - 1))
    whole = file[:cut].count(b"\n") - 1
    node = Harness()
    found, wrong = bring(node, file[:cut])
    assert (found, wrong) == (Imported(whole, stored=whole), "archive-incomplete")
    found, wrong = bring(node, file)
    assert (found.held, found.stored, wrong) == (whole, found.entries - whole, None)
    assert file_of(node) == file


@given(st.data())
def test_a_byte_that_is_wrong_costs_what_it_stands_in(data: st.DataObject) -> None:
    """And what is stored is what the file of before has."""
    file = bytearray(file_of(some_logs(6)))
    before = set(bytes(file).splitlines()[1:-1])
    at = data.draw(st.integers(len(HEADER), len(file) - 1))
    file[at] ^= data.draw(st.integers(1, 255))
    node = Harness()
    found, wrong = bring(node, bytes(file))
    assert wrong in (None, "archive-line-malformed", "archive-incomplete")
    assert found.stored + found.invalid + found.unlinked + found.held == found.entries
    if wrong is None and found.stored < found.entries:
        assert found.untaken
    for line in file_of(node).splitlines()[1:-1]:
        without = line.rpartition(b",")[0]
        assert line in before or any(each.startswith(without) for each in before), "an entry without payload"


def test_what_does_not_verify_is_named_with_its_line() -> None:
    items = [*file_of(some_logs(6)).splitlines(keepends=True)]
    forged = bytearray(bytes.fromhex(items[3].split(b'"')[3].decode()))
    forged[-1] ^= 1
    items[3] = lines.written(StoredEntry(bytes(forged), None))
    payload = items[5].split(b'"')[7]
    items[5] = items[5].replace(payload, b"00" + payload[2:])
    node = Harness()
    found, wrong = bring(node, b"".join(items))
    assert wrong is None
    named = [(each.line, each.state, each.reason) for each in found.untaken]
    assert (4, "invalid", "signature-mismatch") in named
    assert (6, "invalid", "payload-hash-mismatch") in named
    assert found.invalid == 2
    assert found.unlinked == sum(state == "path-missing" for _, state, _ in named)
    assert found.stored == found.entries - found.invalid - found.unlinked > 4


def test_a_file_of_nothing_that_verifies_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "MOST_INVALID", 10)
    good = file_of(some_logs(6)).splitlines(keepends=True)
    junk = lines.written(StoredEntry(b"\x00" * 200, None)) * 10_000
    node = Harness()
    found, wrong = bring(node, b"".join((*good[:-1], junk)))
    assert wrong == "archive-unsound"
    assert found.stored == len(good) - 2
    assert found.entries < 200
    assert file_of(node) == b"".join(good)


def test_a_log_without_its_beginning() -> None:
    """Nothing links its entries, and they are not taken for it; the other logs are."""
    file = file_of(some_logs(6))
    first = places(file)[1]
    behind = sum(place[:2] == first[:2] for place in places(file)) - 1
    items = file.splitlines(keepends=True)
    del items[2]
    items[-1] = lines.end(len(items) - 2)
    found, wrong = bring(Harness(), b"".join(items))
    assert (found.unlinked, found.invalid, wrong) == (behind, 0, None)
    assert found.stored == found.entries - behind


def test_what_a_node_does_not_take_is_counted_and_the_rest_is_taken() -> None:
    node = Peered()
    node.bring(*log_of(3))
    node.publish(*Author(3).create(OTHER_SCHEMA))
    chosen = Harness()
    chosen.node = Node(chosen.store, CryptographyVerifier(), version="0", policy="registered")
    chosen.connection = Connection(InProcess(chosen.node.dispatcher()))
    found, wrong = bring(chosen, file_of(node))
    assert wrong is None
    assert (found.refused, found.unlinked, found.stored) == (2, 2, 1), "notes, another, and the definition"
    assert {each.reason for each in found.untaken if each.state == "refused"} == {"schema-not-registered"}


def test_what_comes_too_fast_comes_again() -> None:
    clock = Clock()
    slow = Harness()
    rates = Rates(4, "entries", "this author", clock=clock)
    slow.node = Node(slow.store, CryptographyVerifier(), version="0", rates=rates)
    slow.connection = Connection(InProcess(slow.node.dispatcher()))
    node = Peered()
    node.bring(*log_of(300))
    found, wrong = bring(slow, file_of(node), clock=clock)
    assert (found, wrong) == (Imported(301, stored=301), None)
    assert clock.slept


def test_a_node_that_is_full_says_so() -> None:
    node = some_logs()
    small = Harness(all_bytes=1)
    with pytest.raises(PandaError) as full:
        bring(small, file_of(node))
    assert full.value.reason == "sink-full"


def test_whoever_has_enough_leaves_and_goes_on_later() -> None:
    source = Peered()
    source.bring(*log_of(200))
    file, node = file_of(source), Harness()

    async def leave() -> None:
        def otherwise(method: str, _: Json, answer: Json) -> Json:
            if method == "panda_publishItems" and way.calls[method] == 2:
                task.cancel()
            return answer

        way = Between(in_process(node.node.dispatcher()), otherwise)
        taking = Import(Connection(way), asyncio.sleep)
        task = asyncio.create_task(taking.take(file))
        with pytest.raises(asyncio.CancelledError):
            await task
        await way.close()
        assert 0 < taking.so_far.stored < 200

    asyncio.run(leave())
    found, wrong = bring(node, file)
    assert wrong is None
    assert found.stored > 0
    assert found.held > 0
    assert found.stored + found.held == found.entries
    assert file_of(node) == file


def lying(otherwise: Any) -> str:
    """Why an export from a node is left that answers otherwise."""

    node = some_logs()

    async def work() -> None:
        way = Between(in_process(node.node.dispatcher()), otherwise)
        try:
            await exported(Connection(way))
        finally:
            await way.close()

    with pytest.raises(PandaError) as left:
        asyncio.run(work())
    return left.value.reason


def endless(method: str, params: Json, answer: Json) -> Json:
    return {**answer, "more": True, "cursor": params["since"]} if method == "panda_getLogs" else answer


def backwards(method: str, _: Json, answer: Json) -> Json:
    return {**answer, "next": 1} if method == "panda_getItems" else answer


def lost(method: str, _: Json, answer: Json) -> Json:
    return {**answer, "reset": True} if method == "panda_getLogs" else answer


def nothing(method: str, params: Json, answer: Json) -> Json:
    return {"items": [], "next": params["start"] + 1} if method == "panda_getItems" else answer


@pytest.mark.parametrize("lie", [endless, backwards, nothing, lost])
def test_a_node_that_never_comes_to_an_end_is_left(lie: Any) -> None:
    assert lying(lie) == "answer-malformed"


def test_a_node_that_names_logs_without_end_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exporting, "MOST_LOGS", 2)
    assert lying(lambda *call: call[-1]) == "too-many-logs"


def test_an_earlier_node_cannot_say_what_it_holds() -> None:
    dispatcher = Harness().node.dispatcher()

    class Way:
        async def send(self, body: bytes) -> bytes:
            return await dispatcher.handle(body.replace(b"panda_getLogs", b"panda_getLugs"))

        async def close(self) -> None:
            pass

    with pytest.raises(PandaError) as left:
        asyncio.run(exported(Connection(Way())))
    assert left.value.reason == "logs-not-listed"


def test_an_empty_node() -> None:
    file = file_of(Harness())
    assert file == HEADER + lines.end(0)
    assert bring(Harness(), file) == (Imported(), None)
