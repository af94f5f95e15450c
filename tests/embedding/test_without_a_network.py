"""A website whose service worker is the one line of docs/embedding.md opens while it, HOST and the node are gone."""

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.browser.sites import PYTHON_KEPT
from tests.browsers import StaticServer, Tab
from tests.embedding.websites import call, write_pages
from tests.hosts import examples
from tests.processes import ServedNode

# WebKitGTK throws away at the next navigation what it kept.
pytestmark = [pytest.mark.every_engine, pytest.mark.engines("chromium", "firefox")]

REGISTER = 'navigator.serviceWorker.register("sw.js");'
CONTROLLED = "() => navigator.serviceWorker.controller !== null"
# What is kept of the website and of HOST's panda.js, by address.
KEPT = """async () => {
    const [name] = (await caches.keys()).filter((name) => name.startsWith("panda-web website"));
    return (await (await caches.open(name)).keys()).map(({ url }) => url);
}"""


@pytest.fixture
def website(
    static_host: StaticServer, site: Path, tmp_path: Path, serve_files: Callable[..., StaticServer]
) -> StaticServer:
    www = write_pages(tmp_path / "www", static_host.url, site)
    worker = examples.files("embedding.md")["sw.js"].replace("https://HOST/", static_host.url)
    (www / "sw.js").write_text(worker, "utf-8")
    return serve_files(www)


def test_all_are_gone_after_one_visit(
    tab: Tab, static_host: StaticServer, website: StaticServer, tmp_path: Path
) -> None:
    assert f"`{REGISTER}`" in (examples.DOCS / "embedding.md").read_text("utf-8")
    page = website.url + "import.html"
    with ServedNode(tmp_path / "node") as node:
        tab.goto(page)
        author = call(tab, "connect", "first", {"node": node.url})["author"]
        tab.evaluate(f"async () => {{ await {REGISTER} }}")
        tab.wait_for(PYTHON_KEPT)
        whole = [page, website.url + "website.js", static_host.url + "panda.js"]
        tab.wait_for(f"async (...whole) => new Set(await ({KEPT})()).isSupersetOf(new Set(whole))", *whole)
    website.stop()
    static_host.stop()
    tab.goto(page)
    assert call(tab, "connect", "second", {"node": node.url})["author"] == author
    call(tab, "create", "second", "written while all were gone")
    assert call(tab, "ask", "second", "pending") == {"value": 1}


def test_what_is_kept_is_bounded(tab: Tab, static_host: StaticServer, website: StaticServer) -> None:
    """And the network is asked first."""
    (website.directory / "small.txt").write_text("old", "utf-8")
    (website.directory / "large.txt").write_text("x" * (2**21 + 1), "utf-8")
    tab.goto(website.url + "import.html")
    tab.evaluate(f"async () => {{ await {REGISTER} }}")
    tab.wait_for(CONTROLLED)
    ask = "async (...how) => (await fetch(...how)).text()"
    assert tab.evaluate(ask, "small.txt") == "old"
    tab.evaluate(ask, "large.txt")
    tab.evaluate(ask, "small.txt?1", {"method": "POST"})
    tab.evaluate(ask, "small.txt?2", {"headers": {"Range": "bytes=0-1"}})
    tab.evaluate(ask, "small.txt?3", {"cache": "no-store"})
    tab.evaluate(ask, static_host.url + "index.html")
    small = website.directory / "small.txt"
    small.write_text("new", "utf-8")
    os.utime(
        small, (time.time() + 10,) * 2
    )  # servers tell browsers by the second whether something has changed
    assert tab.evaluate(ask, "small.txt", {"cache": "no-cache"}) == "new"
    kept = {url.rsplit("/")[-1] for url in tab.wait_for(KEPT)}
    assert "small.txt" in kept
    assert kept <= {"import.html", "website.js", "panda.js", "small.txt"}
    website.headers["Cache-Control"] = "no-store"
    tab.evaluate(ask, "small.txt?4")
    del website.headers["Cache-Control"]
    many = "async () => { for (let n = 0; n < 120; n += 1) await (await fetch(`small.txt?n=${n}`)).text(); }"
    tab.evaluate(many)
    whole = "kept.length <= 101 && kept.some((url) => url.endsWith('?n=119'))"
    tab.wait_for(f"async () => {{ const kept = await ({KEPT})(); return {whole}; }}")
    kept = {url.rsplit("/")[-1] for url in tab.evaluate(KEPT)}
    assert "panda.js" in kept
    assert not kept & {"small.txt", "small.txt?4"}
