"""A schema is built by the form and published, in three engines; what is wrong is said where it is wrong."""

import asyncio
import contextlib
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from panda_web import Client
from panda_web.bamboo import digest
from panda_web.client.errors import SchemaNotFound
from panda_web.keys.with_cryptography import CryptographySigner
from panda_web.messages.schema import (
    DEFINITION,
    TYPES,
    FieldDefinition,
    InvalidSchema,
    Schema,
    schema_from_toml,
    schema_to_dict,
    schema_to_toml,
)
from tests.browser.asking import instances_at
from tests.browser.between import between
from tests.browser.schema_screen import SchemaScreen
from tests.browser.sites import copy_site
from tests.browser.test_before_python import HoldingServer
from tests.browsers import Browsers, PlaywrightTab, static_server
from tests.processes import ROOT, ServedNode
from tools.static_site import runtime

ROOM = schema_from_toml("""
name = "room"
description = "Where talks are held"
[fields.name]
type = "varchar"
""")
ELSEWHERE = digest(b"somebody else's").hex()
FILE = f"""
name = "größe <b>&amp;</b> café"
description = '''
Two lines, "quoted", and a backslash: \\'''

[fields.short]
type = "varchar"
validation = "[a-z]{{2}}(-[A-Z]{{2}})?"

[fields.long]
type = "text[]"
validation = "[^<>]*"
optional = true

[fields.number]
type = "integer"

[fields.numbers]
type = "float[]"

[fields.yes]
type = "boolean"
optional = true

[fields.moment]
type = "timestamp"
validation = ".*Z"

[fields.self_]
type = "relation"
schema = "self"
cascade = true

[fields.room]
type = "relation[]"
schema = "ROOM"
optional = true

[fields.elsewhere]
type = "relation"
schema = "{ELSEWHERE}"
"""


@pytest.fixture(scope="module")
def room(node: ServedNode) -> Schema:
    """A schema of somebody else's that the node holds, and lists for what is published of it."""
    return define_as_stranger(node.url, ROOM)


@pytest.fixture(scope="module")
def started(engine: str, browsers: Browsers, node: ServedNode, room: Schema) -> Iterator[SchemaScreen]:
    """The page, its Python started once."""
    with browsers.tab(engine) as tab:
        screen = SchemaScreen(tab)
        screen.open(f"{node.url}schemas.html")
        yield screen


@pytest.fixture
def screen(started: SchemaScreen, node: ServedNode) -> SchemaScreen:
    """The page with an empty form; Python goes on, but where a test has left this page."""
    if not str(started.tab.evaluate("location.href")).startswith(node.url):
        started.open(f"{node.url}schemas.html")
    started.empty()
    return started


def define_as_stranger(url: str, schema: Schema) -> Schema:
    async def work() -> Schema:
        async with Client(url, CryptographySigner.generate()) as panda:
            return await panda.define(schema)

    return asyncio.run(work())


def schema_at(url: str, schema: str) -> Schema:
    """A schema as the Python client reads it from the node, where it comes soon."""

    async def work() -> Schema:
        async with Client(url) as panda:
            while True:
                with contextlib.suppress(SchemaNotFound):
                    return await panda.schema(schema)
                await asyncio.sleep(0.1)

    return asyncio.run(asyncio.wait_for(work(), 60))


def defined_in(screen: SchemaScreen, schema: Schema) -> str:
    """The id that `define` gives to a schema in the same browser, so by the same author."""
    call = "async (schema) => (await (await (await import('./panda.js')).connect()).define(schema)).id"
    return str(screen.tab.evaluate(call, schema_to_dict(schema), timeout=120))


def on_one_line(schema: Schema) -> Schema:
    """The schema with a description that can be typed in one go in every engine."""
    return replace(schema, description=schema.description.replace("\n", " ").strip())


