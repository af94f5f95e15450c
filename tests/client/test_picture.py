"""A log as it can be drawn: what a node holds of it, each entry with its path, and where it is forked."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from panda_web import Client, PandaError, log
from panda_web.bamboo import ForkProof, digest, path, place_of
from panda_web.client import picture
from panda_web.client.drawn import LANES, Drawn, Picture
from panda_web.client.errors import NodeTooOld
from panda_web.client.picture import MOST
from panda_web.keys.with_cryptography import CryptographyVerifier
from panda_web.node.ingest import peer
from panda_web.rpc import jsonrpc
from panda_web.rpc.errors import AnswerMalformed, InvalidParams
from panda_web.rpc.transport import InProcess
from tests.authors import Author
from tests.examples import examples
from tests.node.branches import NEVER, Made, forked, held, made
from tests.node.test_brought import Peered, note
from tests.node.test_dropping import House
from tests.node.test_forks import forked as forked_log

Lie = Callable[[str, Any], Any]
"""What becomes of a method's result; an error of JSON-RPC as a dict with a code."""


class Told:
    """A transport to a node, whose answers are changed on the way.

    Args:
        node: the node.
        lie: makes another result of one; it is given the method, too.
    """

    def __init__(self, node: Peered, lie: Lie) -> None:
        self._transport, self._lie = InProcess(node.node.dispatcher()), lie

    async def send(self, body: bytes) -> bytes:
        request: Any = jsonrpc.loads(body)
        reply: Any = jsonrpc.loads(await self._transport.send(body))
        if "result" in reply:
            result = self._lie(request["method"], reply["result"])
            if isinstance(result, dict) and "code" in result:
                reply = {"jsonrpc": "2.0", "id": request["id"], "error": result}
            else:
                reply["result"] = result
        return jsonrpc.dumps(reply)

    async def close(self) -> None:
        pass


def honest(_: str, result: Any) -> Any:
    return result


def shown(node: Peered, author: Author, lie: Lie = honest, **options: Any) -> Picture:
    """The log of an author, as a node's answers draw it."""

    async def run() -> Picture:
        async with Client(Told(node, lie)) as reader:
            return await reader.log(author.hex, author.log_id, **options)

    return asyncio.run(run())


def way(drawn: Picture, entry: Drawn) -> list[int]:
    """The seq nums from an entry to entry 1; each step is one of the links that are signed."""
    by_hash, found = {each.entry_hash: each for each in drawn.entries}, [entry.seq_num]
    while entry.via is not None:
        assert entry.via in (entry.backlink, entry.skiplink)
        entry = by_hash[entry.via]
        found.append(entry.seq_num)
    return found


@examples(1)
@given(made(30), st.sets(st.integers(0, 60), max_size=8), st.sets(st.integers(0, 60)), st.data())
def test_what_is_held_is_drawn(
    entries: list[Made], left_out: set[int], without: set[int], data: st.DataObject
) -> None:
    node, author = Peered(), Author(1)
    offered = [each for n, each in enumerate(entries) if n not in left_out]
    if offered:
        node.bring(*((each, n not in without) for n, each in enumerate(offered)))
    there = {h: each for h, each in held(offered).items() if each.place[0] == author.signer.author}
    drawn = shown(node, author, limit=MOST)
    assert {bytes.fromhex(each.entry_hash) for each in drawn.entries} == set(there)
    assert drawn.end == max((each.place[2] for each in there.values()), default=0)
    places = {each.place[2] for each in there.values()}
    gone = {n for first, last in drawn.missing for n in range(first, last + 1)}
    assert gone == {*range(1, drawn.end + 1)} - places
    assert (drawn.unsound, drawn.crowded) == (0, 0)
    assert len({(each.seq_num, each.lane) for each in drawn.entries}) == len(drawn.entries)
    for each in drawn.entries:
        assert each.verified
        assert way(drawn, each)[-1] == 1
        if not left_out:
            assert way(drawn, each) == list(path(each.seq_num, 1))
    least = forked(there.values())
    if drawn.fork is None:
        assert least == NEVER
    else:
        proof = asyncio.run(log.verify_proof(bytes.fromhex(drawn.fork.proof), CryptographyVerifier()))
        assert proof.position == drawn.fork.position == least
        assert [digest(half.encode()).hex() for half in (proof.first, proof.second)] == [*drawn.fork.entries]

    if not drawn.entries:
        return
    # A part of it says the same of what is in it, and has the path of what was chosen.
    at = data.draw(st.integers(1, drawn.end))
    part = shown(node, author, at=at, limit=data.draw(st.integers(1, 5)))
    assert part.first <= at <= part.last
    assert {each.entry_hash for each in part.entries} <= {each.entry_hash for each in drawn.entries}
    assert {each.seq_num for each in part.entries} >= places & {*range(part.first, part.last + 1)}
    if at not in places:
        assert part.path == ()
    elif not left_out:
        assert part.path == tuple(path(at, 1))
        (chosen, *_) = (each for each in part.entries if each.seq_num == at)
        assert way(part, chosen) == [*part.path]


