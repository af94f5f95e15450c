"""Addresses of the programme: they hold the filter and the open talk, so they can be sent, and Back leads back."""

from collections.abc import Iterator
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from panda_festival.schemas import ROOM

from tests.browser.asking import write_as_stranger
from tests.browser.screen import Screen
from tests.browsers import Browsers
from tests.processes import ServedNode


@pytest.fixture(scope="module")
def screen(engine: str, browsers: Browsers, node: ServedNode) -> Iterator[Screen]:
    with browsers.tab(engine) as tab:
        yield Screen(tab)


@pytest.fixture(scope="module")
def talks(node: ServedNode) -> list[str]:
    """Their ids, of Talk 0 to Talk 5, in two rooms."""
    rooms = write_as_stranger(node.url, {"name": "Curie"}, {"name": "Größe 10"}, schema=str(ROOM.id))
    rows = (
        {"title": f"Talk {n}", "start": f"2026-08-0{1 + n // 3}T1{n}:00:00+02:00", "room": rooms[n % 2]}
        for n in range(6)
    )
    return write_as_stranger(node.url, *rows)


def said(screen: Screen) -> dict[str, str]:
    query = parse_qs(urlsplit(screen.tab.evaluate("location.href")).query)
    return {name: values[0] for name, values in query.items()}


def shown(screen: Screen) -> list[str]:
    titles = "[...document.querySelectorAll('article.talk:not([hidden]) [data-field=title]')].map((it) => it.textContent)"
    return list(screen.tab.evaluate(titles))


def is_open(screen: Screen, talk: str) -> bool:
    return screen.has(f"article[data-id='{talk}'] .open[aria-expanded=true]")


def back(screen: Screen) -> None:
    screen.tab.evaluate("() => { history.back(); }")


def test_filter_and_open_talk_stand_in_the_address(
    screen: Screen, node: ServedNode, talks: list[str]
) -> None:
    screen.open(node.url)
    assert said(screen) == {}
    screen.wait("#filter-room option[value='Größe 10']")  # rooms come behind the talks
    screen.select("#filter-room", "Größe 10")
    screen.select("#filter-day", "2026-08-02")
    screen.until(lambda: shown(screen) == ["Talk 3", "Talk 5"])
    screen.click(f"article[data-id='{talks[5]}'] .open")
    place = {"room": "Größe 10", "day": "2026-08-02", "talk": talks[5]}
    assert said(screen) == place

    screen.open(
        str(screen.tab.evaluate("location.href"))
    )  # as somebody to whom it was sent, or after a reload
    screen.until(lambda: is_open(screen, talks[5]))
    assert said(screen) == place
    screen.until(lambda: shown(screen) == ["Talk 3", "Talk 5"])
    screen.click(f"article[data-id='{talks[3]}'] .open")
    assert said(screen)["talk"] == talks[3]
    back(screen)
    screen.until(lambda: is_open(screen, talks[5]) and not is_open(screen, talks[3]))
    screen.click("#filter-clear")
    assert said(screen) == {"talk": talks[5]}
    screen.until(lambda: len(shown(screen)) == 6)
    back(screen)
    screen.until(lambda: len(shown(screen)) == 2)
    assert screen.value("#filter-room") == "Größe 10"


def test_search_is_one_step_of_the_way_back(screen: Screen, node: ServedNode, talks: list[str]) -> None:
    screen.open(f"{node.url}?node={node.url}")
    screen.select("#filter-day", "2026-08-01")
    screen.fill("#search", "talk 1")
    screen.until(lambda: said(screen).get("search") == "talk 1")
    screen.until(lambda: shown(screen) == ["Talk 1"])
    assert said(screen)["node"] == node.url
    back(screen)
    screen.until(lambda: len(shown(screen)) == 6)
    assert screen.value("#search") == ""


def test_address_of_what_is_not_here(screen: Screen, node: ServedNode, talks: list[str]) -> None:
    """A talk that is gone, a room that nobody has, and what no link of ours would say."""
    hostile = {"talk": "<img src=x>", "room": "nowhere", "day": "never", "search": "x" * 5000}
    screen.open(f"{node.url}?{urlencode(hostile)}")
    screen.wait(".notice[data-reason=talk-missing]")
    assert screen.value("#filter-room") == ""
    assert shown(screen) == []  # of those words nothing is found
    screen.click("#no-match-clear")
    screen.until(lambda: len(shown(screen)) == 6)
    screen.open(f"{node.url}?talk={'0040' + '9' * 128}")
    screen.wait(".notice[data-reason=talk-missing]")
    screen.until(lambda: len(shown(screen)) == 6)


def test_a_filter_that_was_cleared_stays_so(screen: Screen, node: ServedNode, talks: list[str]) -> None:
    """Also where a way back had asked for it, and the programme is drawn anew."""
    screen.open(node.url)
    screen.select("#filter-day", "2026-08-02")
    screen.select("#filter-day", "2026-08-01")
    back(screen)
    screen.until(lambda: shown(screen) == ["Talk 3", "Talk 4", "Talk 5"])
    screen.click("#filter-clear")
    screen.until(lambda: len(shown(screen)) == 6)
    write_as_stranger(node.url, {"title": "Talk 6", "start": "2026-08-01T20:00:00+02:00"})
    screen.until(lambda: len(shown(screen)) == 7)
    assert screen.value("#filter-day") == ""
