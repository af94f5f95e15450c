import pytest
from hypothesis import given
from hypothesis import strategies as st

from panda_web.messages import SYSTEM_LOGS, next_user_log, system_log


def test_system_logs() -> None:
    assert list(SYSTEM_LOGS) == [0, 2, 4, 6, 8]
    assert all(system_log(schema) == log_id for log_id, schema in SYSTEM_LOGS.items())
    assert system_log("0040" + "00" * 64) is None


@pytest.mark.parametrize(("used", "free"), [(None, 1), (0, 1), (1, 3), (2, 3), (3, 5), (4, 5)])
def test_next_user_log(used: int | None, free: int) -> None:
    assert next_user_log(used) == free


@given(st.integers(0, 2**31))
def test_next_user_log_is_odd_and_above(used: int) -> None:
    assert next_user_log(used) % 2 == 1
    assert used < next_user_log(used) <= used + 2
