"""Whose a talk is, and whose the programme: the page says it, claims nothing more, and a reader chooses."""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from panda_festival.schemas import PROFILE
from playwright.sync_api import Route

from panda_web import Client
from panda_web.keys.with_cryptography import CryptographySigner
from tests.browser.asking import TALKS
from tests.browser.festivals import event, save, schedule
from tests.browser.screen import Screen
from tests.browsers import Browsers, PlaywrightTab
from tests.processes import ServedNode

NOON = "2026-08-01T12:00:00+02:00"
HERE = """async () => {
    const { connect } = await import("./panda.js");
    const panda = await connect({ mode: "local" });
    try { return await panda.count(panda.talkSchema); } finally { panda.close(); }
}"""


@contextmanager
def author_of(browsers: Browsers, node: ServedNode, file: Path) -> Iterator[Screen]:
    """Somebody who has published a file, in a browser of their own."""
    with browsers.tab("chromium") as tab:
        screen = Screen(tab).open(node.url)
        screen.import_file(file)
        yield screen


def test_a_card_says_whose_it_is_and_an_author_can_be_muted(
    browsers: Browsers, site: Path, tmp_path: Path
) -> None:
    official = save(schedule(event(1, title="Opening")), tmp_path / "official.json")
    hostile = save(schedule(event(1, title="Opening moved to midnight")), tmp_path / "hostile.json")
    with (
        ServedNode(tmp_path / "node", site, "--festival") as node,
        author_of(browsers, node, official) as first,
        author_of(browsers, node, hostile) as second,
        browsers.tab("chromium") as tab,
    ):
        names = {who.data("#me", "author") for who in (first, second)}
        second.click("#reload")
        second.rest()
        assert second.data("article[data-mine=true] .who", "whose") == "you"
        stranger = second.data("#me", "author")
        reader = Screen(tab).open(node.url)
        assert {talk["author"] for talk in reader.talks()} == names
        article = f"article[data-author='{stranger}']"
        assert reader.data(f"{article} .who", "whose") == stranger[:8]
        assert stranger[:8] in reader.text(f"{article} .head")
        words = reader.text(article)
        assert not {"✓", "verified", "signed", "Log id"} & set(words.replace("\n", " ").split(" "))
        assert "Log id" not in words

        reader.click(f"{article} .mute")
        reader.until(lambda: [talk["author"] for talk in reader.talks()] == [first.data("#me", "author")])
        reader.until(lambda: "1 talk" in reader.text("#muted-summary"))
        assert reader.text("#muted-summary") == "1 talk of 1 muted author hidden"
        reader.click(".notice[data-reason=author-chosen] button:not(.dismiss)")
        reader.until(lambda: len(reader.talks()) == 2)
        assert reader.has("#muted[hidden]")
        assert not reader.has(".notice")

        reader.click(f"{article} .mute")
        reader.open(node.url)  # a later visit
        assert reader.data("#count", "total") == "1"
        reader.click("#muted-summary")
        reader.click(f"#muted-list [data-author='{stranger}'] button")
        reader.until(lambda: len(reader.talks()) == 2)


def write(url: str, signer: CryptographySigner, *rows: Mapping[str, object], name: str = "") -> str:
    """Somebody publishes talks, and what they call themselves, without a name once a talk; gives the author."""

    async def work() -> str:
        async with Client(url, signer) as panda:
            await panda.create_many(TALKS, rows)
            profiles = [{"name": name, "about": "A line."}] if name else [{"name": "Ada"}] * len(rows)
            await panda.create_many(str(PROFILE.id), profiles)
            return str(panda.author)

    return asyncio.run(work())


def titles(screen: Screen, within: str = "#days") -> list[str]:
    shown = "(css) => [...document.querySelectorAll(`${css} article.talk [data-field=title]`)].map((it) => it.textContent)"
    return sorted(screen.tab.evaluate(shown, within))


