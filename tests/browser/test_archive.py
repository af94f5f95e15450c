"""All that a tab has, as a file and out of a file; and forgotten, so that nothing is left."""

from collections.abc import Iterator

import pytest

from tests.browser.python import Python
from tests.browsers import Browsers, StaticServer

COUNT = 60


@pytest.fixture(scope="module")
def python(engine: str, browsers: Browsers, disks: StaticServer) -> Iterator[Python]:
    with browsers.tab(engine) as tab:
        yield Python(tab, disks.url)


@pytest.mark.every_engine
@pytest.mark.engines("chromium", "webkit")  # in files, and in IndexedDB
def test_into_a_file_forgotten_and_back_from_the_file(python: Python) -> None:
    found = python.run("round_by_a_file", name="archived", count=COUNT)
    assert (found["there"], found["left"], found["empty"], found["same_name"]) == (True, [], 0, False)
    entries = 1 + COUNT + 1
    assert found["last"] == {"entries": entries, "payloads": entries - 1, "logs": 2, "of": 2}
    assert found["told"] == {
        "entries": entries, "stored": entries, "held": 0, "refused": 0, "invalid": 0, "unlinked": 0, "untaken": [],
    }  # fmt: skip
    assert found["same"]
    assert found["shown"] == [n for n in range(COUNT) if n != 1]


def test_files_that_are_none(python: Python) -> None:
    said = python.run(
        "import_of_what_is_none",
        texts=["", "nothing", '{"pandaArchive":1}\n\ud800\n', '{"pandaArchive":1}\n'],
    )
    assert [each[0] for each in said] == [
        "not-an-archive", "not-an-archive", "archive-line-malformed", "archive-incomplete", "import-not-begun",
    ]  # fmt: skip
    assert all(len(words) > 40 for _, words in said)


def test_everything_here_is_forgotten_and_what_is_nowhere_else_only_when_that_is_said(python: Python) -> None:
    said = python.run("forget_everything", name="forgotten")
    assert said["waiting"] == 3
    assert said["refused"][0] == "own-unsent"
    assert said["sent"] == 0
    assert said["meanwhile"][0] == "own-unsent", "it was written in between"
    assert said["kept"] == [1, 4, False]
    assert said["gone"] == [4, 1, 1]
    assert said["brought"] == [4, 0], "into the new database of another tab, which goes too"
    assert said["left"] == [[], []]
    assert said["another"]


def test_other_tabs_go_on_with_an_empty_node(python: Python, disks: StaticServer) -> None:
    other = Python(python.tab.new_tab(), disks.url)
    try:
        assert python.run("share", name="forgotten-by-one") is True
        assert other.run("share", name="forgotten-by-one") is False
        python.run("define")
        assert other.run("definitions_of_shared") == 1
        python.run("forget_shared")
        assert other.run("definitions_of_shared") == 0
    finally:
        other.tab.close()