def test_a_log_of_a_hundred() -> None:
    """The newest forty, those that lead from there to entry 1, and what each says."""
    node, author = Peered(), Author(1)
    written = [Made(*each) for each in author.write_many([note(n) for n in range(100)])]
    node.bring(*written, Made(*author.write(b"no message")))
    drawn = shown(node, author)
    assert (drawn.first, drawn.last, drawn.end, drawn.at, drawn.fork) == (62, 101, 101, None, None)
    assert [each.seq_num for each in drawn.entries] == [*sorted(path(62, 1))[:-1], *range(62, 102)]
    last, before = drawn.entries[-1], drawn.entries[-2]
    assert (last.action, last.id, last.payload_state, last.payload_size) == (None, None, "held", 10)
    assert (before.action, before.id, before.seq_num) == ("create", written[-1].signed.hash.hex(), 100)

    chosen = shown(node, author, at=37, limit=3)
    assert (chosen.first, chosen.last, chosen.path) == (36, 38, (37, 36, 35, 34, 30, 26, 13, 4, 1))
    assert chosen.path == tuple(path(37, 1))
    older = shown(node, author, at=90, last=20, limit=5)
    assert (older.first, older.last, older.path) == (16, 20, tuple(path(90, 1)))
    assert shown(node, author, at=500).path == ()
    assert shown(node, Author(2), at=3) == Picture(Author(2).hex, 1, at=3)


def test_what_was_dropped_says_so() -> None:
    node = House()
    author = Author(1)
    one, _, two = (Made(*author.write(note(n))) for n in range(3))
    node.bring(one, two)  # entry 2 never came, so nothing leads from 3
    assert [each.seq_num for each in shown(node, author).entries] == [1]
    author = Author(2)
    written = [Made(*author.write(note(n))) for n in range(4)]
    node.bring(written[0], (written[1], False), written[3])
    node.drop("It is old.", instance=written[0].signed.hash)
    drawn = shown(node, author)
    assert [(each.seq_num, each.payload_state, each.action) for each in drawn.entries] == [
        (1, "dropped", None),
        (2, "never-held", None),
        (4, "held", "create"),
    ]
    assert drawn.missing == ((3, 3),)
    assert way(drawn, drawn.entries[-1]) == [4, 1]


def test_a_fork_in_two_lanes() -> None:
    node, author = Peered(), Author(1)
    entries = forked_log(1, at=3)
    node.bring(*entries)
    drawn = shown(node, author)
    assert drawn.fork is not None
    assert (drawn.fork.position, drawn.fork.shape, drawn.fork.places) == (3, "entries", (3, 3))
    halves = [each for each in drawn.entries if each.entry_hash in drawn.fork.entries]
    assert sorted(each.lane for each in halves) == [0, 1]
    (longer,) = {each.lane for each in drawn.entries if each.seq_num == 6}
    trunk = next(each for each in halves if each.entry_hash == entries[2].signed.hash.hex())
    assert longer == trunk.lane

    def silent(method: str, result: Any) -> Any:
        """A node that tells of no fork, and gives both halves all the same."""
        return [] if method == "panda_getForkProofs" else result

    assert shown(node, author, silent).fork == drawn.fork

    def older(method: str, result: Any) -> Any:
        return {"code": -32601, "message": "No."} if method == "panda_getForkProofs" else result

    assert shown(node, author, older).fork == drawn.fork

    def half(method: str, result: Any) -> Any:
        """A node that gives one branch, and tells of the fork."""
        if method != "panda_getItems":
            return result
        lies = [each for each in result["items"] if each["entryHash"] != entries[-1].signed.hash.hex()]
        return {**result, "items": lies}

    told = shown(node, author, half)
    assert told.fork == drawn.fork
    assert len(told.entries) == len(drawn.entries) - 1


def changed(**changes: Callable[[list[dict[str, Any]]], Any]) -> Lie:
    """Makes other items, and other proofs."""

    def lie(method: str, result: Any) -> Any:
        if method == "panda_getItems" and "items" in changes:
            return {**result, "items": changes["items"](result["items"])}
        return changes["forks"](result) if method == "panda_getForkProofs" and "forks" in changes else result

    return lie


def spoiled(item: dict[str, Any]) -> dict[str, Any]:
    """The same, signed by nobody."""
    entry = bytearray(bytes.fromhex(item["entryBytes"]))
    entry[-1] ^= 1
    return {**item, "entryBytes": entry.hex()}


