"""Fixtures for all tests: browsers, the built site, a server for it."""

import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest
from hypothesis import settings
from playwright.sync_api import Browser

from tests.browsers import Browsers, StaticServer, Tab, available, static_server
from tests.find_browsers import ENGINES

ROOT = Path(__file__).resolve().parent.parent

# The same examples on every machine, and no test asserts how long anything takes.
settings.register_profile("panda", derandomize=True, deadline=None, print_blob=True)
settings.load_profile("panda")


def pytest_report_header() -> list[str]:
    """Says which browsers are used."""
    found = available()
    return [
        f"{e}: {found[e].executable} ({found[e].origin})" if e in found else f"{e}: MISSING" for e in ENGINES
    ]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks what needs a browser."""
    for item in items:
        if "browsers" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.browser)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """A missing browser is said again at the end, where people look."""
    for engine in ENGINES:
        if engine not in available():
            terminalreporter.write_line(
                f"NOT TESTED IN {engine.upper()}: it is not on this machine", red=True
            )


@pytest.fixture(scope="session")
def browsers() -> Iterator[Browsers]:
    """All browsers of the session; nothing starts before it is used."""
    every = Browsers()
    yield every
    every.close()


@pytest.fixture
def chromium(browsers: Browsers) -> Browser:
    """Playwright's Chromium."""
    return browsers.chromium


@pytest.fixture
def firefox(browsers: Browsers) -> Browser:
    """Playwright's Firefox."""
    return browsers.firefox


@pytest.fixture(scope="module", params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    """A module whose tests use it runs once in each engine."""
    return str(request.param)


@pytest.fixture
def open_tab(engine: str, browsers: Browsers) -> Iterator[Callable[[], Tab]]:
    """Opens tabs, each of a fresh profile."""
    with ExitStack() as tabs:
        yield lambda: tabs.enter_context(browsers.tab(engine))


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The static site, built for this session."""
    return build_site(tmp_path_factory.mktemp("built") / "site", "--plain")


@pytest.fixture(scope="session")
def packed_site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same, compressed ahead, as it is put on a host."""
    return build_site(tmp_path_factory.mktemp("packed") / "site")


def build_site(out: Path, *options: str) -> Path:
    """Builds the site into a folder, as a person would."""
    subprocess.run([sys.executable, ROOT / "build.py", "site", "--out", out, *options], check=True)
    return out


@pytest.fixture
def serve_files() -> Iterator[Callable[..., StaticServer]]:
    """Serves directories until the test ends: `serve_files(directory, headers={…}).url`."""
    with ExitStack() as servers:

        def start(directory: Path, headers: Mapping[str, str] | None = None) -> StaticServer:
            return servers.enter_context(static_server(directory, headers))

        yield start
