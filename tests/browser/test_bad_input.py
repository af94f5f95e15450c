"""What the page does with files that are no schedules, browsers that lack things, nodes that lie, hostile texts.

Which files are schedules is tested in `tests/festival`, and which answers are lies in `tests/client/test_check.py`.
"""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser.asking import ROOMS, TALKS, instances_at, sign_as_stranger, talks_at, write_as_stranger
from tests.browser.between import Between, Calls, between
from tests.browser.festivals import event, schedule
from tests.browser.screen import Screen, ScreenAtNode
from tests.browser.sites import HARNESS, with_prefix
from tests.browsers import Browsers, PlaywrightTab
from tests.processes import ServedNode


@pytest.fixture(scope="module")
def wire(node: ServedNode) -> Iterator[Between]:
    with between(node.url) as proxy:
        yield proxy


@pytest.fixture(scope="module")
def started(engine: str, browsers: Browsers, wire: Between) -> Iterator[Screen]:
    with browsers.tab(engine) as tab:
        yield ScreenAtNode(tab).open(wire.url)


@pytest.fixture
def screen(started: Screen, wire: Between) -> Iterator[Screen]:
    """The page, started once, with an honest node behind it before and after each test."""
    yield started
    wire.honest()
    while started.has(".notice .dismiss"):
        started.click(".notice .dismiss")
    reload(started)


def reload(screen: Screen) -> None:
    """Reads the programme again."""
    screen.click("#reload")
    screen.rest()


# -- files -----------------------------------------------------------------------------------------

WRONG_FILES: dict[str, tuple[bytes, str]] = {
    "picture": (b"\x89PNG\r\n\x1a\n\x00\x00" + bytes(range(256)) * 40, "This kind of file is not read. This is a picture."),
    "JSON of another kind": (b'{"type": "FeatureCollection", "features": []}', "This file is not a schedule. The file is JSON"),
    "deep": (b"[" * 1_000_000, "This file is not a schedule. The file begins as JSON"),
    "no talk": (json.dumps(schedule()).encode(), "This schedule has no talks. "),
    "entities": (b'<!DOCTYPE s [<!ENTITY a "aaaa">]><schedule>&a;</schedule>', "This file is not a schedule. The XML defines"),
}  # fmt: skip


@pytest.mark.every_engine
@pytest.mark.parametrize(
    "kind",  # a browser's stack is not CPython's; else Python reads it
    [each if each == "deep" else pytest.param(each, marks=pytest.mark.one_engine) for each in WRONG_FILES],
)
def test_a_wrong_file_is_said_when_it_is_chosen(
    screen: Screen, node: ServedNode, tmp_path: Path, kind: str
) -> None:
    content, words = WRONG_FILES[kind]
    file = tmp_path / "schedule.json"
    file.write_bytes(content)
    before = talks_at(node.url)
    screen.choose(file)
    said = screen.text("#import-status")
    assert said.startswith(words)
    assert said.endswith("Nothing was imported.")
    assert screen.data("#import", "state") == "idle"
    assert not screen.has("#import-start:enabled")
    assert screen.notices() == []
    assert screen.data("#pending", "pending") == "0"
    assert talks_at(node.url) == before


XML = """<?xml version="1.0" encoding="ISO-8859-1"?>
<schedule><day date="2026-08-01" start="2026-08-01T05:00:00+02:00"><room name="Höhle"><event guid="xml">
<start>10:30</start><duration>00:45</duration><title>Größe in xml</title></event></room></day></schedule>"""


@pytest.mark.every_engine
@pytest.mark.parametrize(
    "kind", ["xml", *(pytest.param(each, marks=pytest.mark.one_engine) for each in ("utf-8", "utf-8-sig"))]
)
def test_good_file_after_a_bad_one(screen: Screen, node: ServedNode, tmp_path: Path, kind: str) -> None:
    (tmp_path / "bad.json").write_text("no")
    screen.choose(tmp_path / "bad.json")
    file = schedule(event(1, guid=kind, title=f"Größe in {kind}"))
    good = tmp_path / "good"
    good.write_bytes(
        XML.encode("latin-1") if kind == "xml" else json.dumps(file, ensure_ascii=False).encode(kind)
    )
    assert "1 talk signed and published." in screen.import_file(good)
    assert screen.notices() == []
    assert talks_at(node.url)[kind]["title"] == f"Größe in {kind}"


# -- browsers that lack things ---------------------------------------------------------------------


