"""Three nodes in a row, and a browser at each end: what is written anywhere is everywhere, through cuts."""

import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from tests.browser.api import Api
from tests.browser.asking import define_as_stranger, instances_at, write_as_stranger
from tests.browsers import Browsers, StaticServer
from tests.defining import loose
from tests.processes import ServedNode

PATIENCE = 60


def until_all(shown: Callable[[], list[Any]], wanted: list[str]) -> None:
    ends = time.monotonic() + PATIENCE
    now = shown()
    while any(each != wanted for each in now):
        assert time.monotonic() < ends, now
        time.sleep(0.2)
        now = shown()


def test_two_browsers_at_the_ends_of_three_nodes(
    browsers: Browsers, website: StaticServer, tmp_path: Path
) -> None:
    with ExitStack() as stack:
        middle = stack.enter_context(ServedNode(tmp_path / "middle"))
        first, last = (
            stack.enter_context(ServedNode(tmp_path / name, None, "--peer", middle.url))
            for name in ("first", "last")
        )
        nodes = (first, middle, last)
        schema = define_as_stranger(middle.url, loose(text="text"))
        tabs = [stack.enter_context(browsers.tab(engine)) for engine in ("chromium", "firefox")]
        apis = []
        for tab, node in zip(tabs, (first, last), strict=True):
            tab.goto(website.url)
            apis.append(Api(tab, node.url, "first"))
        one, other = apis
        written: list[str] = []

        def write(api: Api, text: str) -> str:
            written.append(text)
            return str(api.call("create", schema, {"text": text})["id"])

        def shown() -> list[Any]:
            at_nodes = [
                sorted(str(each["text"]) for each in instances_at(node.url, schema))
                for node in nodes
                if node.runs
            ]
            in_tabs = [
                sorted(each["text"] for each in api.call("query", schema, {"limit": 100})["instances"])
                for api in apis
            ]
            return [*at_nodes, *in_tabs]

        mine = write(one, "at one end")
        write(other, "at the other end")
        until_all(shown, sorted(written))

        middle.kill()
        write(one, "while the middle is gone")
        write(other, "likewise")
        last.kill()  # and with it the way of the second browser
        theirs = write(other, "without a node")
        one.call("update", schema, mine, {"text": "at one end, changed"})
        written[0] = "at one end, changed"
        middle.start()
        write_as_stranger(middle.url, {"text": "in the middle"}, schema=schema)
        written.append("in the middle")
        last.start()
        until_all(shown, sorted(written))

        other.call("delete", schema, theirs)
        written.remove("without a node")
        until_all(shown, sorted(written))
