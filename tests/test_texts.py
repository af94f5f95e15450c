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
    assert asked - there <= {"name", "language", "theme", "themeDark", "programmeOf", "nodes"}
    assert {name for name in there - asked if name.partition(".")[0] not in WHOLE} == set()


INSIDE = """
    fork-halves-apart fork-halves-disordered fork-halves-equal invalid-fork-proof proves-no-fork
    action-unknown author-length author-not-canonical author-small-order backlink-mismatch backlink-missing
    cbor-indefinite-length cbor-malformed cbor-trailing-bytes cbor-truncated entry-trailing-bytes entry-truncated
    field-type-mismatch field-type-unknown hash-malformed integer-not-canonical integer-truncated invalid-entry
    invalid-link invalid-message invalid-payload invalid-signature key-duplicate key-missing key-not-allowed
    key-unknown link-author-mismatch link-log-mismatch link-seq-num-mismatch log-schema-mismatch not-hex
    number-too-large payload-hash-mismatch payload-size-mismatch previous-empty previous-malformed
    previous-too-many previous-unordered public-key-length reconcile-malformed seed-length seq-num-zero
    signature-length signature-mismatch signature-r-not-canonical signature-r-small-order
    signature-s-not-reduced skiplink-mismatch skiplink-missing system-log-mismatch unknown-tag
    version-unsupported wrong-type
"""
"""Of bytes that others made: a page says of such an item why it is withheld, or that a node refuses one."""
WITHHELD = "filter-mismatch invalid-proof limit-mismatch order-mismatch proof-incomplete proof-mismatch"
"""Said with an item, in the group of that name."""
ELSEWHERE = """
    batch-too-large content-type-not-json dataclass-not-defined field-type-has-no-place file-failed file-taken
    folder-in-use folder-missing id-in-use interrupted invalid-request key-ambiguous key-file-damaged key-file-exists
    key-file-missing key-file-open log-not-forked messages-not-read meta-has-no-place no-such-branch node-not-here
    node-not-public not-a-dataclass not-published not-voted parse-error policy-invalid policy-key-unknown policy-not-toml policy-unreadable
    port-taken record-error record-refused records-are-whole schema-differs
    site-missing time-not-held time-zone-missing
"""
"""Of commands, of Python's dataclasses, and of clients that are none of ours."""
OF_PAGES = {"address-wrong", "attribute-wrong"}
"""Their sentence is a text of the page already."""


@pytest.mark.parametrize("language", sorted(TEXTS.keys() - {"en"}))
def test_every_error_that_a_page_can_show_has_words(language: str) -> None:
    """The English ones come with the error."""
    table = (ROOT / "docs" / "reasons.md").read_text("utf-8")
    reasons = set(re.findall(r"^\| `([a-z0-9-]+)`", table, re.MULTILINE))
    unseen = {*INSIDE.split(), *WITHHELD.split(), *ELSEWHERE.split()}
    assert unseen - reasons == set(), "is no reason any more"
    for script in SCRIPTS:
        reasons |= set(re.findall(r"PandaError\(\s*\"([a-z-]+)\"", script.read_text("utf-8")))
    said = TEXTS[language]["reasons"]
    assert reasons - unseen - OF_PAGES - said.keys() == set()
    assert unseen & said.keys() == set(), "has words, so it is seen"
    for reason, words in said.items():
        assert words["title"].strip(), reason
