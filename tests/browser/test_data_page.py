"""The page for all data: choose, look, filter, write, and take along; the address says what is shown."""

import asyncio
import csv
import io
import json
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from panda_festival.schemas import ROOM

from panda_web import Client, Written
from panda_web.keys.with_cryptography import CryptographySigner
from panda_web.messages.schema import FieldDefinition, Schema
from tests.browser.asking import define_as_stranger, instances_at, write_as_stranger
from tests.browser.between import Gate, between
from tests.browser.elements_screen import ElementsScreen
from tests.browser.sites import HARNESS
from tests.browsers import Browsers, PlaywrightTab, require
from tests.processes import ServedNode

GIG = Schema(
    "gig",
    "A concert, as somebody announces it.",
    (
        FieldDefinition("title", "varchar"),
        FieldDefinition("about", "text", optional=True),
        FieldDefinition("seats", "integer"),
        FieldDefinition("price", "float", optional=True),
        FieldDefinition("sold_out", "boolean"),
        FieldDefinition("seated", "boolean", optional=True),
        FieldDefinition("start", "timestamp", optional=True),
        FieldDefinition("room", "relation", optional=True, schema=str(ROOM.id)),
        FieldDefinition("tags", "varchar[]", optional=True, validation="[a-z]+"),
    ),
)
HOSTILE = {"title": "=1+1 <b>bold</b> \u202eevil", "about": "W" * 5000, "seats": -3, "sold_out": True}
LARGE = (1 << 53) + 1


@pytest.fixture(scope="module")
def node_here(site: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedNode]:
    """Another node, for tests of one engine alone."""
    with ServedNode(tmp_path_factory.mktemp("here"), site, "--festival") as served:
        yield served


@pytest.fixture(scope="module")
def gigs(node: ServedNode) -> dict[str, Any]:
    """The schema, and who plays where: 60 concerts, some with all that there is."""
    curie, meadow = write_as_stranger(node.url, {"name": "Curie"}, {"name": "Meadow"}, schema=str(ROOM.id))
    schema = define_as_stranger(node.url, GIG)
    rows: list[dict[str, object]] = [
        {
            "title": f"Concert {number:02}",
            "seats": number,
            "price": number / 2 + 0.25,
            "sold_out": number % 2 == 0,
            "start": f"2026-08-{1 + number % 28:02}T20:00:00+02:00",
            "room": curie if number % 3 else meadow,
            "tags": ["loud", "new"],
        }
        for number in range(58)
    ]
    rows += [HOSTILE, {"title": "Large", "seats": LARGE, "sold_out": False}]
    ids = write_as_stranger(node.url, *rows, schema=schema)
    return {"schema": schema, "curie": curie, "ids": ids}


@pytest.fixture
def screen(engine: str, browsers: Browsers) -> Iterator[ElementsScreen]:
    with browsers.tab(engine) as tab:
        yield ElementsScreen(tab)


def address(served: ServedNode, **said: str) -> str:
    return f"{served.url}data.html?{urlencode(said)}"


def said(screen: ElementsScreen) -> dict[str, str]:
    """What the address says."""
    return {
        name: values[0]
        for name, values in parse_qs(urlsplit(screen.tab.evaluate("location.href")).query).items()
    }


