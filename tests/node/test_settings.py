"""What a platform may want of SQLite; whatever it is, the store keeps its promises."""

import asyncio
import sqlite3
from pathlib import Path

import pytest

from panda_web.client import Client
from panda_web.errors import StoreFailed
from panda_web.keys.with_cryptography import CryptographySigner, CryptographyVerifier
from panda_web.node import Node, Store
from panda_web.node.aside import in_a_thread
from panda_web.node.store import Settings
from panda_web.rpc.within import in_process

SCHEMA = "0040" + "ab" * 64
SETTINGS = [
    Settings(),
    Settings(exclusive=True),
    Settings(journal_mode="TRUNCATE", exclusive=True, cache_kib=500),
    Settings(vfs="unix-none", journal_mode="DELETE", synchronous="NORMAL"),
]


async def written_and_read(store: Store) -> list[object]:
    node = Node(store, CryptographyVerifier(), version="0")
    async with Client(
        in_process(node.dispatcher()), CryptographySigner.generate(), verifier=CryptographyVerifier()
    ) as panda:
        await panda.create(SCHEMA, {"n": 1})
        found = await panda.query(SCHEMA)
    await node.finish()
    return [each["n"] for each in found]


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_a_database_is_opened_as_the_platform_wants_it(tmp_path: Path, settings: Settings) -> None:
    path = tmp_path / "a folder?with#odd%20names" / "node.db"
    for n in (1, 2):
        store = Store(path, settings=settings)
        assert asyncio.run(written_and_read(store)) == [1] * n
        store.close()
    assert not path.with_name("node.db-wal").exists()
    with sqlite3.connect(path) as plain:
        (mode,) = plain.execute("PRAGMA journal_mode").fetchone()
    assert (mode == "wal") == (settings.journal_mode == "WAL")


def test_what_a_file_system_cannot_keep_is_said(tmp_path: Path) -> None:
    with pytest.raises(StoreFailed, match="cannot keep a journal of the kind WAL"):
        Store(tmp_path / "node.db", settings=Settings(vfs="unix-none"))
    with pytest.raises(StoreFailed, match="cannot be opened"):
        Store(tmp_path / "node.db", settings=Settings(vfs="none such"))


def test_nothing_is_done_aside_on_a_database_that_is_opened_once(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="opened once"):
        Store(tmp_path / "node.db", in_a_thread, Settings(exclusive=True))