@pytest.mark.every_engine
def test_a_schema_of_every_type(screen: SchemaScreen, node: ServedNode, room: Schema) -> None:
    wanted = on_one_line(schema_from_toml(FILE.replace("ROOM", room.id or "")))
    assert {field.base for field in wanted.fields} == set(TYPES)
    screen.write_schema(wanted)
    screen.until(lambda: screen.data("#toml", "current") == "true")
    assert schema_from_toml(screen.toml()) == wanted
    published = screen.publish()
    found = schema_at(node.url, published)
    assert found == replace(wanted, id=published)
    author = screen.data("#author", "author")
    (definition,) = (one for one in instances_at(node.url, DEFINITION.id or "") if one.author == author)
    assert definition.id == published
    assert defined_in(screen, wanted) == published
    for use in ("javascript", "node"):
        assert published in screen.text(f"[data-use={use}] code")
    assert screen.text("[data-use=node] code") == f"panda schema register {published}"
    assert screen.tab.evaluate("new URLSearchParams(location.search).get('id')") == published
    assert screen.text("#schema-title") == wanted.name
    assert screen.notices() == []


def test_a_relation_leads_to_one_that_is_known(screen: SchemaScreen, node: ServedNode) -> None:
    """What was just published can be chosen, by its name, in the next one."""
    stage = Schema(f"stage {screen.tab.engine.name}", "", (FieldDefinition("name", "varchar"),))
    screen.write_schema(stage)
    published = screen.publish()
    screen.click("#again")
    screen.wait("#name:not([readonly])")
    assert screen.value("#name") == stage.name
    screen.fill("#name", "show")
    screen.select(screen.part(0, "type"), "relation")
    screen.select(screen.part(0, "schema"), published)
    screen.until(lambda: stage.name in screen.text(".schema-field .target"))
    wanted = Schema("show", "", (FieldDefinition("name", "relation", schema=published),))
    assert schema_at(node.url, screen.publish()) == replace(wanted, id=screen.text("[data-use=id] code"))
    screen.wait(f"#known [data-id='{published}']")


def test_what_is_wrong_is_said_where_it_is_wrong(screen: SchemaScreen) -> None:
    screen.click("#publish")
    screen.wait("#name[aria-invalid=true]:focus")
    assert screen.problems() == [(0, ["name"])]
    assert screen.text("#name-problem").startswith("No schema can be called ''")
    assert "2 things are not right yet." in screen.text("#form-problem")
    screen.fill("#name", "talk")
    screen.fill(screen.part(0, "name"), "title")
    screen.until(lambda: screen.problems() == [] and not screen.has("[aria-invalid]"))
    wrong: list[tuple[FieldDefinition, str, str, str]] = [
        (FieldDefinition("a", "varchar"), "name", "Id", "No field can be called 'Id'"),
        (FieldDefinition("b", "varchar"), "name", "TITLE", "must differ in more than case"),
        (FieldDefinition("c", "text"), "validation", r"\d+", "no escape"),
        (FieldDefinition("d", "relation", schema=ELSEWHERE), "other", "room", "132 lower-case hex digits"),
    ]
    for at, (field, part, text, _) in enumerate(wrong, start=1):
        screen.click("#add")
        screen.write_field(at, field)
        screen.fill(screen.part(at, part), text)
    screen.click("#publish")
    screen.until(lambda: len(screen.problems()) == len(wrong))
    assert screen.problems() == [(at, [part]) for at, (_, part, _, _) in enumerate(wrong, start=1)]
    for at, (*_, words) in enumerate(wrong, start=1):
        assert words in str(screen.fields()[at]["problem"])
    described = "(css) => document.getElementById(document.querySelector(css).getAttribute('aria-describedby')).innerText"
    assert "no escape" in screen.tab.evaluate(described, screen.part(3, "validation"))
    assert [each.name for each in schema_from_toml(screen.toml()).fields] == ["title"]
    screen.fill(screen.part(3, "validation"), "[0-9]+")
    screen.until(lambda: (3, ["validation"]) not in screen.problems())
    assert screen.has("#file-save:disabled")


