"""docs/pyodide.md in real browsers: each example in the place that it is written for, without our JavaScript."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tests.browsers import PlaywrightTab, StaticServer, Tab
from tests.processes import ServedNode

SAID = "Opening 200 verified\n0 left\n"
PATIENCE = 300
"""Seconds until something counts as hanging."""


def script(name: str) -> str:
    """One of the small programs that look at a page."""
    return (Path(__file__).parent / "scripts" / f"{name}.js").read_text("utf-8")


two_engines = pytest.mark.engines("chromium", "firefox")
"""For the two hosts that take longest; JupyterLite was seen to work in WebKitGTK too."""


def requests_of(tab: Tab) -> list[str]:
    """The addresses that a tab asks for from now on."""
    assert isinstance(tab, PlaywrightTab)
    asked: list[str] = []
    tab.page.on("request", lambda request: asked.append(request.url))
    return asked


def assert_nobody_else(asked: Sequence[str], *servers: StaticServer | ServedNode) -> None:
    """All requests went to the site, and to the host of wheels and node."""
    ours = ("blob:", "data:", *(server.url for server in servers))
    assert asked
    assert [url for url in asked if not url.startswith(ours)] == []


def said(tab: Tab, url: str) -> str:
    """What an example's page shows in the end."""
    tab.goto(url)
    try:
        return str(tab.wait_for(script("shown"), "pre", "left", timeout=PATIENCE))
    except AssertionError as error:
        raise AssertionError("\n".join(tab.messages)) from error


def test_page(open_tab: Callable[[], Tab], pages: StaticServer) -> None:
    assert said(open_tab(), pages.url + "page.html").endswith(SAID)


@two_engines
def test_one_wheel_does_where_the_browser_has_ed25519(
    open_tab: Callable[[], Tab], pages: StaticServer
) -> None:
    assert said(open_tab(), pages.url + "alone/page.html").endswith(SAID)


def test_worker(open_tab: Callable[[], Tab], pages: StaticServer) -> None:
    assert said(open_tab(), pages.url + "worker.html").endswith(SAID)


def test_pyscript(open_tab: Callable[[], Tab], pages: StaticServer) -> None:
    tab = open_tab()
    tab.goto(pages.url + "pyscript.html")
    shown = tab.wait_for(script("shown"), "script-py", "left", timeout=PATIENCE)
    assert shown == "Soldering20verified0left"


@two_engines
def test_jupyterlite(open_tab: Callable[[], Tab], notebooks: StaticServer, host: ServedNode) -> None:
    tab = open_tab()
    asked = requests_of(tab)
    tab.goto(notebooks.url + "notebooks/index.html?path=talks.ipynb")
    tab.wait_for(script("run_all"), timeout=PATIENCE)
    assert tab.wait_for(script("shown"), ".jp-OutputArea", "left", timeout=PATIENCE) == SAID
    assert_nobody_else(asked, notebooks, host)


@two_engines
def test_marimo(open_tab: Callable[[], Tab], exported: StaticServer, host: ServedNode) -> None:
    tab = open_tab()
    asked = requests_of(tab)
    tab.goto(exported.url)
    assert "[('Opening', 200, True)], then 0 left" in tab.wait_for(
        script("shown"), "#root", "0 left", timeout=PATIENCE
    )
    assert_nobody_else(asked, exported, host)
