"""However often panda.js is loaded and connects, a page has one worker and one Python."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.browser.sites import with_prefix
from tests.browsers import StaticServer, Tab
from tests.embedding.websites import CORS, Websites, call, strict
from tests.processes import ServedNode

pytestmark = pytest.mark.every_engine

SCHEMA = "0040" + "5e" * 64
KEPT = "caches.open('panda-web').then((kept) => kept.keys()).then((all) => all.map(({ url }) => url))"
"""Of website/website.js."""
BOTH_KEPT = """async () => {
    const cache = await caches.open("panda-web");
    const urls = (await cache.keys()).map(({ url }) => url);
    const lists = urls.filter((url) => url.startsWith("https://lists."));
    const named = await Promise.all(lists.map(async (list) => (await (await cache.match(list)).json()).files));
    const isThere = (hash) => urls.some((url) => url.endsWith(encodeURIComponent(hash)));
    return lists.length === 2 && named.flat().every(isThere);
}"""
"""A list is there before what it names."""


def downloads(*hosts: StaticServer) -> list[str]:
    """What was fetched for starts but panda.js itself, and what comes when the page is at rest."""
    paths = [line.split()[1] for host in hosts for line in host.requests]
    others = ("panda.js", "seldom.bin", "cold.bin", "pyodide.second.wasm")
    started = [path for path in paths if not path.rpartition("/")[2].startswith(others)]
    return sorted(path.rsplit("/")[-1] for path in started)


def wait_for_rest(*hosts: StaticServer, seconds: float = 1.0) -> None:
    """Returns once nobody has asked for anything for a while."""
    seen = -1
    while seen != (now := sum(len(host.requests) for host in hosts)):
        seen = now
        time.sleep(seconds)


def test_all_connections_of_a_page_share_one(
    tab: Tab,
    host: ServedNode,
    static_host: StaticServer,
    site: Path,
    websites: Websites,
    tmp_path: Path,
    serve_files: Callable[..., StaticServer],
) -> None:
    """Tags, addresses and hosts of the same file, two nodes, all at once, and a policy that allows one start."""
    other_host = serve_files(site, CORS)
    for server in (static_host, other_host):
        server.headers["Cache-Control"] = "no-store"  # what the browser's own cache has is not the question
    with ServedNode(tmp_path / "node") as node:
        policy = strict(static_host.url, other_host.url, host.url, node.url)
        tab.goto(websites.open(static_host.url, site, policy, other=other_host.url) + "twice.html")

        assert call(tab, "giveUp", {"node": host.url}) == ["cancelled"] * 3
        wait_for_rest(static_host, other_host)  # a worker that ends may have asked for something
        static_host.requests.clear()
        other_host.requests.clear()

        opened = tab.evaluate(
            """(...nodes) => Promise.all([
                website.connect("one", { node: nodes[0] }),
                website.connect("two", { node: nodes[0], by: "tag" }),
                website.connect("three", { node: nodes[1] }),
            ])""",
            host.url,
            node.url,
            timeout=300,
        )
        assert len({panda["author"] for panda in opened}) == 1
        assert [panda["node"] for panda in opened] == [host.url, host.url, node.url]
        once = downloads(static_host, other_host)
        assert {"worker.js", "manifest.json", "pyodide.asm.wasm"} < set(once)
        assert len(once) == len(set(once))

        ids = tab.evaluate(
            """() => Promise.all(["one", "two", "one", "two", "three"].map(
                (name, place) => website.create(name, String(place))))""",
            timeout=300,
        )
        assert len(set(ids)) == 5

        assert call(tab, "closeUnder", "one") == ["closed"] * 4
        call(tab, "create", "two", "still there")
        call(tab, "close", "two")
        call(tab, "create", "three", "still there")
        call(tab, "close", "three")
        assert downloads(static_host, other_host) == once
        if tab.engine.name != "webkit":  # WebKitGTK may throw away what it kept
            tab.wait_for(f"async () => (await {KEPT}).length >= 5")  # a worker that ends does that before

        again = call(tab, "connect", "four", {"node": host.url})
        assert again["author"] == opened[0]["author"]
        if tab.engine.name != "webkit":
            assert downloads(static_host, other_host) == once, "what a start needed is kept"
        call(tab, "create", "four", "again")


@pytest.mark.one_engine  # locks and what is kept are tested in each of them, by one version
@pytest.mark.engines("chromium", "firefox")  # WebKitGTK throws away at the next navigation what it kept
def test_two_versions_on_one_page(
    tab: Tab,
    host: ServedNode,
    static_host: StaticServer,
    site: Path,
    websites: Websites,
    tmp_path: Path,
    serve_files: Callable[..., StaticServer],
) -> None:
    """Each has a Python of its own, and both write one author's log as two tabs would."""
    (tmp_path / "prefix.js").write_text("// another version\n")
    other_host = serve_files(with_prefix(site, tmp_path / "other", tmp_path / "prefix.js"), CORS)
    for server in (static_host, other_host):
        server.headers["Cache-Control"] = "no-store"  # what the browser's own cache has is not the question
    page = websites.open(static_host.url, site, other=other_host.url) + "twice.html"
    tab.goto(page)
    of_tag = call(tab, "connect", "one", {"node": host.url, "by": "tag"})
    assert call(tab, "connect", "other", {"node": host.url})["author"] == of_tag["author"]
    for server in (static_host, other_host):
        assert "worker.js" in downloads(server)
    ids = tab.evaluate(
        """() => Promise.all(Array.from({ length: 20 }, (_, n) => website.create(n % 2 ? "one" : "other", String(n))))""",
        timeout=300,
    )
    assert len(set(ids)) == 20
    found = call(tab, "ask", "one", "query", SCHEMA, {"filter": {"author": of_tag["author"]}})["value"]
    assert sorted(instance["_meta"]["seqNum"] for instance in found) == list(range(1, 21))
    assert {instance["id"] for instance in found} == set(ids)

    tab.wait_for(BOTH_KEPT)
    for name in ("one", "other"):  # neither throws away what the other needs
        tab.goto(page)
        static_host.requests.clear()
        other_host.requests.clear()
        call(tab, "connect", name, {"node": host.url})
        assert downloads(static_host, other_host) == []
    of_other = """async () => {
        const cache = await caches.open("panda-web");
        const lists = (await cache.keys()).filter(({ url }) => url.startsWith("https://lists."));
        await Promise.all(lists.map((list) => cache.put(list, new Response('{"used": 0, "files": []}'))));
    }"""
    tab.evaluate(of_other)  # both were used long ago, so who comes next is alone
    tab.goto(page)
    call(tab, "connect", "one", {"node": host.url})
    tab.wait_for(f"async () => (await {KEPT}).length === 8")
