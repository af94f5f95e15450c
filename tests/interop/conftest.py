"""Fixtures: p2panda-js 0.2.1, where a registry can be reached."""

import os
from collections.abc import Iterator

import pytest

from tests.interop.old_client import NotFetched, OldClient, package

_missing: list[str] = []


@pytest.fixture(scope="session")
def old_client() -> Iterator[OldClient]:
    """The old client in a process of its own."""
    try:
        directory = package()
    except NotFetched as error:
        if os.environ.get("CI"):
            pytest.fail(f"p2panda-js 0.2.1 cannot be fetched: {error}")
        _missing.append(str(error).splitlines()[-1] if str(error) else "npm failed")
        pytest.skip("p2panda-js 0.2.1 cannot be fetched")
    with OldClient(directory) as client:
        yield client


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What was not tested is said again at the end, where people look."""
    for why in _missing:
        terminalreporter.write_line(
            f"NOT TESTED WITH P2PANDA-JS 0.2.1: it cannot be fetched ({why})", red=True
        )
