"""What runs in a tab's Python about its database; stands in the place of the tests' `checks`, in a snapshot.

It measures commits, fills the database of a site's node, and measures how fast that node takes entries in.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.committing import Committed
from panda_web import messages
from panda_web.bamboo import Head
from panda_web.browser.crypto import Crypto
from panda_web.browser.disk import Disk, OpenDisk, open_disk
from panda_web.browser.local import NAME, LocalNode
from panda_web.browser.webcrypto import SignChain, VerifyMany, WebCryptoSigner
from panda_web.log import SignedEntry, chain, verify_many
from panda_web.messages import infer_all
from panda_web.messages.schema import Schema, schema_from_dict, write_definition
from panda_web.node.store.settings import connect
from panda_web.rpc.connection import Connection
from panda_web.rpc.methods import StoredEntry
from panda_web.rpc.wish import Log
from panda_web.sync.offering import BATCH, Offering, Taken

TALK = schema_from_dict(
    {"name": "talk", "description": "", "fields": {"title": {"type": "varchar"}, "n": {"type": "integer"}}}
)


@dataclass(frozen=True)
class Tools:
    """The functions of `web/worker/`."""

    sign_chain: SignChain
    verify_many: VerifyMany
    opens: OpenDisk

    async def crypto(self) -> Crypto:
        """As a page has it."""
        return await Crypto.find(self.sign_chain, self.verify_many)


# -- commits ---------------------------------------------------------------------------------------


_written: dict[str, Committed] = {}


async def open_database(tools: Tools, name: str, create: Sequence[str], insert: Sequence[str]) -> str:
    """Opens a database as the node of a site has it, with these tables; gives where it is."""
    disk = await open_disk(tools.opens, name)
    _written[name] = Committed(connect(disk.path, disk.settings), create, insert)
    return disk.kind


async def fill(_: Tools, name: str, statements: Sequence[str]) -> int:
    """See `Committed.fill`."""
    return _written[name].fill(statements)


async def turn(_: Tools, name: str, count: int) -> float:
    """See `Committed.turn`."""
    return _written[name].turn(count)


# -- the node of a site ----------------------------------------------------------------------------


async def _signed(tools: Tools, schema: str, count: int) -> list[StoredEntry]:
    """Talks of one author, in one log."""
    signer = await WebCryptoSigner.generate(tools.sign_chain)
    payloads = [
        messages.create(schema, infer_all({"title": f"talk {n}", "n": n})).encode() for n in range(count)
    ]
    return _stored(await signer.sign_chain(chain(signer.author, 1, Head(), payloads)), payloads)


def _stored(signed: Sequence[SignedEntry], payloads: Sequence[bytes]) -> list[StoredEntry]:
    return [StoredEntry(each.encoded, payload) for each, payload in zip(signed, payloads, strict=True)]


async def _define(tools: Tools, local: LocalNode, schema: Schema) -> str:
    """Has the node keep a view of it; gives its id."""
    signer = await WebCryptoSigner.generate(tools.sign_chain)
    payload = write_definition(schema).encode()
    signed = await signer.sign_chain(chain(signer.author, 0, Head(), [payload]))
    await local.node.publish_items(_stored(signed, [payload]))
    await local.node.keep_views()
    return signed[0].hash.hex()


async def _bring(local: LocalNode, entries: Sequence[StoredEntry]) -> None:
    """As a node is filled from another one."""
    taken = await Offering(Connection(local.peer()), _unlinked, asyncio.sleep).offer(entries)
    if taken != Taken(stored=len(entries)):
        raise ValueError(f"not all were taken in: {taken}")


async def _unlinked(entry: StoredEntry, _log: Log, _count: int) -> Sequence[StoredEntry]:
    raise ValueError(f"nothing leads to {entry}")


async def _local(tools: Tools, disk: Disk) -> LocalNode:
    return LocalNode(disk, (await tools.crypto()).verifier)


_open: list[tuple[LocalNode, str]] = []


async def open_node(tools: Tools, name: str = NAME) -> str:
    """Opens a node, and defines a schema there; gives its id."""
    local = await _local(tools, await open_disk(tools.opens, name))
    schema = await _define(tools, local, TALK)
    _open[:] = [(local, schema)]
    return schema


async def close_node(_: Tools) -> int:
    """Closes it in order; gives how often SQLite's request to write through arrived."""
    ((local, _schema),) = _open
    await local.close()
    return local.disk.reached()


async def take_in(tools: Tools, count: int) -> dict[str, float]:
    """Entries a second, of so many: taken in by the node, and verified alone."""
    ((local, schema),) = _open
    entries = await _signed(tools, schema, count)
    before = time.perf_counter()
    await _bring(local, entries)
    taken = time.perf_counter() - before
    return {"taken": count / taken, "verified": await _verified(tools, entries)}


async def verify(tools: Tools, count: int) -> float:
    """Entries a second that are verified alone, of so many."""
    return await _verified(tools, await _signed(tools, f"0040{'c0ffee00' * 16}", count))


async def _verified(tools: Tools, entries: Sequence[StoredEntry]) -> float:
    verifier = (await tools.crypto()).verifier
    before = time.perf_counter()
    for start in range(0, len(entries), BATCH):
        await verify_many([each.entry for each in entries[start : start + BATCH]], verifier)
    return len(entries) / (time.perf_counter() - before)