@pytest.fixture
def lacking(
    engine: str, browsers: Browsers, site: Path, tmp_path: Path
) -> Iterator[Callable[[str], tuple[Screen, ServedNode]]]:
    """Opens the page in a browser that lacks what the script in harness/ takes away."""
    node = ServedNode(tmp_path / "data", tmp_path / "site")

    def start(script: str) -> tuple[Screen, ServedNode]:
        with_prefix(site, tmp_path / "site", HARNESS / script)
        node.start()
        write_as_stranger(node.url, {"guid": "s", "title": "By somebody else"})
        return ScreenAtNode(tab).open(node.url), node

    try:
        with browsers.tab(engine) as tab:
            yield start
    finally:
        node.__exit__()


Lacking = Callable[[str], tuple[Screen, ServedNode]]


def test_with_full_storage_the_page_reads_on(lacking: Lacking) -> None:
    screen, _ = lacking("full-storage.js")
    assert screen.notices() == ["storage-full"]
    assert "no room left" in screen.words("#me >>> [part=about]")
    assert screen.has("#new:disabled")
    talk = screen.talk("By somebody else")
    assert talk is not None
    assert talk["badges"] == ["signed", "verified"]


def test_without_storage_the_page_reads_only(lacking: Lacking) -> None:
    screen, _ = lacking("without-storage.js")
    assert screen.data("#me", "author") == ""
    assert screen.data("#me", "kind") == "none"
    assert screen.notices() == ["storage-refused"]
    assert "no storage" in screen.text(".notice[data-reason=storage-refused]")
    assert screen.has("#new:disabled")
    assert screen.has("#import-file:disabled")
    talk = screen.talk("By somebody else")
    assert talk is not None
    assert (talk["badges"], talk["buttons"]) == (["signed", "verified"], 0)


def test_without_ed25519_the_page_writes_with_a_weaker_key_and_says_so(lacking: Lacking) -> None:
    screen, node = lacking("without-ed25519.js")
    assert screen.data("#me", "kind") == "pure25519"
    assert "The weaker choice." in screen.words("#me >>> [part=about]")
    talk = screen.write(title="Signed in Python")
    assert talk["badges"] == ["signed", "verified"]
    assert {instance["title"] for instance in instances_at(node.url)} == {
        "By somebody else",
        "Signed in Python",
    }
    author = screen.data("#me", "author")
    screen.open(node.url)
    assert screen.data("#me", "author") == author
    assert screen.talk("Signed in Python") == talk
    assert screen.talk("By somebody else") is not None


# -- nodes that lie --------------------------------------------------------------------------------

Item = dict[str, Any]
Lie = Callable[[list[Item], int], None]


def flipped(text: str, at: int) -> str:
    """Hex digits with one bit changed."""
    data = bytearray.fromhex(text)
    data[at] ^= 1
    return data.hex()


def own_entry(item: Item) -> dict[str, str]:
    """The first entry about an instance itself; others serve as links."""
    entry: dict[str, str] = next(one for one in item["_entries"] if one["payloadBytes"] is not None)
    return entry


def change_a_value(items: list[Item], at: int) -> None:
    items[at]["title"] = "Forged"


def flip_a_bit_of_the_signature(items: list[Item], at: int) -> None:
    entry = own_entry(items[at])
    entry["entryBytes"] = flipped(entry["entryBytes"], -1)


def prove_nothing(items: list[Item], at: int) -> None:
    items[at]["_entries"] = []


LIES: dict[Lie, str] = {
    change_a_value: "proof-mismatch",
    flip_a_bit_of_the_signature: "signature-mismatch",
    prove_nothing: "proof-incomplete",
}


@pytest.fixture(scope="module")
def strangers(node: ServedNode) -> list[str]:
    """Talks by two other authors; the titles."""
    titles = [f"By a stranger {number}" for number in range(4)]
    for pair in (titles[:2], titles[2:]):
        write_as_stranger(
            node.url,
            *(
                {"guid": title, "title": title, "description": "As signed", "persons": ["A", "B"]}
                for title in pair
            ),
        )
    return titles


def lying(wire: Between, lie: Callable[[list[Item]], None], schema: str = TALKS) -> None:
    """From now on the node lies in its answers to queries of a schema, where there is something to lie about."""

    def alter(calls: Calls, answer: Any) -> Any:
        asked = calls[0]["method"] == "panda_query" and calls[0]["params"]["schema"] == schema
        if asked and answer["result"]:
            lie(answer["result"])
        return answer

    wire.after = alter


