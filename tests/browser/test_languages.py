"""The site in another language: no page says anything in English."""

import json
from pathlib import Path

import pytest

from tests.browser.asking import ROOMS, instances_at
from tests.browser.festivals import event, schedule
from tests.browser.screen import Screen
from tests.cli.test_commands import output
from tests.conftest import build_site
from tests.processes import ROOT, ServedNode
from tests.test_texts import flat

TEXTS = {
    name: flat(json.loads((ROOT / "web" / "texts" / f"{name}.json").read_text("utf-8")))
    for name in ("en", "de")
}
SAID = """() => {
    const found = [];
    const look = (root) => {
        const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT | NodeFilter.SHOW_ELEMENT);
        for (let node = walker.currentNode; node; node = walker.nextNode()) {
            if (node instanceof Text) found.push(node.data);
            else if (node.shadowRoot) look(node.shadowRoot);
            for (const name of ["aria-label", "title", "placeholder"]) {
                if (node instanceof Element && node.hasAttribute(name)) found.push(node.getAttribute(name));
            }
        }
    };
    look(document.documentElement);
    return [document.documentElement.lang, ...found.map((text) => text.trim())];
}"""

PROBLEMS = "[...document.querySelectorAll('.problem')].map((it) => it.textContent).filter(Boolean)"


@pytest.mark.engines("chromium")
def test_pages_are_in_german(screen: Screen, tmp_path: Path) -> None:
    fine = {"en", *TEXTS["de"].values()}  # "en" is what an input shows as an example
    english = {text for text in TEXTS["en"].values() if text and text not in fine}
    site = build_site(tmp_path / "site", "--plain", "--name", "Fest „27“", "--language", "de")
    with ServedNode(tmp_path / "node", site, "--festival") as node:
        screen.open(node.url)
        file = tmp_path / "schedule.json"
        file.write_text(json.dumps(schedule(event(1), event(2))), "utf-8")
        screen.import_file(file)
        screen.wait("article.talk")
        assert screen.text("h1") == "Fest „27“"
        assert screen.text("#count") == "2 Vorträge"
        screen.click("article.talk .open")
        for page in ("", "data.html", "schemas.html"):
            if page:
                screen.tab.goto(node.url + page)
                screen.wait("html[data-state=ready]")
            language, *said = screen.tab.evaluate(SAID)
            assert language == "de"
            assert english.intersection(said) == set(), page
        _is_refused(screen, node, tmp_path / "node")
        screen.tab.goto(f"{node.url}schemas.html")
        screen.wait("html[data-state=ready]")
        screen.fill(".schema-field [data-part=name]", "id")
        screen.click("#add")
        screen.fill(".schema-field:nth-child(2) [data-part=name]", "title")
        screen.fill(".schema-field:nth-child(2) [data-part=validation]", r"[a-z]\d")
        screen.click("#publish")
        screen.until(lambda: len(screen.tab.evaluate(PROBLEMS)) == 4)
        assert screen.tab.evaluate(PROBLEMS) == [
            TEXTS["de"]["reasons.schema-name-invalid.text"].replace("{most}", "255"),
            TEXTS["de"]["reasons.field-name-reserved.text"].replace("{field}", "id"),
            TEXTS["de"]["reasons.pattern-escape-unknown.text"].replace("{at}", "5"),
            TEXTS["de"]["schemas.problems.other"].replace("{n}", "3"),
        ]


WRITE = """async (schema) => {
    const { connect } = await import("./panda.js");
    const panda = await connect({});
    await panda.create(schema, { name: "Curie" });
    panda.close();
}"""


def _is_refused(screen: Screen, node: ServedNode, folder: Path) -> None:
    """Whoever runs the node takes nothing of the author any more: the page says so, with their words."""
    author, words = instances_at(node.url)[0].author, "Keine <b>Werbung</b>."
    output("author", "refuse", author, "--words", words, "--data", folder)
    screen.tab.evaluate(WRITE, ROOMS)
    screen.tab.goto(node.url)
    screen.wait(".notice[data-reason=author-refused]")
    said = screen.words(".notice[data-reason=author-refused]")
    assert TEXTS["de"]["reasons.author-refused.title"] in said
    assert TEXTS["de"]["reasons.author-refused.text"].replace("{words}", words) in said
