"""The programme is in this browser: read without a node, written without one, taken along, and forgotten."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser.asking import TALKS, instances_at, write_as_stranger
from tests.browser.elements_screen import ElementsScreen
from tests.browser.screen import Screen
from tests.browsers import Browsers, PlaywrightTab
from tests.processes import ServedNode

WAITING = "[...document.querySelectorAll('.records [data-waits]:not([hidden])')].map((it) => it.parentNode.textContent)"


@pytest.fixture
def served(site: Path, tmp_path: Path) -> Iterator[ServedNode]:
    """A node of the test's own: it ends in the middle."""
    with ServedNode(tmp_path / "data", site, "--festival") as node:
        yield node


def titles(screen: Screen) -> list[str]:
    return sorted(talk["fields"]["title"] for talk in screen.talks())


@pytest.mark.every_engine
def test_everything_that_was_seen_is_there_without_a_node(
    engine: str, browsers: Browsers, served: ServedNode
) -> None:
    write_as_stranger(served.url, {"title": "Theirs"}, {"title": "Theirs too"})
    with browsers.tab(engine) as tab:
        screen = Screen(tab).open(served.url)
        screen.until(lambda: titles(screen) == ["Theirs", "Theirs too"])
        screen.wait("#here[data-here=whole][hidden]")
        served.kill()
        mine = screen.write(title="Mine")
        screen.wait(f"article[data-id='{mine['id']}'][data-waiting=true] .badge")
        screen.wait("#pending[data-pending='1']:not([hidden])")
        assert "content security policy" not in screen.all_words().lower()

        other = Screen(tab.new_tab()).open(
            served.url
        )  # another tab, which comes without the node; the site is kept
        other.until(lambda: titles(other) == ["Mine", "Theirs", "Theirs too"])
        other.wait("#here:not([hidden])")
        assert "The node does not answer. This is the programme as it came here" in other.text("#here")
        screen.tab.goto("about:blank")  # and the tab that had the database goes
        other.write(title="Mine too")
        served.start()
        other.wait("#pending[data-pending='0'][hidden]")
        other.until(lambda: not other.has("[data-waiting=true]"))
        other.tab.close()
    held = sorted(str(each["title"]) for each in instances_at(served.url))
    assert held == ["Mine", "Mine too", "Theirs", "Theirs too"]


def test_all_of_it_in_a_file_into_another_browser_and_forgotten(
    browsers: Browsers, served: ServedNode, tmp_path: Path
) -> None:
    write_as_stranger(served.url, {"title": "Theirs"})
    file = tmp_path / "all.panda"
    with browsers.tab("chromium") as tab:
        assert isinstance(tab, PlaywrightTab)
        screen = Screen(tab).open(served.url)
        screen.write(title="Mine")
        author = screen.data("#me", "author")
        screen.click("#in-here summary")
        screen.until(lambda: "MB of this device" in screen.text("#here-room"))
        with tab.page.expect_download() as download:
            screen.click("#here-export")
        download.value.save_as(file)

        tab.evaluate("() => localStorage.setItem('panda-web hidden authors', '[]')")
        served.kill()
        screen.write(title="Nowhere else")
        screen.click("#here-forget")
        screen.click("#forget-first")
        screen.click("#forget-yes")
        screen.until(lambda: "nowhere but here" in screen.text("#forget"))
        screen.click("#forget-no")
        assert screen.talk("Nowhere else")
        data = ElementsScreen(tab.new_tab())
        data.tab.goto(f"{served.url}data.html?schema={TALKS}&order=title")
        data.until(lambda: data.rows() == ["Mine", "Nowhere else", "Theirs"])
        assert data.tab.evaluate(WAITING) == ["Nowhere elsewaiting"]
        data.press("[data-waiting] .open-one")
        data.wait("#open-body [data-badge=waiting]")
        data.tab.close()
        screen.click("#here-forget")
        screen.click("#forget-first")
        screen.click("#forget-yes")
        screen.until(lambda: "nowhere but here" in screen.text("#forget"))
        with tab.page.expect_navigation():
            screen.click("#forget-yes")
        screen.wait("html[data-state=ready]")
        screen.until(lambda: screen.data("#programme", "state") == "failed")
        assert "Not here yet" in screen.text("#no-answer")
        assert screen.data("#me", "author") != author
        assert tab.evaluate("Object.keys(localStorage)") == []

        screen.click("#in-here summary")
        screen.give("#here-file", file)
        screen.until(lambda: titles(screen) == ["Mine", "Theirs"])
        assert "new here" in screen.text("#in-this-browser [role=status]")
        served.start()
