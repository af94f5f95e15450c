"""The database of a node in a tab: where it is, that it is durable there, and what is said where it is not."""

import json
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.browser.python import Python
from tests.browser.sites import HARNESS, copy_site, runs_before
from tests.browsers import Browsers, StaticServer, static_server
from tests.contracts import nodes


@pytest.fixture(scope="module")
def python(
    engine: str, browsers: Browsers, disks: StaticServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Python]:
    """In Chromium with a profile on the disk: a private window has its files in memory, where each write is dear."""
    profile = tmp_path_factory.mktemp("profile")
    with browsers.killable(engine, profile) if engine == "chromium" else browsers.tab(engine) as tab:
        yield Python(tab, disks.url)


def best(engine: str) -> str:
    """WebKitGTK has no synchronous access handles."""
    return "indexeddb" if engine == "webkit" else "opfs"


@pytest.mark.every_engine
def test_best_place(python: Python, engine: str) -> None:
    found = python.run("place", name="best")
    assert found["kind"] == best(engine)
    assert found["warning"] is None
    storage = found["storage"]
    assert (storage["kind"], storage["warning"]) == ("blocks" if engine == "webkit" else "files", None)
    assert not storage["persisted"]
    if engine != "webkit":  # WebKitGTK's workers say nothing of it
        assert 0 < storage["usage"] < storage["quota"]


@pytest.mark.every_engine
def test_what_sqlite_asks_for_reaches_the_file(python: Python, engine: str) -> None:
    """Else nothing would be durable, and all other tests would pass all the same."""
    reached = python.run("reached_by_a_commit", count=5)
    if best(engine) == "opfs":
        assert reached[0] > 0
        assert all(before < after for before, after in pairwise(reached)), reached


PLACES = ("indexeddb", "memory")


def checks(kind: str) -> list[Any]:
    return [*nodes.ALL, *(nodes.DURABLE if kind != "memory" else ())]


@pytest.mark.every_engine
@pytest.mark.engines("chromium", "firefox")
@pytest.mark.parametrize("check", checks("opfs"), ids=lambda check: check.__name__)
def test_contract_in_files(python: Python, check: Any) -> None:
    python.run("contract", kind="opfs", check=check.__name__)


@pytest.mark.every_engine
@pytest.mark.parametrize("check", checks("indexeddb"), ids=lambda check: check.__name__)
def test_contract_in_indexeddb(python: Python, check: Any) -> None:
    python.run("contract", kind="indexeddb", check=check.__name__)


@pytest.mark.parametrize("check", checks("memory"), ids=lambda check: check.__name__)
def test_contract_in_memory(python: Python, check: Any) -> None:
    python.run("contract", kind="memory", check=check.__name__)


@pytest.mark.every_engine
def test_one_at_a_time_has_it(python: Python, engine: str) -> None:
    """By a lock: files can be open once alone, but IndexedDB would give the database to who comes last."""
    for place in {best(engine), "indexeddb"}:
        said = python.run("two_at_once", name=f"two-{place}", places=[place])
        assert sorted((said[:2], said[2:])) == [["one opens", "one closes"], ["other opens", "other closes"]]


def without(browsers: Browsers, engine: str, www: Path, out: Path, prefix: str, run: Any) -> Any:
    copy_site(www, out, {})
    runs_before(out / "worker.js", HARNESS / prefix)
    manifest = json.loads((out / "manifest.json").read_text("utf-8"))
    assert manifest["snapshot"]
    with static_server(out) as server, browsers.tab(engine) as tab:
        return run(Python(tab, server.url))


def test_a_store_that_would_lose_what_it_acknowledges_is_refused(
    engine: str, browsers: Browsers, disks_site: Path, tmp_path: Path
) -> None:
    refusal = without(
        browsers, engine, disks_site, tmp_path / "www", "hook-does-not-count.js",
        lambda python: python.run("refusal", name="refused"),
    )  # fmt: skip
    assert refusal[0] == "not-written-through"
    assert "next power cut" in refusal[1]


@pytest.mark.engines("chromium", "firefox")
def test_a_commit_is_written_at_once(
    engine: str, browsers: Browsers, disks_site: Path, tmp_path: Path
) -> None:
    """Each call of a file takes a browser long, and SQLite has two for each page."""
    calls = without(
        browsers, engine, disks_site, tmp_path / "www", "counts-writes.js",
        lambda python: python.run("calls_of_commits", count=5),
    )  # fmt: skip
    assert calls[1:] == [["write", "flush"]] * 4


def test_without_files_it_is_in_indexeddb(
    engine: str, browsers: Browsers, disks_site: Path, tmp_path: Path
) -> None:
    found = without(
        browsers, engine, disks_site, tmp_path / "www", "without-files.js",
        lambda python: python.run("place", name="no-files"),
    )  # fmt: skip
    assert (found["kind"], found["warning"]) == ("indexeddb", None)


def test_without_storage_it_is_in_memory_and_that_is_said(
    engine: str, browsers: Browsers, disks_site: Path, tmp_path: Path
) -> None:
    found = without(
        browsers, engine, disks_site, tmp_path / "www", "without-storage.js",
        lambda python: python.run("place", name="no-storage", places=["indexeddb", "memory"]),
    )  # fmt: skip
    assert found["kind"] == "memory"
    assert "gone when it is closed" in found["warning"]
    assert (found["storage"]["kind"], found["storage"]["warning"]) == ("memory", found["warning"])
