"""The first visit: what it needs is asked for at once, each file once, and little of it comes before the page is seen."""

import functools
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest

from benchmarks.wire import Wire, _Passing
from tests.browser.screen import Screen
from tests.browsers import Browsers, PlaywrightTab, StaticServer, _Handler
from tests.processes import ServedNode

PATIENCE = 30
FIRST = {"manifest.json", "pyodide.asm.wasm", "snapshot.bin"}
PAINTED = "() => performance.getEntriesByName('first-contentful-paint').length"
MOST = 30_000
"""Bytes, compressed."""


class _HoldingHandler(_Handler):
    def do_GET(self) -> None:  # noqa: N802 - http.server's word
        host, name = cast("Holding", self.server), self.path.split("?")[0].rsplit("/")[-1]
        with host.change:
            host.asked.append(name)
            host.change.notify_all()
            if not host.change.wait_for(lambda: host.until.get(name, set()) <= {*host.asked}, PATIENCE):
                host.late.append(name)
        super().do_GET()


class Holding(StaticServer):
    """A host that sends some files only when others were asked for, and forbids to keep any.

    Attributes:
        until: what must have been asked for, by the name of what is held back.
        asked: the names of files, as they were asked for.
        late: what was held back for so long that somebody else waited for it.
    """

    def __init__(self, site: Path) -> None:
        self.until: dict[str, set[str]] = {}
        self.asked: list[str] = []
        self.late: list[str] = []
        self.change = threading.Condition()
        super().__init__(site, {"Cache-Control": "no-store"})
        self.RequestHandlerClass = functools.partial(_HoldingHandler, directory=str(site))  # type: ignore[assignment]


@pytest.fixture
def host(site: Path) -> Iterator[Holding]:
    server = Holding(site)
    yield server
    server.stop()


@pytest.mark.every_engine
def test_nothing_waits_for_what_need_not_be_waited_for(
    screen: Screen, host: Holding, site: Path, empty_node: ServedNode
) -> None:
    """What a script imports is asked for beside it, the worker too, and beside that what Python starts from; each once."""
    shared = {
        path.name
        for path in site.glob("shared-*.js")
        if path.name in (site / "index.html").read_text("utf-8")
    }
    assert len(shared) > 2
    # WebKitGTK runs an `async` module now and then only when the page's other one has come.
    early = set() if screen.tab.engine.name == "webkit" else {"worker.js"}
    host.until = {"page.js": shared | {"panda.js"} | early, "worker.js": FIRST}
    screen.open(f"{host.url}?node={empty_node.url}")
    assert host.late == []
    scripts = host.asked[: host.asked.index("worker.js")]  # later the service worker asks for what it keeps
    for name in ("page.js", "panda.js", *shared):
        assert scripts.count(name) == 1
    for name in ("worker.js", *FIRST):
        assert host.asked.count(name) == 1


class _ScriptlessHandler(_Passing):
    def do_GET(self) -> None:  # noqa: N802 - http.server's word
        if self.path.endswith(".js"):
            cast("Scriptless", self.server).over.wait(PATIENCE)
        self._pass()


class Scriptless(Wire):
    """A line over which no script comes before it is over."""

    def __init__(self, target: str) -> None:
        super().__init__(target, 0)
        self.RequestHandlerClass = _ScriptlessHandler
        self.over = threading.Event()


def test_little_comes_before_a_page_is_seen(browsers: Browsers, packed_site: Path, tmp_path: Path) -> None:
    """And no script, however large."""
    with ServedNode(tmp_path / "node", packed_site) as node:
        for name in ("", "data.html", "schemas.html", "demo.html"):
            line = Scriptless(node.url)
            serving = threading.Thread(target=line.serve_forever, kwargs={"poll_interval": 0.05})
            serving.start()
            with browsers.tab("chromium") as tab:
                assert isinstance(tab, PlaywrightTab)
                tab.page.goto(f"{line.url}{name}", wait_until="commit")
                tab.wait_for(PAINTED)
                came = {answer.path: answer.size for answer in line.answers}
                line.over.set()
            line.shutdown()
            serving.join()
            line.server_close()
            assert {f"/{name}"} < came.keys()
            assert not [path for path in came if path.endswith(".js")]
            assert sum(came.values()) < MOST, came
