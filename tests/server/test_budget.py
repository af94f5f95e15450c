"""Memory that requests share: who gets some, and who makes room."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from panda_web.rpc.errors import NodeFull
from panda_web.server.budget import PATIENCE, Budget, Holding


class Clock:
    seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def test_whoever_holds_for_long_makes_room() -> None:
    clock, ended = Clock(), []
    budget = Budget(100, clock)
    first, second, third = budget.hold(None), budget.hold(None), budget.hold(None, free=10)
    first.wait(lambda: ended.append("first"))
    second.wait(lambda: ended.append("second"))
    first.take(60)
    second.take(40)
    third.take(6)
    third.take(4)  # what is free
    third.wait(lambda: ended.append("third"))
    with pytest.raises(NodeFull) as refused:
        third.take(1)
    assert refused.value.data == {"retryAfter": 1}
    clock.seconds = PATIENCE + 1
    third.take(50)
    assert (ended, first.ended, second.ended, budget.used) == (["first"], True, False, 90)
    second.work()
    with pytest.raises(NodeFull):
        third.take(20)  # what waits for the node makes no room, and nobody does for themselves
    assert ended == ["first"]


def test_one_visitor_has_half_of_it() -> None:
    budget = Budget(100)
    with budget.hold("a") as one, budget.hold("a") as other:
        one.take(30)
        other.take(20)
        with pytest.raises(NodeFull):
            other.take(1)
        budget.hold("b").take(50)
    assert budget.used == 50


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 4), st.integers(1, 60), st.integers(0, 8))))
def test_it_never_holds_more(steps: list[tuple[str, int, int, int]]) -> None:
    clock = Clock()
    budget = Budget(100, clock)
    holdings: dict[tuple[str, int], Holding] = {}
    for visitor, number, count, seconds in steps:
        clock.seconds += seconds
        holding = holdings.setdefault((visitor, number), budget.hold(visitor))
        holding.wait(lambda: None)
        if not holding.ended:
            try:
                holding.take(count)
            except NodeFull:
                budget.give_back(holding)
                del holdings[visitor, number]
        else:
            del holdings[visitor, number]
        assert budget.used <= 100
