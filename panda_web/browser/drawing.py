"""A log for a page to draw: what this browser holds of it, or else the node beyond; which of it counts."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING

from panda_web.client.drawn import Drawn, Fork, Forked, Picture

if TYPE_CHECKING:  # no tab loads these
    from panda_web.browser.log_shapes import Log, LogEntry, LogFork, LogVote
    from panda_web.browser.opening import Site
    from panda_web.browser.shapes import Place


async def drawn(
    site: "Site", author: bytes, log_id: int, at: int | None, last: int | None, limit: int
) -> "Log":
    """A window of a log, checked. Raises as `Client.log` does."""
    where: Place = "node" if site.mode == "remote" else "here"
    await site.forks(author.hex(), log_id)
    found = await site.client.log(author.hex(), log_id, at=at, last=last, limit=limit)
    if where == "here" and not found.end and site.mode != "local" and site.sends is not None:
        where = "node"
        found = await site.sends.log(author.hex(), log_id, at=at, last=last, limit=limit)
    return to_json(found, where)


def to_json(picture: Picture, where: "Place") -> "Log":
    """As a page gets it."""
    counts, forks = counting(picture), _forks(picture)
    return {
        "author": picture.author,
        "logId": picture.log_id,
        "where": where,
        "end": picture.end,
        "first": picture.first,
        "last": picture.last,
        "entries": [_entry(each, counts[each.entry_hash]) for each in picture.entries],
        "missing": [[*each] for each in picture.missing],
        "at": picture.at,
        "path": [*picture.path],
        "fork": forks[0] if forks else None,
        "forks": forks,
        "unsound": picture.unsound,
        "crowded": picture.crowded,
    }


def counting(picture: Picture) -> dict[str, bool | None]:
    """Which entries count where the picture was asked for, by their hashes; None where that is not known.

    An entry behind a fork is on the branch of what it links to. Of one whose links lead past the fork, and to
    nothing else that was given, nothing says on which branch it is.
    """
    followed: dict[int, str | None] = {each.fork.position: each.followed for each in picture.forks}
    if picture.fork is not None:
        followed.setdefault(picture.fork.position, None)
    first = min(followed, default=None)
    ends = min((position for position, entry in followed.items() if entry is None), default=None)
    found: dict[str, bool | None] = {}
    behind: set[str] = set()
    for each in picture.entries:
        if first is None or each.seq_num < first:
            found[each.entry_hash] = True
        elif (ends is not None and each.seq_num >= ends) or (
            each.entry_hash != followed.get(each.seq_num, each.entry_hash)
        ):
            found[each.entry_hash] = False
        elif each.seq_num == first:
            found[each.entry_hash] = True
        else:
            found[each.entry_hash] = _as_linked(each, behind, found)
        if first is not None and each.seq_num >= first:
            behind.add(each.entry_hash)
    return found


def _as_linked(each: Drawn, behind: AbstractSet[str], found: Mapping[str, bool | None]) -> bool | None:
    """Whether what an entry links to counts, of that which stands behind the first fork."""
    links = [found[link] for link in (each.backlink, each.skiplink) if link is not None and link in behind]
    if False in links:
        return False
    return True if True in links else None


def _entry(each: Drawn, counts: bool | None) -> "LogEntry":
    return {
        "seqNum": each.seq_num,
        "entryHash": each.entry_hash,
        "backlink": each.backlink,
        "skiplink": each.skiplink,
        "lane": each.lane,
        "verified": each.verified,
        "via": each.via,
        "endOfLog": each.end_of_log,
        "payloadState": each.payload_state,
        "payloadSize": each.payload_size,
        "action": each.action,
        "schema": each.schema,
        "id": each.id,
        "counts": counts,
    }


def _forks(picture: Picture) -> "list[LogFork]":
    """The node may not know of the one that what it gave proves."""
    found = [_fork(each.fork, each) for each in picture.forks]
    if picture.fork is not None and picture.fork.position not in {each["position"] for each in found}:
        found.append(_fork(picture.fork, None))
    return sorted(found, key=lambda each: each["position"])


def _fork(fork: Fork, told: Forked | None) -> "LogFork":
    votes: list[LogVote] = [
        {"voter": each.voter, "entry": each.entry, "counted": each.counted}
        for each in (told.votes if told is not None else ())
    ]
    return {
        "position": fork.position,
        "shape": fork.shape,
        "places": [*fork.places],
        "entries": [*fork.entries],
        "proof": fork.proof,
        "branches": [*(fork.branches or ())],
        "votes": votes,
        "followed": told.followed if told is not None else None,
    }
