"""`panda.js` at a node as aquadoggo 0.1.0 is, in three engines: all that it can, and in words what it cannot."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from panda_web.bamboo import digest
from tests.browser.api import Api
from tests.browser.schema_screen import SchemaScreen
from tests.browsers import Browsers, StaticServer, static_server
from tests.interop.aquadoggo import Aquadoggo
from tests.interop.served import ServedAquadoggo

SCHEMA, OTHER = digest(b"early").hex(), digest(b"early too").hex()


@pytest.fixture
def early(engine: str, browsers: Browsers, website: StaticServer) -> Iterator[Api]:
    with ServedAquadoggo(Aquadoggo()) as node, browsers.tab(engine) as tab:
        tab.goto(website.url)
        yield Api(tab, node.url)


def test_everything_at_an_early_node(early: Api) -> None:
    outcomes = early.do("callAll", [["create", SCHEMA, {"n": n, "x": 0.5}] for n in range(6)])
    assert all(outcome["value"]["acknowledged"] for outcome in outcomes)
    first, second, *_ = [outcome["value"]["id"] for outcome in outcomes]
    early.call("update", SCHEMA, first, {"n": 10})
    early.call("delete", SCHEMA, second)
    assert early.call("create", OTHER, {"n": 1})["acknowledged"]

    pages, after = [], None
    while (page := early.call("query", SCHEMA, {"orderBy": ["-n"], "limit": 2, "after": after}))["instances"]:
        assert page["rejected"] == []
        assert all(found["_meta"]["verified"] for found in page["instances"])
        pages.append([found["n"] for found in page["instances"]])
        after = page["after"]
    assert pages == [[10, 5], [4, 3], [2]]
    (found,) = early.call("query", SCHEMA, {"filter": {"id": first}})["instances"]
    assert (found["n"], found["_meta"]["seqNum"]) == (10, 7)
    assert early.call("pending") == 0


def test_the_form_offers_no_schema_to_an_early_node(engine: str, browsers: Browsers, site: Path) -> None:
    with ServedAquadoggo(Aquadoggo()) as node, static_server(site) as server, browsers.tab(engine) as tab:
        screen = SchemaScreen(tab)
        tab.goto(f"{server.url}schemas.html?node={node.url}&mode=remote")
        screen.wait("#refused:not([hidden])")
        assert "Use a present-day node" in screen.text("#refused")
        screen.fill("#name", "room")
        screen.wait("#publish:disabled")


def test_what_an_early_node_cannot_is_said_before_anything_is_signed(early: Api) -> None:
    early.call("create", SCHEMA, {"n": 1})
    room = {"name": "room", "description": "", "fields": {"name": {"type": "text"}}}
    assert early.refused("create", SCHEMA, {"all": ["a", "b"]})[0] == "node-too-old"
    assert early.refused("define", room)[0] == "node-too-old"
    assert early.call("pending") == 0
