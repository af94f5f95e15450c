"""How many examples a property test has."""

from typing import Any

from hypothesis import settings


def examples(times: float, **more: Any) -> settings:
    """Settings with a multiple of the profile's examples, which are more in a long run."""
    return settings(max_examples=max(5, round(times * settings.default.max_examples)), **more)
