"""Which addresses a browser's word about a forbidden one is about."""

import pytest

from panda_web.rpc.transport import is_under

NODE = "https://node.example:8000/panda"


@pytest.mark.parametrize(
    "beginning",
    ["https://node.example:8000", "https://node.example:8000/", NODE, f"{NODE}/"],
)
def test_is_under(beginning: str) -> None:
    assert is_under(NODE, beginning)
    assert is_under(f"{NODE}/", beginning)


@pytest.mark.parametrize(
    "beginning", ["", "/", "https://node.example:80", "https://node.example", "https://node.example:8000/pan"]
)
def test_is_not_under(beginning: str) -> None:
    assert not is_under(NODE, beginning)