@pytest.mark.every_engine  # each has its own Ed25519; else Python finds it out
@pytest.mark.parametrize(
    "lie",
    [
        flip_a_bit_of_the_signature,
        *(
            pytest.param(each, marks=pytest.mark.one_engine, id=each.__name__)
            for each in LIES
            if each is not flip_a_bit_of_the_signature
        ),
    ],
    ids=lambda lie: lie.__name__,
)
def test_lie_is_withheld_and_the_rest_is_shown(
    screen: Screen, wire: Between, strangers: list[str], lie: Lie
) -> None:
    reload(screen)
    honest = {talk["fields"]["title"] for talk in screen.talks()}
    assert honest >= set(strangers)
    victim = strangers[2]

    def tell(items: list[Item]) -> None:
        titles = [item.get("title") for item in items]
        if victim in titles:  # a page that waits for long asks for something else too
            lie(items, titles.index(victim))

    lying(wire, tell)
    reload(screen)
    screen.until(lambda: screen.data("#withheld", "count") == "1")
    screen.until(lambda: screen.has(f"#withheld:not([hidden]) [data-reason={LIES[lie]}]"))
    assert "1 item withheld" in screen.text("#withheld-summary")
    screen.until(lambda: {talk["fields"]["title"] for talk in screen.talks()} == honest - {victim})
    wire.honest()
    reload(screen)
    screen.until(lambda: screen.has("#withheld[hidden]"))
    screen.until(lambda: {talk["fields"]["title"] for talk in screen.talks()} == honest)


def test_room_that_is_renamed_on_the_way_is_withheld(screen: Screen, wire: Between) -> None:
    talk = screen.write(title="Held somewhere", room="Attic")
    assert talk["fields"]["room"] == "Attic"

    def rename(items: list[Item]) -> None:
        for item in items:
            item["name"] = "Cellar"

    lying(wire, rename, ROOMS)
    reload(screen)
    assert screen.has("#withheld:not([hidden]) [data-reason=proof-mismatch]")
    (shown,) = (each for each in screen.talks() if each["id"] == talk["id"])
    assert "room" not in shown["fields"]


@pytest.mark.usefixtures("strangers")  # an answer without any talk is not lied about
def test_deleted_talk_that_a_node_shows_again(screen: Screen, wire: Between) -> None:
    talk = screen.write(title="Deleted, and shown again")
    kept: list[Item] = []
    lying(wire, kept.extend)
    reload(screen)
    wire.honest()
    (item,) = (item for item in kept if item["id"] == talk["id"])
    screen.act("delete", talk["id"])
    screen.click("#confirm-yes")
    screen.until(lambda: not screen.has(f"article[data-id='{talk['id']}']"))
    item["_entries"].append(wire.published[-1])
    lying(wire, lambda items: items.append(item))
    reload(screen)
    assert screen.has("#withheld:not([hidden]) [data-reason=proof-mismatch]")
    assert screen.talk("Deleted, and shown again") is None


def test_talk_whose_links_are_held_back_is_signed_and_not_verified(
    screen: Screen, wire: Between, strangers: list[str]
) -> None:
    def hold_back(items: list[Item]) -> None:
        items[:] = [item for item in items if item["title"] == strangers[1]]
        for item in items:
            item["_entries"] = [own_entry(item)]

    lying(wire, hold_back)
    reload(screen)
    (talk,) = screen.talks()
    assert (talk["signed"], talk["verified"], talk["badges"]) == ("true", "false", ["signed"])


def test_answer_that_is_none(screen: Screen, wire: Between, strangers: list[str]) -> None:
    reload(screen)
    before = screen.talks()
    wire.after = lambda _, answer: {**answer, "result": [5]}
    reload(screen)
    assert screen.notices() == ["answer-malformed"]
    assert screen.talks() == before


# -- hostile texts ---------------------------------------------------------------------------------

EVIL = "<img src=x onerror='ran = 1'><script>ran = 2</script><svg onload='ran = 3'>\u202e</title>"
HOSTILE: tuple[dict[str, object], ...] = (
    dict.fromkeys(("guid", "title", "subtitle", "room", "track", "language", "kind", "duration", "start"), EVIL)
    | {"abstract": EVIL, "description": EVIL, "persons": [EVIL, EVIL], "url": "javascript:ran=4//https://x.example"},
    {"guid": "2", "title": "Link", "url": "JaVaScRiPt:ran=5", "description": "javascript:ran=6 data:text/html,x"},
    {"guid": "3", "title": "Data", "url": "data:text/html,<script>ran=7</script>", "room": "__proto__"},
    {"guid": "4", "title": "Quotes", "url": "https://x.example/\"onmouseover='ran=8'", "track": "constructor"},
    {"guid": "5", "title": "Types", "start": 7, "duration": True, "persons": "one", "room": [1.5], "track": 3.5},
    {"guid": "6", "title": ["a", "list"], "description": 5, "url": [1, 2], "language": ["x"], "abstract": False},
    {"guid": "7", "title": "Names", "id": "Forged", "_meta": "Forged", "_entries": "Forged", "__proto__": "Forged"},
    {"guid": "8", "title": "\u202e\u2066\u2067" + "W" * 5000 + "\x00\x07", "subtitle": "\n" * 1000},
    {"title": ""},
    {"guid": "9", "title": "Dates", "start": "2026-13-45T99:99:99+99:99", "duration": "999:99"},
)  # fmt: skip


