import asyncio
import sqlite3
import stat
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from panda_web.client.file import FileStore
from panda_web.client.store import ClientStore, MemoryStore
from panda_web.errors import StoreFailed
from tests.contracts import stores


@pytest.mark.parametrize("check", stores.ALL, ids=lambda check: check.__name__)
def test_memory(check: stores.Open) -> None:
    async def open_store() -> ClientStore:
        return MemoryStore()

    asyncio.run(check(open_store))  # type: ignore[arg-type]


@pytest.mark.parametrize("check", [*stores.ALL, *stores.DURABLE], ids=lambda check: check.__name__)
def test_file(check: stores.Open, tmp_path: Path) -> None:
    async def open_store() -> ClientStore:
        return FileStore(tmp_path / "folder" / "key.logs.db")

    asyncio.run(check(open_store))  # type: ignore[arg-type]


def test_file_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    store = FileStore(tmp_path / "logs.db")
    asyncio.run(store.commit({"a": "b"}, {}))
    modes = {stat.S_IMODE(path.stat().st_mode) & 0o077 for path in tmp_path.iterdir()}
    asyncio.run(store.close())
    assert modes == {0}


def test_files_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "noise").write_bytes(b"no database" * 1000)
    with pytest.raises(StoreFailed):
        FileStore(tmp_path / "noise")
    with pytest.raises(StoreFailed):
        FileStore(tmp_path)


class Failing(sqlite3.Connection):
    """A connection whose second COMMIT fails, as a full or locked disk makes it; it waits for nobody."""

    commits = 0

    def execute(self, sql: str, *values: Any) -> sqlite3.Cursor:  # type: ignore[override]
        self.commits += sql == "COMMIT"
        if sql == "COMMIT" and self.commits == 2:
            raise sqlite3.OperationalError("database is locked")
        if "busy_timeout" in sql:
            sql = "PRAGMA busy_timeout=1"
        return super().execute(sql, *values)


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files are opened by such connections."""
    monkeypatch.setattr(sqlite3, "connect", partial(sqlite3.connect, factory=Failing))


@pytest.mark.usefixtures("failing")
def test_a_commit_that_fails_leaves_nothing_to_be_read(tmp_path: Path) -> None:
    """What is read could be sent; what was not committed could be signed for again."""

    async def work() -> None:
        store = FileStore(tmp_path / "logs.db")
        await store.commit({"a": "1"}, {})
        with pytest.raises(StoreFailed):
            await store.commit({"a": "2", "b": "2"}, {"a": "1"})
        assert await store.get("a") == "1"
        assert await store.scan("b") == []
        await store.commit({"a": "3"}, {"a": "1"})
        assert await store.get("a") == "3"
        await store.close()

    asyncio.run(work())


@pytest.mark.usefixtures("failing")
def test_a_file_that_is_locked_is_a_named_error(tmp_path: Path) -> None:
    async def work() -> None:
        store = FileStore(tmp_path / "logs.db")
        other = sqlite3.connect(tmp_path / "logs.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreFailed):
            await store.commit({"a": "b"}, {})
        other.execute("ROLLBACK")
        other.close()
        await store.commit({"a": "b"}, {})
        await store.close()

    asyncio.run(work())
