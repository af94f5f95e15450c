"""The main job on the page, in three engines: a key, an import, the programme; write, edit, delete."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from panda_web.messages.schema import MAX_VARCHAR
from tests.browser.asking import ROOMS, instances_at, messages_of, talks_at, values_of
from tests.browser.festivals import ODD, as_shown, evened, event, real_file, save, schedule, talks_of
from tests.browser.screen import Screen
from tests.browsers import Browsers
from tests.processes import ServedNode


@pytest.fixture(scope="module")
def screen(engine: str, browsers: Browsers, node: ServedNode) -> Iterator[Screen]:
    """The page, started once; each test writes what it works with."""
    with browsers.tab(engine) as tab:
        yield Screen(tab).open(node.url)


def shown_by_guid(screen: Screen, node: ServedNode) -> dict[str, dict[str, Any]]:
    """What the page shows of each talk that the node holds, by the talk's guid."""
    guids = {instance.id: str(instance.values.get("guid")) for instance in instances_at(node.url)}
    return {guids[talk["id"]]: talk for talk in screen.talks()}


PROVENANCE = ("author", "logId", "seqNum", "entryHash", "id")


def assert_shown(shown: dict[str, Any], talk: dict[str, Any]) -> None:
    fields = {name: text for name, text in shown["fields"].items() if name not in PROVENANCE}
    even = {name: text if name == "url" else evened(text) for name, text in fields.items() if text}
    assert even == as_shown(talk)


@pytest.mark.every_engine
def test_first_start_makes_a_key_that_no_script_can_read(screen: Screen, node: ServedNode) -> None:
    assert len(bytes.fromhex(screen.data("#me", "author"))) == 32
    assert screen.data("#me", "kind") == "webcrypto"
    assert screen.text("#node") == node.url
    assert screen.data("#node-state", "node") == "reachable"


def test_odd_talks_come_back_and_are_shown(screen: Screen, node: ServedNode, tmp_path: Path) -> None:
    file = schedule(*ODD)
    wanted = talks_of(file)
    words = screen.import_file(save(file, tmp_path / "odd.json"))
    assert f"{len(wanted)} talks signed and published" in words
    assert screen.text("#import-left-out-summary") == "2 values of the file are left out"
    screen.sent()
    held = talks_at(node.url)
    assert {guid: held[guid] for guid in wanted} == wanted
    shown = shown_by_guid(screen, node)
    for guid, talk in wanted.items():
        assert_shown(shown[guid], talk)


@pytest.mark.every_engine
def test_real_talks_come_back_and_are_shown(screen: Screen, node: ServedNode) -> None:
    file = real_file()
    wanted = talks_of(json.loads(file.read_text("utf-8")))
    assert len(wanted) == 79
    words = screen.import_file(file)
    assert "79 talks signed and published" in words
    screen.sent()
    held = talks_at(node.url)
    assert {guid: held[guid] for guid in wanted} == wanted
    shown = shown_by_guid(screen, node)
    for guid, talk in wanted.items():
        assert_shown(shown[guid], talk)
        assert shown[guid]["badges"] == ["signed", "verified"]
    again = screen.import_file(file)
    assert again == "All 79 talks had been published before."
    screen.sent()
    assert talks_at(node.url).keys() == held.keys()


def test_a_newer_version_of_the_file_is_shown_before_it_is_carried_out(
    screen: Screen, node: ServedNode, tmp_path: Path
) -> None:
    events = [
        event(number, guid=f"newer-{number}", date=f"2030-08-0{number}T10:00:00+02:00")
        for number in range(1, 7)
    ]
    new = {**events[5], "title": "New one"}
    screen.import_file(save(schedule(*events[:5]), tmp_path / "first.json"))
    screen.sent()
    screen.act(
        "delete",
        next(one.id for one in instances_at(node.url) if one.values.get("guid") == events[4]["guid"]),
    )
    screen.click("#confirm-yes")
    screen.wait("#confirm-delete:not([open])")
    moved = {**events[0], "date": "2030-08-02T12:00:00+02:00", "track": None}
    newer = save(
        schedule(moved, events[1], events[4], new),
        tmp_path / "newer.json",
    )
    screen.sent()
    before = talks_at(node.url)
    screen.choose(newer)
    assert (
        screen.text("[data-plan=numbers]")
        == "4 talks in the file: 1 new, 1 changed, 1 unchanged, 1 deleted by you before."
    )
    screen.click("[data-plan=changed] summary")
    assert screen.text("[data-plan=changed] li") == "Talk 1: start, track"
    screen.sent()
    assert talks_at(node.url) == before, "showing it publishes nothing"
    screen.click("#import-withdraw")
    screen.click("#import-start")
    screen.imported()
    screen.sent()
    # Talks without a start belong to any file: those of other tests go as well.
    assert re.fullmatch(
        r"1 talk signed and published\. 1 talk changed\. \d talks deleted\. 1 had been published before\.",
        screen.text("#import-status"),
    )
    held = {
        guid: talk
        for guid, talk in talks_at(node.url).items()
        if str(talk.get("start", "")).startswith("2030")
    }
    assert sorted(talk["title"] for talk in held.values()) == ["New one", "Talk 1", "Talk 2"]
    assert "track" not in held[events[0]["guid"]]
    assert held[events[0]["guid"]]["start"] == moved["date"]
    assert screen.talk("New one") is not None
    screen.choose(newer)
    assert screen.text("#import-status") == "There is nothing new to publish."
    assert screen.has("#import-restore")
    assert not screen.has("#import-start:enabled")


