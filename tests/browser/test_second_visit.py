"""The second visit: nothing is asked of the host, which may be gone; and a new version takes over when told to."""

from pathlib import Path

import pytest

from tests.browser.screen import Screen
from tests.browser.sites import HARNESS, copy_site, manifest_of
from tests.browsers import StaticServer, static_server
from tests.processes import ServedNode
from tools.static_site import list_files

pytestmark = pytest.mark.every_engine

KEPT = """async () => {
    const { active } = await navigator.serviceWorker.ready;
    return active.state === "activated" && (await (await caches.open("panda-web")).keys()).length === 9;
}"""
SPOIL = """async (hash) => {
    const kept = await caches.open("panda-web");
    const address = `https://kept.invalid/${encodeURIComponent(hash)}`;
    if (!await kept.match(address)) throw new Error("it is not kept");
    await kept.put(address, new Response("spoilt"));
}"""
LEADS = """async () => (await fetch("./", { cache: "no-store" })).headers.get("Refresh")"""


def visit(screen: Screen, host: StaticServer, node: ServedNode) -> None:
    """Opens the page, and stays until everything is kept."""
    screen.open(f"{host.url}?node={node.url}")
    screen.tab.wait_for(KEPT)


def test_nothing_is_asked_of_the_host(
    screen: Screen, site: Path, empty_node: ServedNode, tmp_path: Path
) -> None:
    with static_server(site) as host:
        visit(screen, host, empty_node)
        author = screen.data("#me", "author")
        host.requests.clear()
        visit(screen, host, empty_node)
        assert screen.data("#me", "author") == author
        if screen.tab.engine.name == "webkit":
            return  # WebKitGTK throws away at the next navigation what it kept; then files are fetched again
        assert {line.split()[1] for line in host.requests} <= {"/service-worker.js"}  # whether it is new
        # What lies beside the bytes that are checked leads nobody elsewhere.
        lead_elsewhere = (HARNESS / "lead-elsewhere.js").read_text("utf-8")
        assert screen.tab.evaluate(lead_elsewhere, "https://elsewhere.example/") > 5
        assert screen.tab.evaluate(LEADS) is None
        host.stop()
        visit(screen, host, empty_node)
        screen.write(title=f"Written without a host in {screen.tab.engine.name}")
        assert screen.notices() == []
        # What Python can do without at first may be spoilt, and cannot be had again.
        screen.tab.evaluate(SPOIL, manifest_of(site)["second"]["integrity"])
        screen.open(f"{host.url}?node={empty_node.url}")
        screen.write(title=f"Written without the second part in {screen.tab.engine.name}")
        assert screen.notices() == []


@pytest.mark.engines("chromium", "firefox")
def test_new_version_takes_over_when_told_to(
    screen: Screen, site: Path, empty_node: ServedNode, tmp_path: Path
) -> None:
    www = copy_site(site, tmp_path / "www", {})
    with static_server(www) as host:
        visit(screen, host, empty_node)
        page = www / "index.html"
        page.write_text(page.read_text("utf-8").replace("<title>", "<title>New: "), "utf-8")
        list_files(www)
        visit(screen, host, empty_node)
        assert not str(screen.tab.evaluate("() => document.title")).startswith("New: ")
        screen.wait(".notice[data-reason=site-updated]")
        screen.click(".notice[data-reason=site-updated] button:not(.dismiss)")
        screen.tab.wait_for("() => document.title.startsWith('New: ')")
        screen.wait("html[data-state=ready]")
        assert screen.notices() == []
