"""The memory of a tab's Python: it only grows, so what passes through it must not be there several times."""

import json
from pathlib import Path

import pytest

from tests.browser.api import Api, bare_website
from tests.browser.festivals import event, schedule
from tests.browser.sites import HARNESS, with_prefix
from tests.browsers import Browsers, static_server
from tests.processes import ServedNode

BYTES = """() => new Promise((resolve) => {
    const channel = new BroadcastChannel("memory");
    channel.onmessage = ({ data }) => { channel.close(); resolve(data); };
    channel.postMessage("bytes?");
})"""
PIECE = 1 << 17
"""Characters that `web/panda/author.js` gives at once."""


@pytest.mark.engines("chromium")
def test_a_large_file_is_there_once(
    browsers: Browsers, site: Path, empty_node: ServedNode, tmp_path: Path
) -> None:
    """Its text, then what it says; and no character of it is lost where it is cut."""
    website = bare_website(with_prefix(site, tmp_path / "site", HARNESS / "memory.js"), tmp_path / "www")
    long = "What it is about. " * 1_000
    talks = [event(number, title=f"Talk {number}", abstract=long) for number in range(400)]
    with static_server(website) as server, browsers.tab("chromium") as tab:
        tab.goto(server.url)
        api = Api(tab, empty_node.url)
        pandas = ["🐼" * PIECE, "a" + "🐼" * PIECE]
        few = [event(number, title=f"Few {number}", abstract=text) for number, text in enumerate(pandas)]
        text = json.dumps(schedule(*few), ensure_ascii=False)
        assert api.call("planImport", text)["new"] == ["Few 0", "Few 1"]
        before = tab.evaluate(BYTES)
        assert before > 10_000_000
        text = json.dumps(schedule(*talks))
        assert len(text) > 7_000_000
        found = api.call("planImport", text)
        assert (found["new"], found["leftOut"]) == ([f"Talk {number}" for number in range(400)], [])
        assert tab.evaluate(BYTES) - before < 3 * len(text)
