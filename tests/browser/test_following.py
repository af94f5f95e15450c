"""The programme follows its node: in all tabs and profiles, while somebody reads and writes, and through cuts."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from panda_web import Client
from panda_web.keys.with_cryptography import CryptographySigner
from tests.browser.asking import ROOMS, TALKS, write_as_stranger
from tests.browser.screen import Screen
from tests.browsers import Browsers, PlaywrightTab
from tests.processes import ServedNode

LEAVE = "() => dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true }))"
COME_BACK = "() => dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))"
COUNT_REDRAWS = """() => {
    globalThis.redraws = 0;
    new MutationObserver(() => { globalThis.redraws += 1; }).observe(document.querySelector("#count"), { childList: true });
}"""
TOP = "(id) => Math.round(document.querySelector(`article[data-id='${id}']`).getBoundingClientRect().top)"


@pytest.fixture
def served(site: Path, tmp_path: Path) -> Iterator[ServedNode]:
    """A node of the test's own: it ends in the middle."""
    with ServedNode(tmp_path / "data", site, "--festival") as node:
        yield node


def titles(screen: Screen) -> list[str]:
    return sorted(talk["fields"]["title"] for talk in screen.talks())


def test_pages_change_without_a_reload(browsers: Browsers, served: ServedNode) -> None:
    """Two tabs of one profile and one of another; the node is away, and what is written meanwhile is there after."""
    stranger = CryptographySigner.generate()
    with browsers.tab("chromium") as tab, browsers.tab("chromium") as elsewhere:
        first, other = Screen(tab).open(served.url), Screen(elsewhere).open(served.url)
        second = Screen(tab.new_tab()).open(served.url)
        all_of_them = (first, second, other)

        def all_show(*wanted: str) -> None:
            for screen in all_of_them:
                screen.until(lambda screen=screen: titles(screen) == sorted(wanted))

        mine = first.write(title="Mine", room="Attic", abstract="As it was")
        all_show("Mine")
        assert [screen.data("article.talk", "mine") for screen in all_of_them] == ["true", "true", "false"]
        other.until(lambda: (other.talk("Mine") or {})["fields"].get("room") == "Attic")

        # The open talk changes too, and what somebody types stays.
        assert other.has("article.talk.is-open")
        second.act("edit", mine["id"])
        second.fill("#f-title", "Half a ti")
        first.act("edit", mine["id"])
        first.fill("#f-abstract", "As it is now")
        first.click("#editor-save")
        other.until(lambda: "As it is now" in other.words("article.talk.is-open"))
        assert second.value("#f-title") == "Half a ti"
        second.click("#editor-close")

        # What somebody presses stays under the pointer until they let go.
        assert isinstance(first.tab, PlaywrightTab)
        first.wait("article.talk.is-open .edit")
        first.tab.page.hover("article.talk .edit")
        first.tab.page.mouse.down()
        second.act("edit", mine["id"])
        second.fill("#f-title", "Mine")
        second.fill("#f-abstract", "As it will be")
        second.click("#editor-save")
        other.until(lambda: "As it will be" in other.words("article.talk.is-open"))
        first.tab.page.mouse.up()
        first.click("#editor-close")
        first.until(lambda: "As it will be" in first.words("article.talk.is-open"))

        async def write(*names: str) -> None:
            async with Client(served.url, stranger) as panda:
                for name in names:
                    await panda.create(TALKS, {"title": name, "guid": name})

        asyncio.run(write("Before"))
        all_show("Mine", "Before")
        served.kill()
        other.wait("#node-state[data-node=unreachable]")
        served.start()
        asyncio.run(write("After"))
        all_show("Mine", "Before", "After")

        # A page that is left is kept as it stands, and goes on when the reader comes back.
        other.tab.evaluate(LEAVE)
        asyncio.run(write("Meanwhile"))
        other.tab.evaluate(COME_BACK)
        all_show("Mine", "Before", "After", "Meanwhile")
        asyncio.run(write("At last"))
        all_show("Mine", "Before", "After", "Meanwhile", "At last")

        first.act("delete", mine["id"])
        first.click("#confirm-yes")
        all_show("Before", "After", "Meanwhile", "At last")


def test_much_at_once_is_drawn_now_and_then_and_the_reader_stays_where_they_are(
    browsers: Browsers, served: ServedNode
) -> None:
    day = "2026-08-02T{:02}:00:00+02:00"
    read, *_ = write_as_stranger(
        served.url,
        *({"title": f"Old {n}", "guid": f"old {n}", "start": day.format(9 + n % 12)} for n in range(40)),
    )
    with browsers.tab("chromium") as tab:
        screen = Screen(tab).open(served.url)
        last = screen.talks()[-1]["id"]
        screen.click(f"article[data-id='{last}'] summary")
        tab.evaluate("(id) => document.querySelector(`article[data-id='${id}'] .open`).focus()", last)
        tab.evaluate("(id) => document.querySelector(`article[data-id='${id}']`).scrollIntoView()", last)
        before = tab.evaluate(TOP, last)
        tab.evaluate(COUNT_REDRAWS)
        new = [
            {"title": f"New {n}", "guid": f"new {n}", "start": day.format(6 + n % 4).replace("02T", "01T")}
            for n in range(300)
        ]
        (room,) = write_as_stranger(served.url, {"name": "Curie"}, schema=ROOMS)
        write_as_stranger(served.url, *({**talk, "room": room} for talk in new))
        screen.until(lambda: screen.data("#count", "total") == "340")
        assert tab.evaluate("redraws") < 100
        assert tab.evaluate(TOP, last) == pytest.approx(before, abs=2)
        assert screen.has(f"article[data-id='{last}'] .open:focus")
        assert screen.has(f"article[data-id='{last}'] details[open]")
        assert screen.has(f"article[data-id='{read}']")
