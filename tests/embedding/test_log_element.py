"""`<panda-log>`: a log as a picture on anybody's page, chosen from by mouse and keys, with its forks and gaps."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from panda_web.bamboo import path
from panda_web.rpc.connection import Connection
from panda_web.rpc.http import HttpTransport
from panda_web.rpc.methods import PUBLISH_ITEMS
from tests.authors import Author
from tests.browser.elements_screen import ElementsScreen
from tests.browsers import Browsers
from tests.node.branches import NOTE_ID, Made
from tests.node.test_brought import note
from tests.node.test_forks import forked
from tests.processes import ServedNode

PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Logs</title>
<link rel="icon" href="data:,">
<script type="module" src="HOST/elements.js"></script>
<panda-log id="long" author="LONG" log="1" at="37"></panda-log>
<panda-log id="forked" author="FORKED" log="1"></panda-log>
<panda-log id="none" author="NOBODY" log="7"></panda-log>
</html>"""


def bring(url: str, *items: tuple[Made, bool]) -> None:
    """Brings entries to a node as a peer does, each with its payload or without."""

    async def work() -> None:
        connection = Connection(HttpTransport(url))
        try:
            outcomes = await connection.call(
                PUBLISH_ITEMS,
                items=[
                    {
                        "entryBytes": each.signed.encoded.hex(),
                        "payloadBytes": each.payload.hex() if with_payload else None,
                    }
                    for each, with_payload in items
                ],
            )
        finally:
            await connection.close()
        assert {each.state for each in outcomes} == {"stored"}

    asyncio.run(work())


def bring_logs(url: str) -> None:
    """A log of 40 entries, one of which is missing, three without messages; and a forked log."""
    author = Author(1)
    made = [Made(*each) for each in author.write_many([note(n) for n in range(39)])]
    made.append(Made(*author.delete(made[38].signed.hash, NOTE_ID)))
    bring(url, *((each, n not in (20, 21)) for n, each in enumerate(made) if n != 10))
    bring(url, *((each, True) for each in forked(2, at=5)))


@pytest.mark.every_engine
def test_a_log_is_seen_and_chosen_from(
    engine: str, browsers: Browsers, site: Path, tmp_path: Path, serve_files: Any
) -> None:
    with ServedNode(tmp_path / "node", site) as host, browsers.tab(engine) as tab:
        bring_logs(host.url)
        www = tmp_path / "www"
        www.mkdir()
        words = {
            "HOST": host.url.rstrip("/"),
            "LONG": Author(1).hex,
            "FORKED": Author(2).hex,
            "NOBODY": Author(3).hex,
        }
        page = PAGE
        for word, value in words.items():
            page = page.replace(word, value)
        (www / "index.html").write_text(page, "utf-8")
        tab.goto(serve_files(www).url)
        screen = ElementsScreen(tab)

        def chosen(element: str) -> str:
            return screen.words(f"{element} >>> [part=path]")

        def press(element: str, key: str) -> None:
            script = """(it, key) => it.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }))"""
            screen.within(f"{element} >>> svg", script, key)

        screen.wait("#long[data-state=shown]")
        assert chosen("#long").startswith(
            "Entry 37 is verified: 8 hops lead to entry 1: 37 → 36 → 35 → 34 → 30 → 26 → 13 → 4 → 1"
        )
        assert "The log has 40 entries." in screen.words("#long >>> [part=summary]")
        states = screen.within(
            "#long >>> svg",
            """(it) => [...it.querySelectorAll("[role=option]")]
            .map((each) => [Number(each.dataset.seqNum), each.dataset.state])""",
        )
        assert [n for n, _ in states] == [n for n in range(1, 41) if n != 11]
        assert [n for n, state in states if state == "never-held"] == [21, 22]
        assert [n for n, state in states if state == "deleted"] == [39]
        assert (
            screen.within("#long >>> svg", """(it) => it.querySelector(".missing title").textContent""")
            == "Missing: 11 to 11"
        )
        on = screen.within("#long >>> svg", "(it) => [...it.querySelectorAll('.link.on')].length")
        assert on == len([*path(37, 1)]) - 1
        name = screen.within(
            "#long >>> svg", """(it) => it.querySelector("[aria-selected=true]").getAttribute("aria-label")"""
        )
        assert name == "Entry 37, publishes something, message is there, verified"

        press("#long", "ArrowRight")
        assert chosen("#long").startswith("Entry 38 is verified")
        press("#long", "Home")
        assert chosen("#long").startswith("Entry 1 is verified: its author signed it")
        press("#long", "End")
        press("#long", "Enter")
        assert screen.data("#long", "chosen") == "13"  # where entry 40 skips to
        screen.within(
            "#long >>> [data-seq-num='22'] .body",
            "(it) => it.dispatchEvent(new MouseEvent('click', { bubbles: true }))",
        )
        assert "message never came" in screen.words("#long >>> [part=chosen] dl")
        active = screen.within(
            "#long >>> svg",
            "(it) => [it.getAttribute('aria-activedescendant'), it.querySelector('[aria-selected=true]').id]",
        )
        assert active[0] == active[1]

        screen.wait("#forked[data-state=shown]")
        said = screen.words("#forked >>> [part=fork]")
        assert said.startswith(
            "Its author signed two different entries at place 5. What came before counts; what follows does not."
        )
        halves = screen.within(
            "#forked >>> svg",
            """(it) => [...it.querySelectorAll("[data-half]")]
            .map((each) => [each.dataset.seqNum, each.dataset.lane])""",
        )
        assert sorted(halves) == [["5", "0"], ["5", "1"]]
        tab.evaluate("document.querySelector('#forked').setAttribute('at', '5')")
        screen.until(lambda: screen.data("#forked", "chosen") == "5")
        lanes = set()
        for key in ("ArrowUp", "ArrowDown"):
            press("#forked", key)
            lanes.add(screen.within("#forked >>> [aria-selected=true]", "(it) => it.dataset.lane"))
        assert lanes == {"0", "1"}
        assert "It is one half of the proof." in screen.words("#forked >>> [part=chosen]")

        screen.wait("#none[data-state=empty]")
        assert screen.words("#none >>> [part=summary]") == "Nothing of this log is here, nor at the node."
        assert not [message for message in tab.messages if message.startswith(("error", "uncaught"))]


