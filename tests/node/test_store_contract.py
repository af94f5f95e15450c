"""The contract of a node's database (`tests/contracts/nodes.py`) where a server has it; a tab's is tested in tabs."""

import asyncio
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from panda_web.errors import StoreFailed
from panda_web.keys.with_cryptography import CryptographySigner, CryptographyVerifier
from panda_web.node import Node, Store
from panda_web.node.aside import Aside, here, in_a_thread
from panda_web.node.store import Settings
from tests import sqlite
from tests.authors import SCHEMA, Author
from tests.contracts import nodes

WAYS: dict[str, tuple[str | None, Aside, Settings]] = {
    "server": ("node.db", in_a_thread, Settings()),
    "memory": (None, in_a_thread, Settings()),
    "exclusive": (
        "node.db",
        here,
        Settings(exclusive=True, temporary_in_memory=True, max_journal=8 << 20),
    ),
    "no journal": ("node.db", here, Settings(journal_mode="MEMORY", temporary_in_memory=True)),
}


class Here:
    """A node in this process."""

    def __init__(self, path: Path | None, aside: Aside, settings: Settings) -> None:
        self._store = Store(path, aside, settings)
        self.node = Node(self._store, CryptographyVerifier(), version="0")
        self._watching = asyncio.ensure_future(self.node.watch())

    async def close(self) -> None:
        self._watching.cancel()
        await asyncio.wait([self._watching])
        await self.node.finish()
        self._store.close()


@pytest.mark.parametrize("check", [*nodes.ALL, *nodes.DURABLE], ids=lambda check: check.__name__)
@pytest.mark.parametrize("way", WAYS)
def test_contract(tmp_path: Path, way: str, check: Callable[[nodes.World], Awaitable[None]]) -> None:
    name, aside, settings = WAYS[way]
    if name is None and check in nodes.DURABLE:
        pytest.skip("it promises less")

    async def opens() -> Here:
        return Here(None if name is None else tmp_path / name, aside, settings)

    asyncio.run(check(nodes.World(opens, CryptographySigner.generate(), CryptographyVerifier())))  # type: ignore[arg-type]
    assert [path.name for path in tmp_path.iterdir()] in ([], [name])


def test_a_commit_waits_for_the_disk(tmp_path: Path) -> None:
    """As SQLite says. What counts sooner is lost with the power, and not where a process is killed."""
    store = sqlite.Store(tmp_path / "node.db")
    full = 2
    assert store.sqlite.execute("PRAGMA synchronous").fetchone() == (full,)
    store.close()


# -- what follows a COMMIT ---------------------------------------------------------------------------


class Elsewhere:
    """Persists a file in another place; what it refuses to persist is taken back in the file too.

    So it does as a tab's memory does whose changes go into IndexedDB (`web/worker/disk/blocks.js`).
    """

    def __init__(self, file: Path) -> None:
        self._file, self._kept = file, file.with_suffix(".kept")
        self.refuses = False
        self.asked = 0

    async def __call__(self) -> None:
        self.asked += 1
        await asyncio.sleep(0)
        if self.refuses:
            self._file.write_bytes(self._kept.read_bytes())
            raise StoreFailed("There is no room elsewhere.")
        shutil.copyfile(self._file, self._kept)


def test_what_is_not_persisted_has_not_happened(tmp_path: Path) -> None:
    """And when there is room again, all goes on, with the views as they should be."""
    elsewhere = Elsewhere(tmp_path / "node.db")
    settings = Settings(journal_mode="MEMORY", temporary_in_memory=True, persist=elsewhere)

    async def numbers(node: Node) -> list[str]:
        answer: Any = await node.query_entries(SCHEMA)
        return [each["entryHash"] for each in answer["entries"]]

    async def work() -> None:
        tab = Here(tmp_path / "node.db", here, settings)
        author = Author()
        entries = [author.create(n=n) for n in range(3)]
        hashes = [str(entry.hash.hex()) for entry, _ in entries]

        async def publish(which: int) -> None:
            signed, payload = entries[which]
            await tab.node.publish_entry(signed.encoded, payload)

        await publish(0)
        elsewhere.refuses = True
        for _ in range(2):
            with pytest.raises(StoreFailed, match="no room elsewhere"):
                await publish(1)
            assert await numbers(tab.node) == hashes[:1]
        elsewhere.refuses = False
        await publish(1)
        await publish(2)
        assert await numbers(tab.node) == hashes
        assert elsewhere.asked == 5
        (tmp_path / "node.db").write_bytes((tmp_path / "node.kept").read_bytes())
        await tab.close()
        again = Here(tmp_path / "node.kept", in_a_thread, Settings())
        assert await numbers(again.node) == hashes
        await again.close()

    asyncio.run(work())
