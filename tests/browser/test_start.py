"""How the page starts: what it asks for and from whom, and what it says where something is wrong with the site."""

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.browser.asking import talks_at
from tests.browser.festivals import event, save, schedule
from tests.browser.screen import Screen
from tests.browser.sites import copy_site
from tests.browsers import Browsers, PlaywrightTab, StaticServer, static_server
from tests.processes import ServedNode
from tools.static_site import runtime


def origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


pytestmark = pytest.mark.engines("chromium", "firefox")


@pytest.fixture
def tab(engine: str, browsers: Browsers) -> Iterator[PlaywrightTab]:
    with browsers.tab(engine) as opened:
        assert isinstance(opened, PlaywrightTab)
        yield opened


@pytest.fixture
def asked(tab: PlaywrightTab) -> list[tuple[str, str]]:
    """Every request of the tab and its workers: method and address."""
    requests: list[tuple[str, str]] = []
    tab.page.context.on("request", lambda request: requests.append((request.method, request.url)))
    return requests


def origins(asked: list[tuple[str, str]]) -> set[str]:
    return {origin(url) for _, url in asked if not url.startswith(("blob:", "data:", "about:"))}


def names(asked: list[tuple[str, str]]) -> set[str]:
    return {urlsplit(url).path.rsplit("/")[-1] for _, url in asked}


@pytest.mark.every_engine
def test_no_request_leaves_the_site(
    tab: PlaywrightTab, asked: list[tuple[str, str]], site: Path, tmp_path: Path
) -> None:
    with ServedNode(tmp_path / "data", site) as node:
        screen = Screen(tab).open(node.url)
        screen.import_file(save(schedule(event(1), event(2)), tmp_path / "schedule.json"))
        screen.sent()
        assert len(talks_at(node.url)) == 2
    assert origins(asked) == {origin(node.url)}
    # What the worker asked for is among what was seen, or this test would show nothing.
    assert {"pyodide.asm.wasm", "snapshot.bin", "manifest.json"} <= names(asked)
    assert ("POST", node.url) in asked


def test_chosen_node_is_the_only_other_one_that_is_asked(
    tab: PlaywrightTab, asked: list[tuple[str, str]], site: Path, tmp_path: Path
) -> None:
    with static_server(site) as host, ServedNode(tmp_path / "data") as node:
        screen = Screen(tab).open(f"{host.url}?node={node.url}")
        screen.import_file(save(schedule(event(1), event(2)), tmp_path / "schedule.json"))
        assert screen.text("#node") == node.url
        screen.sent()
        assert len(talks_at(node.url)) == 2
    assert origins(asked) == {origin(host.url), origin(node.url)}
    assert {method for method, url in asked if origin(url) == origin(host.url)} == {"GET"}
    assert {method for method, url in asked if origin(url) == origin(node.url)} <= {"POST", "OPTIONS"}


@pytest.mark.parametrize("address", ["javascript:alert(1)", "data:text/html,x", "https:///"])
def test_what_is_no_address_of_a_node_is_said(tab: PlaywrightTab, site: Path, address: str) -> None:
    with static_server(site) as host:
        tab.goto(f"{host.url}?node={address}")
        screen = Screen(tab)
        screen.wait(".notice[data-reason=node-address-wrong]")
        assert "This is not a node's address" in screen.text(".notice[data-reason=node-address-wrong] h3")
        assert screen.words("#me >>> [part=who]") == "not opened"
        screen.click(".notice[data-reason=node-address-wrong] button")
        tab.wait_for("(address) => location.href === address", host.url)


def test_site_works_on_any_path(tab: PlaywrightTab, site: Path, tmp_path: Path) -> None:
    copy_site(site, tmp_path / "www" / "some" / "where", {})
    with static_server(tmp_path / "www") as host, ServedNode(tmp_path / "data") as node:
        screen = Screen(tab).open(f"{host.url}some/where/?node={node.url}")
        screen.write(title="From a folder")
        screen.sent()
        assert len(talks_at(node.url)) == 1


# -- sites that are not whole ----------------------------------------------------------------------


@pytest.fixture
def broken(site: Path, tmp_path: Path) -> Iterator[StaticServer]:
    """A copy of the site, for a test to break; without the snapshot, so that all other files are needed."""
    copy_site(site, tmp_path / "site", {f"{runtime(site).name}/snapshot.bin": None})
    with static_server(tmp_path / "site") as server:
        yield server


def fails(screen: Screen, url: str) -> str:
    """Opens the page, which must fail; gives what it says about that."""
    screen.tab.goto(url)
    screen.wait("html[data-state=failed]")
    screen.wait(".notice[data-kind=error]")
    assert screen.data("#programme", "state") == "failed"
    return screen.text(".notice[data-kind=error]")


MISSING = (
    "manifest.json",
    "worker.js",
    "pyodide.asm.wasm",
    "python_stdlib.zip",
    "*.whl",
)


@pytest.mark.parametrize("pattern", MISSING)
def test_missing_file_is_named(
    tab: PlaywrightTab, broken: StaticServer, tmp_path: Path, pattern: str
) -> None:
    file = next(runtime(tmp_path / "site").glob(pattern))
    file.unlink()
    screen = Screen(tab)
    words = fails(screen, broken.url)
    assert screen.notices()[0] in ("file-missing", "start-failed")
    assert f"{file.name} answered with status 404" in words


@pytest.mark.parametrize("media_type", ["text/plain", None])
def test_script_that_does_not_run_is_told(
    tab: PlaywrightTab, broken: StaticServer, media_type: str | None
) -> None:
    """Of another kind, or not there at all; the page says it without a script."""
    status = 200 if media_type else 404
    tab.page.route(
        "**/panda.js",
        lambda route: route.fulfill(status=status, content_type=media_type or "text/html", body=""),
    )
    screen = Screen(tab)
    tab.goto(broken.url)
    assert not tab.page.is_visible(".start-stuck")
    tab.evaluate(
        "document.getAnimations().forEach((animation) => animation.effect.updateTiming({ delay: 0 }))"
    )
    screen.until(lambda: tab.page.is_visible(".start-stuck"))
    assert "text/javascript" in screen.text(".start-stuck")


def test_page_goes_on_once_the_site_is_whole_again(
    tab: PlaywrightTab, broken: StaticServer, tmp_path: Path
) -> None:
    file = runtime(tmp_path / "site") / "python_stdlib.zip"
    away = file.rename(tmp_path / "away.zip")
    screen = Screen(tab)
    fails(screen, broken.url)
    away.rename(file)
    screen.click(".notice[data-kind=error] button")
    screen.wait("html[data-state=ready]")
    screen.wait(".notice, #programme[data-state=failed]")  # there is no node at a static site


@pytest.mark.parametrize("pattern", ["worker.js", "manifest.json", "panda_web-*.whl"])
def test_changed_file_does_not_start(
    tab: PlaywrightTab, broken: StaticServer, tmp_path: Path, pattern: str
) -> None:
    file = next(runtime(tmp_path / "site").glob(pattern))
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)
    words = fails(Screen(tab), broken.url)
    assert file.name in words


def test_page_and_worker_of_two_versions(tab: PlaywrightTab, broken: StaticServer, tmp_path: Path) -> None:
    script = tmp_path / "site" / "panda.js"
    text, count = re.subn(r'VERSION = "[^"]+"', 'VERSION = "0.0.1"', script.read_text("utf-8"))
    assert count == 1
    script.write_text(text, "utf-8")
    words = fails(Screen(tab), broken.url)
    assert "The page has version 0.0.1, the worker" in words
    assert "Reload the page." in words
