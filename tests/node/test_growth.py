"""What a publish costs does not grow with the log, nor with what the node holds: counted, not timed."""

from functools import partial

import pytest

from tests.node.grown import Grown

SMALL, LARGE = 100, 20_000
KINDS = ("update", "create", "delete")


def test_steps_do_not_grow() -> None:
    counted = []
    for count in (SMALL, LARGE):
        grown = Grown(count)
        work = [partial(grown.publish, kind) for kind in KINDS]
        counted.append([grown.steps(one) for one in (*work, grown.arguments)])
        grown.store.close()
    for small, large in zip(*counted, strict=True):
        # Two hundred times as much is held: a scan of any of it would be two hundred times the steps.
        assert 10 < large <= small * 1.5


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_searched_from_end_to_end(kind: str) -> None:
    """What SQLite says of each statement of a publish: it uses an index, or the one row of `everybody`."""
    grown = Grown(SMALL)
    statements: list[str] = []
    grown.connection.set_trace_callback(statements.append)
    grown.publish(kind)
    grown.arguments()
    grown.connection.set_trace_callback(None)
    seen = 0
    for statement in statements:
        if not statement.startswith(("SELECT", "INSERT", "UPDATE", "DELETE")):
            continue
        for *_, plan in grown.connection.execute(f"EXPLAIN QUERY PLAN {statement}"):
            seen += 1
            assert "SCAN" not in plan or plan == "SCAN everybody", (plan, statement)
            assert "TEMP B-TREE" not in plan, (plan, statement)
    assert seen > 5
    grown.store.close()


def test_the_counting_sees_a_scan() -> None:
    """The measure itself: without the index the steps do grow."""
    counted = []
    for count in (SMALL, 10 * SMALL):
        grown = Grown(count)
        grown.connection.execute("DROP INDEX entries_by_slot")
        counted.append(grown.steps(lambda g=grown: g.publish("create")))  # type: ignore[misc]
        grown.store.close()
    assert counted[1] > counted[0] * 3
