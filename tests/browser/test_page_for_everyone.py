"""The pages by keyboard alone, at a phone's width, in dark and in light, and by the names of what is on them."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from panda_web.messages.schema import DEFINITION, FieldDefinition, Schema
from tests.browser.asking import instances_at
from tests.browser.festivals import ODD, event, save, schedule
from tests.browser.schema_screen import SchemaScreen, row
from tests.browser.screen import Screen
from tests.browser.sites import HARNESS, PAGE_KEPT
from tests.browsers import Browsers, PlaywrightTab, require
from tests.processes import ServedNode

PHONE = {"width": 360, "height": 740}
Open = Callable[..., Screen]
COMMENT = Schema(
    "comment",
    "What somebody says about a talk",
    (
        FieldDefinition("text", "text"),
        FieldDefinition("reply_to", "relation", optional=True, schema="self", cascade=True),
        FieldDefinition("language", "varchar[]", validation="[a-z]{2}"),
    ),
)


@pytest.fixture(scope="module")
def node(site: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedNode]:
    with ServedNode(tmp_path_factory.mktemp("node"), site) as served:
        yield served


@pytest.fixture
def chromium_with(browsers: Browsers) -> Iterator[Callable[..., Screen]]:
    """Tabs of Chromium with a size and a colour scheme."""
    with ExitStack() as tabs:

        def start(kind: type[Screen] = Screen, **options: Any) -> Screen:
            page = browsers.chromium.new_context(**options).new_page()
            return kind(tabs.enter_context(PlaywrightTab(require("chromium"), page)))

        yield start


def page_of(screen: Screen) -> Any:
    assert isinstance(screen.tab, PlaywrightTab)
    return screen.tab.page


def tab_to(screen: Screen, css: str) -> None:
    """Presses Tab until the focus is there; it must be visible on its way."""
    for _ in range(300):
        page_of(screen).keyboard.press("Tab")
        if screen.has(f":is({css}):focus"):
            assert screen.has(f":is({css}):focus-visible")
            return
    raise AssertionError(f"Tab does not lead to {css}")


def press(screen: Screen, *keys: str) -> None:
    for key in keys:
        page_of(screen).keyboard.press(key)


def test_keyboard_is_enough(chromium_with: Open, node: ServedNode, tmp_path: Path) -> None:
    screen = chromium_with().open(node.url)
    with page_of(screen).expect_file_chooser() as chooser:  # asked for early: the key can overtake the asking
        tab_to(screen, "#import-file")
        press(screen, "Enter")
    file = schedule(event(1, title="First"), event(2, title="Second"))
    chooser.value.set_files(str(save(file, tmp_path / "schedule.json")))
    screen.wait("#import-start:focus")
    press(screen, "Enter")
    screen.wait("#import-status:not(:empty)")
    screen.until(lambda: "2 talks signed and published." in screen.text("#import-status"))
    screen.wait("article.talk")
    tab_to(screen, "article.talk .open")
    press(screen, "Enter")
    screen.wait("article.talk .open[aria-expanded=true]:focus")
    tab_to(screen, "article.talk .edit")
    press(screen, "Enter")
    screen.wait("#f-title:focus")
    press(screen, "Control+A")
    page_of(screen).keyboard.type("First, edited")
    press(screen, "Enter")
    screen.until(lambda: screen.talk("First, edited"))
    screen.wait("article.talk .open:focus")
    tab_to(screen, "article.talk .delete")
    press(screen, "Enter")
    screen.wait("#confirm-no:focus")  # the one that loses nothing
    press(screen, "Tab", "Enter")
    screen.until(lambda: screen.data("#count", "total") == "1")
    screen.sent()
    assert [instance["title"] for instance in instances_at(node.url)] == ["Second"]
    tab_to(screen, "#new")
    press(screen, "Enter")
    screen.wait("#f-title:focus")
    page_of(screen).keyboard.type("Not yet done")
    press(screen, "Escape")
    screen.until(lambda: not screen.has("#editor[open]"))
    screen.wait("#new:focus")
    press(screen, "Enter")
    assert screen.value("#f-title") == "Not yet done"


def test_keyboard_is_enough_for_a_schema(chromium_with: Open, node: ServedNode) -> None:
    """Written, put in order, mended and published without a pointer; Enter in a field publishes nothing."""
    screen = chromium_with(SchemaScreen).open(f"{node.url}schemas.html")
    assert isinstance(screen, SchemaScreen)
    keyboard = page_of(screen).keyboard
    tab_to(screen, "#name")
    keyboard.type("comment")
    press(screen, "Enter", "Tab")
    keyboard.type("What is said")
    tab_to(screen, screen.part(0, "name"))
    keyboard.type("text")
    tab_to(screen, "#add")
    press(screen, "Enter")
    screen.wait(f"{row(1)} [data-part=name]:focus")
    keyboard.type("reply to")
    press(screen, "Tab")
    keyboard.type("Link")  # a menu takes the option that begins so
    tab_to(screen, screen.part(1, "optional"))
    press(screen, "Space")
    tab_to(screen, screen.part(1, "schema"))
    keyboard.type("This")
    tab_to(screen, "#publish")
    press(screen, "Enter")
    screen.wait(f"{row(1)} [data-part=name][aria-invalid=true]:focus")
    press(screen, "Control+A")
    keyboard.type("reply_to")
    press(screen, "Shift+Tab", "Shift+Tab", "Enter")
    screen.wait(f"{row(0)} [data-act=down]:focus")  # it is the first now, and cannot go further up
    tab_to(screen, "#publish")
    press(screen, "Enter")
    screen.wait("#published:focus")
    published = screen.text("[data-use=id] code")
    screen.sent()
    (found,) = (one for one in instances_at(node.url, DEFINITION.id or "") if one.id == published)
    assert found["fields"] == (
        '{"reply_to":{"type":"relation","optional":true,"schema":"self"},"text":{"type":"varchar"}}'
    )
    tab_to(screen, "[data-use=node] .copy")
    press(screen, "Enter")
    screen.until(lambda: screen.text("[data-use=node] .copy") != "Copy")


def assert_fits(screen: Screen) -> None:
    width = screen.tab.evaluate("document.documentElement.scrollWidth")
    assert width <= PHONE["width"], f"{width} pixels wide"


def test_nothing_scrolls_sideways_on_a_phone(chromium_with: Open, site: Path, tmp_path: Path) -> None:
    long_words = event(90, title="W" * 400, room="R" * 200, description="D" * 900, subtitle="S" * 300)
    file = schedule(
        *ODD, {**long_words, "persons": [{"public_name": "P" * 200}], "url": f"https://x.example/{'u' * 300}"}
    )
    with ServedNode(tmp_path / "data", site, "--festival") as node:
        screen = chromium_with(viewport=PHONE)
        screen.tab.goto(node.url)
        assert_fits(screen)
        screen.open(node.url)
        assert_fits(screen)
        screen.import_file(save(file, tmp_path / "schedule.json"))
        assert_fits(screen)
        (talk,) = (talk for talk in screen.talks() if talk["fields"]["title"].startswith("WWW"))
        assert_fits(screen)
        screen.act("edit", talk["id"])
        screen.wait("#editor[open]")
        assert_fits(screen)
        assert (
            screen.tab.evaluate("(css) => document.querySelector(css).scrollWidth", "#editor")
            <= PHONE["width"]
        )
        screen.click("#editor-close")
        screen.act("delete", talk["id"])
        screen.wait("#confirm-delete[open]")
        assert_fits(screen)
        screen.click("#confirm-no")
        node.kill()
        screen.wait("#here:not([hidden])")
        assert_fits(screen)


BOXES = """(selectors) => selectors.map((css) => {
  const { top, bottom, height } = document.querySelector(css).getBoundingClientRect();
  return { top, bottom, height };
})"""


def test_readers_come_first_on_a_phone_and_no_notice_covers_anything(
    chromium_with: Open, site: Path, tmp_path: Path
) -> None:
    """The first talk stands above the fold; what somebody needs who publishes is behind one button."""
    phone = {"width": 390, "height": 844}
    first = "article.talk .open"
    with ServedNode(tmp_path / "data", site, "--festival") as node:
        chromium_with().open(node.url).import_file(
            save(schedule(*map(event, range(9))), tmp_path / "schedule.json")
        )
        screen = chromium_with(viewport=phone).open(f"{node.url}?mode=remote")
        (talk,) = screen.tab.evaluate(BOXES, [first])
        assert talk["height"] > 0
        assert talk["bottom"] <= phone["height"]
        for css in ("#who", "#import"):
            assert not page_of(screen).is_visible(css)
        screen.click("#side-open")
        for css in ("#who", "#import"):
            assert page_of(screen).is_visible(css)
        screen.click("#side-open")

        screen.tab.wait_for(PAGE_KEPT)  # the node is the site's host, too
        node.kill()
        screen.click("#reload")
        screen.wait(".notice[data-reason=node-unreachable]")
        notices, talk, focused = screen.tab.evaluate(BOXES, ["#notices", first, "#reload:focus"])
        assert notices["height"] > 0
        assert notices["bottom"] <= min(talk["top"], focused["top"])
        screen.click(".notice .dismiss")
        last = "article.talk:last-of-type .open"  # in the middle of the page, with the focus at its very top
        screen.tab.evaluate(f"document.querySelectorAll('{first}')[5].focus()")
        screen.tab.evaluate(f"document.querySelectorAll('{first}')[5].scrollIntoView()")
        assert screen.has(f"{last}:focus")
        screen.tab.evaluate("document.querySelector('#reload').click()")
        screen.wait(".notice[data-reason=node-unreachable]")

        def is_clear() -> bool:
            notices, focused = screen.tab.evaluate(BOXES, ["#notices", f"{last}:focus"])
            return bool(0 < notices["bottom"] <= focused["top"])

        screen.until(is_clear)
        node.start()
        screen.tab.evaluate("document.querySelector('#reload').click()")
        screen.until(lambda: not screen.has(".notice"))  # what it said is over


def test_no_schema_scrolls_sideways_on_a_phone(chromium_with: Open, node: ServedNode) -> None:
    screen = chromium_with(SchemaScreen, viewport=PHONE)
    assert isinstance(screen, SchemaScreen)
    screen.tab.goto(f"{node.url}schemas.html")
    assert_fits(screen)
    screen.open(f"{node.url}schemas.html")
    screen.write_schema(Schema("W" * 255, "D" * 900, COMMENT.fields))
    screen.fill(screen.part(0, "name"), "N" * 64)
    screen.fill(screen.part(2, "validation"), "[" + "V" * 900)
    screen.click("#publish")
    screen.wait("[aria-invalid]:focus")
    assert_fits(screen)
    screen.fill(screen.part(2, "validation"), "[" + "V" * 900 + "]")
    screen.publish()
    assert_fits(screen)
    screen.open(f"{node.url}schemas.html?id={'W' * 400}")
    assert_fits(screen)


def test_everything_has_a_name_and_can_be_hit(chromium_with: Open, node: ServedNode, tmp_path: Path) -> None:
    """24 pixels each way (WCAG 2.2, 2.5.8); a label counts with its box."""
    controls = (HARNESS / "controls.js").read_text("utf-8")

    def assert_usable(screen: Screen) -> None:
        for size in (PHONE, {"width": 1280, "height": 900}):
            page_of(screen).set_viewport_size(size)
            found = screen.tab.evaluate(controls)
            small = [one["what"] for one in found if min(one["width"], one["height"]) < 24]
            assert small == [], size
            assert [one["what"] for one in found if not one["name"] or not one["described"]] == [], size

    page = chromium_with(viewport=PHONE).open(node.url)
    page.import_file(save(schedule(event(1)), tmp_path / "schedule.json"))
    page.talks()  # opens all
    assert_usable(page)
    screen = chromium_with(SchemaScreen, viewport=PHONE).open(f"{node.url}schemas.html")
    assert isinstance(screen, SchemaScreen)
    screen.write_schema(COMMENT)
    assert_usable(screen)
    screen.publish()
    assert_usable(screen)


READ = ("h1", "#me >>> .author", "#me >>> [part=about]", "#node", "#import-status", "#count", ".note")
OPENED = (
    "article.talk .open",
    "[data-field=persons]",
    "[data-field=room]",
    ".prose",
    "dt",
    "dd",
    ".badge",
    ".edit",
    ".delete",
)


def assert_read(screen: Screen, *paths: str) -> None:
    """In dark and in light."""
    for scheme in ("dark", "light"):
        page_of(screen).emulate_media(color_scheme=scheme)
        assert screen.tab.evaluate("matchMedia('(prefers-color-scheme: dark)').matches") is (scheme == "dark")
        contrast = screen.tab.evaluate((HARNESS / "contrast.js").read_text("utf-8"), list(paths))
        assert {css: ratio for css, ratio in contrast.items() if ratio < 4.5} == {}, scheme
    assert "dark" in screen.tab.evaluate("getComputedStyle(document.documentElement).colorScheme")


def test_text_can_be_read_in_dark_and_in_light(chromium_with: Open, node: ServedNode, tmp_path: Path) -> None:
    screen = chromium_with().open(node.url)
    screen.import_file(save(schedule(event(1)), tmp_path / "schedule.json"))
    screen.talks()  # opens all
    assert_read(screen, *READ, *OPENED)


WRITTEN = (
    "h1",
    ".masthead-links a",
    "label",
    ".checks label",
    "#name",
    "#toml",
    ".note",
    "#author",
    "[data-act=up]",
    "#publish",
    "#form-problem",
    f"{row(0)} .problem",
)
SHOWN = (
    "#name",
    "[data-part=type]",
    "[data-part=validation]",
    "[data-use=id] code",
    "dt",
    "#again",
    ".copy",
    "#known a",
)


def test_a_schema_can_be_read_in_dark_and_in_light(chromium_with: Open, node: ServedNode) -> None:
    screen = chromium_with(SchemaScreen).open(f"{node.url}schemas.html")
    assert isinstance(screen, SchemaScreen)
    screen.write_schema(COMMENT)
    first = screen.publish()
    screen.click("#again")
    screen.fill(screen.part(0, "name"), "id")
    screen.click("#publish")
    screen.wait("[aria-invalid]")
    assert_read(screen, *WRITTEN)
    screen.fill(screen.part(0, "name"), "words")
    screen.publish()
    screen.wait(f"#known [data-id='{first}']")
    assert_read(screen, *SHOWN)
