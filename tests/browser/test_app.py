"""The site as an app on a device."""

import json
from pathlib import Path

import pytest

from tests.browser.screen import Screen
from tests.browsers import Browsers, static_server
from tests.processes import ServedNode

ACTIVE = "async () => (await navigator.serviceWorker.ready).active?.state === 'activated'"
SIZE = """async (src) => {
    const image = new Image();
    image.src = src;
    await image.decode();
    return `${image.naturalWidth}x${image.naturalHeight}`;
}"""


@pytest.mark.engines("chromium")  # the one that says what is missing
def test_is_installable_and_opens_without_a_host(
    engine: str, browsers: Browsers, site: Path, empty_node: ServedNode, tmp_path: Path
) -> None:
    """Below a path, as several sites of one host are, and with a profile: a private window installs nothing."""
    with static_server(site.parent) as host, browsers.killable(engine, tmp_path / "profile") as tab:
        start, screen = f"{host.url}{site.name}/", Screen(tab)
        screen.open(f"{start}?node={empty_node.url}")
        tab.wait_for(ACTIVE)
        browser = tab.page.context.new_cdp_session(tab.page)
        found = browser.send("Page.getAppManifest")
        assert found["errors"] == []
        assert found["url"] == f"{start}manifest.webmanifest"
        assert browser.send("Page.getInstallabilityErrors")["installabilityErrors"] == []
        for icon in json.loads(found["data"])["icons"]:
            if icon["sizes"] != "any":
                assert tab.evaluate(SIZE, icon["src"]) == icon["sizes"]
        screen.write(title="Mine")
        host.stop()
        empty_node.kill()
        tab.goto(start)  # without a node, too: that was the host's address
        screen.wait("html[data-state=ready]")
        screen.until(lambda: screen.talk("Mine"))
        screen.until(lambda: "The node does not answer. This is" in screen.text("#here"))
