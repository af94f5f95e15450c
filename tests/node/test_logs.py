"""`panda_getLogs`: which logs there are, how far each goes, and what changed since one asked."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from panda_web.log import SignedEntry
from panda_web.node.store import changes
from panda_web.rpc.heads import Heads, LogHead
from panda_web.rpc.methods import GET_ITEMS, GET_LOGS, PUBLISH_ITEMS
from tests.authors import OTHER_SCHEMA, SCHEMA, Author
from tests.node.test_publish import Harness


def ask(node: Harness, since: str | None = None, **more: Any) -> Heads:
    found: Heads = node.call(GET_LOGS, since=since, **more)
    return found


def all_of(node: Harness, since: str | None = None, **more: Any) -> tuple[list[LogHead], str, int]:
    """The logs behind a cursor, the last cursor, and how many answers that were."""
    heads: list[LogHead] = []
    for number in range(1, 100):
        found = ask(node, since, **more)
        assert not found.reset
        heads, since = [*heads, *found.logs], found.cursor
        if not found.more:
            return heads, since, number
    raise AssertionError


def bring(node: Harness, *items: tuple[SignedEntry, bytes | None]) -> None:
    found = node.call(
        PUBLISH_ITEMS,
        items=[
            {"entryBytes": each.encoded.hex(), "payloadBytes": payload.hex() if payload is not None else None}
            for each, payload in items
        ],
    )
    assert {each.state for each in found} == {"stored"}


def places(heads: Sequence[LogHead]) -> set[tuple[str, int, int]]:
    return {(each.author.hex(), each.log_id, each.seq_num) for each in heads}


def test_each_log_with_its_end() -> None:
    node = Harness()
    assert ask(node).logs == []
    one, other, again = Author(1), Author(2), Author(1, log_id=3)
    for author in (one, other, one):
        last, payload = author.create()
        node.publish(last, payload)
    third, payload = again.create(OTHER_SCHEMA)
    node.publish(third, payload)
    found = {(each.author, each.log_id): each for each in ask(node).logs}
    assert found[one.signer.author, 1] == LogHead(one.signer.author, 1, SCHEMA, 2, last.hash.hex())
    assert found[one.signer.author, 3] == LogHead(one.signer.author, 3, OTHER_SCHEMA, 1, third.hash.hex())
    assert len(found) == 3


def test_what_changed_since() -> None:
    node, authors = Harness(), [Author(number) for number in range(1, 6)]
    for author in authors:
        node.publish(*author.create())
    _, cursor, _ = all_of(node)
    assert ask(node, cursor).logs == []
    node.publish(*authors[3].create())
    heads, later, _ = all_of(node, cursor)
    assert places(heads) == {(authors[3].hex, 1, 2)}
    assert places(all_of(node, cursor)[0]) == places(heads), "a cursor may be asked with again"
    assert ask(node, later).logs == []


def test_a_payload_that_comes_or_goes_is_a_change() -> None:
    node, author = Harness(), Author()
    first, payload = author.create()
    bring(node, (first, None))
    _, cursor, _ = all_of(node)
    bring(node, (first, payload))
    heads, cursor, _ = all_of(node, cursor)
    assert places(heads) == {(author.hex, 1, 1)}


def test_logs_of_some_authors_and_schemas() -> None:
    node, one, other = Harness(), Author(1), Author(2)
    system = Author(2, log_id=0)
    for entry in (one.create(), other.create(OTHER_SCHEMA), system.write(b"a definition, perhaps")):
        bring(node, entry)
    assert places(all_of(node, authors=[one.hex])[0]) == {(one.hex, 1, 1)}
    assert places(all_of(node, schemas=[SCHEMA])[0]) == {(one.hex, 1, 1), (other.hex, 0, 1)}
    assert places(all_of(node, schemas=[SCHEMA], authors=[other.hex])[0]) == {(other.hex, 0, 1)}
    assert all_of(node, authors=[])[0] == []


@given(
    st.lists(st.integers(1, 5), min_size=1, max_size=30),
    st.integers(1, 4),
    st.integers(2, 12),
    st.integers(0, 30),
)
def test_pages_give_every_log_as_far_as_it_goes(
    order: list[int], limit: int, looked_at: int, cut: int
) -> None:
    """Whatever the order in which entries came, the size of pages, and the point where one stopped before."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(changes, "LOOKED_AT", looked_at)
        node = Harness()
        authors = {number: Author(number) for number in set(order)}
        for number in order[:cut]:
            node.publish(*authors[number].create())
        before, cursor, _ = all_of(node, limit=limit)
        for number in order[cut:]:
            node.publish(*authors[number].create())
        heads, _, answers = all_of(node, limit=limit)
        assert places(heads) == {(each.hex, 1, each.head.seq_num) for each in authors.values()}
        assert len(heads) == len(authors), "each once"
        assert answers <= 2 + len(authors) + len(order) // looked_at
        later, _, _ = all_of(node, cursor, limit=limit)
        assert {each.author for each in later} == {authors[n].signer.author for n in order[cut:]}
        assert {each.author for each in (*before, *later)} == {each.author for each in heads}


@pytest.mark.parametrize("other", [True, False])
def test_the_cursor_of_another_store(*, other: bool) -> None:
    node = Harness()
    node.publish(*Author().create())
    found = ask(node, ask(Harness()).cursor if other else "nonsense")
    assert (found.logs, found.reset, found.more) == ([], True, False)
    assert ask(node, found.cursor).reset is False


def test_what_a_log_with_gaps_has() -> None:
    """`panda_getItems` passes over what is not held where it is asked to, and else ends there."""
    node, author = Harness(), Author()
    written = [author.create(n=n) for n in range(12)]
    path = [1, 4, 8, 12]
    bring(node, *(written[n - 1] for n in path))

    def held(**more: Any) -> list[int]:
        raw = asyncio.run(
            node.connection.call(GET_ITEMS, author=author.hex, logId=1, start=1, end=-1, **more)
        )
        return [
            written.index(each) + 1 for each in written if each[0].encoded in {i.entry for i in raw.entries}
        ]

    assert held() == [1]
    assert held(gaps=True) == path
