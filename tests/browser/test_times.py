"""Times on the page: ordered by the moments that they mean, ends across a clock change, all that a schema takes."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser.asking import write_as_stranger
from tests.browser.screen import Screen
from tests.browser.sites import HARNESS
from tests.browsers import Browsers
from tests.processes import ServedNode


@pytest.fixture
def shown(engine: str, browsers: Browsers, site: Path, tmp_path: Path) -> Iterator[Any]:
    """What the page shows of talks."""

    def show(*talks: dict[str, Any]) -> Any:
        write_as_stranger(node.url, *talks)
        screen = Screen(tab).open(node.url)
        return screen.tab.evaluate((HARNESS / "times.js").read_text("utf-8"))

    with ServedNode(tmp_path / "node", site, "--festival") as node, browsers.tab(engine) as tab:
        yield show


def talk(title: str, start: str, duration: str = "00:15", **fields: str) -> dict[str, Any]:
    return {"title": title, "start": start, "duration": duration, **fields}


def test_the_night_of_a_clock_change(shown: Any) -> None:
    """Two hours have the same clocks; the browser is in neither zone."""
    found = shown(
        talk("later", "2026-10-25T02:10:00+01:00"),
        talk("first", "2026-10-25T02:50:00+02:00"),
        talk("before", "2026-10-25T01:30:00+02:00", "02:00"),
        talk("the day before", "2026-10-24T12:00:00+02:00"),
        talk("elsewhere", "2026-10-24T12:30:00+05:30"),
    )
    assert found["talks"] == [
        ["2026-10-24", "elsewhere", "12:30–12:45 (+05:30)"],
        ["2026-10-24", "the day before", "12:00–12:15"],
        ["2026-10-24", "before", "01:30–02:30"],
        ["2026-10-24", "first", "02:50–02:05"],
        ["2026-10-24", "later", "02:10–02:25 (+01:00)"],
    ]


def test_zones_forms_and_names(shown: Any) -> None:
    names = {"track": "Caf\u00e9"}
    found = shown(
        talk("Berlin evening", "2026-06-05T18:00:00+02:00", **names),
        talk("Berlin noon", "2026-06-05T12:00:00+02:00", track="Cafe\u0301"),
        talk("UTC", "2026-06-05t09:00:00z"),
        talk("New York", "2026-06-05T10:30:00.123456789012345678901234567890-04:00"),
        talk("Hawaii", "2026-06-04T23:30:00-10:00"),
        talk("no colon", "2026-06-05T16:00:00+0200"),
        talk("leap second", "2016-12-31T23:59:60Z"),
        talk("also Berlin", "2026-06-05T17:00:00+02:00"),
    )
    assert found["talks"] == [
        ["2016-12-31", "leap second", "23:59–00:15 (UTC)"],
        ["2026-06-05", "UTC", "09:00–09:15 (UTC)"],
        ["2026-06-05", "Hawaii", "23:30–23:45 (-10:00)"],
        ["2026-06-05", "Berlin noon", "12:00–12:15"],
        ["2026-06-05", "no colon", "16:00–16:15"],
        ["2026-06-05", "New York", "10:30–10:45 (-04:00)"],
        ["2026-06-05", "also Berlin", "17:00–17:15"],
        ["2026-06-05", "Berlin evening", "18:00–18:15"],
    ]
    assert found["tracks"] == ["Caf\u00e9 (2)", "No track (6)"]
