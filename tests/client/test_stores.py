import asyncio
import sqlite3
import stat
from pathlib import Path

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


def test_a_file_that_is_locked_is_a_named_error(tmp_path: Path) -> None:
    async def work() -> None:
        store = FileStore(tmp_path / "logs.db")
        store._connection.execute("PRAGMA busy_timeout=1")
        other = sqlite3.connect(tmp_path / "logs.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreFailed):
            await store.commit({"a": "b"}, {})
        other.execute("ROLLBACK")
        other.close()
        await store.commit({"a": "b"}, {})
        await store.close()

    asyncio.run(work())