def test_nothing_is_said_about_what_was_not_reached_yet(screen: SchemaScreen) -> None:
    screen.fill("#name", "talk")
    screen.click("#add")
    screen.fill(screen.part(1, "name"), "title")
    screen.until_file("[fields.title]")
    assert screen.problems() in ([(0, ["name"])], [])  # asked once: it may change in between
    screen.click(screen.part(1, "name"))
    assert (1, ["name"]) not in screen.problems()


def test_spaces_around_names_are_no_part_of_them(screen: SchemaScreen) -> None:
    """Keyboards of phones put one behind a word that they complete."""
    screen.fill("#name", "talk ")
    screen.fill(screen.part(0, "name"), " title ")
    screen.until(lambda: screen.data("#toml", "current") == "true")
    assert schema_from_toml(screen.toml()) == Schema("talk", "", (FieldDefinition("title", "varchar"),))
    assert screen.problems() == []


def test_file_says_whether_it_is_of_what_the_form_holds(screen: SchemaScreen) -> None:
    screen.write_schema(ROOM)
    screen.until(lambda: screen.data("#toml", "current") == "true")
    add = "(document.querySelector('#add').click(), document.querySelector('#toml').dataset.current)"
    assert screen.tab.evaluate(add) == "false"


def test_fields_move_and_go(screen: SchemaScreen) -> None:
    screen.fill("#name", "talk")
    for at, name in enumerate("abcd"):
        if at:
            screen.click("#add")
        screen.fill(screen.part(at, "name"), name)
    screen.click(".schema-field:nth-child(1) [data-act=down]")
    screen.click(".schema-field:nth-child(4) [data-act=up]")
    assert [each["name"] for each in screen.fields()] == ["b", "a", "d", "c"]
    screen.wait(".schema-field:nth-child(3) [data-act=up]:focus")
    screen.click(".schema-field:nth-child(2) [data-act=remove]")
    assert [each["name"] for each in screen.fields()] == ["b", "d", "c"]
    screen.wait(".schema-field:nth-child(2) [data-act=remove]:focus")
    screen.until(lambda: re.findall(r"\[fields\.(.)\]", screen.toml()) == ["b", "d", "c"])
    for _ in "bdc":
        screen.click(".schema-field [data-act=remove]")
    screen.wait("#add:focus")
    screen.click("#publish")
    screen.until(lambda: "one field at least" in screen.text("#form-problem"))


def test_a_file_fills_the_form(screen: SchemaScreen, node: ServedNode, room: Schema, tmp_path: Path) -> None:
    read = schema_from_toml(FILE.replace("ROOM", room.id or ""))
    empty = FieldDefinition("empty", "text", validation="")
    wanted = replace(read, description="A return\r and\r\n lines", fields=(*read.fields, empty))
    path = tmp_path / "schema.toml"
    path.write_text(schema_to_toml(wanted), "utf-8", newline="")
    screen.give("#open-file", path)
    screen.until(lambda: screen.value("#name") == wanted.name)
    assert [(each["name"], each["type"]) for each in screen.fields()] == [
        (field.name, field.type) for field in wanted.fields
    ]
    screen.until(lambda: screen.toml() == schema_to_toml(wanted))
    published = screen.publish()
    assert schema_at(node.url, published) == replace(wanted, id=published)
    screen.give("#open-file", path)  # from the schema that is shown to a new one
    screen.wait("#schema[data-state=writing]")


NO_SCHEMAS = {
    "definition-not-toml": "name = ",
    "definition-key-missing": 'name = "room"',
    "field-name-invalid": 'name = "a"\ndescription = ""\n[fields."<b>"]\ntype = "text"',
    "schema-too-many-fields": 'name = "a"\ndescription = ""\n'
    + "".join(f'[fields.f{n}]\ntype = "text"\n' for n in range(10_000)),
}


