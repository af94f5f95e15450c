"""A website on one origin, panda.js on another: it works in every engine, and under the strictest policy."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.browser.sites import PYTHON_KEPT
from tests.browsers import StaticServer, Tab
from tests.embedding.websites import Websites, call, strict
from tests.processes import ServedNode
from tools.static_site import runtime

pytestmark = pytest.mark.every_engine

ISOLATED = {"Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp"}


def assert_works(done: dict[str, Any]) -> None:
    assert done["life"] == [["one", True], ["two", True], None]
    assert done["keyKind"] == "webcrypto"
    assert done["stages"] == ["download", "start", "storage"]
    assert len(done["author"]) == 64


def test_nothing_is_loaded_before_connect(
    tab: Tab, static_host: StaticServer, site: Path, websites: Websites
) -> None:
    tab.goto(websites.open(static_host.url, site) + "tag.html")
    assert tab.evaluate("() => Object.keys(globalThis.panda)") == ["connect", "PandaError"]
    assert static_host.requests == ["GET /panda.js 200"]


def test_one_line_is_enough_and_the_key_is_the_websites(
    tab: Tab, host: ServedNode, site: Path, websites: Websites
) -> None:
    """The same author in two tabs of one website, another one at another website that embeds the same host."""
    one, two = websites.open(host.url, site), websites.open(host.url, site)
    tab.goto(one + "tag.html")
    done = call(tab, "cycle")
    assert_works(done)
    second = tab.new_tab()
    second.goto(one + "import.html")
    assert call(second, "connect", "second")["author"] == done["author"]
    second.goto(two + "tag.html")
    assert call(second, "connect", "third")["author"] not in (done["author"], None)
    second.close()


def test_strictest_policy_with_trusted_types_and_integrity(
    tab: Tab, host: ServedNode, site: Path, websites: Websites
) -> None:
    tab.goto(websites.open(host.url, site, strict(host.url)) + "checked.html")
    assert_works(call(tab, "cycle"))


def test_isolated_website_on_localhost_with_a_static_host(
    tab: Tab, host: ServedNode, static_host: StaticServer, site: Path, websites: Websites
) -> None:
    headers = strict(static_host.url, host.url) | ISOLATED
    tab.goto(websites.open(static_host.url, site, headers, "localhost") + "import.html")
    assert tab.evaluate("() => crossOriginIsolated")
    assert_works(call(tab, "cycle", {"node": host.url}))


def test_worker_file_of_the_website(tab: Tab, host: ServedNode, site: Path, websites: Websites) -> None:
    """For a page whose policy forbids blob: workers."""
    headers = strict(host.url, worker_src="'self'")
    tab.goto(websites.open(host.url, site, headers) + "tag.html")
    assert_works(call(tab, "cycle", {"worker": "shim.js"}))


def test_storage_that_never_answers(tab: Tab, host: ServedNode, site: Path, websites: Websites) -> None:
    """About what is kept: WebKitGTK does that now and then. The start goes on without."""
    tab.goto(websites.open(host.url, site) + "tag.html")
    tab.evaluate("() => { Cache.prototype.match = () => new Promise(() => {}); }")
    assert call(tab, "connect", "after a while", {"node": host.url})["author"]


@pytest.mark.engines("chromium", "firefox")  # WebKitGTK throws away at the next navigation what it kept
def test_second_visit_asks_for_panda_js_alone(
    tab: Tab, host: ServedNode, static_host: StaticServer, site: Path, websites: Websites
) -> None:
    """What a start needed is kept by the website's own origin; a file that changes there is fetched again."""
    static_host.headers["Cache-Control"] = "no-store"  # what the browser's own cache does is not the question
    website = websites.open(static_host.url, site)
    tab.goto(website + "tag.html")
    author = call(tab, "connect", "first", {"node": host.url})["author"]
    tab.wait_for(PYTHON_KEPT)
    tab.goto(website + "import.html")
    static_host.requests.clear()
    assert call(tab, "connect", "second", {"node": host.url})["author"] == author
    assert static_host.requests == []

    spoil = """async () => {
        const kept = await caches.open("panda-web");
        for (const { url } of await kept.keys()) await kept.put(url, new Response("spoilt"));
    }"""
    tab.evaluate(spoil)
    tab.goto(website + "tag.html")
    static_host.requests.clear()
    assert call(tab, "connect", "third", {"node": host.url})["author"] == author
    asked = {line.split()[1].rsplit("/")[-1] for line in static_host.requests}
    at_rest = {"seldom.bin", "cold.bin", "pyodide.second.wasm"}
    assert asked - at_rest == {"worker.js", "manifest.json", "pyodide.asm.wasm", "snapshot.bin"}
    # What HOST's applications add is for its own pages: it is not fetched, and there is no name for it.
    assert json.loads((runtime(site) / "manifest.json").read_text("utf-8"))["extensions"]
    types = re.search(r"interface Panda .*?\n\}", (site / "panda.d.ts").read_text("utf-8"), re.DOTALL)
    assert types
    documented = {"close", *re.findall(r"^  (?:readonly )?(\w+)[(:?]", types[0], re.MULTILINE)}
    assert set(call(tab, "names", "third")) - {"constructor"} == documented
