"""What runs inside Pyodide about a database in a tab; stands in the place of `checks` in a site with a snapshot."""

import asyncio
import os
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from typing import Any

import js

from panda_web.browser.crypto import Crypto
from panda_web.browser.disk import Disk, Kind, OpenDisk, open_disk
from panda_web.browser.host import Host
from panda_web.browser.local import LocalNode
from panda_web.browser.webcrypto import SignChain, VerifyMany, WebCryptoSigner
from panda_web.client import Client
from panda_web.client.store import MemoryStore
from panda_web.errors import PandaError
from panda_web.node.store.settings import connect
from tests.contracts import nodes

SCHEMA = "0040" + "d1" * 64
AT_ONCE = 5
"""Entries that are published together."""


@dataclass(frozen=True)
class Tools:
    """The functions of `web/worker/`."""

    sign_chain: SignChain
    verify_many: VerifyMany
    opens: OpenDisk

    async def crypto(self) -> Crypto:
        """As a page has it."""
        return await Crypto.find(self.sign_chain, self.verify_many)

    async def signer(self) -> WebCryptoSigner:
        """A fresh key."""
        return await WebCryptoSigner.generate(self.sign_chain)


_open: dict[str, LocalNode] = {}
_under_way: set[asyncio.Task[None]] = set()


async def _reason(work: Awaitable[Any]) -> list[str]:
    """Why it fails: the reason, and the words; empty where it does not."""
    try:
        await work
    except PandaError as error:
        return [error.reason, str(error)]
    return []


async def _local(tools: Tools, name: str, places: Sequence[Kind] | None = None) -> LocalNode:
    disk = await open_disk(tools.opens, name, places)
    return LocalNode(disk, (await tools.crypto()).verifier)


async def place(tools: Tools, name: str, places: Sequence[Kind] | None = None) -> dict[str, Any]:
    """Where a database is, and what is said of it."""
    disk = await open_disk(tools.opens, name, places)
    await disk.close()
    return {"kind": disk.kind, "warning": disk.warning, "reached": disk.reached()}


async def refusal(tools: Tools, name: str) -> list[str]:
    """Why a database cannot be opened: the reason, and the words."""
    return await _reason(open_disk(tools.opens, name))


async def contract(tools: Tools, kind: Kind, check: str) -> None:
    """One check of the contract of nodes, on a database of its own in a place of that kind."""

    async def opens() -> LocalNode:
        local = await _local(tools, check.replace("_", "-"), [kind])
        assert local.disk.kind == kind, local.disk.warning
        return local

    world = nodes.World(opens, await tools.signer(), (await tools.crypto()).verifier)
    await getattr(nodes, check)(world)


async def reached_by_a_commit(tools: Tools, count: int) -> list[int]:
    """How often SQLite's request to write through has arrived: at first, and after each of some entries."""
    host = Host(tools.sign_chain, tools.verify_many, opens=tools.opens)
    local = await host.local()
    assert await host.local() is local
    reached = [local.disk.reached()]
    signer = await tools.signer()
    async with Client(
        local.peer(), signer, store=MemoryStore(), verifier=(await tools.crypto()).verifier
    ) as panda:
        for n in range(count):
            await panda.create(SCHEMA, {"n": n})
            reached.append(local.disk.reached())
    await local.close()
    return reached


async def two_at_once(tools: Tools, name: str) -> list[str]:
    """In which order two open one database and close it."""
    said: list[str] = []

    async def work(who: str) -> None:
        local = await _local(tools, name)
        said.append(f"{who} opens")
        await asyncio.sleep(0.05)
        said.append(f"{who} closes")
        await local.close()

    await asyncio.gather(work("one"), work("other"))
    return said


# -- hard ends -------------------------------------------------------------------------------------


async def look(
    tools: Tools, name: str, acknowledged: dict[str, int], places: Sequence[Kind] | None = None
) -> dict[str, Any]:
    """What SQLite says of a database, and what is missing in it of what was acknowledged: entries by author.

    It stays open.
    """
    disk = await open_disk(tools.opens, name, places)
    said = _integrity(disk)
    local = _open[name] = LocalNode(disk, (await tools.crypto()).verifier)
    missing = {}
    for author, count in acknowledged.items():
        held = await _held(local, author)
        if held < count:
            missing[author] = [held, count]
    return {"kind": disk.kind, "integrity": said, "missing": missing}


def _integrity(disk: Disk) -> str:
    connection = connect(disk.path, disk.settings)
    (said,) = connection.execute("PRAGMA integrity_check").fetchone()
    connection.close()
    return str(said)


async def _held(local: LocalNode, author: str) -> int:
    """How many entries of a log are held from its first on, each with its payload."""
    count = 0
    while True:
        answer: Any = await local.node.get_items(
            bytes.fromhex(author), 1, count + 1, count + 1000, 0, 0, True
        )
        held = [each for each in answer["items"] if each["payloadBytes"] is not None]
        count += len(held)
        if not held or answer["next"] is None:
            return count


async def write_on(tools: Tools, name: str, size: int = 300) -> str:
    """Begins to write, and tells the server of this page what was acknowledged, until it is ended; the author."""
    signer = await tools.signer()
    author = signer.author.hex()
    task = asyncio.create_task(_write(tools, _open[name], signer, size, f"ack/{author}/"))
    _under_way.add(task)
    return author


async def _write(tools: Tools, local: LocalNode, signer: WebCryptoSigner, size: int, ack: str) -> None:
    told: Any = None
    count = 0
    async with Client(
        local.peer(), signer, store=MemoryStore(), verifier=(await tools.crypto()).verifier
    ) as panda:
        while True:
            texts = [
                "x" * size,
                *("y" * 50 for _ in range(AT_ONCE - 2)),
                "z" * (200 * size * (count % 50 == 0)),
            ]
            written = await asyncio.gather(
                *(panda.create(SCHEMA, {"text": f"{count}{text}"}) for text in texts)
            )
            assert all(each.acknowledged for each in written), written
            count += len(texts)
            if told is None or told.done():
                told = asyncio.ensure_future(js.fetch(f"{ack}{count}"))
            await asyncio.sleep(0)


# -- storage that is full, or gone -------------------------------------------------------------------


async def write_mebibytes(tools: Tools, name: str, most: int) -> dict[str, Any]:
    """Writes so many entries of a MiB, or fewer, if one fails; gives whose they are, their number, and why.

    `held` is how many of them the node has.
    """
    local = _open[name]
    signer = await tools.signer()
    author = signer.author.hex()
    why: Any = None
    count = 0
    async with Client(
        local.peer(), signer, store=MemoryStore(), verifier=(await tools.crypto()).verifier
    ) as panda:
        while why is None and count < most:
            # What could be compressed, IndexedDB would compress.
            written = await panda.create(SCHEMA, {"text": os.urandom(500_000).hex()})
            why = written.error
            count += written.acknowledged
    try:
        held = await _held(local, author)
    except PandaError as error:
        held, why = -1, why or error
    return {"author": author, "count": count, "held": held, "why": [why.reason, str(why)] if why else []}


async def close(_: Tools, name: str) -> list[str]:
    """Closes a database; gives why that fails, where it does."""
    return await _reason(_open.pop(name).close())
