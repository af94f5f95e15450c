"""Whatever is wrong with host, page or browser: a PandaError names it, soon."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.browser.sites import HARNESS, PYTHON_KEPT, with_prefix
from tests.browsers import PlaywrightTab, StaticServer, Tab
from tests.embedding.websites import CORS, NONCE, BrokenHost, Websites, call, strict, write_pages
from tests.processes import ROOT, ServedNode
from tools.static_site import runtime

SOON = 15_000
"""Milliseconds; far below the time after which nothing more is waited for."""


def failure(tab: Tab, reason: str, *words: str, **options: object) -> None:
    said = call(tab, "fails", options)
    assert said, "it works"
    assert said["ours"]
    assert said["reason"] == reason, said
    for word in words:
        assert word in said["message"]
    assert said["ms"] < SOON


@pytest.mark.every_engine
def test_host_allows_no_other_website(
    tab: Tab, broken_host: BrokenHost, site: Path, websites: Websites
) -> None:
    tab.goto(websites.open(broken_host.url, site) + "tag.html")
    broken_host.headers.clear()
    failure(tab, "cors-missing", "Access-Control-Allow-Origin: *", "worker.js")


EVERY = (
    "worker.js",
    "manifest.json",
    "pyodide.asm.wasm",
    "python_stdlib.zip",
    "panda_web",
)
SOME = ("worker.js", "manifest.json", "panda_web")


def test_changed_or_missing_files(tab: Tab, broken_host: BrokenHost, site: Path, websites: Websites) -> None:
    """One bit is enough; and a cache that holds a wrong file does not keep the right one away for ever.

    Without a snapshot, so that all the files are needed.
    """
    broken_host.path("snapshot.bin").unlink()
    tab.goto(websites.open(broken_host.url, site) + "tag.html")
    for name in EVERY if tab.engine.name == "chromium" else SOME:
        with broken_host.tampered(name) as url:
            failure(tab, "wrong-hash", url)
    for name in ("worker.js", "panda_web"):
        with broken_host.missing(name) as url:
            failure(tab, "file-missing", url, "404")
    if tab.engine.name == "chromium":
        assert call(tab, "connect", "after all")["author"]


@pytest.mark.every_engine
def test_host_is_gone(tab: Tab, site: Path, websites: Websites, tmp_path: Path) -> None:
    host = StaticServer(site, CORS)
    tab.goto(websites.open(host.url, site) + "tag.html")
    host.stop()
    failure(tab, "host-unreachable", host.url)


def test_host_goes_away_once_python_runs(tab: Tab, host: ServedNode, site: Path, websites: Websites) -> None:
    """Once it is at rest, nothing that a page asks for needs HOST any more: no module is missed, and no file."""
    files = StaticServer(site, CORS)
    tab.goto(websites.open(files.url, site) + "tag.html")
    author = call(tab, "connect", "one", {"node": host.url})["author"]
    tab.wait_for(PYTHON_KEPT)
    files.stop()

    def ask(method: str, *arguments: object) -> Any:
        outcome = call(tab, "ask", "one", method, *arguments)
        assert "reason" not in outcome, outcome
        return outcome.get("value")

    room = {
        "name": "room",
        "description": author,
        "fields": {
            "name": {"type": "varchar", "validation": "[A-Z].*"},
            "open": {"type": "timestamp"},
            "area": {"type": "float"},
            "beside": {"type": "relation", "schema": "self", "optional": True},
        },
    }
    schema = ask("define", room)["id"]
    hall = ask("create", schema, {"name": "Hall", "open": "2026-11-23T10:00:00+01:00", "area": 80})["id"]
    ask("update", schema, hall, {"beside": hall})
    refused = call(tab, "ask", "one", "update", schema, hall, {"open": "soon"})
    assert refused["reason"] == "timestamp-malformed"
    (found,) = ask("query", schema, {"filter": {"area": 80}, "orderBy": ["-open"]})
    assert (found["beside"], found["_meta"]["verified"]) == (hall, True)
    backup = ask("backUp", "a long passphrase")
    ask("restore", backup, "a long passphrase")
    ask("delete", schema, hall)
    assert ask("flush") <= 1  # the delete, where it is not sent yet
    assert ask("pending") == 0
    assert call(tab, "connect", "two", {"node": host.url})["author"] == author


@pytest.mark.parametrize("silent", ["worker.js", "manifest.json", "pyodide.asm.wasm"])
def test_host_falls_silent(
    tab: Tab, broken_host: BrokenHost, site: Path, websites: Websites, silent: str
) -> None:
    broken_host.silent = silent
    tab.goto(websites.open(broken_host.url, site) + "tag.html")
    failure(tab, "start-stalled", "Nothing happened for 2 s", patience=2)


def test_given_up_while_the_reason_is_looked_for(
    tab: Tab, broken_host: BrokenHost, site: Path, websites: Websites
) -> None:
    tab.goto(websites.open(broken_host.url, site) + "tag.html")
    broken_host.silent, broken_host.answers = (
        "manifest.json",
        3,
    )  # fetched, past caches, asked for, and then to its end
    with broken_host.tampered("manifest.json"):
        failure(tab, "cancelled", giveUpAfter=2000)


@pytest.mark.parametrize("name", ["worker.js", "manifest.json", "pyodide.asm.wasm"])
def test_host_hangs_up(tab: Tab, broken_host: BrokenHost, site: Path, websites: Websites, name: str) -> None:
    """Half a file is not another version of it."""
    broken_host.hangs_up = name
    tab.goto(websites.open(broken_host.url, site) + "tag.html")
    failure(tab, "host-unreachable", name)
    broken_host.hangs_up = ""
    if tab.engine.name == "chromium":
        assert call(tab, "connect", "after all")["author"]


@pytest.mark.parametrize(
    ("directive", "value", "remedy"),
    [
        ("worker-src", "'self'", "worker-src must allow blob:"),
        ("connect-src", "'self'", "connect-src must allow HOST"),
        ("script-src", "'nonce-NONCE'", "script-src must allow 'wasm-unsafe-eval'"),
        ("trusted-types", "other", "trusted-types must allow panda"),
    ],
)
@pytest.mark.every_engine
def test_policy_forbids(
    tab: Tab,
    static_host: StaticServer,
    site: Path,
    websites: Websites,
    directive: str,
    value: str,
    remedy: str,
) -> None:
    headers = strict(static_host.url, **{directive: value.replace("NONCE", NONCE)})
    tab.goto(websites.open(static_host.url, site, headers) + "tag.html")
    failure(tab, "policy-forbids", remedy.replace("HOST", static_host.url.rstrip("/")))


KEPT = """async () => {
    const { second } = await (await fetch(`${runtime}manifest.json`)).json();
    const files = await (await caches.open("panda-web")).keys();
    return files.some(({ url }) => url.endsWith(encodeURIComponent(second.integrity)));
}"""


def test_what_comes_late_never_comes(
    tab: Tab, host: ServedNode, site: Path, websites: Websites, tmp_path: Path
) -> None:
    """The other file that comes at rest is kept all the same, and who misses this one hears of it some time."""
    hurried = with_prefix(site, tmp_path / "hurried", HARNESS / "hurried.js")
    late = BrokenHost(hurried, tmp_path / "late")
    late.silent, late.silence = "seldom.bin", 300
    try:
        tab.goto(websites.open(late.url, late.site) + "tag.html")
        call(tab, "connect", "late", {"node": host.url})
        files = late.url + runtime(late.site).name
        tab.wait_for(KEPT.replace("${runtime}", f"{files}/"), timeout=30)
        late.silent = "seldom.bin?missed"
        assert call(tab, "ask", "late", "importBegin", timeout=60)["reason"] == "part-missing"
        assert call(tab, "ask", "late", "pending")["value"] == 0
    finally:
        late.stop()


def test_a_file_that_has_no_end_is_not_taken_to_it(tab: Tab, tmp_path: Path) -> None:
    """Nor are its pieces heaped up for a worker that is still to come."""
    sources = BrokenHost(ROOT / "web", tmp_path / "web")
    sources.endless = "manifest.json"
    try:
        tab.goto(sources.url)
        assert tab.evaluate(PASSED) < 2**20
    finally:
        sources.stop()


PASSED = """async () => {
    const { begun } = await import("./panda/ahead.js");
    const port = begun(new Map(), new AbortController().signal).get("manifest.json");
    let bytes = 0;
    return new Promise((resolve) => {
        port.onmessage = ({ data }) => { data === false ? resolve(bytes) : bytes += data.length; };
    });
}"""
"""The manifest of `web/panda/site.js` is beside that."""


@pytest.mark.engines("chromium", "firefox")  # WebKitGTK tells neither the worker nor the page
def test_policy_forbids_the_node(
    tab: Tab, host: ServedNode, static_host: StaticServer, site: Path, websites: Websites
) -> None:
    """Of a node that is gone nobody hears a word about policies, and of one that is forbidden everybody does."""
    tab.goto(websites.open(static_host.url, site, strict(static_host.url)) + "tag.html")
    call(tab, "connect", "one", {"node": host.url, "mode": "remote"})
    said = call(tab, "ask", "one", "query", f"0040{'5e' * 64}")
    assert said["reason"] == "policy-forbids"
    assert "connect-src" in said["message"]


@pytest.mark.every_engine
def test_sandboxed_frame(tab: Tab, static_host: StaticServer, site: Path, websites: Websites) -> None:
    tab.goto(websites.open(static_host.url, site) + "frame.html")
    said = tab.evaluate("() => globalThis.said")
    assert said["reason"] == "origin-opaque"
    assert "allow-same-origin" in said["message"]


def test_old_browser(tab: Tab, static_host: StaticServer, site: Path, websites: Websites) -> None:
    """One without module workers ignores the option, and would run the file as another kind of script."""
    tab.goto(websites.open(static_host.url, site) + "tag.html")
    tab.evaluate("() => { globalThis.Worker = class { constructor() {} terminate() {} }; }")
    failure(tab, "browser-too-old")


@pytest.mark.engines("chromium", "firefox")  # WebKitGTK's driver cannot switch the network off
def test_offline(tab: Tab, static_host: StaticServer, site: Path, websites: Websites) -> None:
    assert isinstance(tab, PlaywrightTab)
    tab.goto(websites.open(static_host.url, site) + "tag.html")
    tab.page.context.set_offline(True)
    try:
        failure(tab, "offline")
    finally:
        tab.page.context.set_offline(False)


@pytest.mark.every_engine
def test_worker_file_that_imports_nothing(
    tab: Tab, static_host: StaticServer, site: Path, websites: Websites
) -> None:
    tab.goto(websites.open(static_host.url, site) + "tag.html")
    # WebKit does not tell that an import failed; then it is the time that ends.
    failure(
        tab,
        "start-stalled" if tab.engine.name == "webkit" else "start-failed",
        worker="nothing.js",
        patience=2,
    )


def test_page_of_the_host_itself_without_blob_workers(
    tab: Tab, site: Path, tmp_path: Path, serve_files: Callable[..., StaticServer]
) -> None:
    """There the file is started by its own address."""
    shutil.copytree(site, tmp_path / "own", copy_function=os.link)
    write_pages(tmp_path / "own", ".", site)
    tab.goto(serve_files(tmp_path / "own", strict("'self'", worker_src="'self'")).url + "tag.html")
    assert call(tab, "connect", "own")["author"]
