"""What the service worker keeps: of which site and version, whether it is still the same, and what a lost part means."""

import functools
import os
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import cast

import pytest

from tests.browser.asking import instances_at
from tests.browser.screen import Screen
from tests.browser.sites import HARNESS, copy_site
from tests.browser.test_second_visit import visit
from tests.browsers import Browsers, StaticServer, _Handler, static_server
from tests.processes import ServedNode
from tools.static_site import list_files, name_runtime, runtime, seal

# WebKitGTK throws away at the next navigation what it kept; `test_second_visit.py` shows that a page works there.
pytestmark = pytest.mark.engines("chromium", "firefox")

NEW = "() => document.title.startsWith('New: ')"
OFFER = ".notice[data-reason=site-updated]"
USE = f"{OFFER} button:not(.dismiss)"
STATES = """async () => {
    const { installing, waiting, active } = await navigator.serviceWorker.ready;
    return [installing, waiting, active].map((worker) => worker?.state ?? null);
}"""
UPDATE = "async () => void (await navigator.serviceWorker.ready).update()"
# Of each cache of the site, the oldest first: how many files are kept, and how many of them are spoilt.
KEPT = """async () => {
    const names = (await caches.keys()).filter((name) => name.startsWith("panda-web site"));
    return Promise.all(names.map(async (name) => {
        const cache = await caches.open(name);
        const kept = await Promise.all((await cache.keys()).map((key) => cache.match(key)));
        const texts = await Promise.all(kept.map((response) => response?.text()));
        return [kept.length, texts.filter((text) => text === "spoilt").length];
    }));
}"""
SPOIL = """async () => {
    for (const name of await caches.keys()) {
        const cache = await caches.open(name);
        for (const { url } of name.startsWith("panda-web site") ? await cache.keys() : []) {
            const headers = { "Content-Type": url.includes(".js?") ? "text/javascript" : "text/html" };
            if (!url.includes("/index.html")) await cache.put(url, new Response("spoilt", { headers }));
        }
    }
}"""


class _HostHandler(_Handler):
    """Sends people from index.html to the folder, as hosts with pretty addresses do, and holds an answer back."""

    def do_GET(self) -> None:  # noqa: N802 - http.server's word
        host = cast("Host", self.server)
        if self.path == "/index.html" and host.pretty:
            self.send_response(301)
            self.send_header("Location", "./")
            self.end_headers()
            return
        if self.path == "/held.txt":
            host.held.wait(60)
        super().do_GET()

    def send_header(self, keyword: str, value: str) -> None:
        if keyword.title() not in self._told_to_scripts():  # http.server says Content-type
            super().send_header(keyword, value)

    def end_headers(self) -> None:
        for name, value in self._told_to_scripts().items():
            super().send_header(name, value)
        super().end_headers()

    def _told_to_scripts(self) -> Mapping[str, str]:
        """What goes with the answer where a service worker asks, and not the page itself."""
        asked_by_script = self.headers.get("Sec-Fetch-Dest") == "empty"
        return cast("Host", self.server).to_scripts.get(self.path, {}) if asked_by_script else {}


class Host(StaticServer):
    """A host of a copy of the site that a test may change."""

    def __init__(self, site: Path) -> None:
        super().__init__(site)
        self.RequestHandlerClass = functools.partial(_HostHandler, directory=str(site))  # type: ignore[assignment]
        self.pretty = False
        self.to_scripts: dict[str, dict[str, str]] = {}
        """Headers by path, for the service worker alone."""
        self.seconds = 0
        self.held = threading.Event()
        self.held.set()

    def update(self, word: str = "New", **files: str) -> None:
        """Makes it the next version, whose title begins with a word."""
        page = self.directory / "index.html"
        page.write_text(page.read_text("utf-8").replace("<title>", f"<title>{word}: "), "utf-8")
        for name, text in files.items():
            (self.directory / f"{name}.txt").write_text(text, "utf-8")
        list_files(self.directory)
        self.seconds += 2  # servers tell browsers by the second whether something has changed
        for changed in (page, self.directory / "service-worker.js"):
            os.utime(changed, (time.time() + self.seconds,) * 2)

    @contextmanager
    def holding(self) -> Iterator[None]:
        """The next version is not whole before this ends."""
        self.held.clear()
        self.update("Newer", held="back")
        try:
            yield
        finally:
            self.held.set()