@pytest.mark.parametrize("reason", NO_SCHEMAS)
def test_a_file_that_is_no_schema(screen: SchemaScreen, tmp_path: Path, reason: str) -> None:
    path = tmp_path / "schema.toml"
    path.write_text(NO_SCHEMAS[reason], "utf-8")
    screen.fill("#name", "typed")
    screen.give("#open-file", path)
    screen.wait(f".notice[data-reason={reason}]")
    assert screen.value("#name") == "typed"


def test_a_file_cannot_be_read_before_what_reads_it_is_fetched(
    engine: str, browsers: Browsers, site: Path, tmp_path: Path
) -> None:
    """Python starts without the library that reads files; where that cannot be had, it is said, and asked for again."""
    www = copy_site(site, tmp_path / "www", {})
    library = runtime(www) / "python_stdlib.zip"
    away = library.rename(tmp_path / "away.zip")
    path = tmp_path / "schema.toml"
    path.write_text(schema_to_toml(ROOM), "utf-8")
    with static_server(www) as host, ServedNode(tmp_path / "node") as node, browsers.tab(engine) as tab:
        screen = SchemaScreen(tab)
        screen.open(f"{host.url}schemas.html?node={node.url}")
        screen.fill("#name", "typed")
        screen.give("#open-file", path)
        screen.wait(".notice[data-reason=library-out-of-reach]")
        assert screen.value("#name") == "typed"
        away.rename(library)
        screen.give("#open-file", path)
        screen.until(lambda: screen.value("#name") == "room")


def test_what_a_file_takes_the_place_of_can_be_had_back(screen: SchemaScreen, tmp_path: Path) -> None:
    path = tmp_path / "schema.toml"
    path.write_text(schema_to_toml(ROOM), "utf-8")
    screen.write_schema(Schema("mine", "all mine", (FieldDefinition("a", "integer[]", optional=True),)))
    screen.give("#open-file", path)
    screen.wait(".notice[data-reason=replaced]")
    assert screen.value("#name") == "room"
    screen.click(".notice[data-reason=replaced] button:not(.dismiss)")
    assert (screen.value("#name"), screen.fields()[0]["type"]) == ("mine", "integer[]")


def test_one_is_shown_by_its_id(screen: SchemaScreen, node: ServedNode, room: Schema) -> None:
    screen.open(f"{node.url}schemas.html?id={room.id}")
    assert screen.data("#schema", "state") == "published"
    assert screen.text("#schema-title") == "room"
    assert [(each["name"], each["type"]) for each in screen.fields()] == [("name", "varchar")]
    inputs = "[...document.querySelectorAll('#form :is(input, textarea, select, button)')]"
    assert screen.tab.evaluate(
        f"{inputs}.filter((one) => one.checkVisibility()).every((one) => one.readOnly || one.disabled)"
    )
    assert schema_from_toml(screen.until_file("[fields.name]")) == replace(room, id=None)


@pytest.mark.every_engine
def test_back_and_forth(screen: SchemaScreen) -> None:
    """Back from what was published is the form, with all that was in it; forth is what was published."""
    screen.write_schema(ROOM)
    published = screen.publish()
    screen.tab.evaluate("history.back()")
    screen.wait("#schema[data-state=writing]")
    assert screen.value("#name") == "room"
    assert screen.has("#name:not([readonly])")
    screen.fill("#name", "another")
    screen.tab.evaluate("history.forward()")
    screen.wait("#schema[data-state=published]")
    assert screen.text("[data-use=id] code") == published
    assert screen.value("#name") == "room"
    screen.tab.evaluate("history.back()")
    screen.wait("#schema[data-state=writing]")
    assert screen.value("#name") == "another"


