"""Fixtures for embedding: hosts, nodes, websites, and one tab for each engine and module."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browsers import Browsers, StaticServer, Tab, static_server
from tests.embedding.websites import CORS, BrokenHost, Websites
from tests.processes import ServedNode


@pytest.fixture(scope="session")
def host(site: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedNode]:
    """`panda serve` with the site: node and panda.js at one address."""
    with ServedNode(tmp_path_factory.mktemp("host"), site) as node:
        yield node


@pytest.fixture
def static_host(site: Path) -> Iterator[StaticServer]:
    """A plain file server that sends the documented header and nothing more; it remembers what is asked."""
    with static_server(site, CORS) as server:
        yield server


@pytest.fixture
def broken_host(site: Path, tmp_path: Path) -> Iterator[BrokenHost]:
    """A copy of the site that the test may spoil."""
    server = BrokenHost(site, tmp_path / "broken")
    yield server
    server.stop()


@pytest.fixture
def websites(tmp_path: Path) -> Iterator[Websites]:
    """Starts websites that embed."""
    every = Websites(tmp_path / "websites")
    yield every
    every.close()


@pytest.fixture(scope="module")
def tab(engine: str, browsers: Browsers) -> Iterator[Tab]:
    """One tab for a module's tests; every website has an origin of its own in it."""
    with browsers.tab(engine) as one:
        yield one