@pytest.mark.every_engine
def test_written_talk_is_shown_with_its_provenance(screen: Screen, node: ServedNode) -> None:
    shown = screen.write(title="Of my own", persons="Ada\nGrace", description="Mine.", duration="00:30")
    screen.sent()
    (instance,) = (one for one in instances_at(node.url) if one.id == shown["id"])
    assert values_of(instance) == {
        "title": "Of my own",
        "persons": ["Ada", "Grace"],
        "description": "Mine.",
        "duration": "00:30",
    }
    assert shown["mine"] == "true"
    assert shown["badges"] == ["signed", "verified"]
    assert {name: shown["fields"].get(name) for name in PROVENANCE} == {
        "author": screen.data("#me", "author"),
        "logId": str(instance.log_id),
        "seqNum": str(instance.seq_num),
        "entryHash": instance.last_entry,
        "id": None,  # the same as the entry hash
    }


@pytest.mark.every_engine
def test_edit_sends_only_what_was_changed(screen: Screen, node: ServedNode) -> None:
    before = screen.write(title="To be edited", description="It stays.", room="Here")
    screen.act("edit", before["id"])
    assert screen.value("#f-room") == "Here"
    screen.fill("#f-room", "There")
    screen.fill("#f-subtitle", "New")
    screen.click("#editor-save")
    screen.wait(f"article[data-id='{before['id']}'] [data-field=subtitle]")
    screen.sent()
    create, update = messages_of(node.url, before["id"])
    assert create.action == "create"
    screen.sent()
    rooms = {room["name"]: room.id for room in instances_at(node.url, ROOMS)}
    assert (update.action, {name: field.value for name, field in update.fields.items()}) == (
        "update",
        {"room": rooms["There"], "subtitle": "New"},
    )
    after = screen.talk("To be edited")
    assert after is not None
    assert (after["fields"]["room"], after["fields"]["description"]) == ("There", "It stays.")
    assert after["fields"]["id"] == before["id"] != after["fields"]["entryHash"]
    screen.act("edit", before["id"])
    screen.fill("#f-room", "")
    screen.fill("#f-subtitle", "")
    screen.click("#editor-save")
    subtitle = f"article[data-id='{before['id']}'] [data-field=subtitle]"
    screen.until(lambda: not screen.has(subtitle))
    screen.sent()
    (emptied,) = (one for one in instances_at(node.url) if one.id == before["id"])
    assert emptied.values.keys() == {"title", "description"}
    shown = screen.talk("To be edited")
    assert shown is not None
    assert not {"room", "subtitle"} & shown["fields"].keys()


def test_edit_that_changes_nothing_sends_nothing(screen: Screen, node: ServedNode) -> None:
    talk = screen.write(title="Looked at", start="2026-08-01T20:00", offset="+02:00")
    screen.act("edit", talk["id"])
    screen.click("#editor-save")
    screen.until(lambda: not screen.has("#editor[open]"))
    screen.sent()
    assert len(messages_of(node.url, talk["id"])) == 1


def test_what_is_wrong_with_a_talk_stands_at_its_field(screen: Screen, node: ServedNode) -> None:
    talk = screen.write(title="With a mistake")
    screen.act("edit", talk["id"])
    screen.fill("#f-duration", "long")  # the page sees this by itself
    screen.click("#editor-save")
    screen.wait("#f-duration[aria-invalid=true]:focus + .problem")
    screen.fill("#f-duration", "")
    for name in ("track", "room"):  # and Python these
        screen.fill(f"#f-{name}", "w" * (MAX_VARCHAR + 1))
        screen.click("#editor-save")
        screen.wait(f"#f-{name}[aria-invalid=true]:focus + .problem")
        assert f"{MAX_VARCHAR} are allowed" in screen.text(f"#f-{name} + .problem")
        assert not screen.has(f"[aria-invalid]:not(#f-{name})")
        assert screen.text("#editor-error") == ""
        screen.fill(f"#f-{name}", "Short")
    screen.click("#editor-save")
    screen.wait(f"article[data-id='{talk['id']}'] [data-field=track]")
    screen.act("edit", talk["id"])
    assert not screen.has("#editor :is([aria-invalid], .fields .problem)")
    screen.click("#editor-close")


@pytest.mark.every_engine
def test_deleted_talk_is_gone_everywhere(screen: Screen, node: ServedNode) -> None:
    talk = screen.write(title="To be deleted")
    screen.act("delete", talk["id"])
    screen.click("#confirm-yes")
    screen.until(lambda: not screen.has(f"article[data-id='{talk['id']}']"))
    screen.sent()
    assert talk["id"] not in {instance.id for instance in instances_at(node.url)}
    screen.click("#reload")
    screen.rest()
    assert screen.talk("To be deleted") is None


@pytest.mark.every_engine
def test_other_tab_is_the_same_author_and_another_profile_is_not(
    screen: Screen, browsers: Browsers, node: ServedNode
) -> None:
    author = screen.data("#me", "author")
    talk = screen.write(title="Whose is it?")
    with screen.tab.new_tab() as tab:
        other = Screen(tab).open(node.url)
        assert other.data("#me", "author") == author
        assert other.talk("Whose is it?") == talk
    with browsers.tab(screen.tab.engine.name) as tab:
        stranger = Screen(tab).open(node.url)
        assert stranger.data("#me", "author") != author
        seen = stranger.talk("Whose is it?")
        assert seen is not None
        assert (seen["mine"], seen["buttons"], seen["badges"]) == ("false", 0, ["signed", "verified"])
    screen.open(node.url)  # a reload
    assert screen.data("#me", "author") == author
    assert screen.talk("Whose is it?") == talk