@pytest.mark.parametrize(
    ("wanted", "words"),
    [(ELSEWHERE, "has no definition"), ("no such name", "132 lower-case hex digits"), ("<img>" * 10_000, "")],
    ids=["nobody's", "no id", "long"],
)
def test_one_that_there_is_not(screen: SchemaScreen, node: ServedNode, wanted: str, words: str) -> None:
    screen.open(f"{node.url}schemas.html?id={wanted}")
    assert screen.data("#schema", "state") == "missing"
    assert words in screen.text("#no-answer-words")
    assert len(screen.text("#no-answer-words")) < 1500
    screen.click("#no-answer-new")
    screen.wait("#name:focus")


HOSTILE = Schema(
    "\u202e<script>alert(1)</script>" + "W" * 200,
    "\u202e<img src=x onerror=alert(1)>\n" * 300,
    tuple(
        FieldDefinition(f"f{n}_{'W' * 58}", "varchar", validation=f"[{'a' * 1000}]" if n % 2 else None)
        for n in range(256)
    ),
)


def test_a_hostile_one_is_shown_as_it_is(screen: SchemaScreen, node: ServedNode) -> None:
    hostile = define_as_stranger(node.url, HOSTILE)
    screen.open(f"{node.url}schemas.html?id={hostile.id}")
    assert len(screen.fields()) == 256
    assert screen.tab.evaluate("document.querySelector('#schema-title').textContent") == HOSTILE.name.replace(
        "\u202e", "[U+202E]"
    )
    assert schema_from_toml(screen.until_file("f255_")) == HOSTILE
    fits = "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
    assert screen.tab.evaluate(fits)
    assert not screen.has("#schema script, #schema img")


def test_a_node_that_lists_anything(screen: SchemaScreen, node: ServedNode) -> None:
    """Names are shown as text and not too many; a list of something else is an error, and the form goes on."""
    name = "\u202e<img src=x onerror=alert(1)>" + "W" * 200
    many = [
        {
            "id": digest(b"%d" % n).hex(),
            "name": name,
            "state": "registered",
            "waitsFor": [],
            "definition": None,
        }
        for n in range(3000)
    ]

    def answer(calls: Any, found: Any) -> Any:
        return found | {"result": lists} if calls[0]["method"] == "panda_schemas" else found

    with between(node.url) as wire:
        wire.after = answer
        lists: Any = many
        screen.open(f"{wire.url}schemas.html")
        screen.wait("#known:not([hidden])")
        assert screen.tab.evaluate("document.querySelectorAll('#known [data-id]').length") == 200
        assert screen.text("#known-more") == "and 2,803 more"  # the festival's three are known here
        assert not screen.has("#known img")
        lists = [{"id": "room"}]
        screen.open(f"{wire.url}schemas.html")
        screen.wait(".notice[data-reason=answer-malformed]")
        screen.write_schema(ROOM)
        screen.publish()


def test_without_a_node_nothing_is_lost(engine: str, browsers: Browsers, site: Path, tmp_path: Path) -> None:
    with ServedNode(tmp_path / "node", site) as node, browsers.tab(engine) as tab:
        screen = SchemaScreen(tab)
        screen.open(f"{node.url}schemas.html")
        node.kill()
        screen.write_schema(ROOM)
        published = [
            screen.publish(away=True)
        ]  # no other browser has this key: the log is begun, signed, and kept
        screen.wait("#pending:not([hidden])")
        screen.click("#again")
        screen.fill("#name", "later")
        published.append(screen.publish(away=True))
        node.start()
        screen.click("#send-now")
        screen.wait("#pending[hidden]")
        assert [schema_at(node.url, each).name for each in published] == ["room", "later"]


