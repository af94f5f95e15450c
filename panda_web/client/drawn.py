"""A log drawn: its entries in lanes, for each the path that verifies it, and where the log is forked.

No I/O: `client.picture` asks for it, and `client.forks` for forks alone.
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
from panda_web.errors import PandaError
from panda_web.log import Held, SignedEntry
from panda_web.rpc.methods import PayloadState, StoredEntry

LANES = 8
"""Entries that are looked at in one slot: each branch of a log is a lane of the picture."""

LONGEST = 4 << 10
"""Bytes of a payload that is looked at for what it does."""

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
        branches: the hashes that these two claim at the position: what can be voted for. There may be more.
            None behind an end, where nothing can.
        proof: the two entries in one, which anybody can check; hex.
    """

    position: int
    shape: Shape
    places: tuple[int, int]
    entries: tuple[str, str]
    branches: tuple[str, str] | None
    proof: str


@dataclass(frozen=True, slots=True)
class ToldVote:
    """What somebody voted for last, by the node's word.

    Attributes:
        voter: a public key, 64 hex digits.
        entry: the hash of the entry that they would follow.
        counted: whether the node counts their votes.
    """

    voter: str
    entry: str
    counted: bool


@dataclass(frozen=True, slots=True)
class Forked:
    """A place at which a log forks: that it does is proven, what is voted there is the node's word.

    Attributes:
        author: of the log, 64 hex digits.
        log_id: which of theirs.
        fork: what is proven.
        second: how many entries the node holds of the log that found their slots taken.
        votes: about that place, of each voter one; those that the node counts come first.
        followed: the hash of the entry whose branch the node follows from there on; None for none.
    """

    author: str
    log_id: int
    fork: Fork
    second: int
    votes: tuple[ToldVote, ...]
    followed: str | None

    @property
    def place(self) -> str:
        """What the next page of them goes on after."""
        return f"{self.author}/{self.log_id}"


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
        forks: where it forks by the node's proofs: the least place, and later ones on the branch that the
            node follows.
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
    forks: tuple[Forked, ...] = ()
    unsound: int = 0
    crowded: int = 0


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


def fork_of(proof: ForkProof) -> Fork:
    """What a page says of a proof."""
    one, other = proof.first, proof.second
    hashes = bamboo.digest(one.encode()).hex(), bamboo.digest(other.encode()).hex()
    branches = None
    if proof.branches is not None:
        branches = proof.branches[0].hex(), proof.branches[1].hex()
    places = one.seq_num, other.seq_num
    return Fork(proof.position, proof.shape, places, hashes, branches, proof.encode().hex())


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
