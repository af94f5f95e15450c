"""`panda_getItems`: any stretch of a log, with what links it, in pages."""

import asyncio
from functools import lru_cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from panda_web import log
from panda_web.bamboo import decode, digest
from panda_web.keys.with_cryptography import CryptographyVerifier
from panda_web.log import SignedEntry, VerifiedEntry
from panda_web.node.answer import items as items_module
from panda_web.rpc.connection import Connection
from panda_web.rpc.errors import ErrorFromNode
from panda_web.rpc.methods import GET_ITEMS, PUBLISH_ITEMS, Items
from tests.authors import Author
from tests.node.test_publish import Harness

LENGTH = 45


@lru_cache
def built() -> Harness:
    node, author = Harness(), Author()
    for n in range(LENGTH):
        node.publish(*author.create(n=n))
    return node


@pytest.fixture
def node() -> Harness:
    return built()


def ask(node: Harness, start: int, end: int, **more: Any) -> Items:
    found: Items = node.call(
        GET_ITEMS, author=Author().hex, logId=more.pop("logId", 1), start=start, end=end, **more
    )
    return found


def numbers(found: Items) -> list[int]:
    return [decode(each.entry).seq_num for each in found.entries]


@given(st.integers(-50, 50), st.integers(-50, 50))
def test_a_stretch_is_what_a_slice_would_be(start: int, end: int) -> None:
    node = built()
    every = list(range(1, LENGTH + 1))
    first = start if start > 0 else max(1, LENGTH + 1 + start) if start else 1
    last = end if end >= 0 else LENGTH + 1 + end
    assert numbers(ask(node, start, end)) == [n for n in every if first <= n <= last]


@pytest.mark.parametrize("end", range(1, LENGTH + 1))
def test_an_entry_is_verified_down_to_the_first_by_what_comes_with_it(node: Harness, end: int) -> None:
    found = ask(node, end, end, distLow=255)
    assert numbers(found) == sorted(numbers(found))
    assert [each.payload is not None for each in found.entries] == [False] * (len(found.entries) - 1) + [True]
    verdicts = asyncio.run(log.verify_many([each.entry for each in found.entries], CryptographyVerifier()))
    signed = [each for each in verdicts if isinstance(each, SignedEntry)]
    assert isinstance(log.verify_paths(signed)[digest(found.entries[-1].entry)], VerifiedEntry)


def test_the_path_from_above_is_begun_as_far_away_as_asked(node: Harness) -> None:
    assert numbers(ask(node, 6, 6, distHigh=255)) == [6, 7, 8, 12, 13]
    assert numbers(ask(node, 6, 6, distHigh=2, distLow=1)) == [5, 6, 7, 8]
    assert numbers(ask(node, 43, 43, distHigh=255)) == [43, 44], "what is beyond the log's end is passed over"


def test_only_some_stretches(node: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    assert numbers(ask(node, 1, -1, only=[[3, 5], [40, 99]])) == [3, 4, 5, 40, 41, 42, 43, 44, 45]
    assert numbers(ask(node, 4, 41, only=[[1, 2], [3, 5], [40, 42], [44, 44]])) == [4, 5, 40, 41]
    assert numbers(ask(node, 40, -1, only=[[40, 40], [44, 44]], distLow=255)) == [1, 4, 13, 40, 44]
    assert numbers(ask(node, 1, -1, only=[])) == []
    monkeypatch.setattr(items_module, "MAX_ANSWER", 2_000)
    found = ask(node, 1, -1, only=[[3, 3], [9, 30]])
    assert numbers(found)[0] == 3
    assert found.next == numbers(found)[-1] + (6 if len(found.entries) == 1 else 1)


def test_only_payloads_up_to_a_size() -> None:
    node, author = Harness(), Author()
    made = [author.create(s="x" * size) for size in (1, 100, 1000)]
    for each in made:
        node.publish(*each)
    most = len(made[1][1])
    found = ask(node, 1, -1, maxPayload=most).entries
    assert [(each.payload is not None, each.state) for each in found] == [
        (True, "held"),
        (True, "held"),
        (False, "held"),
    ]
    assert [each.payload is not None for each in ask(node, 1, -1, maxPayload=most - 1).entries] == [
        True,
        False,
        False,
    ]


def test_nothing_of_a_log_that_is_not_there(node: Harness) -> None:
    assert ask(node, 1, -1, logId=3) == Items([], None)


def test_pages_go_on_where_they_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(items_module, "MAX_ANSWER", 4_000)
    node, author = Harness(), Author()
    first, payload = author.create(n=0)
    node.publish(first, payload)
    for n in range(20):
        node.publish(*author.create(s="x" * 100 * n))
    node.publish(*author.delete(first.hash))
    found: list[int] = []
    start: int | None = 1
    pages = 0
    while start is not None:
        page = ask(node, start, -1)
        found, start, pages = found + numbers(page), page.next, pages + 1
    assert found == list(range(1, 23))
    assert pages > 5


def test_a_slot_with_more_than_fits_is_gone_on_behind() -> None:
    """Whoever is told to go on where they asked never comes to the end."""
    node, author = Harness(), Author()
    node.publish(*author.create())
    head, made = author.head, []
    for n in range(3):
        author.head = head
        made.append(author.create(n=n, text="x" * 900_000))
    made.append(author.create(n=4))
    brought = [{"entryBytes": each.encoded.hex(), "payloadBytes": payload.hex()} for each, payload in made]
    assert {each.state for each in node.call(PUBLISH_ITEMS, items=brought)} == {"stored"}
    seen: list[tuple[int, bool]] = []
    at: int | None = 1
    while at is not None:
        found = ask(node, at, -1)
        assert found.next is None or found.next > at
        seen += [(decode(each.entry).seq_num, each.payload is not None) for each in found.entries]
        at = found.next
    assert seen == [(1, True), (2, True), (2, True), (2, False), (3, True)]


def test_a_deleted_payload_is_said_to_be_deleted() -> None:
    node, author = Harness(), Author()
    first, payload = author.create(n=0)
    node.publish(first, payload)
    node.publish(*author.delete(first.hash))
    raw = asyncio.run(
        node.node.get_items(author.signer.author, 1, 1, -1, dist_low=0, dist_high=0, payloads=True)
    )["items"]
    assert [(each["payloadState"], each["payloadSize"]) for each in raw] == [
        ("deleted", len(payload)),
        ("held", 302),
    ]
    assert [each["payloadBytes"] is not None for each in raw] == [False, True]
    unasked = asyncio.run(
        node.node.get_items(author.signer.author, 1, 2, 2, dist_low=0, dist_high=0, payloads=False)
    )["items"]
    assert (unasked[0]["payloadBytes"], unasked[0]["payloadState"]) == (None, "held")


@pytest.mark.parametrize(
    "params",
    [
        {"start": 2**31},
        {"end": "last"},
        {"distLow": 256},
        {"distHigh": -1},
        {"payloads": 1},
        {"logId": None},
        {"maxPayload": -1},
        {"only": [[1]]},
        {"only": [[3, 2]]},
        {"only": [[1, 2], [2, 3]]},
        {"only": [[0, 2]]},
        {"only": [[n, n] for n in range(1, 502)]},
    ],
    ids=lambda params: str(params)[:30],
)
def test_params_that_are_none(node: Harness, params: dict[str, Any]) -> None:
    whole = {"author": Author().hex, "logId": 1, "start": 1, "end": -1} | params
    connection: Connection = node.connection
    with pytest.raises(ErrorFromNode) as refused:
        asyncio.run(connection.call(GET_ITEMS, **whole))
    assert refused.value.reason == "invalid-params"
