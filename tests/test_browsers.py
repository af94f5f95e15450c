"""What other browser tests stand on: three engines behind one `Tab`, and Playwright beside asyncio."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Request, Route
from playwright.sync_api import Error as PlaywrightError
from urllib3.exceptions import ReadTimeoutError

from tests.browsers import (
    Browsers,
    JavaScriptError,
    StaticServer,
    Tab,
    WebKit,
    available,
    expect,
    require,
    static_server,
    verdict,
)

pytestmark = pytest.mark.every_engine

Serve = Callable[..., StaticServer]
Open = Callable[[], Tab]


@pytest.fixture(scope="module")
def page_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("page")
    (folder / "index.html").write_text(
        "<!doctype html><meta charset=utf-8><title>Pandas</title><link rel=icon href='data:,'>"
        "<button onclick='this.textContent = `eaten`'>bamboo</button>"
    )
    (folder / "module.mjs").write_text("export const greet = async (name) => `hello ${name}`;")
    with static_server(folder) as server:
        yield server.url


@pytest.fixture(scope="module")
def tab(engine: str, browsers: Browsers, page_url: str) -> Iterator[Tab]:
    """A tab with the page; its tests change nothing of it that another one looks at."""
    with browsers.tab(engine) as one:
        one.goto(page_url)
        yield one


def test_values_travel(tab: Tab) -> None:
    assert tab.evaluate("document.title") == "Pandas"
    assert tab.evaluate("async (a, b) => [a, b, null, 1.5, 100 % 7]", {"é": [1]}, "%s") == [
        {"é": [1]},
        "%s",
        None,
        1.5,
        2,
    ]
    assert tab.evaluate("() => undefined") is None
    assert tab.evaluate("async (n) => (await import('./module.mjs')).greet(n)", "panda") == "hello panda"


def test_errors_arrive(tab: Tab) -> None:
    with pytest.raises(JavaScriptError, match="not like this"):
        tab.evaluate("() => { throw new TypeError('not like this'); }")
    with pytest.raises(JavaScriptError, match="no answer within"):
        tab.evaluate("() => new Promise(() => {})", timeout=0.2)
    with pytest.raises(JavaScriptError, match="not within"):
        tab.wait_for("window.never", timeout=0.2)


def test_wait_for_returns_the_value(tab: Tab) -> None:
    tab.evaluate("() => { setTimeout(() => { window.later = { ready: 7 }; }, 150); }")
    assert tab.wait_for("window.later.ready") == 7


def test_tabs_share_storage_and_profiles_do_not(open_tab: Open, page_url: str) -> None:
    first = open_tab()
    first.goto(page_url)
    first.evaluate("localStorage.setItem('a', 'kept')")
    second = first.new_tab()
    second.goto(page_url)
    assert second.evaluate("localStorage.getItem('a')") == "kept"
    second.close()
    assert first.evaluate("document.title") == "Pandas"
    stranger = open_tab()
    stranger.goto(page_url)
    assert stranger.evaluate("localStorage.getItem('a')") is None


def test_screenshot(engine: str, browsers: Browsers, page_url: str, tmp_path: Path) -> None:
    with browsers.tab(engine, drawn=True) as tab:
        tab.goto(page_url)
        tab.screenshot(tmp_path / "seen.png")
    assert (tmp_path / "seen.png").read_bytes().startswith(b"\x89PNG")


def test_loopback_is_a_secure_context(tab: Tab) -> None:
    assert tab.evaluate("isSecureContext && crypto.subtle !== undefined && navigator.locks !== undefined")


def test_a_webkit_that_ends_while_it_starts_is_not_waited_for() -> None:
    ends = replace(require("webkit"), executable="/bin/true")
    with pytest.raises(ReadTimeoutError):
        WebKit(ends, display="", patience=2)


def test_asyncio_between_playwright_calls(chromium: Browser, page_url: str) -> None:
    async def answer() -> int:
        await asyncio.sleep(0)
        return 42

    page = chromium.new_page()
    page.goto(page_url)
    assert asyncio.run(answer()) == 42
    assert page.title() == "Pandas"
    with asyncio.Runner() as runner:
        assert runner.run(answer()) == 42
        assert page.evaluate("1 + 1") == 2
    page.close()


def test_a_window_of_chromium_loads_no_page_of_its_own(chromium: Browser, page_url: str, long: bool) -> None:
    """Which would be a third of each start."""
    page = chromium.new_page()
    page.goto(page_url)
    said = chromium.new_browser_cdp_session().send("Target.getTargets", {"filter": [{}]})
    page.close()
    assert long or "browser_ui" not in {target["type"] for target in said["targetInfos"]}


@pytest.mark.parametrize("name", ["chromium", "firefox"])
def test_playwrights_own_pages(name: str, request: pytest.FixtureRequest, page_url: str) -> None:
    browser: Browser = request.getfixturevalue(name)
    context = browser.new_context(viewport={"width": 390, "height": 844}, color_scheme="dark")
    page = context.new_page()
    seen: list[Request] = []
    page.on("request", seen.append)

    def invented(route: Route) -> None:
        route.fulfill(body=json.dumps({"from": route.request.url.rsplit("/", 1)[-1]}))

    page.route("**/invented.json", invented)
    with page.expect_response("**/invented.json") as response:
        page.goto(page_url)
        page.evaluate("fetch('invented.json')")
    assert response.value.json() == {"from": "invented.json"}
    page.get_by_role("button").click()
    expect(page.get_by_role("button")).to_have_text("eaten")
    assert [button.inner_text() for button in page.get_by_role("button").all()] == ["eaten"]
    assert seen[0].url == page_url
    assert seen[0].response().status == 200  # type: ignore[union-attr]
    if name == "chromium":  # the stock Firefox does not take this one
        assert page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
    assert page.evaluate("innerWidth") == 390
    with pytest.raises(PlaywrightError, match="Timeout"):
        page.get_by_text("nowhere").click(timeout=100)
    context.close()


def test_console_is_kept(page_url: str, open_tab: Open) -> None:
    tab = open_tab()
    tab.goto(page_url)
    tab.evaluate("() => console.log('said in', 'the page')")
    if tab.engine.name != "webkit":
        tab.evaluate("() => new Promise((done) => setTimeout(done, 50))")
        assert "log: said in the page" in tab.messages


def test_a_missing_browser() -> None:
    assert verdict("firefox", ["firefox"], ci=False) == "use"
    assert verdict("firefox", ["firefox"], ci=True) == "use"
    assert verdict("firefox", ["chromium"], ci=False) == "skip"
    assert verdict("firefox", ["chromium"], ci=True) == "fail"
    assert verdict("firefox", [], ci=False) == "fail"


@pytest.mark.parametrize(
    ("found", "ci", "code", "words"),
    [
        (["chromium"], "", 0, "NOT TESTED IN WEBKIT"),
        (["chromium"], "true", 1, "webkit is not on this machine, and must be"),
        ([], "", 1, "webkit is not on this machine, and must be"),
    ],
)
def test_a_missing_browser_in_a_run(found: list[str], ci: str, code: int, words: str) -> None:
    handed = {
        name: {"executable": e.executable, "origin": e.origin}
        for name, e in available().items()
        if name in found
    }
    result = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", f"{__file__}::test_screenshot[webkit]"],
        cwd=Path(__file__).parent.parent,
        env=os.environ | {"PANDA_BROWSERS": json.dumps(handed), "CI": ci},
        capture_output=True,
        text=True,
    )
    assert result.returncode == code, result.stdout
    assert words in result.stdout
