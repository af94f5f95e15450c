"""Imports that are cancelled, cut off, or run in two tabs at once; nodes that are killed and come back."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from panda_web import bamboo
from tests.browser.asking import instances_at, talks_at
from tests.browser.between import Between, CutOffError, Gate, between
from tests.browser.festivals import event, real_file, save, schedule, talks_of
from tests.browser.screen import Screen, ScreenAtNode
from tests.browsers import Browsers, PlaywrightTab
from tests.processes import ServedNode

AT_ONCE = 16
"""Talks in one request of an import."""
TALKS = 4 * AT_ONCE
"""In each file: more than have gone when an import is interrupted."""


pytestmark = pytest.mark.engines("chromium", "firefox")


@pytest.fixture(scope="module")
def started_wire(node: ServedNode) -> Iterator[Between]:
    with between(node.url) as proxy:
        yield proxy


@pytest.fixture(scope="module")
def started(engine: str, browsers: Browsers, started_wire: Between) -> Iterator[Screen]:
    with browsers.tab(engine) as tab:
        yield ScreenAtNode(tab).open(started_wire.url)


@pytest.fixture(autouse=True)
def running(node: ServedNode) -> Iterator[None]:
    """The node runs before and after each test."""
    yield
    if not node.runs:
        node.start()


@pytest.fixture
def wire(started_wire: Between) -> Iterator[Between]:
    """What stands between the page and its node; it does nothing before and after each test."""
    started_wire.published.clear()
    yield started_wire
    started_wire.honest()


@pytest.fixture
def screen(started: Screen, wire: Between) -> Screen:
    """The page, started once; each test publishes talks of its own."""
    return started


@pytest.fixture
def festival(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A file of talks that are this test's own."""
    name = request.node.name
    events = (event(number, guid=f"{name} {number}") for number in range(TALKS))
    return save(schedule(*events), tmp_path / "schedule.json")


def acknowledged(screen: Screen) -> int:
    """How many talks the page says that the node has."""
    found = re.match(r"(\d+) of \d+", screen.text("#import-count"))
    return int(found[1]) if found else 0


# What is about one talk comes first: hundreds are on the page after the imports, and each look at it is work.


def test_a_talk_that_is_slowly_saved_closes_no_form_in_which_another_is_begun(
    screen: Screen, wire: Between
) -> None:
    talk = screen.write(title="To be saved slowly")
    gate = wire.before = Gate(lets_through=0)
    screen.act("edit", talk["id"])
    screen.fill("#f-title", "Saved slowly")
    screen.click("#editor-save")
    gate.wait()
    screen.click("#editor-close")
    screen.click("#new")
    gate.open()
    screen.wait("#editor-form[aria-busy=false]")
    screen.until(lambda: screen.talk("Saved slowly"))
    assert screen.has("#editor[open]")
    screen.fill("#f-title", "Begun meanwhile")
    screen.click("#editor-save")
    screen.until(lambda: screen.talk("Begun meanwhile"))


def test_what_is_written_without_a_node_is_kept_and_sent_later(screen: Screen, node: ServedNode) -> None:
    first = screen.write(title="While it was there")
    node.kill()
    screen.click("#new")
    screen.fill("#f-title", "While it was gone")
    screen.click("#editor-save")
    screen.wait("#pending[data-pending='1']:not([hidden])")
    screen.wait(".notice[data-reason=node-unreachable]")
    assert "signed and kept here" in screen.text(".notice[data-reason=node-unreachable]")
    screen.act("delete", first["id"])
    screen.click("#confirm-yes")
    screen.wait("#pending[data-pending='2']:not([hidden])")
    screen.click("#send-now")
    screen.wait("#send-now:enabled")
    assert screen.data("#pending", "pending") == "2"
    assert screen.talk("While it was there") is not None
    screen.wait("#node-state[data-node=unreachable]")
    node.start()
    screen.wait("#node-state[data-node=reachable]")  # and nobody has pressed anything
    screen.wait("#pending[data-pending='0'][hidden]")
    screen.until(lambda: screen.talk("While it was gone"))
    assert titles(node) & {"While it was there", "While it was gone"} == {"While it was gone"}
    assert "node-unreachable" not in screen.notices()


