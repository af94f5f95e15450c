"""What a node holds of a log, to be drawn: a window of it, with the entries that lead from there to entry 1.

What a node says is no proof: signatures, links and forks are looked at here. What became of payloads, and
what is voted, is its word.
"""

from collections import defaultdict
from collections.abc import Iterable

from panda_web import bamboo
from panda_web.client.dialect import signed_in
from panda_web.client.drawn import LANES, LONGEST, Picture, draw, fork_of, least_fork, path_of
from panda_web.client.errors import NodeTooOld
from panda_web.client.forks import forked, forks_of
from panda_web.keys import Verifier
from panda_web.rpc.connection import Connection
from panda_web.rpc.errors import AnswerMalformed, ErrorFromNode, MethodNotFound
from panda_web.rpc.methods import GET_ITEMS, StoredEntry

MOST = 400
"""Entries of a window."""

USUAL = 40
"""Unless told otherwise."""

_HOPS = 255


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
    forks = await forks_of(connection, verifier, author, log_id)
    proof = least_fork(signed, forks[0].proof if forks else None)
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
        fork_of(proof) if proof is not None else None,
        forked(forks),
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


def _linking(first: int, last: int) -> set[int]:
    """The places of the paths that lead from a window to entry 1, and to it from later ones."""
    return {*bamboo.path(first, 1), *bamboo.path(bamboo.block_end(last), last)}


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


def _missing(first: int, last: int, there: set[int]) -> Iterable[tuple[int, int]]:
    begin = None
    for seq_num in range(first, last + 2):
        gone = seq_num <= last and seq_num not in there
        if gone and begin is None:
            begin = seq_num
        elif not gone and begin is not None:
            yield begin, seq_num - 1
            begin = None
