"""Fixtures for all tests: browsers, the built site, a server for it. docs/testing.md says how tests are laid out."""

import gc
import os
import subprocess
import sys
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from playwright.sync_api import Browser

from tests import openrpc
from tests.browsers import Browsers, StaticServer, Tab, available, static_server
from tests.examples import LONG
from tests.find_browsers import ENGINES
from tests.lanes import Lanes
from tests.once import Once
from tools import environment

LOOK = openrpc.watch()

TESTS = Path(__file__).resolve().parent
ROOT = TESTS.parent


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--long`, for the end of a piece of work."""
    words = "every browser test in every engine, and property tests with many more examples"
    parser.addoption("--long", action="store_true", help=words)


def pytest_configure(config: pytest.Config) -> None:
    """The same examples on every machine, and no test asserts how long anything takes."""
    if Path(sys.prefix) == environment.VENV and not hasattr(config, "workerinput"):
        environment.ensure("test")  # where somebody runs pytest itself, too
    examples = LONG if config.getoption("--long") else 25
    settings.register_profile(
        "panda",
        derandomize=True,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
        print_blob=True,
        max_examples=examples,
    )
    settings.load_profile("panda")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Lanes:
    """How tests are handed out where several lanes run them: as they are sorted below."""
    config.option.loadscopereorder = False
    return Lanes(config, log)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Python looks for garbage only once all tests are known: each lane collects them, and nothing is freed then."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.freeze()


def pytest_report_header() -> list[str]:
    """Says which browsers are used."""
    found = available()
    return [
        f"{e}: {found[e].executable} ({found[e].origin})" if e in found else f"{e}: MISSING" for e in ENGINES
    ]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Gives a browser test its engines: Chromium, or all where engines differ or the run is a long one."""
    marks = [mark.name for mark in metafunc.definition.iter_markers()]
    if "engine" in metafunc.fixturenames:
        able = metafunc.definition.get_closest_marker("engines")
        engines = able.args if able else ENGINES
        everywhere = "every_engine" in marks or metafunc.config.getoption("--long")
        metafunc.parametrize("engine", engines if everywhere else engines[:1], indirect=True, scope="module")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Marks what needs a browser, and lets it begin: it takes longest. Then comes what is about the whole project."""
    if not config.getoption("--long"):
        again = {item for item in items if _is_of_another_engine(item)}
        config.hook.pytest_deselected(items=[*again])
        items[:] = [item for item in items if item not in again]
    for item in items:
        if "browsers" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.browser)
    items.sort(key=lambda item: (item.get_closest_marker("browser") is None, item.path.parent != TESTS))


def _is_of_another_engine(item: pytest.Item) -> bool:
    """Whether a case is about no engine, and this is not the first that it runs in."""
    if item.get_closest_marker("one_engine") is None:
        return False
    able = item.get_closest_marker("engines")
    engine = getattr(item, "callspec").params["engine"]  # noqa: B009 - pytest has no name for it
    return bool(engine != (able.args if able else ENGINES)[0])


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What could not be tested here is said again at the end, where people look."""
    skipped = [str(report.longrepr[2]) for report in terminalreporter.getreports("skipped")]
    for words in dict.fromkeys(skipped):
        if "NOT TESTED" in words:
            terminalreporter.write_line(words.removeprefix("Skipped: "), red=True)


@pytest.fixture(autouse=True)
def as_documented() -> Iterator[None]:
    """What nodes answer and tell in a test is what their OpenRPC document says: here, and where they are served."""
    _, wrong = LOOK()
    before = len(wrong)
    yield
    assert wrong[before:] == []


@pytest.fixture(scope="session")
def long(pytestconfig: pytest.Config) -> bool:
    """Whether it is a long run, which does more of the same."""
    return bool(pytestconfig.getoption("--long"))


@pytest.fixture(scope="session")
def browsers(long: bool) -> Iterator[Browsers]:
    """All browsers of the session; nothing starts before it is used."""
    every = Browsers(sparing=not long)
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


@pytest.fixture(scope="module")
def engine(request: pytest.FixtureRequest) -> str:
    """The engine of a test; `pytest_generate_tests` says which there are."""
    return str(request.param)


@pytest.fixture
def open_tab(engine: str, browsers: Browsers) -> Iterator[Callable[[], Tab]]:
    """Opens tabs, each of a fresh profile."""
    with ExitStack() as tabs:
        yield lambda: tabs.enter_context(browsers.tab(engine))


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory) -> Once:
    """Makes what is dear once for all lanes."""
    own = tmp_path_factory.getbasetemp()
    return Once((own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "once")


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The static site."""
    return ready_site("plain") or build_site(tmp_path_factory.mktemp("built") / "site", "--plain")


@pytest.fixture(scope="session")
def packed_site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same, compressed ahead, as it is put on a host."""
    return ready_site("packed") or build_site(tmp_path_factory.mktemp("packed") / "site")


def ready_site(kind: str) -> Path | None:
    """What `build.py test` has built for all lanes; None where a session is alone, and builds its own."""
    ready = os.environ.get("PANDA_SITES")
    return Path(ready) / kind if ready else None


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
