"""What would be lost with a browser's storage: entries that no node elsewhere has acknowledged."""

from hypothesis import given
from hypothesis import strategies as st

from panda_web.bamboo import Head
from panda_web.client.log_state import LogState
from panda_web.client.unsent import unsent

SCHEMA = "0040" + "5c" * 64


def log(seq_num: int, acknowledged: dict[str, int], first: int = 1, given_up: int = 0) -> str:
    return LogState(1, SCHEMA, Head(seq_num), first, acknowledged, given_up).text()


def test_what_only_the_node_of_this_store_has_is_nowhere_else() -> None:
    assert unsent([]) == 0
    assert unsent([log(5, {})]) == 5
    assert unsent([log(5, {"local:abc": 5})]) == 5
    assert unsent([log(5, {"local:abc": 5, "https://node.example": 3})]) == 2
    assert unsent([log(5, {"https://one.example": 2, "https://other.example": 4})]) == 1


def test_what_another_copy_wrote_or_took_the_place_of_is_not_counted() -> None:
    assert unsent([log(9, {}, first=8)]) == 2
    assert unsent([log(9, {"https://node.example": 2}, first=8)]) == 2
    assert unsent([log(9, {}, given_up=3)]) == 0


@given(
    st.lists(
        st.tuples(
            st.integers(0, 20),
            st.dictionaries(st.sampled_from(["local:a", "https://a", "https://b"]), st.integers(0, 20)),
            st.integers(1, 20),
        )
    )
)
def test_each_slot_counts_that_is_held_here_and_nowhere_else(
    logs: list[tuple[int, dict[str, int], int]],
) -> None:
    expected = sum(
        all(slot > up_to for node, up_to in acknowledged.items() if node.startswith("https"))
        for last, acknowledged, first in logs
        for slot in range(first, last + 1)
    )
    assert unsent(log(*each) for each in logs) == expected
