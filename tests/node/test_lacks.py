"""What a node says it lacks of a log under a wish, and what it says came late: as a count by hand does."""

import asyncio
import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from panda_web.bamboo import path
from panda_web.log import SignedEntry
from panda_web.node import lacks
from panda_web.rpc.heads import Heads
from panda_web.rpc.methods import GET_LOGS, PUBLISH_ITEMS
from panda_web.rpc.wish import EVERYTHING, Log, Range, Wish
from tests.authors import Author
from tests.node.test_publish import Harness

LENGTH = 30
_who = Author(1)
LOG = [_who.create(s="x" * (n % 3 * 100)) for n in range(LENGTH)]
KEY: Log = (Author(1).signer.author, 1)


def bring(node: Harness, *items: tuple[SignedEntry, bytes | None]) -> None:
    node.call(
        PUBLISH_ITEMS,
        items=[
            {"entryBytes": each.encoded.hex(), "payloadBytes": payload.hex() if payload is not None else None}
            for each, payload in items
        ],
    )


def lacking(node: Harness, wish: Wish, until: int) -> list[Range]:
    """All that is lacking of the log, page by page."""
    found: list[Range] = []
    start: int | None = 1
    while start is not None:
        page = asyncio.run(node.node.lacks.of(wish, KEY, start, until))
        assert len(page.ranges) <= lacks.MAX_RANGES
        assert page.next is None or page.next > start
        found += page.ranges
        start = page.next
    assert all(one[1] < other[0] for one, other in itertools.pairwise(found))
    return found


wishes = st.builds(
    Wish,
    newest=st.sampled_from([None, 1, 5, 100]),
    payloads=st.booleans(),
    max_payload=st.sampled_from([None, 150]),
)


@given(st.sets(st.integers(1, LENGTH)), st.sets(st.integers(1, LENGTH)), wishes, st.integers(1, LENGTH))
def test_what_is_lacking_is_what_was_not_brought(
    entries: set[int], payloads: set[int], wish: Wish, until: int
) -> None:
    held = {m for n in entries | payloads for m in path(n, 1)}
    node = Harness()
    bring(node, *((LOG[n - 1][0], LOG[n - 1][1] if n in payloads else None) for n in sorted(held)))
    end = max(held, default=0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lacks, "LOOKED_AT", 7)
        patch.setattr(lacks, "MAX_RANGES", 3)
        patch.setattr(lacks, "BARE", 4)
        found = lacking(node, wish, until)
    said = {n for first, last in found for n in range(first, last + 1)}
    wished = {n for n in range(1, until + 1) if n >= wish.first(1, max(end, until))}
    bare = {n for n in held - payloads if wish.wants_payload(1, len(LOG[n - 1][1]))}
    assert said == {n for n in wished if n not in held or n in bare}
    logs, rest = asyncio.run(node.node.lacks.logs(wish, 0))
    assert rest is None
    if lacking(node, wish, end) and end:
        assert logs == [(KEY, end)], "who looks at these logs misses none"


def test_what_is_deleted_is_no_lack() -> None:
    node, who = Harness(), Author(1)
    created = who.create(n=1)
    bring(node, (created[0], None), who.delete(created[0].hash))
    assert lacking(node, EVERYTHING, 2) == []


@pytest.mark.parametrize(
    ("order", "late"),
    [
        ([1, 2, 3, 4], []),
        ([1, 4, 2, 3], [(2, True), (3, True)]),
        ([1, 4, -5, 2, 5], [(2, True), (5, True)]),
        ([-1, -2, -3, 2], [(2, True)]),
    ],
)
def test_what_came_late_is_no_growth(order: list[int], late: list[tuple[int, bool]]) -> None:
    """An entry before the end that its log had, and a payload after its entry; below zero: without one."""
    node = Harness()
    found: set[Any] = set()
    since = ask(node).cursor
    for n in order:
        signed, payload = LOG[abs(n) - 1]
        bring(node, (signed, payload if n > 0 else None))
        until = ask(node, since).cursor
        found |= {*asyncio.run(node.node.lacks.late(since, until))}
        since = until
    assert {(seq_num, payload) for _, seq_num, payload in found} == {*late}
    assert asyncio.run(node.node.lacks.late("nonsense", since)) == []


def ask(node: Harness, since: str | None = None) -> Heads:
    found: Heads = node.call(GET_LOGS, since=since)
    return found
