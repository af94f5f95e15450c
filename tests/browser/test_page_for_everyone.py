"""The page by keyboard alone, at a phone's width, in dark and in light."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.browser.asking import instances_at
from tests.browser.festivals import ODD, event, save, schedule
from tests.browser.screen import Screen
from tests.browser.sites import HARNESS
from tests.browsers import Browsers, PlaywrightTab, require
from tests.processes import ServedNode

PHONE = {"width": 360, "height": 740}
Open = Callable[..., Screen]


@pytest.fixture(scope="module")
def node(site: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedNode]:
    with ServedNode(tmp_path_factory.mktemp("node"), site) as served:
        yield served


@pytest.fixture
def chromium_with(browsers: Browsers) -> Iterator[Callable[..., Screen]]:
    """Tabs of Chromium with a size and a colour scheme."""
    with ExitStack() as tabs:

        def start(**options: Any) -> Screen:
            page = browsers.chromium.new_context(**options).new_page()
            return Screen(tabs.enter_context(PlaywrightTab(require("chromium"), page)))

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
    tab_to(screen, "#import-file")
    with page_of(screen).expect_file_chooser() as chooser:
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
        screen.click("#reload")
        screen.wait(".notice[data-reason=node-unreachable]")
        assert_fits(screen)


READ = ("h1", "#author", "#key-kind", "#node", "#import-status", "#count", ".note")
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


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_text_can_be_read_in_dark_and_in_light(
    chromium_with: Open, node: ServedNode, scheme: str, tmp_path: Path
) -> None:
    screen = chromium_with(color_scheme=scheme).open(node.url)
    screen.import_file(save(schedule(event(1)), tmp_path / "schedule.json"))
    screen.talks()  # opens all
    contrast = screen.tab.evaluate((HARNESS / "contrast.js").read_text("utf-8"), [*READ, *OPENED])
    assert {css: ratio for css, ratio in contrast.items() if ratio < 4.5} == {}
    background = screen.tab.evaluate("getComputedStyle(document.documentElement).colorScheme")
    assert "dark" in background
    assert screen.tab.evaluate("matchMedia('(prefers-color-scheme: dark)').matches") is (scheme == "dark")