@pytest.fixture
def host(site: Path, tmp_path: Path) -> Iterator[Host]:
    server = Host(copy_site(site, tmp_path / "www", {}))
    yield server
    server.held.set()
    server.stop()


@pytest.mark.every_engine
def test_host_that_redirects_its_index(screen: Screen, host: Host, empty_node: ServedNode) -> None:
    host.pretty = True
    visit(screen, host, empty_node)
    visit(screen, host, empty_node)
    assert screen.notices() == []


@pytest.mark.every_engine
def test_host_and_node_are_gone_together(screen: Screen, host: Host, tmp_path: Path) -> None:
    """Even the first talk is written then; it is sent when the node is back."""
    with ServedNode(tmp_path / "node") as node:
        visit(screen, host, node)
        author = screen.data("#me", "author")
    host.stop()
    screen.tab.goto(f"{host.url}?node={node.url}")
    screen.wait("html[data-state=ready]")
    assert screen.data("#me", "author") == author
    screen.wait("#here:not([hidden])")  # there is nobody to ask, and nothing was published so far
    assert screen.data("#programme", "state") == "empty"
    screen.click("#new")
    for name, value in (("title", "Written in a field"), ("room", "Tent")):
        screen.fill(f"#f-{name}", value)
    screen.click("#editor-save")
    screen.wait("#pending[data-pending='2']")  # the talk, and its room
    with node:
        screen.sent()
        screen.wait("#pending[data-pending='0']")
        assert [talk["title"] for talk in instances_at(node.url)] == ["Written in a field"]


def test_headers_of_a_host_are_not_kept(screen: Screen, host: Host, empty_node: ServedNode) -> None:
    """A host that is somebody else's for a minute would lead every later visit elsewhere, or open the page."""
    host.to_scripts["/index.html"] = {
        "Refresh": "0; url=https://elsewhere.invalid/",
        "Link": "<style.css>; rel=stylesheet",
        "Set-Cookie": "a=b",
        "Content-Type": "text/plain",
    }
    visit(screen, host, empty_node)
    visit(screen, host, empty_node)
    headers = screen.tab.evaluate("async () => Object.fromEntries((await fetch('./')).headers)")
    assert headers == {"content-type": "text/html; charset=utf-8"}
    assert screen.notices() == []


def test_script_of_another_kind_is_not_kept(screen: Screen, host: Host, empty_node: ServedNode) -> None:
    """No browser runs it, and it would be of the wrong kind for good."""
    host.to_scripts["/page.js"] = {"Content-Type": "text/plain"}
    host.headers["Cache-Control"] = "no-store"  # or the browser has the type of its own request
    screen.open(f"{host.url}?node={empty_node.url}")
    screen.tab.wait_for("async () => (await fetch('page.js')).headers.get('Content-Type') === 'text/plain'")
    screen.tab.wait_for("async () => !(await navigator.serviceWorker.getRegistration())?.installing")
    assert (
        screen.tab.evaluate("async () => (await navigator.serviceWorker.getRegistration())?.active ?? null")
        is None
    )
    kept = """async () => {
        const name = (await caches.keys()).find((name) => name.startsWith("panda-web site"));
        return name ? (await (await caches.open(name)).keys()).map(({ url }) => url) : [];
    }"""
    assert not [url for url in screen.tab.evaluate(kept) if "/page.js?" in url]


def begin_worker_with(host: Host, name: str) -> None:
    """The service worker begins with a script of the harness."""
    script = host.directory / "service-worker.js"
    script.write_text((HARNESS / name).read_text("utf-8") + script.read_text("utf-8"), "utf-8")


@pytest.mark.parametrize("storage", ["no-caches.js", "mute-caches.js"])
def test_storage_that_refuses_or_never_answers(
    screen: Screen, host: Host, empty_node: ServedNode, storage: str
) -> None:
    begin_worker_with(host, storage)
    visit(screen, host, empty_node)
    visit(screen, host, empty_node)
    assert screen.notices() == []


def test_slow_storage_is_waited_for_without_a_network(
    browsers: Browsers, host: Host, empty_node: ServedNode
) -> None:
    begin_worker_with(host, "slow-caches.js")
    with browsers.tab("chromium") as tab:
        screen = Screen(tab)
        visit(screen, host, empty_node)
        host.stop()
        screen.open(f"{host.url}?node={empty_node.url}")


