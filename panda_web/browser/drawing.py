"""A log for a page to draw: what this browser holds of it, or else the node beyond."""

from typing import TYPE_CHECKING

from panda_web.browser.opening import Site
from panda_web.client.drawn import Drawn, Fork, Picture

if TYPE_CHECKING:  # no tab loads these
    from panda_web.browser.log_shapes import Log, LogEntry, LogFork
    from panda_web.browser.shapes import Place


async def drawn(
    site: Site, author: bytes, log_id: int, at: int | None, last: int | None, limit: int
) -> "Log":
    """A window of a log, checked. Raises as `Client.log` does."""
    where: Place = "node" if site.mode == "remote" else "here"
    found = await site.client.log(author.hex(), log_id, at=at, last=last, limit=limit)
    if where == "here" and not found.end and site.mode != "local" and site.sends is not None:
        where = "node"
        found = await site.sends.log(author.hex(), log_id, at=at, last=last, limit=limit)
    return to_json(found, where)


def to_json(picture: Picture, where: "Place") -> "Log":
    """As a page gets it."""
    return {
        "author": picture.author,
        "logId": picture.log_id,
        "where": where,
        "end": picture.end,
        "first": picture.first,
        "last": picture.last,
        "entries": [_entry(each) for each in picture.entries],
        "missing": [[*each] for each in picture.missing],
        "at": picture.at,
        "path": [*picture.path],
        "fork": _fork(picture.fork) if picture.fork is not None else None,
        "unsound": picture.unsound,
        "crowded": picture.crowded,
    }


def _entry(each: Drawn) -> "LogEntry":
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
    }


def _fork(fork: Fork) -> "LogFork":
    return {
        "position": fork.position,
        "shape": fork.shape,
        "places": [*fork.places],
        "entries": [*fork.entries],
        "proof": fork.proof,
    }
