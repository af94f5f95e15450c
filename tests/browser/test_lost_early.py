"""A page whose network goes right after its first start: what few visits use of Python never came, and it stays usable."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser.festivals import event, save, schedule
from tests.browser.screen import Screen, ScreenAtNode
from tests.browser.sites import copy_site, manifest_of
from tests.browsers import Browsers, PlaywrightTab, static_server
from tests.processes import ServedNode
from tools.runtime import SECOND, SELDOM
from tools.static_site import runtime

TITLE = "Written without a network"
LATE = (SECOND, SELDOM)
KEPT = """async (names) => {
    const kept = (await (await caches.open("panda-web")).keys()).map(({ url }) => url);
    return names.every((name) => kept.some((url) => url.endsWith(encodeURIComponent(name))));
}"""


@pytest.fixture(scope="module")
def sparse_node(
    site: Path, browsers: Browsers, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ServedNode]:
    """It has nine talks, and of the site neither the module's second part nor the modules that few visits use."""
    folder = tmp_path_factory.mktemp("sparse")
    files = runtime(site).name
    www = copy_site(site, folder / "www", {f"{files}/{name}": None for name in LATE})
    with ServedNode(folder / "data", www, "--festival") as node:
        with browsers.tab("chromium") as tab:
            other = Screen(tab).open(node.url)
            other.import_file(save(schedule(*map(event, range(9))), folder / "schedule.json"))
            other.sent()
        yield node


def test_page_with_a_node_of_its_own(browsers: Browsers, sparse_node: ServedNode) -> None:
    """Somebody reads, writes, changes and removes; and all is sent when the node is there again."""
    with browsers.tab("chromium") as tab:
        screen = Screen(tab).open(sparse_node.url)
        sparse_node.kill()
        screen.click("#reload")
        screen.rest()
        screen.fill("#search", "Talk 5")
        screen.until(lambda: screen.text("#count").startswith("1 "))
        screen.fill("#search", "")
        talk = screen.write(title="A talk")
        screen.wait("#pending[data-pending='1']:not([hidden])")
        screen.act("edit", talk["id"])
        screen.fill("#f-title", "Changed")
        screen.click("#editor-save")
        screen.until(lambda: screen.talk("Changed"))
        screen.act("delete", talk["id"])
        screen.click("#confirm-yes")
        screen.until(lambda: not screen.talk("Changed"))
        screen.write(title=TITLE)
        assert "part-missing" not in screen.notices()
        sparse_node.start()
        screen.click("#reload")
        screen.wait("#pending[data-pending='0'][hidden]")
        assert screen.talk(TITLE)
        assert screen.notices() == []


def test_page_that_asks_its_node_for_everything(browsers: Browsers, sparse_node: ServedNode) -> None:
    """It says why nothing comes, and goes on when the node is there again."""
    with browsers.tab("chromium") as tab:
        screen = ScreenAtNode(tab).open(sparse_node.url)
        sparse_node.kill()
        screen.click("#reload")
        screen.wait(".notice[data-reason=node-unreachable]")
        assert screen.notices() == ["node-unreachable"]
        screen.click("#new")
        screen.fill("#f-title", f"{TITLE} of its own")
        screen.click("#editor-save")
        sparse_node.start()
        screen.click("#reload")
        screen.wait("#pending[data-pending='0'][hidden]")
        screen.until(lambda: screen.talk(f"{TITLE} of its own"))
        assert screen.notices() == []


def test_what_never_came_comes_when_there_is_a_network_again(
    browsers: Browsers, site: Path, empty_node: ServedNode, tmp_path: Path
) -> None:
    """The browser says so to the worker. Nobody misses anything."""
    files, manifest = runtime(site), manifest_of(site)
    www = copy_site(site, tmp_path / "www", {f"{files.name}/{name}": None for name in LATE})

    def answered(status: int) -> set[str]:
        return {name for name in LATE for line in [*server.requests] if line.endswith(f"/{name} {status}")}

    with static_server(www) as server, browsers.tab("chromium") as tab:
        assert isinstance(tab, PlaywrightTab)
        screen = Screen(tab).open(f"{server.url}?node={empty_node.url}")
        screen.until(lambda: answered(404) == {*LATE})
        for name in LATE:
            (www / files.name / name).write_bytes((files / name).read_bytes())
        for worker in tab.page.workers:  # what emulates it tells the page alone
            worker.evaluate("() => void dispatchEvent(new Event('online'))")
        screen.until(lambda: answered(200) == {*LATE})
        tab.wait_for(KEPT, [manifest[part]["integrity"] for part in ("second", "seldom")])
        assert not [line for line in server.requests if "?missed" in line]
