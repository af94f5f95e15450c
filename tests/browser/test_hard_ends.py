"""An import cut off the hard way: the browser killed, the page reloaded or closed, the node replaced by an empty one."""

import json
import sys
import time
from pathlib import Path

import pytest

from panda_web.bamboo import digest
from tests.browser.api import Api
from tests.browser.asking import ROOMS, instances_at, talks_at
from tests.browser.between import Gate, between
from tests.browser.festivals import event, save, schedule, talks_of
from tests.browser.screen import ScreenAtNode
from tests.browsers import Browsers, StaticServer, Tab, kill
from tests.processes import ServedNode

COUNT = 100
"""Talks of an import."""


@pytest.fixture
def festival(tmp_path: Path) -> Path:
    return save(schedule(*(event(number) for number in range(COUNT))), tmp_path / "schedule.json")


def assert_whole(url: str, file: Path, signatures: int) -> None:
    """Everything is there once, in one log without a gap, and no slot was signed twice."""
    assert talks_at(url) == talks_of(json.loads(file.read_text("utf-8")))
    instances = instances_at(url)
    assert len({(instance.author, instance.log_id) for instance in instances}) == 1
    assert sorted(instance.seq_num for instance in instances) == list(range(1, COUNT + 1))
    assert signatures == COUNT + len(instances_at(url, ROOMS))


@pytest.mark.every_engine
@pytest.mark.engines("chromium", "firefox")  # WebKitGTK's driver keeps no profile
@pytest.mark.skipif(sys.platform != "linux", reason="finds the browser's processes in /proc")
def test_browser_is_killed(
    engine: str, browsers: Browsers, site: Path, festival: Path, tmp_path: Path
) -> None:
    """At different places, twice where a start is cheap, and with the same bytes sent for what was signed before."""
    profile = tmp_path / "profile"
    with ServedNode(tmp_path / "node", site) as node, between(node.url) as wire:
        authors = set()
        for lets_through in (1, 2) if engine == "chromium" else (2,):
            with browsers.killable(engine, profile) as tab:
                screen = ScreenAtNode(tab).open(wire.url)
                authors.add(screen.data("#me", "author"))
                gate = wire.before = Gate(lets_through)
                screen.choose(festival)
                screen.click("#import-start")
                gate.wait()
                assert kill(profile) > 0
                gate.open()
                wire.honest()
        with browsers.killable(engine, profile) as tab:
            screen = ScreenAtNode(tab).open(wire.url)
            authors.add(screen.data("#me", "author"))
            screen.import_file(festival)
            screen.wait("#pending[data-pending='0']")
        assert len(authors) == 1
        assert_whole(node.url, festival, len({sent["entryBytes"] for sent in wire.published}))


def creates(schema: str) -> list[list[object]]:
    """More than can be done before the page is left."""
    return [["create", schema, {"text": str(number)}] for number in range(300)]


@pytest.mark.every_engine
def test_page_that_is_left_and_kept_goes_on_and_holds_nobody_up(
    engine: str, browsers: Browsers, website: StaticServer, empty_node: ServedNode
) -> None:
    """WebKit keeps the page for the way back, its worker stopped in the middle of a transaction."""
    schema = digest(b"left").hex()
    with browsers.tab(engine) as tab:
        for _ in range(3 if engine == "webkit" else 1):
            tab.goto(website.url)
            api = Api(tab, empty_node.url)
            api.do("begin", creates(schema))
            time.sleep(0.3)
            tab.goto("about:blank")
        tab.goto(website.url)
        api = Api(tab, empty_node.url)
        api.call("create", schema, {"text": "last"})
        assert api.call("pending") == 0, "a page that was left holds the next one up"

        api.do("begin", creates(schema))
        tab.goto("about:blank")
        tab.evaluate("() => void setTimeout(() => history.back())")
        tab.wait_for("location.protocol !== 'about:' && document.readyState === 'complete'")
        kept = api.do("wasOpen")
        assert kept or engine != "webkit", "the page is not the one that was kept"
        if kept:
            assert api.call("create", schema, {"text": "back"})["id"]
            outcomes = api.do("ended")
            assert {outcome["error"]["reason"] for outcome in outcomes if "error" in outcome} == {"page-left"}
        again = Api(tab, empty_node.url)
        assert again.opened["author"] == api.opened["author"], "the way back leads to another key"
        assert again.call("flush") >= 0
        assert again.call("pending") == 0, "what was under way is not sent"


