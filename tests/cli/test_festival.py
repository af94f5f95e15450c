"""`panda festival export` as people run it: the programme into files, which others take in."""

import json
from collections.abc import Iterator
from pathlib import Path

import icalendar
import pytest

from tests.browser.festivals import event, schedule
from tests.cli.test_commands import fails, output, panda
from tests.processes import ServedNode

EVENTS = (event(1), event(2, title="Löten; für\nalle"), event(3, date=None, start=None))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("node")


@pytest.fixture(scope="module")
def node(folder: Path) -> Iterator[ServedNode]:
    with ServedNode(folder, None, "--festival") as served:
        for name, events in (("me", EVENTS), ("other", (event(1), event(9)))):
            data = ("--data", folder / name)
            output("key", "new", *data)
            (folder / "file").write_text(json.dumps(schedule(*events)))
            output("festival", "import", folder / "file", *data, "--node", served.url)
        yield served


def test_a_calendar(node: ServedNode, tmp_path: Path) -> None:
    file = tmp_path / "programme.ics"
    exporting = ("festival", "export", file, "--name", "Fest", "--node", node.url)
    done = panda(*exporting)
    assert (done.returncode, json.loads(done.stdout)) == (0, {"file": str(file), "talks": 3})
    assert done.stderr == "Without a time, and so not in the calendar: 1 talk.\n"
    calendar = icalendar.Calendar.from_ical(file.read_bytes())
    found = {(str(each["SUMMARY"]), str(each["LOCATION"])) for each in calendar.walk("VEVENT")}
    assert found == {("Talk 1", "Meadow"), ("Löten; für alle", "Meadow"), ("Talk 9", "Meadow")}
    before = file.read_bytes()
    assert panda(*exporting).returncode == 0
    assert file.read_bytes() == before
    diary = tmp_path / "diary.ics"
    diary.write_text("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:somebody else\r\n")
    fails("file-taken", "festival", "export", diary, "--node", node.url)
    assert not list(tmp_path.glob("*.part"))


def test_a_schedule_of_one_author_goes_into_another_node(
    node: ServedNode, folder: Path, tmp_path: Path
) -> None:
    author = output("key", "show", "--data", folder / "me")["author"]
    file, again = tmp_path / "programme.json", tmp_path / "again.json"
    output("festival", "export", file, "--programme-of", author, "--node", node.url)
    data = ("--data", tmp_path / "me")
    output("key", "new", *data)
    with ServedNode(tmp_path / "node", None, "--festival") as other:
        there = ("--node", other.url)
        done = output("festival", "import", file, *data, *there)
        assert (done["published"], done["leftOut"]) == (3, [])
        exported = panda("festival", "export", "-", "--format", "json", *there)
        again.write_text(exported.stdout)
        assert output("festival", "import", again, *data, *there)["unchanged"] == 3


def test_what_is_wrong_is_said(node: ServedNode, tmp_path: Path) -> None:
    nobody = ("--programme-of", "00" * 32)
    there = ("--node", node.url)
    fails("programme-empty", "festival", "export", tmp_path / "a.ics", *nobody, *there)
    fails("programme-empty", "festival", "export", tmp_path / "a.json", *nobody, *there)
    fails("file-failed", "festival", "export", tmp_path / "no" / "a.json", *there)
    fails("node-unreachable", "festival", "export", tmp_path / "a.ics", "--node", "http://localhost:1")
    for wrong in (["a.pdf"], ["-"], ["a.ics", "--programme-of", "me"], ["a.ics", "--format", "pdf"]):
        assert panda("festival", "export", *wrong, *there).returncode == 2
    assert not list(tmp_path.iterdir())