@pytest.mark.every_engine
def test_somebody_looks_around_writes_changes_and_deletes(
    screen: ElementsScreen, node: ServedNode, gigs: dict[str, Any]
) -> None:
    schema = gigs["schema"]
    screen.open(f"{node.url}data.html")
    screen.wait(f"#schema-list [data-id='{schema}'][data-state=registered]")
    screen.put("#schema-search", "gi")
    assert screen.tab.evaluate(
        "[...document.querySelectorAll('#schema-list a')].map((a) => a.textContent)"
    ) == ["gig"]
    screen.press("#schema-list a")
    screen.wait("#data[data-state=shown]")
    assert said(screen) == {"schema": schema}
    assert len(screen.rows()) == 50
    led = (
        "[...document.querySelectorAll('[data-relation=room] a')].map((a) => [a.textContent, a.dataset.open])"
    )
    assert ["Curie", gigs["curie"]] in screen.tab.evaluate(led)
    assert {name for name, _ in screen.tab.evaluate(led)} == {"Curie", "Meadow"}
    screen.press("[data-sort=seats]")
    screen.until(lambda: screen.rows("seats")[:2] == ["-3", "0"])
    screen.press("panda-feed >>> [part=more]")
    screen.until(lambda: screen.rows("seats")[-1:] == [str(LARGE)])
    screen.press(f".records tr[data-id='{gigs['ids'][5]}'] .open-one")
    screen.until_sees("#open-body [data-field=seqNum]")
    assert screen.text("#open-title") == "Concert 05"
    assert said(screen) == {"schema": schema, "order": "seats", "open": gigs["ids"][5]}
    screen.until(lambda: screen.words("#open-body [data-name=room] a") == "Curie")
    assert screen.data("#open-body [data-badge=verified]", "holds") == "true"

    screen.tab.goto(screen.tab.evaluate("location.href"))  # as somebody to whom it was sent
    screen.until(lambda: screen.text("#open-title") == "Concert 05")
    screen.press("#open-body [data-name=room] a")
    screen.until(lambda: screen.text("#open-title") == "Curie")
    assert said(screen)["schema"] == ROOM.id
    screen.tab.evaluate("() => { history.back(); }")
    screen.until(lambda: screen.text("#open-title") == "Concert 05")
    screen.press("#open-close")
    screen.until(lambda: not screen.has("#open[open]"))

    screen.tab.goto(address(node, schema=schema, filter=json.dumps({"title": "Mine"})))
    screen.wait("#data[data-state=empty]")
    screen.press("#write")
    form = "panda-form >>> "
    screen.press(f"{form}[part=submit]")
    screen.until(lambda: screen.problem("title") == "This is needed.")
    screen.put(f"{form}[name=title]", "Mine")
    screen.press("#writer-close")
    screen.until(lambda: not screen.has("#writer[open]"))
    screen.press("#write")
    assert screen.within(f"{form}[name=title]", "(it) => it.value") == "Mine", "what was typed is kept"
    screen.put(f"{form}[name=seats]", "many")
    screen.press(f"{form}[part=submit]")
    screen.until(lambda: screen.problem("seats") == "Write a whole number, such as 42.")
    assert screen.problem("title") == ""
    screen.put(f"{form}[name=seats]", str(LARGE + 1))
    screen.put(f"{form}[name=price]", "1,5")
    screen.put(f"{form}[name=sold_out]", True)
    screen.put(f"{form}[name=seated]", "false")
    screen.put(f"{form}[name=start]", "2026-08-01T20:00:01")
    screen.put(f"{form}[name=room]", "cURIE")  # nobody means the capitals that they type
    screen.press(f"{form}[role=option][data-id='{gigs['curie']}']")
    screen.press(f"{form}[data-field=tags] .list > button")
    screen.put(f"{form}[data-field=tags] li input", "LOUD")
    screen.press(f"{form}[part=submit]")
    screen.until(lambda: "tags" in screen.problem("tags"))  # the schema's own words, at its field
    assert screen.within(f"{form}[data-field=tags]", "(it) => it.contains(it.getRootNode().activeElement)")
    screen.put(f"{form}[data-field=tags] li input", "loud")
    screen.press(f"{form}[part=submit]")
    screen.until(lambda: screen.rows() == ["Mine"])
    screen.sent()
    (mine,) = (one for one in instances_at(node.url, schema) if one.values["title"] == "Mine")
    assert dict(mine.values) | {"start": ""} == {
        "title": "Mine",
        "seats": LARGE + 1,
        "price": 1.5,
        "sold_out": True,
        "seated": False,
        "start": "",
        "room": gigs["curie"],
        "tags": ("loud",),
    }
    same = "(text) => new Date(text).getTime() === new Date('2026-08-01T20:00:01').getTime()"
    assert screen.tab.evaluate(same, str(mine.values["start"])), "the reader's clock says when"

    screen.press(".records tr[data-mine] .open-one")
    screen.press("#open-edit")
    screen.put(f"{form}[name=price]", "")
    screen.put(f"{form}[name=about]", "Changed.\nTwice.")
    screen.press(f"{form}[part=submit]")
    screen.until(lambda: screen.words("#open-body [data-field=about]") == "Changed.\nTwice.")
    screen.sent()
    (changed,) = (one for one in instances_at(node.url, schema) if one.id == mine.id)
    assert dict(changed.values) == {name: value for name, value in mine.values.items() if name != "price"} | {
        "about": "Changed.\nTwice."
    }
    assert "edited" in screen.words("#open-body .provenance")
    screen.press("#open-body .versions summary")
    screen.wait("#open-body .versions [data-version=create]")
    changed, made = "#open-body [data-version=update]", "#open-body [data-version=create]"
    assert screen.words(f"{changed} [data-name=price] dd") == "nothing"
    assert screen.words(f"{changed} [data-name=about] dd") == "Changed. Twice."
    assert screen.words(f"{made} [data-name=price] dd") == "1.5"
    assert "None is missing" in screen.words("#open-body .versions .note")
    screen.press("#open-edit")
    screen.press(f"{form}[part=delete]")
    screen.press(f"{form}[part=confirm]")
    screen.wait("#data[data-state=empty]")
    assert "open" not in said(screen)
    screen.sent()
    assert mine.id not in {one.id for one in instances_at(node.url, schema)}


