"""Custom elements on a page of plain HTML, from another origin: what docs/embedding.md shows, and hostile data."""

from pathlib import Path
from typing import Any

import pytest

from panda_web.messages.schema import FieldDefinition, Schema
from tests.browser.asking import define_as_stranger, instances_at, write_as_stranger
from tests.browser.elements_screen import ElementsScreen
from tests.browsers import Browsers, PlaywrightTab, Tab
from tests.embedding.websites import Websites, strict
from tests.hosts import examples
from tests.processes import ServedNode

GUEST = Schema(
    "guest",
    "What guests leave.",
    (
        FieldDefinition("name", "varchar", validation="[^0-9]+"),
        FieldDefinition("text", "text"),
        FieldDefinition("website", "text", optional=True),
        FieldDefinition("date", "timestamp", optional=True),
    ),
)


@pytest.mark.every_engine
def test_guest_book_of_the_documentation(
    engine: str, browsers: Browsers, site: Path, tmp_path: Path, serve_files: Any
) -> None:
    """Written, shown to another browser, changed, deleted; a key that is saved and used elsewhere."""
    page = examples.files("embedding.md")["guests.html"]
    assert len(page.splitlines()) == 20
    with ServedNode(tmp_path / "node", site) as host, browsers.tab(engine) as tab:
        schema = define_as_stranger(host.url, GUEST)
        www = tmp_path / "www"
        www.mkdir()
        (www / "index.html").write_text(page.replace("https://HOST/", host.url), "utf-8")
        tab.goto(serve_files(www).url)
        screen = ElementsScreen(tab)
        screen.wait("panda-feed[data-state=empty]")
        assert screen.sees("panda-feed > p")
        form = "panda-form >>> "
        screen.put(f"{form}[name=name]", "Ada 1")
        screen.put(f"{form}[name=text]", "Good morning")
        screen.put(f"{form}[name=website]", "https://ada.example/")
        screen.press(f"{form}[part=submit]")
        screen.until(lambda: "name" in screen.problem("name"))
        screen.put(f"{form}[name=name]", "Ada")
        screen.press(f"{form}[part=submit]")
        screen.wait("panda-feed article[data-mine]")
        assert screen.text("article h2") == "Ada"
        assert screen.within("article a", "(it) => [it.href, it.rel]") == [
            "https://ada.example/",
            "noopener noreferrer nofollow ugc",
        ]
        assert screen.has("article time[data-missing]")
        screen.until(lambda: instances_at(host.url, schema))
        (one,) = instances_at(host.url, schema)
        assert screen.text("article code") == f"{one.author[:8]}…"
        assert screen.data("panda-identity", "author") == one.author
        screen.until(lambda: screen.data("panda-status", "state") == "connected")

        tab.evaluate("(id) => document.querySelector('panda-form').setAttribute('instance', id)", one.id)
        screen.put(f"{form}[name=text]", "Good evening")
        screen.press(f"{form}[part=submit]")
        screen.until(lambda: screen.text("article p") == "Good evening")
        screen.press(f"{form}[part=delete]")
        screen.press(f"{form}[part=confirm]")
        screen.wait("panda-feed[data-state=empty]")
        screen.until(lambda: instances_at(host.url, schema) == [])


VIOLATIONS = """() => {
    globalThis.violations = [];
    addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) => {
        globalThis.violations.push([violatedDirective, blockedURI]);
    });
}"""
POST = Schema(
    "hostile",
    "",
    (
        FieldDefinition("text", "text"),
        FieldDefinition("link", "text", optional=True),
        FieldDefinition("answers", "relation", optional=True, schema="self"),
        FieldDefinition("others", "relation[]", optional=True, schema="self"),
    ),
)
TEXTS = (
    "<img src=x onerror=alert(1)>",
    "A" + "W" * 3000,
    "B\u202eevil",
    "C" + "\u0301" * 1000,
    "D" + "long words " * 95_000,
)