def test_two_sites_of_one_origin(screen: Screen, site: Path, empty_node: ServedNode, tmp_path: Path) -> None:
    for name in ("a", "b"):
        copy_site(site, tmp_path / "www" / name, {})
    with static_server(tmp_path / "www") as server:
        url = server.url
        for name in ("a", "b"):
            server.url = f"{url}{name}/"
            visit(screen, server, empty_node)
        kept = screen.tab.evaluate(KEPT)
        assert len(kept) == 2
        assert kept[0] == kept[1] != [0, 0]


@pytest.mark.every_engine
def test_what_was_changed_is_fetched_again(screen: Screen, host: Host, empty_node: ServedNode) -> None:
    """At the next visit, and when a new version takes over what it has in common with the old one."""
    visit(screen, host, empty_node)
    screen.tab.evaluate(SPOIL)
    host.update()
    visit(screen, host, empty_node)
    screen.wait(OFFER)
    screen.click(USE)
    screen.tab.wait_for(NEW)
    screen.wait("html[data-state=ready]")
    assert screen.notices() == []
    assert [spoilt for _, spoilt in screen.tab.evaluate(KEPT)] == [0]


def test_version_that_takes_over_leaves_a_newer_one_alone(
    screen: Screen, host: Host, empty_node: ServedNode
) -> None:
    visit(screen, host, empty_node)
    visit(screen, host, empty_node)  # which comes from the service worker, so the next version waits
    host.update()
    screen.tab.evaluate(UPDATE)
    screen.tab.wait_for(f"async () => (await ({STATES})())[1] === 'installed'")
    with host.holding():
        screen.tab.evaluate(UPDATE)
        all_but_one = "versions.length === 3 && versions[2][0] === versions[0][0]"
        screen.tab.wait_for(f"async () => {{ const versions = await ({KEPT})(); return {all_but_one}; }}")
        screen.tab.evaluate(
            "async () => (await navigator.serviceWorker.ready).waiting.postMessage('take over')"
        )
        screen.tab.wait_for(f"async () => (await ({STATES})()).join() === 'installing,,activated'")
        screen.tab.wait_for(f"async () => (await ({KEPT})()).length === 2")
    screen.tab.wait_for(f"async () => (await ({STATES})())[1] === 'installed'")
    older, newer = screen.tab.evaluate(KEPT)
    assert newer[0] == older[0] + 1


def test_old_page_whose_python_is_nowhere_offers_the_new_version(
    screen: Screen, host: Host, empty_node: ServedNode
) -> None:
    host.headers["Cache-Control"] = "no-store"  # what the browser's own cache does is not the question
    visit(screen, host, empty_node)
    worker = runtime(host.directory) / "worker.js"
    worker.write_text(worker.read_text("utf-8") + "// the next version\n", "utf-8")
    name_runtime(worker.parent)
    seal(host.directory)
    host.update()
    screen.tab.evaluate("() => caches.delete('panda-web')")
    screen.tab.goto(f"{host.url}?node={empty_node.url}")
    screen.wait("html:is([data-state=ready], [data-state=failed])")
    assert screen.notices() == ["file-missing"]
    screen.wait(OFFER)
    screen.click(USE)
    screen.tab.wait_for(NEW)
    screen.wait("html[data-state=ready]")
    assert screen.notices() == []


@pytest.mark.every_engine
def test_new_version_in_two_tabs(screen: Screen, host: Host, empty_node: ServedNode) -> None:
    """One tab was there when it came, the other began in the middle of that; both can use it, one after the other."""
    visit(screen, host, empty_node)
    visit(screen, host, empty_node)
    other = Screen(screen.tab.new_tab())
    with host.holding():
        screen.tab.evaluate(UPDATE)
        screen.tab.wait_for(f"async () => (await ({STATES})())[0] === 'installing'")
        other.open(f"{host.url}?node={empty_node.url}")
        assert not other.has(OFFER)
    for each in (screen, other):
        each.wait(OFFER)
    for each in (screen, other):
        each.click(USE)
        each.tab.wait_for("() => document.title.startsWith('Newer: ')")
    other.tab.close()
