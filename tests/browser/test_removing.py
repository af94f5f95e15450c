"""What a reader removes from their browser, and what whoever runs a node removes there: the page tells them apart."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from panda_web import Client
from panda_web.client.store import MemoryStore
from panda_web.keys.with_cryptography import CryptographySigner
from panda_web.messages.schema import FieldDefinition, Schema
from tests.browser.asking import instances_at
from tests.browser.elements_screen import ElementsScreen
from tests.browsers import Browsers
from tests.cli.test_commands import output
from tests.processes import ServedNode

NOTE = Schema(
    "note",
    "What somebody notes.",
    (FieldDefinition("title", "varchar"), FieldDefinition("about", "text", optional=True)),
)
WORDS = "No <b>advertising</b> here."
OPEN = "#open-body "


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("removing")


@pytest.fixture(scope="module")
def served(site: Path, folder: Path) -> Iterator[ServedNode]:
    with ServedNode(folder, site) as found:
        yield found


class Writers:
    """Two authors at a node, each with a log."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.stores = [MemoryStore(), MemoryStore()]
        self.schema = ""
        self.ids: dict[str, str] = {}

    def work(self, number: int, *steps: tuple[str, str, dict[str, Any]]) -> None:
        async def work() -> None:
            key = CryptographySigner(bytes((50 + number,)) * 32)
            async with Client(self.url, key, store=self.stores[number]) as panda:
                self.schema = self.schema or str((await panda.define(NOTE)).id)
                for action, title, fields in steps:
                    match action:
                        case "create":
                            self.ids[title] = (await panda.create(self.schema, {"title": title, **fields})).id
                        case "update":
                            await panda.update(self.schema, self.ids[title], fields)
                        case "delete":
                            await panda.delete(self.schema, self.ids[title])

        asyncio.run(work())


def rows(screen: ElementsScreen, *titles: str) -> None:
    """Waits until the table has these."""
    screen.until(lambda: sorted(screen.rows()) == sorted(titles))


def test_a_reader_removes_and_fetches_again(browsers: Browsers, served: ServedNode, folder: Path) -> None:
    writers = Writers(served.url)
    writers.work(0, *(("create", each, {}) for each in ("one", "two", "three")))
    writers.work(1, ("create", "four", {}), ("create", "large", {"about": "long " * 1000}))
    at = f"{served.url}data.html?{urlencode({'schema': writers.schema})}"
    with browsers.tab("chromium") as tab:
        screen = ElementsScreen(tab)
        screen.open(at)
        everything = ("one", "two", "three", "four", "large")
        rows(screen, *everything)

        # One of them, and back.
        screen.press(f".records tr[data-id='{writers.ids['three']}'] .open-one")
        screen.press(f"{OPEN}.removing summary")
        screen.press("#remove-this")
        screen.wait(f"{OPEN}.absent[data-absent=dropped]")
        assert screen.text("#open-title") == "Removed from this browser"
        assert len(instances_at(served.url, writers.schema)) == 5, "nobody else has lost it"
        tab.goto(f"{at}&open={writers.ids['three']}")
        screen.wait(f"{OPEN}.absent[data-absent=dropped]")
        rows(screen, "one", "two", "four", "large")
        writers.work(0, ("delete", "two", {}), ("update", "one", {"about": "changed"}))
        rows(screen, "one", "four", "large")

        # The log of its author says what is lacking, each kind apart.
        tab.goto(f"{at}&open={writers.ids['one']}")
        screen.press(f"{OPEN}.versions summary")
        screen.wait(f"{OPEN}[data-lacking=dropped]")
        assert screen.words(f"{OPEN}[data-lacking=dropped]") == "1 was removed from here"
        assert screen.words(f"{OPEN}[data-lacking=deleted]") == "1 was deleted by its author"
        assert not screen.has(f"{OPEN}[data-lacking=never-held]")
        tab.goto(f"{at}&open={writers.ids['two']}")
        screen.wait(f"{OPEN}.absent[data-absent=deleted]")
        tab.goto(f"{at}&open={writers.ids['three']}")
        screen.press("#open-keep")
        screen.until(lambda: screen.text("#open-title") == "three")
        screen.press("#open-close")
        rows(screen, "one", "three", "four", "large")

        # What is large, and what somebody wrote.
        screen.press("#away summary")
        screen.select("#away-size", "1024")
        screen.press("#away-large")
        rows(screen, "one", "three", "four")
        screen.press(".notice[data-reason=removed] button")
        rows(screen, "one", "three", "four", "large")
        screen.press(f".records tr[data-id='{writers.ids['four']}'] .open-one")
        screen.press(f"{OPEN}.removing summary")
        screen.press("#remove-author")
        screen.wait(f"{OPEN}.absent[data-absent=dropped]")
        screen.press("#open-close")
        rows(screen, "one", "three")
        screen.press("#away summary")
        screen.press("#away-keep")
        rows(screen, "one", "three", "four", "large")

        # Whoever runs the node refuses this reader: what they wrote is kept, and they see the words.
        form = "panda-form:not([hidden]) >>> "
        screen.press("#write")
        screen.put(f"{form}[name=title]", "mine")
        screen.press(f"{form}[part=submit]")
        rows(screen, "one", "three", "four", "large", "mine")
        screen.sent()
        (mine,) = (each for each in instances_at(served.url, writers.schema) if each["title"] == "mine")
        output("author", "refuse", mine.author, "--words", WORDS, "--data", folder)
        screen.press("#write")
        screen.put(f"{form}[name=title]", "more")
        screen.press(f"{form}[part=submit]")
        screen.until(lambda: WORDS in screen.words("panda-status >>> [part=problem]"))
        assert WORDS in screen.words(".notice[data-reason=author-refused]")
        assert "This node takes nothing from you" in screen.words("panda-status >>> [part=problem]")
        rows(screen, "one", "three", "four", "large", "mine", "more")
        output("drop", "--instance", writers.ids["four"], "--words", WORDS, "--data", folder)

        with browsers.tab("chromium") as another:
            reader = ElementsScreen(another)
            reader.open(f"{at}&open={writers.ids['four']}")
            reader.wait(f"{OPEN}.absent[data-absent=dropped-there]")
            assert WORDS in reader.words(f"{OPEN}.absent")
            assert not reader.has(f"{OPEN}.absent b")
            rows(reader, "one", "three", "large")
            asked = urlencode({"filter": f'{{"author":"{mine.author}"}}'})
            another.goto(f"{at}&{asked}")
            reader.until_sees("#refused")
            assert WORDS in reader.words("#refused")

        output("author", "allow", mine.author, "--data", folder)
        output("keep", "--author", mine.author, "--data", folder)
        screen.sent()
        titles = {each["title"] for each in instances_at(served.url, writers.schema)}
        assert "more" in titles, "the log was not harmed"
        screen.until(lambda: not screen.has("panda-status[data-pending='1']"))
        assert "mine" in screen.rows()
