"""What the pages say, in each language: no text is missing, none is left over, and each has the same places."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
TEXTS = {path.stem: json.loads(path.read_text("utf-8")) for path in (ROOT / "web" / "texts").glob("*.json")}
PAGES = [*(ROOT / "web" / "pages").rglob("*.html"), *(ROOT / "apps").rglob("page/*.html")]
SCRIPTS = [*(ROOT / "web").rglob("*.js"), *(ROOT / "apps").rglob("page/*.js")]
WHOLE = ("reasons", "withheld", "schemaStates", "nodeStates", "start", "operators", "momentOperators")
"""Groups that are asked by a name that something else gives."""
WHOLE += ("badges", "badgesNot")


def flat(texts: dict[str, Any], before: str = "") -> dict[str, str]:
    """All texts by where they stand."""
    found: dict[str, str] = {}
    for name, value in texts.items():
        found |= flat(value, f"{before}{name}.") if isinstance(value, dict) else {f"{before}{name}": value}
    return found


@pytest.mark.parametrize("language", sorted(TEXTS))
def test_no_text_is_missing(language: str) -> None:
    said, english = flat(TEXTS[language]), flat(TEXTS["en"])
    assert set(english) <= set(said)
    # Errors that come with English words may have more said about them.
    assert {name for name in set(said) - set(english) if not name.startswith("reasons.")} == set()
    assert TEXTS[language]["language"] == language
    for name, text in english.items():
        assert sorted(re.findall(r"\{+\w+\}+", said[name])) == sorted(re.findall(r"\{+\w+\}+", text)) or (
            name.endswith(".one")
            and set(re.findall(r"\{\w+\}", said[name])) <= set(re.findall(r"\{\w+\}", text))
        ), name
        assert bool(said[name].strip()) == bool(text.strip()), name


@pytest.mark.parametrize("language", sorted(TEXTS))
def test_texts_of_pages_are_markup_that_is_safe(language: str) -> None:
    for name, text in flat(TEXTS[language]).items():
        if name.partition(".")[0].endswith("Page") or name.startswith("common."):
            assert not re.search(r'["&]|<(?!/?(strong|code)>)', text), name


def test_german_has_its_own_quotes() -> None:
    for name, text in flat(TEXTS["de"]).items():
        assert not re.search(r"[“][^”“]*”", text), name
        assert text.count("„") == text.count("“"), name
        assert not re.search(r"\w…", text), name


def test_no_text_is_left_over() -> None:
    asked = {name for page in PAGES for name in re.findall(r"\{\{([\w.]+)\}\}", page.read_text("utf-8"))}
    for script in SCRIPTS:
        asked |= set(re.findall(r"\btexts\.(\w+\.\w+)", script.read_text("utf-8")))
    there = {
        f"{group}.{name}" for group, texts in TEXTS["en"].items() if group != "language" for name in texts
    }
    assert asked - there <= {"name", "language", "theme", "themeDark"}
    assert {name for name in there - asked if name.partition(".")[0] not in WHOLE} == set()