def test_a_long_log_part_by_part(browsers: Browsers, site: Path, tmp_path: Path, serve_files: Any) -> None:
    """Older entries on demand, an entry far back, and a fork that is not in view."""
    with ServedNode(tmp_path / "node", site) as host, browsers.tab("chromium") as tab:
        for n in range(0, 150, 50):
            author = Author(2)
            made = [Made(*each) for each in author.write_many([note(k) for k in range(150)])]
            bring(host.url, *((each, True) for each in made[n : n + 50]))
        bring(host.url, (forked(2, at=3)[-1], True))
        www = tmp_path / "www"
        www.mkdir()
        page = PAGE.replace("HOST", host.url.rstrip("/")).replace("FORKED", Author(2).hex)
        (www / "index.html").write_text(page, "utf-8")
        tab.goto(serve_files(www).url)
        screen = ElementsScreen(tab)
        screen.wait("#forked[data-state=shown]")
        places = """(it) => [...new Set([...it.querySelectorAll("[role=option]")].map((each) => Number(each.dataset.seqNum)))]"""
        assert screen.within("#forked >>> svg", places) == [*sorted(path(111, 1))[:-1], *range(111, 151)]
        screen.press("#forked >>> [part=tools] button:nth-child(1)")
        screen.until(lambda: 71 in screen.within("#forked >>> svg", places))
        assert screen.data("#forked", "chosen") == "150"
        screen.press("#forked >>> [part=fork] button")
        screen.until(lambda: screen.data("#forked", "chosen") == "3")
        assert len(screen.within("#forked >>> svg", "(it) => [...it.querySelectorAll('[data-half]')]")) == 2
        screen.press("#forked >>> [part=tools] button:nth-child(2)")
        screen.until(lambda: 150 in screen.within("#forked >>> svg", places))
        tab.evaluate("document.querySelector('#forked').setAttribute('at', '900')")
        screen.until(lambda: "Entry 900 of this log is not there" in screen.words("#forked >>> [part=path]"))
        for name, word in (("long", "author is no public key of 64 hex digits: LONG"), ("none", "NOBODY")):
            screen.wait(f"#{name}[data-state=failed]")
            assert word in screen.words(f"#{name} >>> [part=problem]")
