"""How many examples a property test has."""

from typing import Any

from hypothesis import settings

LONG = 100
"""Examples that a test has in a long run, unless it asks for more or fewer."""


def examples(times: float, *, dear: bool = False, **more: Any) -> settings:
    """Settings with a multiple of the profile's examples, which are more in a long run.

    Args:
        times: how many times as many.
        dear: whether one takes seconds: then there are half as many, unless it is a long run.
        more: other settings.
    """
    usual = settings.default.max_examples
    share = 0.5 if dear and usual < LONG else 1
    return settings(max_examples=max(5, round(times * share * usual)), **more)
