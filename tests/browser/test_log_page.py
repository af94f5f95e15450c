"""The way from a record on the data page to its author's log as a picture, which has an address of its own."""

from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from panda_festival.schemas import ROOM

from panda_web.keys.with_cryptography import CryptographySigner
from tests.browser.asking import write_as_stranger
from tests.browser.elements_screen import ElementsScreen
from tests.browsers import Browsers
from tests.processes import ServedNode

SCRIPTS = "performance.getEntriesByType('resource').filter(({ name }) => name.endsWith('.js')).length"
PATH = "#log panda-log >>> [part=path]"


def said(screen: ElementsScreen) -> dict[str, str]:
    """What the address says."""
    query = urlsplit(screen.tab.evaluate("location.href")).query
    return {name: values[0] for name, values in parse_qs(query).items()}


def test_a_record_leads_to_its_log(browsers: Browsers, site: Path, tmp_path: Path) -> None:
    with ServedNode(tmp_path / "node", site, "--festival") as node, browsers.tab("chromium") as tab:
        author = CryptographySigner.generate()
        rooms = write_as_stranger(
            node.url, *({"name": f"Room {n}"} for n in range(1, 6)), schema=str(ROOM.id), who=author
        )
        screen = ElementsScreen(tab)
        screen.open(f"{node.url}data.html?schema={ROOM.id}&open={rooms[4]}")
        screen.until_sees("#open-body .see-log")
        before = tab.evaluate(SCRIPTS)
        screen.press("#open-body .see-log")
        screen.wait("#log[open] panda-log[data-state=shown]")
        assert tab.evaluate(SCRIPTS) > before, "what draws it is loaded when somebody looks"
        assert screen.words(PATH) == "Entry 5 is verified: 2 hops lead to entry 1: 5 → 4 → 1"
        assert said(screen)["log"] == f"{author.author.hex()}.1"
        arrow = "(it) => it.dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowLeft', bubbles: true }))"
        screen.within("#log panda-log >>> svg", arrow)
        assert said(screen)["at"] == "4"

        tab.goto(tab.evaluate("location.href"))  # as somebody to whom it was sent
        screen.wait("#log[open] panda-log[data-state=shown]")
        screen.until(lambda: screen.words(PATH) == "Entry 4 is verified: 1 hop leads to entry 1: 4 → 1")
        top = "document.elementFromPoint(innerWidth / 2, innerHeight / 2).closest('dialog').id"
        assert tab.evaluate(top) == "log"
        screen.press("#log-record")
        screen.until(lambda: not screen.has("#log[open]") and screen.text("#open-title") == "Room 4")
        tab.evaluate("() => { history.back(); }")
        screen.wait("#log[open] panda-log[data-state=shown]")
        screen.press("#log-close")
        screen.until(lambda: not screen.has("#log[open]"))
        assert "log" not in said(screen)
        assert screen.text("#open-title") == "Room 5"

        asked = """async (author) => {
            const { connect } = await import("./panda.js");
            const panda = await connect({ mode: "remote" });
            const { where, path, end } = await panda.log(author, 1, { at: 4, limit: 2 });
            panda.close();
            return [where, path, end];
        }"""
        assert tab.evaluate(asked, author.author.hex()) == ["node", [4, 1], 5]

        drop = """async (instance) => {
            const { connect } = await import("./panda.js");
            const panda = await connect();
            const { payloads } = await panda.drop({ instance });
            panda.close();
            return payloads;
        }"""
        assert tab.evaluate(drop, rooms[1]) == 1
        tab.goto(f"{node.url}data.html?log={author.author.hex()}.1&at=2")  # without anything else
        screen.until(lambda: screen.words(PATH).startswith("Entry 2 is verified"))
        assert "message was removed here" in screen.words("#log panda-log >>> [part=chosen] dl")
        assert screen.within("#log panda-log >>> [data-seq-num='2']", "(it) => it.dataset.state") == "dropped"
        screen.open(f"{node.url}data.html?schema={ROOM.id}&log=%3Cscript%3E")
        screen.until(lambda: screen.notices() == ["address-wrong"])
        assert not screen.has("#log[open]")
        assert not [message for message in tab.messages if message.startswith(("error", "uncaught"))]