def test_what_is_slowly_signed_takes_no_words_and_closes_no_other_form(
    browsers: Browsers, node_here: ServedNode
) -> None:
    schema = define_as_stranger(node_here.url, GIG)
    form = "panda-form:not([hidden]) >>> "
    with between(node_here.url) as wire, browsers.tab("chromium") as tab:
        screen = ElementsScreen(tab)
        screen.open(f"{wire.url}data.html?{urlencode({'schema': schema, 'mode': 'remote'})}")
        screen.press("#write")
        for name in ("Slow", "Quick"):
            screen.put(f"{form}[name=title]", name)
            screen.put(f"{form}[name=seats]", "1")
            screen.put(f"{form}[name=sold_out]", True)
            if name == "Slow":
                gate = wire.before = Gate(lets_through=0)
            screen.press(f"{form}[part=submit]")
            if name == "Slow":
                gate.wait()
                assert screen.within(f"{form}[name=title]", "(it) => it.closest('[inert]') !== null")
                gate.open()
            screen.until(lambda name=name: name in screen.rows())
            if name == "Slow":
                screen.until(lambda: not screen.has("#writer[open]"))
                screen.press("#write")

        screen.press(".records tr[data-mine] .open-one")
        gate = wire.before = Gate(lets_through=0)
        screen.press("#open-edit")
        screen.put(f"{form}[name=seats]", "2")
        screen.press(f"{form}[part=submit]")
        gate.wait()
        screen.press("#writer-close")
        screen.press("#open-close")
        screen.press("#write")
        screen.put(f"{form}[name=title]", "Begun meanwhile")
        gate.open()
        screen.until(lambda: "2" in screen.rows("seats"))
        assert screen.has("#writer[open]")
        assert screen.within(f"{form}[name=title]", "(it) => it.value") == "Begun meanwhile"


def test_filters_by_the_type_of_a_field(
    screen: ElementsScreen, node: ServedNode, gigs: dict[str, Any]
) -> None:
    """Each row asks for what its type has; the address holds it, and Back takes it away again."""
    screen.open(address(node, schema=gigs["schema"], order="seats"))
    screen.wait("#data[data-state=shown]")
    screen.click(".add-filter")
    row = ".condition:last-child "
    for name, op, value, first in (
        ("seats", "gte", "57", ["Concert 57", "Large"]),
        ("sold_out", "eq", "true", ["=1+1 <b>bold</b> [U+202E]evil", "Concert 00"]),
        ("title", "startsWith", "Concert 1", ["Concert 10", "Concert 11"]),
        ("tags", "contains", "loud", ["Concert 00", "Concert 01"]),
        ("about", "exists", "true", ["=1+1 <b>bold</b> [U+202E]evil"]),
        ("start", "lt", "2026-08-02T00:00", ["Concert 00", "Concert 28"]),
    ):
        screen.put(f"{row}[data-part=name]", name)
        screen.put(f"{row}[data-part=op]", op)
        place = f"{row}[data-part=value] :is(input, select)"
        screen.put(place, value)
        screen.until(lambda first=first: screen.rows()[:2] == first)  # type: ignore[misc]
        (asked,) = json.loads(said(screen)["filter"]).items()
        assert asked[0] == name
    screen.click(".clear-filter")
    screen.until(lambda: len(screen.rows()) == 50)
    screen.tab.evaluate("() => { history.back(); }")
    screen.until(lambda: screen.rows() == ["Concert 00", "Concert 28", "Concert 56"])
    assert screen.value(".condition [data-part=name]") == "start"


