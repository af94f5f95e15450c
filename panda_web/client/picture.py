"""A log as it can be drawn: its entries and their links, and for each the path that verifies it.

A node gives a window of the log, with the entries that lead from there to entry 1. What it says is no proof:
signatures, links and forks are looked at here. What became of payloads is the node's word.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal, NamedTuple

from panda_web import bamboo, messages
from panda_web import log as log_module
from panda_web.bamboo import ForkProof, InvalidLink, claims
from panda_web.bamboo.fork import Shape
from panda_web.client.dialect import signed_in
from panda_web.client.errors import NodeTooOld
from panda_web.errors import PandaError
from panda_web.keys import Verifier
from panda_web.log import Held, SignedEntry
from panda_web.rpc.connection import Connection
from panda_web.rpc.errors import AnswerMalformed, ErrorFromNode, MethodNotFound
from panda_web.rpc.forks import GET_FORK_PROOFS
from panda_web.rpc.methods import GET_ITEMS, PayloadState, StoredEntry

MOST = 400
"""Entries of a window."""

USUAL = 40
"""Unless told otherwise."""

LANES = 8
"""Entries that are looked at in one slot: each branch of a log is a lane of the picture."""

LONGEST = 4 << 10
"""Bytes of a payload that is looked at for what it does."""

_HOPS = 255

Action = Literal["create", "update", "delete"]


@dataclass(frozen=True, slots=True)
class Drawn:
    """An entry of the picture.

    Attributes:
        seq_num: its place.
        entry_hash: 132 hex digits, like all hashes here.
        backlink: the hash that it names for the entry before; None for entry 1.
        skiplink: the hash that it names for an earlier one; None where it names none.
        lane: 0, or another number where there are several entries in a slot: entries of one branch share it.
        verified: whether a path of links leads to entry 1 through what was given.
        via: the hash of the next entry on the shortest such path; None for entry 1, and without a path.
        end_of_log: whether the log ends with it.
        payload_state: what became of its payload at the node, by the node's word; None where it says nothing.
        payload_size: bytes, as signed.
        action: what its message does; None where there is none to read.
        schema: of what its message is; None likewise.
        id: the instance that it is about; None likewise.
    """

    seq_num: int
    entry_hash: str
    backlink: str | None
    skiplink: str | None
    lane: int
    verified: bool
    via: str | None
    end_of_log: bool
    payload_state: PayloadState | None
    payload_size: int
    action: Action | None
    schema: str | None
    id: str | None


@dataclass(frozen=True, slots=True)
class Fork:
    """That the author said two things at one place. The proof was checked.

    Attributes:
        position: the least place for which that is proven: what comes before counts, what follows does not.
        shape: how, as `bamboo.ForkProof` says.
        places: the seq nums of the two entries that prove it.
        entries: their hashes.
        proof: the two entries in one, which anybody can check; hex.
    """

    position: int
    shape: Shape
    places: tuple[int, int]
    entries: tuple[str, str]
    proof: str


@dataclass(frozen=True, slots=True)
class Picture:
    """A window of a log.

    Attributes:
        author: whose, 64 hex digits.
        log_id: which.
        end: the last seq num that the node holds, so how many entries there are in all; 0: it holds none.
        first: of the window; 0 where there is none.
        last: of the window, likewise.
        entries: those of the window, and those that link it to entry 1 or to later ones; ascending.
        missing: stretches of the window, of which the node holds nothing: the first and the last seq num.
        at: the entry that was chosen; None where none was.
        path: the seq nums of the shortest path that verifies it, from there to entry 1; empty without one.
        fork: of the log; None where nothing proves one.
        unsound: of how many entries that the node gave the signature is wrong, or they are none.
        crowded: how many were not looked at, since there were too many in their slots.
    """

    author: str
    log_id: int
    end: int = 0
    first: int = 0
    last: int = 0
    entries: tuple[Drawn, ...] = ()
    missing: tuple[tuple[int, int], ...] = ()
    at: int | None = None
    path: tuple[int, ...] = ()
    fork: Fork | None = None
    unsound: int = 0
    crowded: int = 0


async def picture_of(
    connection: Connection,
    verifier: Verifier,
    author: bytes,
    log_id: int,
    *,
    at: int | None = None,
    last: int | None = None,
    limit: int = USUAL,
) -> Picture:
    """What a node holds of a log, checked.

    Args:
        connection: to the node.
        verifier: checks signatures.
        author: 32 bytes.
        log_id: which of the author's logs.
        at: an entry whose path is wanted. Unless `last` says otherwise, the window is around it.
        last: the last entry of the window; without it and `at`, the log's last one.
        limit: entries of the window, `MOST` at most.

    Raises:
        CallFailed: the node cannot be reached, or does not answer; AnswerMalformed, where it gives something
            else than was asked for.
        NodeTooOld: it cannot show a log.
    """
    asking = _Asking(connection, author, log_id)
    shown = (await asking.stretch(-1, -1, hops=0))[:LANES]
    ends = await signed_in([each.entry for each in shown], verifier, author, log_id)
    end = max((signed.entry.seq_num for signed in ends), default=0)
    if not end:
        return Picture(author.hex(), log_id, at=at, unsound=len(shown))
    if last is None:
        last = end if at is None else max(at + limit // 2, limit)
    last = min(last, end)
    first = max(1, last - limit + 1)
    given = await asking.stretch(first, last, above=last < end)
    wanted = {*range(first, last + 1), *_linking(first, last)}
    if at is not None and at <= end:
        given += await asking.stretch(at, at)
        wanted |= {*bamboo.path(at, 1)}
    stored, crowded = _sorted_out(given, wanted, author, log_id)
    signed = await signed_in([each.entry for each in stored], verifier, author, log_id)
    proof = least_fork(signed, await asking.proof(verifier))
    entries = draw(signed, {each.entry: each for each in stored})
    return Picture(
        author.hex(),
        log_id,
        end,
        first,
        last,
        entries,
        tuple(_missing(first, last, {each.seq_num for each in entries})),
        at,
        path_of(entries, at),
        _fork(proof) if proof is not None else None,
        len(stored) - len(signed),
        crowded,
    )


class _Asking:
    """What is asked of the node. Of all it is taken that another node may stand there."""

    def __init__(self, connection: Connection, author: bytes, log_id: int) -> None:
        self._connection = connection
        self._log = {"author": author.hex(), "logId": log_id}

    async def stretch(
        self, start: int, end: int, *, hops: int = _HOPS, above: bool = False
    ) -> list[StoredEntry]:
        """Some entries, with what links them to entry 1, and to later ones; page by page."""
        found: list[StoredEntry] = []
        place: int | None = start
        while place is not None:
            try:
                items = await self._connection.call(
                    GET_ITEMS,
                    **self._log,
                    start=place,
                    end=end,
                    distLow=hops if place == start else 0,
                    distHigh=_HOPS if above else 0,
                    maxPayload=LONGEST,
                    gaps=True,
                )
            except ErrorFromNode as error:
                if error.node_code == MethodNotFound.code:
                    raise NodeTooOld(
                        "This node is too old to show a log: it cannot give it in parts."
                    ) from None
                raise
            found += items.entries
            if items.next is not None and not place < items.next <= end:
                raise AnswerMalformed(f"The node's answer to {GET_ITEMS.name} does not go on.")
            place = items.next
        return found

    async def proof(self, verifier: Verifier) -> ForkProof | None:
        """The fork that the node can prove. One that proves nothing of this log is none."""
        try:
            forks = await self._connection.call(GET_FORK_PROOFS, **self._log, limit=1)
        except ErrorFromNode as error:
            if error.node_code == MethodNotFound.code:
                return None
            raise
        for fork in forks[:1]:
            if (fork.proof.author.hex(), fork.proof.log_id) != (self._log["author"], self._log["logId"]):
                raise AnswerMalformed(f"The node's answer to {GET_FORK_PROOFS.name} is about another log.")
            return await log_module.verify_proof(fork.proof.encode(), verifier)
        return None


def _linking(first: int, last: int) -> set[int]:
    """The places of the paths that lead from a window to entry 1, and to it from later ones."""
    z = 1
    while z < last:
        z = 3 * z + 1
    return {*bamboo.path(first, 1), *bamboo.path(z, last)}


def _sorted_out(
    given: Iterable[StoredEntry], wanted: set[int], author: bytes, log_id: int
) -> tuple[list[StoredEntry], int]:
    """What is looked at of what a node gives, each entry once, and how many are left out."""
    slots: dict[int, dict[bytes, StoredEntry]] = defaultdict(dict)
    for each in given:
        place = bamboo.place_of(each.entry) or (author, log_id, 0)  # what is no entry is counted as such
        if place[:2] != (author, log_id) or place[2] not in wanted | {0}:
            raise AnswerMalformed(
                f"The node's answer to {GET_ITEMS.name} has entries that were not asked for."
            )
        before = slots[place[2]].get(each.entry)
        if before is None or before.payload is None:  # what only links comes without
            slots[place[2]][each.entry] = each
    kept = [each for _, slot in sorted(slots.items()) for each in sorted(slot.values(), key=_bytes)[:LANES]]
    return kept, sum(map(len, slots.values())) - len(kept)


def _bytes(stored: StoredEntry) -> bytes:
    return stored.entry


def least_fork(signed: Iterable[SignedEntry], told: ForkProof | None = None) -> ForkProof | None:
    """The proof of the least place at which signed entries of one log contradict each other.

    Args:
        signed: what was given of the log.
        told: a proof that was checked. A node may hold what it did not give, or give what it does not tell.
    """
    said: dict[int, dict[bytes, SignedEntry]] = defaultdict(dict)
    ascending = sorted(signed, key=_order)
    for each in ascending:
        for seq_num, claimed in claims(each.entry, each.hash):
            said[seq_num].setdefault(claimed, each)
    halves = [[*claimed.values()][:2] for _, claimed in sorted(said.items()) if len(claimed) > 1][:1]
    ends = [each for each in ascending if each.entry.end_of_log][:1]
    halves += [
        [end, behind] for end in ends for behind in ascending if behind.entry.seq_num > end.entry.seq_num
    ][:1]
    proofs = [ForkProof.of(one.entry, other.entry) for one, other in halves]
    return min(
        [*proofs, *([told] if told is not None else [])], key=lambda proof: proof.position, default=None
    )


def _order(signed: SignedEntry) -> tuple[int, bytes]:
    return signed.entry.seq_num, signed.hash


def _fork(proof: ForkProof) -> Fork:
    one, other = proof.first, proof.second
    hashes = bamboo.digest(one.encode()).hex(), bamboo.digest(other.encode()).hex()
    return Fork(proof.position, proof.shape, (one.seq_num, other.seq_num), hashes, proof.encode().hex())


def draw(signed: Sequence[SignedEntry], stored: Mapping[bytes, StoredEntry]) -> tuple[Drawn, ...]:
    """Signed entries of one log as a picture of them: in lanes, each with its way to entry 1.

    Args:
        signed: each once.
        stored: by their bytes, what is said of them, and what they have of payloads.
    """
    ascending = sorted(signed, key=_order)
    lanes = _lanes(ascending)
    attached: dict[bytes, _Attached] = {}
    found = []
    for each in ascending:
        entry, via = each.entry, _attach(each, attached)
        item = stored[each.encoded]
        message = _message(each, item.payload)
        found.append(
            Drawn(
                entry.seq_num,
                each.hash.hex(),
                entry.backlink.hex() if entry.backlink is not None else None,
                entry.skiplink.hex() if entry.skiplink is not None else None,
                lanes[each.hash],
                each.hash in attached,
                via.hex() if via is not None else None,
                entry.end_of_log,
                item.state,
                entry.payload_size,
                message.action if message is not None else None,
                message.schema if message is not None else None,
                (message.id or each.hash.hex()) if message is not None else None,
            )
        )
    return tuple(found)


class _Attached(NamedTuple):
    """An entry that a path leads from to entry 1, of so many hops."""

    held: Held
    hops: int


def _attach(signed: SignedEntry, attached: dict[bytes, _Attached]) -> bytes | None:
    """Adds an entry where a path leads from it to entry 1; gives the hash of the next one on the shortest.

    As a node takes entries in: what stands at the other link's place is not asked, nor whether the log had
    ended before. Where that is wrong, it is a fork.
    """
    entry = signed.entry
    ways: list[bytes] = []
    for link in (entry.skiplink, entry.backlink):
        one = attached.get(link) if link is not None else None
        if link is None or one is None:
            continue
        with suppress(InvalidLink):
            log_module.attach(signed, {link: one.held}.get)
            ways.append(link)
    if not ways and entry.seq_num > 1:
        return None
    via = min(ways, key=lambda link: attached[link].hops, default=None)
    held = Held(entry.author, entry.log_id, entry.seq_num, entry.end_of_log, signed.hash)
    attached[signed.hash] = _Attached(held, attached[via].hops + 1 if via is not None else 0)
    return via


def _message(signed: SignedEntry, payload: bytes | None) -> messages.Message | None:
    if payload is None or len(payload) > LONGEST:
        return None
    try:
        bamboo.check_payload(signed.entry, payload)
        return messages.decode(payload)
    except PandaError:
        return None


def _lanes(ascending: Iterable[SignedEntry]) -> dict[bytes, int]:
    """An entry stands in the lane of the one that it links to, or in the next that is free in its slot."""
    lanes: dict[bytes, int] = {}
    taken: set[tuple[int, int]] = set()
    for each in ascending:
        entry = each.entry
        lane = lanes.get(entry.backlink or b"", lanes.get(entry.skiplink or b"", 0))
        free = [lane, *(other for other in range(LANES) if other != lane)]
        lane = next(other for other in free if (entry.seq_num, other) not in taken)
        taken.add((entry.seq_num, lane))
        lanes[each.hash] = lane
    return lanes


def path_of(entries: Iterable[Drawn], at: int | None) -> tuple[int, ...]:
    """The seq nums from an entry to entry 1, on the shortest path of its first lane that is verified."""
    by_hash = {each.entry_hash: each for each in entries}
    here = next((each for each in by_hash.values() if each.seq_num == at and each.verified), None)
    path = []
    while here is not None:
        path.append(here.seq_num)
        here = by_hash[here.via] if here.via is not None else None
    return tuple(path)


def _missing(first: int, last: int, there: set[int]) -> Iterable[tuple[int, int]]:
    begin = None
    for seq_num in range(first, last + 2):
        gone = seq_num <= last and seq_num not in there
        if gone and begin is None:
            begin = seq_num
        elif not gone and begin is not None:
            yield begin, seq_num - 1
            begin = None
