"""One node for all tabs of a site, on its real store: who has it, and what becomes of calls when its tab goes."""

import re
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import playwright.sync_api
import pytest

from tests.browser.python import Python
from tests.browsers import Browsers, PlaywrightTab, StaticServer, kill_renderer

ACK = re.compile(r"GET /ack/([0-9a-f]{64})/(\d+) ")


def acknowledged(server: StaticServer) -> Counter[str]:
    """How many talks each author was told to be stored."""
    counts: Counter[str] = Counter()
    for line in list(server.requests):
        if told := ACK.match(line):
            counts[told[1]] = max(counts[told[1]], int(told[2]))
    return counts


class Tabs:
    """Tabs that write and follow, by their authors.

    Args:
        server: of their pages, which hears what was acknowledged.
        name: of their node.
    """

    def __init__(self, server: StaticServer, name: str) -> None:
        self._server = server
        self._name = name
        self._schema = ""
        self.there: dict[str, Python] = {}

    def join(self, python: Python) -> bool:
        """A tab begins; gives whether it has the node."""
        has_it = bool(python.run("share", name=self._name))
        self._schema = self._schema or python.run("define")
        self.there[python.run("write_and_follow", schema=self._schema)] = python
        return has_it

    def author(self, python: Python) -> str:
        """Who writes in a tab."""
        return next(author for author, each in self.there.items() if each is python)

    def owner(self) -> str:
        """The author of the tab that has the node."""
        end = time.monotonic() + 60
        while time.monotonic() < end:
            found = [author for author, python in self.there.items() if python.run("has_it")]
            assert len(found) < 2
            if found:
                return found[0]
        raise AssertionError("nobody has it")

    def go_on(self) -> None:
        """Waits until each has written something more."""
        before = acknowledged(self._server)
        end = time.monotonic() + 60
        while any(acknowledged(self._server)[author] <= before[author] for author in self.there):
            assert time.monotonic() < end, [python.run("followed", count=0) for python in self.there.values()]
            time.sleep(0.02)

    def check(self) -> None:
        """All that was acknowledged is there, once, and each tab was told of all of it, once."""
        counts = {author: python.run("stop_writing") for author, python in self.there.items()}
        held = next(iter(self.there.values())).run("held", schema=self._schema)
        assert {author: len(held[author]) for author in counts} == counts
        assert all(numbers == [*range(len(numbers))] for numbers in held.values())
        assert all(len(held[author]) >= told for author, told in acknowledged(self._server).items() if told)
        total = sum(map(len, held.values()))
        for python in self.there.values():
            followed = python.run("followed", count=total)
            assert followed == {"count": total, "kinds": ["added"], "most": 1, "failed": []}


@pytest.fixture
def server(disks: StaticServer) -> StaticServer:
    disks.requests.clear()
    return disks


@pytest.fixture
def first(engine: str, browsers: Browsers, server: StaticServer) -> Iterator[Python]:
    with browsers.tab(engine) as tab:
        yield Python(tab, server.url)


@pytest.mark.every_engine
def test_whoever_wants_it_hears_what_became_of_it(first: Python) -> None:
    """And no lock is left behind: where one is, the next tab would wait for ever."""
    left = first.run("own")
    assert len(left) >= 4
    assert set(left.values()) == {0}


@pytest.mark.every_engine
def test_a_tab_that_goes_leaves_it_to_the_next(first: Python, server: StaticServer) -> None:
    """Its worker is ended, as that of a page that is put aside."""
    tabs = Tabs(server, "goes")
    assert tabs.join(first)
    others = [Python(first.tab.new_tab(), server.url) for _ in range(2)]
    assert [tabs.join(each) for each in others] == [False, False]
    tabs.go_on()
    first.page("end")
    del tabs.there[tabs.author(first)]
    assert tabs.owner()
    tabs.go_on()
    tabs.check()
    for each in others:
        each.tab.close()


def leaves(python: Python, _: Path) -> None:
    """An orderly end."""
    python.run("leave")


def closes(python: Python, _: Path) -> None:
    python.tab.close()


def crashes(python: Python, _: Path) -> None:
    with pytest.raises(playwright.sync_api.Error, match="crash"):
        python.tab.goto("chrome://crash")


def is_killed(python: Python, profile: Path) -> None:
    assert isinstance(python.tab, PlaywrightTab)
    assert kill_renderer(python.tab, profile) == 1


ENDS: tuple[Callable[[Python, Path], None], ...] = (leaves, closes, crashes, is_killed)


@pytest.mark.engines("chromium")
@pytest.mark.skipif(sys.platform != "linux", reason="finds the browser's processes in /proc")
def test_whatever_ends_the_tab_that_has_it(
    engine: str, browsers: Browsers, server: StaticServer, tmp_path: Path, long: bool
) -> None:
    """Two write and follow at each time, and nothing is missed or doubled from end to end."""
    tabs = Tabs(server, "ends")
    profile = tmp_path / "profile"
    with browsers.killable(engine, profile) as tab:
        tabs.join(Python(tab.new_tab(), server.url))
        for end in ENDS * (5 if long else 1):
            assert not tabs.join(Python(tab.new_tab(), server.url))
            tabs.go_on()
            end(tabs.there.pop(tabs.owner()), profile)
            assert tabs.owner()
            tabs.go_on()
        tabs.check()
