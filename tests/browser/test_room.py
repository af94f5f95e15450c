"""Storage that is full, or taken away while it is in use: a named error in words, and nothing half-written."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.browser.python import Python
from tests.browsers import Browsers, PlaywrightTab, StaticServer

pytestmark = pytest.mark.engines("chromium")  # which can be told how much room a site has

PLACES = ("opfs", "indexeddb")


@pytest.fixture(scope="module")
def tab(engine: str, browsers: Browsers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PlaywrightTab]:
    """With a profile of its own: in a private window files are in another process, and slow."""
    with browsers.killable(engine, tmp_path_factory.mktemp("room") / "profile") as one:
        yield one


@pytest.fixture
def ask(tab: PlaywrightTab, disks: StaticServer) -> Iterator[Callable[..., Any]]:
    """Asks the browser for something about the site's storage, by its own protocol."""
    session = tab.page.context.new_cdp_session(tab.page)
    yield lambda method, **params: session.send(f"Storage.{method}", {"origin": disks.url, **params})
    session.detach()  # and with that the site has as much room as it ever had


@pytest.fixture
def python(tab: PlaywrightTab, disks: StaticServer) -> Python:
    return Python(tab, disks.url)


@pytest.mark.parametrize("place", PLACES)
def test_storage_is_full(python: Python, ask: Callable[..., Any], place: str) -> None:
    """What was acknowledged is there, what was refused is not, and when there is room again all goes on."""
    name = f"full-{place}"
    sound = {"kind": place, "integrity": "ok", "missing": {}}
    usage = ask("getUsageAndQuota")["usage"]
    ask("overrideQuotaForOrigin", quotaSize=int(usage) + (6 << 20))
    python.load()  # what IndexedDB was told of its room it believes for a while
    assert python.run("look", name=name, acknowledged={}, places=[place]) == sound
    found = python.run("write_mebibytes", name=name, most=20)
    assert found["why"][0] == "storage-full"
    assert "no room left" in found["why"][1]
    assert found["held"] == found["count"]
    again = python.run("write_mebibytes", name=name, most=20)
    assert again["why"][0] == "storage-full"
    assert again["held"] == again["count"]
    ask("overrideQuotaForOrigin")
    later = python.run("write_mebibytes", name=name, most=3)
    assert (later["count"], later["held"], later["why"]) == (3, 3, [])
    assert python.run("close", name=name) == []
    told = {each["author"]: each["count"] for each in (found, again, later)}
    assert python.run("look", name=name, acknowledged=told, places=[place]) == sound
    assert python.run("close", name=name) == []


def test_storage_is_taken_away(python: Python, ask: Callable[..., Any]) -> None:
    """While it is open, as by who empties a site's data: that is said, and whoever comes anew begins anew."""
    name, place = "gone", "indexeddb"
    python.run("look", name=name, acknowledged={}, places=[place])
    assert python.run("write_mebibytes", name=name, most=1)["count"] == 1
    ask("clearDataForOrigin", storageTypes="indexeddb")
    found = python.run("write_mebibytes", name=name, most=2)
    assert found["why"][0] == "storage-gone"
    assert "reload the page" in found["why"][1]
    python.load()
    sound = {"kind": place, "integrity": "ok", "missing": {}}
    assert python.run("look", name=name, acknowledged={}, places=[place]) == sound
    assert python.run("write_mebibytes", name=name, most=2)["count"] == 2
