"""Fixtures for the browser tests: the harness's site, nodes, and what stands between page and node."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from panda_web.bamboo import digest
from tests.browser.api import Api, bare_website
from tests.browser.screen import Screen
from tests.browser.sites import HARNESS, TESTS, frozen_harness_site, harness_site
from tests.browsers import Browsers, StaticServer, static_server
from tests.once import Once
from tests.processes import ServedNode


@pytest.fixture(scope="session")
def harness(site: Path, once: Once) -> Iterator[StaticServer]:
    """A server for the harness's site."""
    with static_server(once("harness", partial(harness_site, site))) as server:
        yield server


@pytest.fixture(scope="session")
def disks_site(site: Path, once: Once) -> Path:
    """A site whose Python has `harness/disks.py`, from a snapshot."""
    more = TESTS / "contracts" / "nodes.py", HARNESS / "owners.py"
    return once("disks", lambda out: frozen_harness_site(site, out, HARNESS / "disks.py", *more))


@pytest.fixture(scope="module")
def disks(disks_site: Path) -> Iterator[StaticServer]:
    """A server for it."""
    with static_server(disks_site) as server:
        yield server


@pytest.fixture(scope="module")
def empty_node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedNode]:
    """A node without a site, in which a module's tests publish nothing that the others could see."""
    with ServedNode(tmp_path_factory.mktemp("node")) as node:
        yield node


@pytest.fixture(scope="module")
def node(engine: str, site: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedNode]:
    """A node with the site, as `build.py serve` runs it, for a module's tests in one engine."""
    with ServedNode(tmp_path_factory.mktemp(engine), site, "--festival") as served:
        yield served


@pytest.fixture
def screen(engine: str, browsers: Browsers) -> Iterator[Screen]:
    """A tab of a fresh profile; modules whose tests share a page that is started once have their own."""
    with browsers.tab(engine) as tab:
        yield Screen(tab)


@pytest.fixture(scope="session")
def website(site: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[StaticServer]:
    """Somebody's own page, which uses panda.js."""
    with static_server(bare_website(site, tmp_path_factory.mktemp("website") / "www")) as server:
        yield server


@pytest.fixture(scope="module")
def api(engine: str, browsers: Browsers, website: StaticServer, empty_node: ServedNode) -> Iterator[Api]:
    """That page, connected with the module's empty node."""
    with browsers.tab(engine) as tab:
        tab.goto(website.url)
        yield Api(tab, empty_node.url)


@pytest.fixture
def schema(request: pytest.FixtureRequest) -> str:
    """A schema of this test's own."""
    return digest(request.node.name.encode()).hex()
