"""Websites over plain http, which browsers give less to, and over https, from which they let nobody call plain http."""

import shutil
import ssl
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.browser.screen import Screen
from tests.browsers import PlaywrightTab, StaticServer, Tab, require
from tests.embedding.websites import Websites, call, write_pages
from tests.processes import ServedNode

ELSEWHERE = "elsewhere.test"
"""A name that leads here (`tests.browsers.CHROMIUM_ARGUMENTS`), of which the browser does not know that."""


@pytest.fixture
def tab(chromium: Browser) -> Iterator[Tab]:
    """In Chromium, which can be told where a name leads and to trust any certificate."""
    context = chromium.new_context(ignore_https_errors=True)
    with PlaywrightTab(require("chromium"), context.new_page()) as one:
        yield one


def elsewhere(url: str) -> str:
    return url.replace("127.0.0.1", ELSEWHERE).replace("localhost", ELSEWHERE)


def test_plain_http(tab: Tab, host: ServedNode, site: Path, websites: Websites) -> None:
    """All works with a weaker key; no backup is offered that could not be made, and the page offers none either."""
    tab.goto(websites.open(elsewhere(host.url), site, name=ELSEWHERE) + "tag.html")
    assert tab.evaluate("() => [isSecureContext, typeof caches, typeof navigator.locks]") == [
        False,
        "undefined",
        "undefined",
    ]
    done = call(tab, "cycle")
    assert done["life"] == [["one", True], ["two", True], None]
    assert (done["keyKind"], done["canBackUp"]) == ("pure25519", False)
    for asked in (("backUp", "a long passphrase"), ("restore", "a text", "a long passphrase")):
        assert call(tab, "ask", "cycle", *asked)["reason"] == "backup-impossible"
    tab.goto(elsewhere(host.url))
    tab.wait_for("() => document.documentElement.dataset.state === 'ready'", timeout=300)
    screen = Screen(tab)
    assert screen.within("#me >>> .back-up", "({ hidden }) => hidden")
    assert screen.has("#backup-offer[hidden]")
    assert "plain http" in screen.words("#me >>> [part=about]")


def test_https_page_and_plain_http_node(
    tab: Tab,
    host: ServedNode,
    site: Path,
    tmp_path: Path,
    serve_files: Callable[..., StaticServer],
) -> None:
    """Browsers forbid it, without a word as to why; on localhost they do not."""
    shutil.copytree(site, tmp_path / "own")
    write_pages(tmp_path / "own", ".", site)
    server = serve_files(tmp_path / "own")
    server.socket = certificate(tmp_path).wrap_socket(server.socket, server_side=True)
    tab.goto(elsewhere(server.url).replace("http:", "https:") + "tag.html")
    said = call(tab, "fails", {"node": elsewhere(host.url)})
    assert said["reason"] == "insecure-node"
    assert "https" in said["message"]
    assert call(tab, "cycle", {"node": host.url})["keyKind"] == "webcrypto"


def certificate(work: Path) -> ssl.SSLContext:
    """One that only a browser takes which was told to take any."""
    pem = work / "certificate.pem"
    new = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    subprocess.run(
        [*new, "-subj", f"/CN={ELSEWHERE}", "-keyout", pem, "-out", pem.with_suffix(".crt")],
        check=True,
        capture_output=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem.with_suffix(".crt"), pem)
    return context
