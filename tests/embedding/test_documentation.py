"""docs/embedding.md: its page works as it stands there, and what it says of policies and errors is so."""

import re
from pathlib import Path

from tests.browsers import Browsers
from tests.embedding.websites import CORS, NONCE, strict
from tests.processes import ServedNode

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = (ROOT / "docs" / "embedding.md").read_text("utf-8")


def test_the_example_page_works(browsers: Browsers, host: ServedNode, tmp_path: Path, serve_files) -> None:
    (page,) = re.findall(r"```html\n(<!doctype html>.*?)```", DOCUMENT, re.DOTALL)
    assert page.count("https://HOST/") == 1
    (tmp_path / "index.html").write_text(page.replace("https://HOST/", host.url), "utf-8")
    with browsers.tab("chromium") as tab:
        tab.goto(serve_files(tmp_path).url)
        tab.wait_for(
            "() => document.querySelector('[role=status]').textContent.startsWith('You are ')", timeout=300
        )
        tab.evaluate(
            """() => {
                document.querySelector("input").value = "Good morning";
                document.querySelector("button").click();
            }"""
        )
        tab.wait_for("() => document.querySelector('li')?.textContent.startsWith('Good morning')")
        assert not [message for message in tab.messages if message.startswith(("error", "uncaught"))]


def test_the_policies_are_those_that_are_tested() -> None:
    tested = strict("https://HOST")["Content-Security-Policy"].replace(NONCE, "…")
    for directive in tested.split("; "):
        if not directive.startswith("img-src"):  # the tests' own icon
            assert directive in DOCUMENT
    assert all(f"{name}: {value}" in DOCUMENT for name, value in CORS.items())


def test_every_reason_is_listed() -> None:
    """Those of a start; what Python says is in docs/reasons.md."""
    reasons = set()
    for name in ("panda.js", "worker.js"):
        script = (ROOT / "web" / name).read_text("utf-8")
        reasons |= set(re.findall(r'new (?:PandaError|Problem)\(\s*"([a-z-]+)"', script))
    assert len(reasons) > 10
    reasons -= {"fetch-failed"}  # between worker.js and panda.js, which says what it means
    assert reasons == set(re.findall(r"^\| `([a-z-]+)` \|", DOCUMENT, re.MULTILINE))
