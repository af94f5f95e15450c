"""Fixtures: p2panda-js 0.2.1, where a registry can be reached."""

import os
from collections.abc import Iterator

import pytest

from tests.interop.old_client import NotFetched, OldClient, package


@pytest.fixture(scope="session")
def old_client() -> Iterator[OldClient]:
    """The old client in a process of its own."""
    try:
        directory = package()
    except NotFetched as error:
        if os.environ.get("CI"):
            pytest.fail(f"p2panda-js 0.2.1 cannot be fetched: {error}")
        why = str(error).splitlines()[-1] if str(error) else "npm failed"
        pytest.skip(f"NOT TESTED WITH P2PANDA-JS 0.2.1: it cannot be fetched ({why})")
    with OldClient(directory) as client:
        yield client
