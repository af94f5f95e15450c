"""Two tabs that write one log at once, and one that is killed meanwhile, with Web Locks and with leases."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import playwright.sync_api
import pytest
from selenium.common.exceptions import NoSuchWindowException

from panda_web.bamboo import digest
from tests.browser.api import Api, bare_website
from tests.browser.asking import instances_at
from tests.browser.between import Between, Gate, between
from tests.browser.sites import HARNESS, with_prefix
from tests.browsers import Browsers, PlaywrightTab, StaticServer, Tab, static_server
from tests.processes import ServedNode

pytestmark = pytest.mark.every_engine

EACH = 50
"""Messages of each tab."""


# A lease is a conditional commit, which the contract of stores shows in every engine.
@pytest.fixture(scope="module", params=["locks", pytest.param("leases", marks=pytest.mark.one_engine)])
def site_of_locks(
    request: pytest.FixtureRequest, site: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[StaticServer]:
    """A bare page whose workers have Web Locks, or have none."""
    scratch = tmp_path_factory.mktemp(request.param)
    if request.param == "leases":
        site = with_prefix(site, scratch / "site", HARNESS / "without-locks.js")
    with static_server(bare_website(site, scratch / "www")) as server:
        yield server


@pytest.fixture(scope="module")
def tab(engine: str, browsers: Browsers, site_of_locks: StaticServer) -> Iterator[Tab]:
    with browsers.tab(engine) as one:
        one.goto(site_of_locks.url)
        yield one


@pytest.fixture(scope="module")
def node_and_wire(tab: Tab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Between]:
    with ServedNode(tmp_path_factory.mktemp("node")) as node, between(node.url) as proxy:
        yield proxy


@pytest.fixture
def wire(node_and_wire: Between) -> Between:
    node_and_wire.honest()
    node_and_wire.published.clear()
    return node_and_wire


@pytest.fixture
def second_tab(tab: Tab, site_of_locks: StaticServer) -> Iterator[Tab]:
    second = tab.new_tab()
    second.goto(site_of_locks.url)
    yield second
    with contextlib.suppress(NoSuchWindowException):  # a test may have ended it
        second.close()


def begin(api: Api, schema: str, who: str) -> None:
    """Starts to publish, and does not wait."""
    api.do("begin", [["create", schema, {"text": f"{who} {number}"}] for number in range(EACH)])


def assert_one_log(wire: Between, schema: str, texts: set[str]) -> None:
    """All is there once, in one log without a gap, and no slot was ever signed twice."""
    instances = instances_at(wire.url, schema)
    assert sorted(str(instance["text"]) for instance in instances) == sorted(texts)
    assert len({(instance.author, instance.log_id) for instance in instances}) == 1
    assert sorted(instance.seq_num for instance in instances) == list(range(1, len(texts) + 1))
    assert len({sent["entryBytes"] for sent in wire.published}) == len(texts)


def test_two_tabs_publish_at_once(tab: Tab, second_tab: Tab, wire: Between) -> None:
    schema = digest(b"at once").hex()
    both = {"first": Api(tab, wire.url), "second": Api(second_tab, wire.url)}
    assert len({api.opened["author"] for api in both.values()}) == 1
    gate = wire.before = Gate(lets_through=0)  # until both have begun
    for who, api in both.items():
        begin(api, schema, who)
    gate.wait()
    gate.open()
    for api in both.values():
        outcomes = api.do("ended")
        assert [outcome for outcome in outcomes if "error" in outcome] == []
    assert_one_log(wire, schema, {f"{who} {number}" for who in both for number in range(EACH)})


def test_tab_is_killed_while_it_holds_the_lock(tab: Tab, second_tab: Tab, wire: Between) -> None:
    schema = digest(b"killed").hex()
    survivor, victim = Api(tab, wire.url), Api(second_tab, wire.url)
    gate = wire.before = Gate(lets_through=2)
    begin(victim, schema, "victim")
    gate.wait()
    begin(survivor, schema, "survivor")
    kill(second_tab)
    gate.open()
    outcomes = survivor.do("ended")
    assert [outcome for outcome in outcomes if "error" in outcome] == []
    assert survivor.call("pending") == 0
    kept = {str(instance["text"]) for instance in instances_at(wire.url, schema)}
    # What the other one had signed before it died is sent for it, and what it had not is nowhere.
    assert {"victim 0", "victim 1", "victim 2"} <= kept
    assert_one_log(wire, schema, kept)
    assert {text for text in kept if text.startswith("survivor")} == {f"survivor {n}" for n in range(EACH)}


def kill(tab: Tab) -> None:
    """Ends a tab without a goodbye: in Chromium its process crashes, elsewhere it is closed."""
    if isinstance(tab, PlaywrightTab) and tab.engine.name == "chromium":
        with pytest.raises(playwright.sync_api.Error, match="crash"):
            tab.goto("chrome://crash")
    else:
        tab.close()