def test_whose_programme_it_is(browsers: Browsers, site: Path, tmp_path: Path) -> None:
    """A site without authors, a reader who follows and mutes, a stranger who copies, and one who floods."""
    signers = [CryptographySigner.generate() for _ in range(3)]
    with ServedNode(tmp_path / "node", site, "--festival") as node, browsers.tab("chromium") as tab:
        official, hostile, flood = (
            write(node.url, signer, *rows, name=name)
            for signer, name, rows in zip(
                signers,
                ("Ada", "A\u202eda", ""),
                (
                    [{"title": "Opening", "guid": "1", "start": NOON}, {"title": "Closing", "guid": "2"}],
                    [{"title": "Opening is off", "guid": "1", "start": NOON}, {"title": "Buy my book"}],
                    [{"title": f"Noise {number}"} for number in range(120)],
                ),
                strict=True,
            )
        )
        reader = Screen(tab).open(node.url)
        assert reader.data("#whose", "by") == "nobody"
        assert "Anybody can add to this programme" in reader.text("#whose-summary")
        reader.until(lambda: reader.data("#count", "total") == "124")
        reader.click("#whose-summary")
        row = "#whose-list [data-author='{}']"
        reader.until(lambda: f"Ada {official[:8]} 2 talks" in reader.text(row.format(official)))
        assert f"A[U+202E]da {hostile[:8]} 2 talks" in reader.text(row.format(hostile))

        reader.click(f"{row.format(official)} .follow")  # what others say is not read from here on
        reader.until(lambda: titles(reader, "body") == ["Closing", "Opening"])
        assert reader.data("#whose", "by") == "you"
        reader.until(lambda: reader.text("#proposed-summary") == "Proposed by others: 122 talks")
        assert titles(reader, "body") == ["Closing", "Opening"]
        card = "#days article.talk:has(.also-by)"
        reader.click(".notice[data-reason=author-chosen] .dismiss")
        reader.click("#proposed-summary")
        reader.until(lambda: len(titles(reader, "#proposed-days")) == 100)
        assert not reader.has("#proposed-days article:not([data-place=proposed])")
        assert "proposal" in reader.words("#proposed-days article .kicker")
        reader.click("#proposed-more")
        reader.until(
            lambda: len(titles(reader, "#proposed-days")) == 121
        )  # the copy is behind what it copies
        assert "1 of them is another version" in reader.text("#proposed-behind")
        assert reader.data("#count", "total") == "2"
        assert "also published by 1 other author, otherwise" in reader.words(card)
        reader.click(f"{card} .open")
        assert "one of the authors of this programme" in reader.words(f"{card} .provenance")
        reader.click(f"{card} .also summary")
        assert "Opening is off" in reader.words(f"{card} .version[data-author='{hostile}']")

        mine = reader.write(title="My own proposal")
        assert (mine["place"], mine["mine"]) == ("proposed", "true")
        assert titles(reader, "#own-days") == ["My own proposal"]
        assert "You are none of the authors" in reader.words("#own")
        reader.click("#profile-fold summary")
        reader.fill("#profile-name", "x" * 60)
        reader.tab.evaluate("document.querySelector('#profile-name').value = 'x'.repeat(61)")
        reader.click("#profile-save")
        reader.wait("#profile-name[aria-invalid=true]")
        reader.fill("#profile-name", "Zoë")
        reader.click("#profile-save")
        reader.until(lambda: "You call yourself \u2068Zoë\u2069" in reader.text("#profile-is"))
        reader.sent()

        with browsers.tab("chromium") as another:  # the same by a link, in a browser that has chosen nothing
            guest = Screen(another).open(f"{node.url}?programme-of={official}")
            assert guest.data("#whose", "by") == "link"
            guest.until(lambda: guest.data("#count", "total") == "2")
            assert "It may not be that of this site" in guest.text("#whose-back")
            guest.until(lambda: guest.text("#proposed-summary") == "Proposed by others: 123 talks")
            assert (
                another.evaluate(HERE) == 2
            )  # what others propose is counted at the node, and does not come
            guest.open(f"{node.url}?programme-of={official}&talk={mine['id']}")  # of one that stands apart
            guest.wait(f"#proposed[open] article[data-id='{mine['id']}'].is-open")
            guest.until(lambda: "Zoë" in guest.words(f"article[data-id='{mine['id']}'] .who"))
            guest.open(f"{node.url}?programme-of=somebody")
            assert guest.data("#whose", "by") == "nobody"
            guest.until(lambda: guest.data("#count", "total") == "125")
            assert "names none" in guest.text("#whose-back")

        other = Screen(reader.tab.new_tab()).open(node.url)
        assert other.data("#whose", "by") == "you"
        other.until(lambda: titles(other, "body") == ["Closing", "My own proposal", "Opening"])
        other.click("#proposed-summary")
        noise = f"#proposed-days article[data-author='{flood}']"
        other.wait(noise)
        other.click(f"{noise} .open")
        other.click(f"{noise} .mute")
        for screen in (other, reader):  # here, and in the tab that was there before
            screen.until(lambda screen=screen: "120 talks of 1 muted author" in screen.text("#muted-summary"))
            screen.until(
                lambda screen=screen: screen.text("#proposed-summary") == "Proposed by others: 2 talks"
            )
            assert not screen.has(noise)
        other.tab.close()
        node.kill()
        reader.open(node.url)  # a later visit, without a network
        reader.until(lambda: titles(reader, "body") == ["Closing", "My own proposal", "Opening"])
        reader.click("#muted-summary")
        reader.click("#muted-list button")
        reader.until(lambda: reader.text("#proposed-summary") == "Proposed by others: 122 talks")
        reader.click("#whose-summary")
        reader.click(f"{row.format(official)} .follow")
        reader.until(lambda: reader.data("#whose", "by") == "nobody")
        reader.until(lambda: reader.data("#count", "total") == "125")


def test_a_site_names_its_authors(browsers: Browsers, site: Path, tmp_path: Path) -> None:
    """`build.py site --programme-of` writes them into the page; here they are written in when it is fetched."""
    signers = [CryptographySigner.generate() for _ in range(3)]
    with ServedNode(tmp_path / "node", site, "--festival") as node, browsers.tab("chromium") as tab:
        first, second, stranger = (
            write(node.url, signer, {"title": f"Talk {number}", "guid": "1", "start": NOON})
            for number, signer in enumerate(signers)
        )
        page = (site / "index.html").read_text("utf-8")
        named = page.replace(
            'name="programme-of" content=""', f'name="programme-of" content="{second} {first}"'
        )
        assert named != page
        assert isinstance(tab, PlaywrightTab)

        def answer(route: Route) -> None:  # the node is asked at the same address
            if route.request.method == "GET":
                route.fulfill(body=named, content_type="text/html")
            else:
                route.continue_()

        tab.page.route(node.url, answer)
        reader = Screen(tab).open(node.url)
        assert reader.data("#whose", "by") == "site"
        reader.until(lambda: titles(reader, "body") == ["Talk 1"])  # whoever is named first has the last word
        reader.click("#whose-summary")
        assert not reader.has("#whose-list .follow")
        reader.click("article .open")
        reader.until_sees(".also")
        assert reader.tab.evaluate("document.querySelectorAll('.version').length") == 2
        reader.click(f"#whose-list [data-author='{second}'] .mute")
        reader.until(lambda: titles(reader, "body") == ["Talk 0"])
        reader.until(lambda: reader.text("#proposed-summary") == "Proposed by others: 1 talk")
        assert stranger not in reader.tab.evaluate("document.querySelector('#whose').innerHTML")