def test_table_follows_what_others_do(screen: ElementsScreen, node: ServedNode, gigs: dict[str, Any]) -> None:
    """Also where only the first of many are shown; what the reader works with stays."""
    screen.open(address(node, schema=gigs["schema"], order="-seats"))
    screen.wait("#data[data-state=shown]")
    screen.tab.evaluate("() => document.querySelector('.records tr[data-id] a').focus()")
    first = {"title": "Largest", "seats": (1 << 60) + 1, "sold_out": False}
    stranger = CryptographySigner.generate()

    async def write(what: Callable[[Client], Awaitable[Written]]) -> str:
        async with Client(node.url, stranger) as panda:
            return (await what(panda)).id

    largest = asyncio.run(write(lambda panda: panda.create(gigs["schema"], first)))
    screen.until(lambda: screen.rows()[0] == "Largest")
    assert screen.rows("seats")[0] == str((1 << 60) + 1)
    assert len(screen.rows()) == 50
    assert screen.has(".records tr[data-id]:nth-of-type(2) a:focus")
    screen.click(f".records tr[data-id='{largest}'] a")
    screen.until(lambda: screen.text("#open-title") == "Largest")
    asyncio.run(write(lambda panda: panda.delete(gigs["schema"], largest)))
    screen.until(lambda: screen.text("#open-title") == "Deleted")
    assert "Its author deleted it" in screen.text("#open-body")


def test_what_has_no_words_of_its_own_is_called_as_what_it_leads_to(
    screen: ElementsScreen, node: ServedNode, gigs: dict[str, Any]
) -> None:
    """In the first column, which opens it, and where it is open."""
    fields = (
        FieldDefinition("room", "relation", optional=True, schema=str(ROOM.id)),
        FieldDefinition("guests", "integer"),
    )
    schema = define_as_stranger(node.url, Schema("visit", "Who came where.", fields))
    write_as_stranger(node.url, {"room": gigs["curie"], "guests": 1}, {"guests": 2}, schema=schema)
    screen.open(address(node, schema=schema, order="guests"))
    screen.wait("#data[data-state=shown]")
    screen.until(lambda: screen.text(".records tr[data-id] .open-one") == "Curie")
    assert screen.has(".records tr[data-id] ~ tr .open-one[data-missing]")
    screen.press(".records tr[data-id] .open-one")
    screen.until(lambda: screen.text("#open-title") == "Curie")


def test_what_is_taken_along(
    screen: ElementsScreen, node: ServedNode, gigs: dict[str, Any], tmp_path: Path
) -> None:
    """All pages, as they are; and no spreadsheet carries out what a stranger wrote."""
    assert isinstance(screen.tab, PlaywrightTab)
    screen.open(address(node, schema=gigs["schema"], order="seats"))
    screen.wait("#data[data-state=shown]")
    files: dict[str, str] = {}
    for kind in ("csv", "json"):
        screen.click("#download > summary")
        download: Any
        with screen.tab.page.expect_download() as download:
            screen.click(f"#download-{kind}")
        assert download.value.suggested_filename == f"gig.{kind}"
        files[kind] = Path(download.value.path()).read_bytes().decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(files["csv"], newline="")))
    found = json.loads(files["json"])
    assert len(rows) == len(found) >= 60
    assert [row["id"] for row in rows] == [one["id"] for one in found]
    assert rows[0]["title"] == f"'{HOSTILE['title']}"
    assert rows[0]["seats"] == "-3"  # a number, and no formula
    assert rows[1]["tags"] == "loud; new"
    assert found[0]["title"] == HOSTILE["title"]
    assert LARGE in [one["seats"] for one in found]