@pytest.mark.engines("chromium", "firefox")  # WebKitGTK's driver does not tell of dialogs
def test_hostile_texts_stay_texts(engine: str, browsers: Browsers, site: Path, tmp_path: Path) -> None:
    """At a node that knows no definition of talks, and so holds nobody's message to one."""
    with ServedNode(tmp_path / "node", site) as node, browsers.tab(engine) as tab:
        assert isinstance(tab, PlaywrightTab)
        show_hostile_texts(tab, node)


def show_hostile_texts(tab: PlaywrightTab, node: ServedNode) -> None:
    dialogs: list[str] = []
    tab.page.on("dialog", lambda dialog: dialogs.append(dialog.message))
    ids = sign_as_stranger(node.url, *HOSTILE)
    screen = ScreenAtNode(tab).open(node.url)
    shown = {talk["id"]: talk for talk in screen.talks()}
    assert set(ids) <= shown.keys()
    assert shown[ids[0]]["fields"]["title"] == EVIL.replace("\u202e", "[U+202E]")
    assert shown[ids[7]]["fields"]["title"].startswith("[U+202E][U+2066][U+2067]WWW")
    assert shown[ids[6]]["fields"]["title"] == "Names"
    assert shown[ids[6]]["fields"]["author"] == shown[ids[0]]["author"]
    found = tab.evaluate((HARNESS / "elements.js").read_text("utf-8"))
    assert not {"img", "script", "title", "iframe", "object", "style", "form"} & set(found["names"])
    assert found["handlers"] == 0
    assert all(link.startswith(("https://", "http://")) for link in found["links"])
    assert found["notIsolated"] == []
    assert not found["ran"]
    assert dialogs == []
    for box in ("#filter-room", "#filter-track", "#filter-day"):
        tab.evaluate("(css) => document.querySelector(css).options.length", box)
    screen.fill("#search", "ran = 1")
    screen.until(lambda: screen.data("#count", "shown") == "1")
    screen.click("#filter-clear")


JOINED = (
    "👩🏽‍💻 ❤️ 1️⃣",
    "می‌خواهم",
    "क्‍ष",
    "e\u0301" * 8,
    "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
    "\u845b\U000e0100\u57ce",
    "\u0645\u064e\u200c\u0646",
)
"""Names in which something unseen has its meaning."""


@pytest.mark.engines("chromium", "firefox")
def test_long_and_unseen_things_are_shown_in_part_and_as_what_they_are(
    screen: Screen, node: ServedNode
) -> None:
    heap = "a" + "\u0301\u200d" * 8 + "\u0301" * 500_000
    rows = "\n".join(f"Line {number}." for number in range(5_000))
    names = ["ad\u200bmin", "Panda\u2060", "\u202egnp.adnap", *JOINED]
    heavy, crowd, named = write_as_stranger(
        node.url,
        {"guid": "h", "title": "Heavy", "track": "T\u200bwo", "description": heap},
        {"guid": "p", "title": "Crowd", "persons": [f"Person {n}" for n in range(9_999)], "abstract": rows},
        {"guid": "n", "title": "Names", "persons": names},
    )
    reload(screen)
    words = "(css) => document.querySelector(css).textContent"
    assert screen.tab.evaluate(words, f"article[data-id='{heavy}'] .track") == "T[U+200B]wo"
    shown = "ad[U+200B]min, Panda[U+2060], [U+202E]gnp.adnap, " + ", ".join(JOINED)
    assert screen.tab.evaluate(words, f"article[data-id='{named}'] .persons") == shown
    for talk in heavy, crowd:
        screen.click(f"article[data-id='{talk}'] .open")
    parts = (HARNESS / "parts.js").read_text("utf-8")
    assert screen.tab.evaluate(parts, heavy) == [["description", 17, 1]]
    before = screen.tab.evaluate(parts, crowd)
    assert [(name, lines) for name, _, lines in before] == [("abstract", 301), ("all-persons", 1)]
    assert all(length <= 8_000 for _, length, _ in before)
    screen.click(f"article[data-id='{crowd}'] .more")
    assert len(screen.tab.evaluate(parts, crowd)) == 3
    whole = {talk["id"]: talk["fields"] for talk in screen.talks()}[crowd]
    assert whole["abstract"] == rows
    assert whole["all-persons"].endswith("Person 9998")
    assert not screen.has(f"article[data-id='{crowd}'] .more")