@pytest.mark.engines("chromium")  # what emulates it in Firefox tells the page and not its workers
def test_what_was_written_offline_is_sent_when_the_device_is_online_again(
    screen: Screen, node: ServedNode
) -> None:
    assert isinstance(screen.tab, PlaywrightTab)
    screen.tab.page.context.set_offline(True)
    screen.click("#new")
    screen.fill("#f-title", "Written offline")
    screen.click("#editor-save")
    screen.wait("#pending[data-pending='1']:not([hidden])")
    screen.click("#reload")
    screen.wait(".notice[data-reason=offline]")
    words = screen.text(".notice[data-reason=offline]")
    assert "You are offline" in words
    assert "policy" not in words
    screen.tab.page.context.set_offline(False)
    screen.wait("#pending[data-pending='0'][hidden]")
    screen.until(lambda: screen.talk("Written offline"))
    assert "node-unreachable" not in screen.notices()


def titles(node: ServedNode) -> set[object]:
    return {instance["title"] for instance in instances_at(node.url)}


def test_an_import_that_stands_still_says_that_it_goes_on(
    screen: Screen, wire: Between, festival: Path
) -> None:
    gate = wire.before = Gate(1)
    screen.choose(festival)
    screen.click("#import-start")
    gate.wait()
    screen.until(lambda: screen.text("#import-status").startswith("Waiting for the node"))
    gate.open()
    screen.imported()
    assert screen.text("#import-status") == f"{TALKS} talks signed and published."


def assert_all_there_once(url: str, *files: Path) -> None:
    wanted: dict[str, Any] = {}
    for file in files:
        wanted |= talks_of(json.loads(file.read_text("utf-8")))
    held = talks_at(url)
    assert {guid: held.get(guid) for guid in wanted} == wanted
    instances = [instance for instance in instances_at(url) if instance.values.get("guid") in wanted]
    assert len({(instance.author, instance.log_id) for instance in instances}) == 1
    places = sorted(instance.seq_num for instance in instances)
    assert places == list(range(places[0], places[0] + len(wanted)))


def there(url: str, file: Path) -> int:
    """How many of a file's talks the node holds."""
    return len(talks_at(url).keys() & talks_of(json.loads(file.read_text("utf-8"))).keys())


def assert_one_signature_for_each_slot(wire: Between, talks: int) -> None:
    """Whatever was sent again was sent with the same bytes; talks are in the author's longest log."""
    sent = [bamboo.decode(entry) for entry in {bytes.fromhex(one["entryBytes"]) for one in wire.published}]
    assert len({(entry.author, entry.log_id, entry.seq_num) for entry in sent}) == len(sent)
    assert max(Counter((entry.author, entry.log_id) for entry in sent).values()) == talks


def test_cancelled_import_goes_on_where_it_ended(screen: Screen, wire: Between, festival: Path) -> None:
    gate = wire.before = Gate(lets_through=2)
    screen.choose(festival)
    screen.click("#import-start")
    gate.wait()
    screen.until(lambda: acknowledged(screen) == 2 * AT_ONCE)
    screen.click("#import-cancel")
    screen.imported()
    gate.open()
    assert screen.data("#import", "state") == "paused"
    assert f"Cancelled. {2 * AT_ONCE} of {TALKS} talks are at the node." in screen.text("#import-status")
    assert 2 * AT_ONCE <= there(wire.url, festival) < TALKS
    screen.click("#import-resume")
    screen.imported()
    assert_all_there_once(wire.url, festival)
    assert_one_signature_for_each_slot(wire, TALKS)
    assert screen.data("#pending", "pending") == "0"