def test_what_is_not_there_has_its_words(
    screen: ElementsScreen, node: ServedNode, gigs: dict[str, Any]
) -> None:
    """A wrong address, one of nothing, a kind that nobody defined; and nothing of it can harm the page."""
    screen.open(address(node, schema="no<b>thing"))
    screen.wait("#data[data-state=missing]")
    assert not screen.has("#no-answer-words b")
    screen.tab.goto(address(node, schema=gigs["schema"], filter="{", open="over there"))
    screen.wait("#data[data-state=shown]")
    screen.wait(".notice[data-reason=address-wrong]")
    screen.tab.goto(address(node, schema=gigs["schema"], open="0040" + "77" * 64))
    screen.until(lambda: screen.text("#open-title") == "Not here")
    assert "It is not here" in screen.words("#open-body")
    screen.tab.goto(address(node, schema=gigs["schema"], filter=json.dumps({"sieve": 1})))
    screen.until(lambda: "sieve" in screen.words("#table panda-feed >>> [part=problem]"))
    unknown = "0040" + "78" * 64
    write_as_stranger(node.url, {"line": "Nobody said what this is"}, schema=unknown)
    screen.tab.goto(address(node, schema=unknown))
    screen.until(lambda: screen.rows("line") == ["Nobody said what this is"])
    assert screen.has("#write[hidden]")
    assert "Nobody has defined" in screen.text("#about")
    away = {"node": "http://localhost:9/"}
    screen.tab.goto(address(node, schema="0040" + "79" * 64, **away))
    screen.wait("#data[data-state=missing]")
    assert "Nobody has defined" not in screen.words("#data"), "nobody knows that"
    screen.tab.goto(address(node, schema=gigs["schema"], **away))
    screen.until(lambda: "does not answer" in screen.words("#table panda-feed >>> [part=here]"))
    assert len(screen.rows()) == 50, "what is here is shown"


READ = (
    "h1",
    "#schema-list a",
    ".note",
    "[data-sort]",
    ".open-one",
    ".records .cell",
    ".author",
    ".add-filter",
    ".clear-filter",
    "#me >>> [part=about]",
    "panda-status >>> .state",
)


def test_on_a_phone(browsers: Browsers, node_here: ServedNode) -> None:
    """Nothing scrolls sideways, whatever somebody wrote; and all can be read, in dark and in light."""
    schema = define_as_stranger(node_here.url, GIG)
    write_as_stranger(node_here.url, HOSTILE | {"title": "W" * 250}, schema=schema)
    phone = {"width": 390, "height": 844}
    page = browsers.chromium.new_context(viewport=phone).new_page()
    with PlaywrightTab(require("chromium"), page) as tab:
        screen = ElementsScreen(tab)

        def assert_fits() -> None:
            assert tab.evaluate("document.documentElement.scrollWidth") <= phone["width"]

        screen.open(f"{node_here.url}data.html")
        screen.wait("#schema-list a")
        assert_fits()
        screen.tab.goto(address(node_here, schema=schema, filter=json.dumps({"seats": {"lt": 0}})))
        screen.wait("#data[data-state=shown]")
        assert_fits()
        screen.click("#side-open")
        screen.until_sees("#me >>> [part=about]")
        assert_fits()
        for scheme in ("dark", "light"):
            page.emulate_media(color_scheme=scheme)
            contrast = tab.evaluate((HARNESS / "contrast.js").read_text("utf-8"), list(READ))
            assert {css: ratio for css, ratio in contrast.items() if ratio < 4.5} == {}, scheme
        screen.press(".open-one")
        screen.until_sees("#open-body [data-field=seqNum]")
        assert_fits()
        assert tab.evaluate("document.querySelector('#open').scrollWidth") <= phone["width"]
        screen.press("#open-close")
        screen.press("#write")
        screen.until_sees("panda-form >>> [part=submit]")
        assert_fits()
