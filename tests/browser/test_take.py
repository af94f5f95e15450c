"""The programme to take along: what is shown goes into a file, without a network too."""

from pathlib import Path

import icalendar
from panda_festival.schedule import read_schedule

from tests.browser.festivals import event, save, schedule
from tests.browser.screen import Screen
from tests.browser.test_second_visit import KEPT
from tests.browsers import Browsers, PlaywrightTab
from tests.processes import ServedNode
from tests.schedules import by_guid


def test_what_is_shown_goes_into_files(browsers: Browsers, site: Path, tmp_path: Path) -> None:
    events = [
        event(1),
        event(2, room="Attic; or\ncellar", title="Bread, and\r\nBEGIN:VALARM"),
        event(3, date=None, start=None),
    ]
    file = save(schedule(*events), tmp_path / "schedule.json")
    with ServedNode(tmp_path / "node", site, "--festival") as node, browsers.tab("chromium") as tab:
        assert isinstance(tab, PlaywrightTab)
        screen = Screen(tab).open(node.url)
        assert tab.evaluate("() => document.querySelector('#take').hidden")
        screen.import_file(file)
        screen.sent()
        tab.wait_for(KEPT)  # all of Python is here
        tab.page.context.set_offline(True)

        def taken(css: str) -> tuple[str, bytes]:
            with tab.page.expect_download() as download:
                screen.click(css)
            return download.value.suggested_filename, Path(download.value.path()).read_bytes()

        name, data = taken("#take-json")
        assert name == "panda-web.json"
        assert by_guid(read_schedule(data).talks) == by_guid(read_schedule(file.read_bytes()).talks)
        assert screen.text("#take-said") == "3 talks saved."

        name, data = taken("#take-ics")
        assert name == "panda-web.ics"
        titles = [str(each["SUMMARY"]) for each in icalendar.Calendar.from_ical(data).walk("VEVENT")]
        assert sorted(titles) == ["Bread, and BEGIN:VALARM", "Talk 1"]
        assert screen.text("#take-said") == "2 talks saved. 1 has no time, and is not in the calendar."

        assert screen.text("#take-words") == "Take the programme along:"
        screen.fill("#search", "bread")
        screen.until(lambda: screen.text("#take-words") == "Take along what is shown:")
        assert screen.text("#take-said") == ""
        _, data = taken("#take-json")
        assert [talk["title"] for talk in read_schedule(data).talks] == ["Bread, and\r\nBEGIN:VALARM"]

        screen.click("article:not([hidden]) .open")
        name, data = taken("article:not([hidden]) .take")
        assert name == "Bread-and-BEGIN-VALARM.ics"
        (one,) = icalendar.Calendar.from_ical(data).walk("VEVENT")
        assert str(one["LOCATION"]) == "Attic; or cellar"

        screen.fill("#search", "talk 3")
        screen.until(lambda: screen.text("article:not([hidden]) [data-field=title]") == "Talk 3")
        screen.click("article:not([hidden]) .open")
        screen.wait("article:not([hidden]) .body")
        assert not screen.has("article:not([hidden]) .take")
        screen.click("#take-ics")
        screen.wait(".notice[data-reason=programme-empty]")
        tab.page.context.set_offline(False)