def test_what_is_not_signed_is_not_drawn() -> None:
    node, author = Peered(), Author(1)
    node.bring(*(Made(*author.write(note(n))) for n in range(6)))

    def some(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
        places = [place_of(bytes.fromhex(each["entryBytes"])) for each in items]
        return [
            spoiled(each) if place and place[2] in (1, 4) else each
            for each, place in zip(items, places, strict=True)
        ]

    drawn = shown(node, author, changed(items=some), at=5, limit=3)
    assert drawn.unsound > 0
    assert all(each.seq_num != 1 for each in drawn.entries)
    assert not any(each.verified for each in drawn.entries)
    assert (drawn.path, {each.via for each in drawn.entries}) == ((), {None})
    everything = shown(node, author, changed(items=lambda items: [*map(spoiled, items)]))
    assert (everything.end, everything.unsound, everything.entries) == (0, 1, ())
    noise = changed(items=lambda items: [*items, {**items[0], "entryBytes": "0000"}])
    assert shown(node, author, noise).unsound == 1


def test_what_is_said_of_a_payload_is_read_from_the_one_that_was_signed() -> None:
    node, author = Peered(), Author(1)
    node.bring(Made(*author.write(note(1))))
    other = changed(items=lambda items: [{**each, "payloadBytes": note(2).encode().hex()} for each in items])
    (entry,) = shown(node, author, other).entries
    assert (entry.action, entry.verified) == (None, True)


def foreign(log_id: int = 1, number: int = 2) -> dict[str, Any]:
    signed, _ = Author(number, log_id).write(note(1))
    return {
        "entryBytes": signed.encoded.hex(),
        "entryHash": signed.hash.hex(),
        "payloadBytes": None,
        "payloadState": "held",
        "payloadSize": 1,
    }


def test_what_was_not_asked_for_is_an_error() -> None:
    node, author = Peered(), Author(1)
    node.bring(*forked_log(1))
    for item in (foreign(), foreign(3, 1)):
        with pytest.raises(AnswerMalformed, match="not asked for"):
            shown(node, author, changed(items=partial(with_another, item)))
    between = {**foreign(), "entryBytes": forked_log(1)[1].signed.encoded.hex()}
    with pytest.raises(AnswerMalformed, match="not asked for"):
        shown(node, author, changed(items=partial(with_another, between)), limit=1)
    for wrong in (-1, 0, 1, 7):
        with pytest.raises(AnswerMalformed):
            shown(node, author, partial(ends_at, wrong))


def with_another(item: dict[str, Any], items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [*items, item]


def ends_at(place: int, method: str, result: Any) -> Any:
    return {**result, "next": place} if method == "panda_getItems" else result


def test_a_proof_that_proves_nothing_is_an_error() -> None:
    node, author = Peered(), Author(1)
    entries = forked_log(1)
    node.bring(*entries)
    other = forked_log(2)
    proof = ForkProof.of(other[1].signed.entry, other[-1].signed.entry)
    with pytest.raises(AnswerMalformed, match="another log"):
        shown(
            node,
            author,
            changed(forks=lambda told: [{**each, "proof": proof.encode().hex()} for each in told]),
        )
    with pytest.raises(PandaError) as wrong:
        shown(
            node,
            author,
            changed(forks=lambda told: [{**each, "proof": each["proof"][:-2] + "00"} for each in told]),
        )
    assert wrong.value.reason.startswith("signature")


def test_slots_that_are_full_are_not_looked_at_to_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peer, "MOST_IN_SLOT", 2 * LANES)
    node = Peered()
    trunk = Author(1)
    first = Made(*trunk.write(note(0)))
    branches = []
    for n in range(LANES + 4):
        branch = Author(1)
        branch.head = trunk.head
        branches.append(Made(*branch.write(note(n))))
    node.bring(first, *branches)
    drawn = shown(node, Author(1))
    assert (len(drawn.entries), drawn.crowded) == (1 + LANES, 4)
    assert {each.lane for each in drawn.entries} == {*range(LANES)}


def test_an_old_node_and_wrong_arguments() -> None:
    node, author = Peered(), Author(1)

    def old(method: str, result: Any) -> Any:
        return {"code": -32601, "message": "No."} if method == "panda_getItems" else result

    with pytest.raises(NodeTooOld, match="too old to show a log"):
        shown(node, author, old)
    for options in ({"at": 0}, {"at": True}, {"last": "3"}, {"limit": MOST + 1}, {"limit": 0}):
        with pytest.raises(InvalidParams, match="whole number"):
            shown(node, author, **options)

    async def run(key: Any, log_id: Any) -> None:
        async with Client(InProcess(node.node.dispatcher())) as reader:
            await reader.log(key, log_id)

    for key, log_id in (("<b>", 1), (author.hex.upper(), 1), (None, 1), (author.hex, -1), (author.hex, 0.5)):
        with pytest.raises(InvalidParams):
            asyncio.run(run(key, log_id))


def test_bounds_of_the_page_are_those_of_the_client() -> None:
    from panda_web.browser.methods import METHODS

    limit = next(each for each in METHODS["log"].params if each.name == "limit")
    assert (limit.type.schema["maximum"], limit.default) == (MOST, picture.USUAL)
