"""Whose a talk is: the card says it, claims nothing more, and an author can be hidden."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.browser.festivals import event, save, schedule
from tests.browser.screen import Screen
from tests.browsers import Browsers
from tests.processes import ServedNode


@contextmanager
def author_of(browsers: Browsers, node: ServedNode, file: Path) -> Iterator[Screen]:
    """Somebody who has published a file, in a browser of their own."""
    with browsers.tab("chromium") as tab:
        screen = Screen(tab).open(node.url)
        screen.import_file(file)
        yield screen


def test_a_card_says_whose_it_is_and_an_author_can_be_hidden(
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

        reader.click(f"{article} .hide")
        reader.until(lambda: [talk["author"] for talk in reader.talks()] == [first.data("#me", "author")])
        assert reader.text("#hidden-summary") == "1 talk of 1 author hidden by you"
        reader.click(".notice[data-reason=author-hidden] button:not(.dismiss)")
        reader.until(lambda: len(reader.talks()) == 2)
        assert reader.has("#hidden[hidden]")
        assert not reader.has(".notice")

        reader.click(f"{article} .hide")
        reader.open(node.url)  # a later visit
        assert reader.data("#count", "total") == "1"
        reader.click("#hidden-summary")
        reader.click(f"#hidden-list [data-author='{stranger}'] button")
        reader.until(lambda: len(reader.talks()) == 2)