def test_hostile_data_and_attributes_under_the_strictest_policy(
    browsers: Browsers, host: ServedNode, site: Path, websites: Websites
) -> None:
    schema = define_as_stranger(host.url, POST)
    links = (
        "javascript:alert(1)",
        "data:text/html,x",
        "ftp://x.example/",
        "https://good.example/",
        " HTTPS://Also.Good ",
    )
    first, *others = ({"text": text, "link": link} for text, link in zip(TEXTS, links, strict=True))
    (led_to,) = write_as_stranger(host.url, first, schema=schema)
    others[0] |= {"answers": led_to, "others": [led_to, led_to]}
    write_as_stranger(host.url, *others, schema=schema)
    with browsers.tab("chromium") as tab:
        url = websites.open(host.url, site, strict(host.url) | {"Referrer-Policy": "no-referrer"})
        assert isinstance(tab, PlaywrightTab)
        tab.page.add_init_script(f"({VIOLATIONS})()")
        tab.goto(url + "elements.html")
        screen = ElementsScreen(tab)
        screen.wait("#feed[data-state=shown]")
        shown = tab.evaluate("[...document.querySelectorAll('#feed h2')].map((it) => it.textContent)")
        assert shown[0] == TEXTS[0]
        assert [len(text) for text in shown[1:4]] == [3001, len("B[U+202E]evil"), 9]
        assert len(shown[4]) < 9000
        assert shown[4].endswith("…")
        hrefs = tab.evaluate("[...document.querySelectorAll('#feed a')].map((it) => it.getAttribute('href'))")
        assert hrefs == [None, None, None, "https://good.example/", "https://also.good/"]
        assert tab.evaluate(
            "[...document.querySelectorAll('#feed :is(script, iframe)')].every((it) => !it.textContent && !it.src)"
        )
        led = tab.evaluate("[...document.querySelectorAll('#feed p')].map((it) => it.textContent)")
        assert led[:4] == ["", "", TEXTS[0], f"{TEXTS[0]}, {TEXTS[0]}"]
        screen.wait("#blank[data-state=shown]")
        screen.wait("#bare[data-state=shown]")
        assert tab.evaluate("document.querySelectorAll('#bare dl').length") == len(TEXTS)
        for name, word in (
            ("nothing", "has no schema"),
            ("unread", "is not JSON"),
            ("list", "is no object"),
            ("odd", ""),
        ):
            screen.wait(f"#{name}[data-state=failed]")
            assert word in screen.words(f"#{name} >>> [part=problem]")
        screen.until(lambda: "is no id" in screen.words("#lost >>> [part=problem]"))
        screen.put("#form >>> [name=text]", "E, of my own")
        screen.press("#form >>> [part=submit]")
        screen.until(lambda: tab.evaluate("document.querySelectorAll('#feed article').length") == 6)
        screen.until(lambda: screen.data("panda-status", "pending") == "0")

        (one,) = (each for each in instances_at(host.url, schema) if each.id == led_to)
        tab.evaluate("(who) => document.querySelector('#log').setAttribute('author', who)", one.author)
        screen.wait("#log[data-state=shown]")
        assert screen.words("#log >>> [part=path]").startswith("Entry 1 is verified")
        assert tab.evaluate("document.querySelectorAll('.odd:not([data-state=failed])').length") == 0

        say_whose = "(whose) => document.querySelector('#feed').setAttribute('authors', whose)"
        tab.evaluate(say_whose, one.author.upper())
        screen.until(lambda: tab.evaluate("document.querySelectorAll('#feed article').length") == 2)
        assert screen.text("article:not([data-apart]) h2") == TEXTS[0]
        assert screen.text("article[data-apart][data-mine] h2") == "E, of my own"
        screen.until(lambda: screen.words("#feed >>> [part=others]") == "4 by others are not shown here.")
        tab.evaluate(say_whose, "")  # nobody: that is not everybody
        screen.until(lambda: "public keys" in screen.words("#feed >>> [part=problem]"))
        assert tab.evaluate("globalThis.violations") == []
        assert workers(tab) == 1, "all elements of a page share one connection"


def workers(tab: Tab) -> int:
    assert isinstance(tab, PlaywrightTab)
    return len(tab.page.workers)


def test_demo_page(browsers: Browsers, site: Path, tmp_path: Path) -> None:
    """As it is served, and as it would stand on another website."""
    with ServedNode(tmp_path / "node", site, "--festival") as node, browsers.tab("chromium") as tab:
        tab.goto(f"{node.url}demo.html")
        screen = ElementsScreen(tab)
        screen.wait("panda-feed[data-state=empty]")
        screen.put("panda-form >>> [name=name]", "Curie")
        screen.press("panda-form >>> [part=submit]")
        screen.until(lambda: screen.has("article") and screen.text("article h3") == "Curie")
        assert not [message for message in tab.messages if message.startswith(("error", "uncaught"))]