def test_what_cannot_be_signed_without_a_node_stays_in_the_form(
    browsers: Browsers, site: Path, tmp_path: Path
) -> None:
    """A copy of the key may have begun the log of definitions elsewhere: the node is asked first."""
    with ServedNode(tmp_path / "node", site) as node, browsers.tab("chromium") as tab:
        assert isinstance(tab, PlaywrightTab)
        screen = SchemaScreen(tab)
        screen.open(f"{node.url}schemas.html")
        screen.press("#me >>> .back-up")
        screen.put("#me >>> #copy-passphrase", "correct horse battery")
        with tab.page.expect_download():
            screen.press("#me >>> .save")
        screen.press("#me >>> .finish")
        node.kill()
        screen.write_schema(ROOM)
        screen.click("#publish")
        screen.wait(".notice[data-reason=node-unreachable]")
        screen.wait("#name:not([readonly])")
        assert (screen.value("#name"), screen.value(screen.part(0, "name"))) == ("room", "name")
        node.start()
        screen.write_field(0, replace(ROOM.fields[0], name="first"))
        published = screen.publish()
        assert schema_at(node.url, published).fields[0].name == "first"


def test_what_is_written_before_python_is_there_is_kept(
    engine: str, browsers: Browsers, site: Path, tmp_path: Path
) -> None:
    host = HoldingServer(site)
    try:
        with ServedNode(tmp_path / "node") as node, browsers.tab(engine) as tab:
            screen = SchemaScreen(tab)
            screen.tab.goto(f"{host.url}schemas.html?node={node.url}")
            screen.wait("html[data-state=starting]")
            screen.write_schema(ROOM)
            screen.click("#add")
            screen.fill(screen.part(1, "name"), "not")
            screen.click("#name")
            host.go.set()
            screen.wait("html[data-state=ready]")
            screen.until(lambda: screen.problems() == [(1, ["name"])])
            screen.fill(screen.part(1, "name"), "seats")
            published = screen.publish()
            wanted = replace(ROOM, id=published, fields=(*ROOM.fields, FieldDefinition("seats", "varchar")))
            assert schema_at(node.url, published) == wanted
    finally:
        host.stop()


def test_publishing_waits_for_python(engine: str, browsers: Browsers, site: Path, tmp_path: Path) -> None:
    host = HoldingServer(site)
    try:
        with ServedNode(tmp_path / "node") as node, browsers.tab(engine) as tab:
            screen = SchemaScreen(tab)
            screen.tab.goto(f"{host.url}schemas.html?node={node.url}")
            screen.write_schema(ROOM)
            screen.click("#publish")
            screen.until(lambda: screen.text("#publish") == "Waiting for Python…")
            assert screen.tab.evaluate("document.querySelector('#publish').checkVisibility()")
            assert screen.has("#name[readonly]")
            host.go.set()
            screen.wait("#schema[data-state=published]")
            screen.sent()  # it is in this browser before it is at the node
            assert schema_at(node.url, screen.text("[data-use=id] code")).name == "room"
    finally:
        host.stop()


# -- without a browser -----------------------------------------------------------------------------


def test_the_form_offers_what_python_takes() -> None:
    """The types, and which of them have a pattern or lead to a schema."""
    html = (ROOT / "web" / "pages" / "schemas" / "schemas.html").read_text("utf-8")
    texts = json.loads((ROOT / "web" / "texts" / "en.json").read_text("utf-8"))["schemasPage"]
    html = re.sub(r"\{\{schemasPage\.(\w+)\}\}", lambda named: texts[named[1]], html)
    found = re.findall(r'<option value="(\w+)"(?: data-takes="(\w+)")?>[^<]*\((\w+)\)</option>', html)
    types = {value: takes for value, takes, called in found if value == called != "self"}
    assert list(types) == list(TYPES)
    for name, takes in types.items():
        options: dict[str, Any] = {"validation": "a", "schema": "self"}
        assert [option for option in options if takes_option(name, option, options[option])] == [takes][
            : bool(takes)
        ]


def takes_option(kind: str, option: str, value: str) -> bool:
    try:
        Schema("any", "", (FieldDefinition("any", kind, **{option: value}),))  # type: ignore[arg-type]
    except InvalidSchema:
        return False
    return True
