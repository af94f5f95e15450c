"""A page that is left and that the browser keeps for the way back, while its worker has the site's database."""

from pathlib import Path

import pytest

from tests.browser.api import Api
from tests.browsers import Browsers, StaticServer, Tab

COUNT = 200
"""Talks that a page writes when it is left, more than it has time for."""

TALK = {"name": "talk", "description": "", "fields": {"n": {"type": "integer"}}}


def numbers(api: Api, schema: str) -> list[int]:
    found = api.call("query", schema, {"orderBy": ["n"], "limit": 1000})
    assert found["rejected"] == []
    return [each["n"] for each in found["instances"]]


def local(tab: Tab, website: StaticServer) -> Api:
    tab.goto(website.url)
    return Api(tab, website.url, "local")


@pytest.mark.engines("chromium")
def test_the_next_tab_has_the_database_and_the_page_goes_on_when_it_is_back(
    engine: str, browsers: Browsers, website: StaticServer, tmp_path: Path
) -> None:
    with browsers.killable(engine, tmp_path / "profile", page_cache=True) as tab:
        first = local(tab, website)
        schema = first.call("define", TALK)["id"]
        first.call("create", schema, {"n": 1000})
        first.do("follow", schema, {"orderBy": ["n"]})
        second = local(tab.new_tab(), website)
        tab.evaluate(
            "() => addEventListener('pageshow', ({ persisted }) => { globalThis.kept = persisted; })"
        )
        first.do("begin", [["create", schema, {"n": n}] for n in range(COUNT)])
        while len(numbers(second, schema)) < 5:
            pass
        tab.page.goto(website.url + "api.js")

        second.call("create", schema, {"n": 1001})
        tab.page.go_back(wait_until="commit")
        assert tab.evaluate("kept"), "it was kept, and not loaded anew"
        outcomes = first.do("ended")
        told = [n for n, outcome in enumerate(outcomes) if "value" in outcome]
        assert {each["error"]["reason"] for each in outcomes if "error" in each} == {"page-left"}
        first.call("create", schema, {"n": 1002})
        shown = numbers(first, schema)
        assert shown == numbers(second, schema) == sorted({*shown, *told, 1000, 1001, 1002})
        first.do("followedUntil", shown)