@pytest.mark.every_engine
def test_reader_comes_back_to_the_programme(
    engine: str, browsers: Browsers, site: Path, tmp_path: Path
) -> None:
    with ServedNode(tmp_path / "node", site) as node, browsers.tab(engine) as tab:
        screen = ScreenAtNode(tab).open(node.url)
        screen.until_sees("#me >>> .back-up")
        author = screen.data("#me", "author")
        tab.goto(f"{node.url}schemas.html")
        tab.evaluate("() => void setTimeout(() => history.back())")
        screen.wait("#programme[aria-busy=false]")
        screen.until_sees("#me >>> .back-up")  # the seed waits in storage, not in the worker that ended
        assert screen.data("#me", "author") == author
        assert screen.notices() == []
        if engine != "firefox":  # whose driver takes the way back for a navigation that never ends
            screen.write(title="After the way back")


@pytest.mark.every_engine
@pytest.mark.parametrize("end", ["reload", pytest.param("close", marks=pytest.mark.one_engine)])
def test_page_ends(
    engine: str, end: str, browsers: Browsers, site: Path, festival: Path, tmp_path: Path
) -> None:
    with (
        ServedNode(tmp_path / "node", site) as node,
        between(node.url) as wire,
        browsers.tab(engine) as tab,
    ):
        victim: Tab = tab.new_tab()
        screen = ScreenAtNode(victim).open(wire.url)
        gate = wire.before = Gate(lets_through=3)
        screen.choose(festival)
        screen.click("#import-start")
        gate.wait()
        if end == "reload":
            victim.evaluate("() => { setTimeout(() => location.reload()); }")
            victim.wait_for("() => performance.getEntriesByType('navigation')[0].type === 'reload'")
            victim.wait_for("() => document.readyState === 'complete'")
        else:
            victim.close()
        gate.open()
        wire.honest()
        screen = ScreenAtNode(victim if end == "reload" else tab)
        if end == "reload":
            screen.wait("html[data-state=ready]")
            screen.rest()
        else:
            screen.open(wire.url)
        screen.import_file(festival)
        screen.wait("#pending[data-pending='0']")
        assert_whole(node.url, festival, len({sent["entryBytes"] for sent in wire.published}))


def test_node_is_replaced_by_an_empty_one(
    engine: str, browsers: Browsers, site: Path, festival: Path, tmp_path: Path
) -> None:
    """In the middle of an import, and again after it: what was acknowledged is sent once more."""
    with (
        ServedNode(tmp_path / "first", site) as first,
        between(first.url) as wire,
        browsers.tab(engine) as tab,
    ):
        screen = ScreenAtNode(tab).open(wire.url)
        gate = wire.before = Gate(lets_through=3)
        screen.choose(festival)
        screen.click("#import-start")
        gate.wait()
        first.kill()
        with ServedNode(tmp_path / "second", site) as second:
            wire.upstream = second.port
            gate.open()
            screen.imported()
            if screen.data("#import", "state") == "paused":
                screen.click("#import-resume")
                screen.imported()
            assert_whole(second.url, festival, len({sent["entryBytes"] for sent in wire.published}))
            second.kill()
            with ServedNode(tmp_path / "third", site) as third:
                wire.upstream = third.port
                screen.write(title="One more")
                titles = sorted(str(instance["title"]) for instance in instances_at(third.url))
                assert titles == sorted(["One more", *(f"Talk {number}" for number in range(COUNT))])