@pytest.mark.parametrize("real", [False, True], ids=["generated", "real"])
def test_node_killed_in_the_middle_of_an_import(
    screen: Screen, node: ServedNode, wire: Between, festival: Path, real: bool
) -> None:
    file = real_file() if real else festival
    total = len(talks_of(json.loads(file.read_text("utf-8"))))
    gate = wire.before = Gate(lets_through=3)
    screen.choose(file)
    screen.click("#import-start")
    gate.wait()
    screen.until(lambda: acknowledged(screen) == 3 * AT_ONCE)
    node.kill()
    gate.open()
    screen.imported()
    assert screen.data("#import", "state") == "paused"
    assert screen.notices() == ["node-unreachable"]
    assert screen.data("#node-state", "node") == "unreachable"
    assert acknowledged(screen) == 3 * AT_ONCE
    node.start()
    assert there(node.url, file) >= 3 * AT_ONCE
    screen.click("#import-resume")
    screen.imported()
    assert screen.notices() == []
    assert_all_there_once(node.url, file)
    assert_one_signature_for_each_slot(wire, total)
    assert f"All {total} talks had been published before" in screen.import_file(file)
    assert_all_there_once(node.url, file)


def test_node_killed_after_it_stored_and_before_it_answered(
    screen: Screen, node: ServedNode, wire: Between, festival: Path
) -> None:
    def die(calls: list[dict[str, Any]], answer: Any) -> Any:
        if calls[0]["method"] == "panda_publishEntry" and len(wire.published) >= 3 * AT_ONCE:
            wire.honest()
            node.kill()
            raise CutOffError
        return answer

    wire.after = die
    screen.choose(festival)
    screen.click("#import-start")
    screen.imported()
    assert screen.data("#import", "state") == "paused"
    node.start()
    assert there(node.url, festival) == 3 * AT_ONCE
    screen.click("#import-resume")
    screen.imported()
    assert_all_there_once(node.url, festival)
    assert_one_signature_for_each_slot(wire, TALKS)


def test_page_closed_in_the_middle_of_an_import(screen: Screen, wire: Between, festival: Path) -> None:
    gate = wire.before = Gate(lets_through=2)
    screen.choose(festival)
    screen.click("#import-start")
    gate.wait()
    screen.tab.goto("about:blank")
    gate.open()
    wire.honest()
    screen.open(wire.url)
    screen.import_file(festival)
    assert_all_there_once(wire.url, festival)
    assert_one_signature_for_each_slot(wire, TALKS)


def test_two_tabs_write_one_log_at_the_same_time(screen: Screen, wire: Between, tmp_path: Path) -> None:
    files = [
        save(schedule(*(event(n, guid=f"{tab} {n}") for n in range(TALKS // 2))), tmp_path / f"{tab}.json")
        for tab in ("first tab", "second tab")
    ]
    with screen.tab.new_tab() as tab:
        both = (screen, ScreenAtNode(tab).open(wire.url))
        gate = wire.before = Gate(lets_through=0)
        for one, file in zip(both, files, strict=True):
            one.choose(file)
        for one in both:
            one.click("#import-start")
        gate.wait()
        gate.open()
        for one in both:
            one.imported()
            assert f"{TALKS // 2} talks signed and published." in one.text("#import-status")
    assert_all_there_once(wire.url, *files)
    assert_one_signature_for_each_slot(wire, TALKS)


def test_node_is_gone_at_the_start(engine: str, browsers: Browsers, site: Path, tmp_path: Path) -> None:
    with ExitStack() as open_now:
        host = open_now.enter_context(ServedNode(tmp_path / "host", site))
        node = open_now.enter_context(ServedNode(tmp_path / "node"))
        node.kill()
        screen = ScreenAtNode(open_now.enter_context(browsers.tab(engine)))
        screen.open(f"{host.url}?node={node.url}")
        assert screen.data("#programme", "state") == "failed"
        assert "The node does not answer." in screen.text("#no-answer-words")
        assert screen.data("#node-state", "node") == "unreachable"
        screen.click("#new")
        screen.fill("#f-title", "The very first")
        screen.click("#editor-save")
        screen.wait("#pending[data-pending='1']:not([hidden])")
        node.start()
        screen.until(lambda: screen.talk("The very first"))
        assert screen.data("#node-state", "node") == "reachable"
        assert titles(node) == {"The very first"}
