"""What runs inside Pyodide about a database in a tab; stands in the place of `checks` in a site with a snapshot."""

import asyncio
import os
from collections.abc import Awaitable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import js
from pyodide.ffi import create_proxy

from panda_web.browser.archiving import Archiving
from panda_web.browser.crypto import Crypto
from panda_web.browser.disk import Disk, Kind, OpenDisk, open_disk
from panda_web.browser.forgetting import FORGOTTEN, forget, waiting
from panda_web.browser.host import Host
from panda_web.browser.indexeddb import IndexedDb, IndexedDbStore
from panda_web.browser.keyring import Keyring
from panda_web.browser.local import LocalNode
from panda_web.browser.locks import platform_lock
from panda_web.browser.owning import Owning
from panda_web.browser.storage import storage
from panda_web.browser.webcrypto import SignChain, VerifyMany, WebCryptoSigner
from panda_web.client import Client
from panda_web.client.store import MemoryStore
from panda_web.errors import PandaError
from panda_web.node.store.settings import connect
from panda_web.rpc.again import Again
from panda_web.rpc.connection import Connection
from tests.browser.harness import owners
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
    said = await storage(disk)
    return {"kind": disk.kind, "warning": disk.warning, "reached": disk.reached(), "storage": said}


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


async def calls_of_commits(tools: Tools, count: int) -> list[list[str]]:
    """What files are asked by each of some commits, which change several pages; see counts-writes.js."""
    disk = await open_disk(tools.opens, "commits")
    connection = connect(disk.path, disk.settings)
    connection.execute("CREATE TABLE talks (title TEXT PRIMARY KEY, abstract TEXT)")
    calls = []
    for n in range(count):
        js.fileCalls = js.Array.new()
        with connection:
            connection.execute("INSERT INTO talks VALUES (?, ?)", (f"talk {n}", "x" * 20_000))
        calls.append([*js.fileCalls])
    connection.close()
    await disk.close()
    return calls


async def two_at_once(tools: Tools, name: str, places: Sequence[Kind]) -> list[str]:
    """In which order two open one database and close it."""
    said: list[str] = []

    async def work(who: str) -> None:
        local = await _local(tools, name, places)
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


# -- one node, many tabs ---------------------------------------------------------------------------


@dataclass
class Shared:
    """What this tab has of the node of all tabs.

    Attributes:
        owning: who has it.
        client: of a key of this tab.
        written: the ids of what was acknowledged.
        told: what a subscription told of each instance.
        writing: whether another talk may be begun.
        writer: ends when the last one is acknowledged.
        failed: why writing or following ended before.
    """

    owning: Owning
    client: Client
    written: list[str] = field(default_factory=list)
    told: dict[str, list[str]] = field(default_factory=dict)
    writing: bool = True
    writer: asyncio.Task[None] | None = None
    failed: list[str] = field(default_factory=list)


_shared: list[Shared] = []


async def share(tools: Tools, name: str, places: Sequence[Kind] | None = None) -> bool:
    """Stands in the queue for a node, and calls whoever has it; gives whether it is this tab."""

    async def opens() -> LocalNode:
        return await _local(tools, name, places)

    owning = Owning(name, platform_lock(IndexedDbStore(await IndexedDb.open(f"locks of {name}"))), opens)
    way = Again(owning.sessions())
    verifier = (await tools.crypto()).verifier
    client = Client(
        way, await tools.signer(), store=MemoryStore(), verifier=verifier, sessions=owning.sessions()
    )
    _shared[:] = [Shared(owning, client)]
    await way.call("rpc.discover", {})
    return await has_it(tools)


async def has_it(_: Tools) -> bool:
    """Whether this tab has the node."""
    return _shared[0].owning.owner is not None


async def define(_: Tools) -> str:
    """Defines what is written, and gives its id."""
    return str((await _shared[0].client.define(nodes.TALK)).id)


async def write_and_follow(_: Tools, schema: str) -> str:
    """Begins to write, one talk after the other, and to follow all of them; the author."""
    shared = _shared[0]
    shared.writer = asyncio.create_task(_write_talks(shared, schema))
    _under_way.add(asyncio.create_task(_follow(shared, schema)))
    return str(shared.client.author)


async def _write_talks(shared: Shared, schema: str) -> None:
    told: Any = None
    try:
        while shared.writing:
            count = len(shared.written)
            written = await shared.client.create(schema, {"title": f"talk {count}", "n": count})
            while await shared.client.pending():  # the database was taken away: it goes to who has it now
                with suppress(PandaError):
                    await shared.client.flush()
                await asyncio.sleep(0.02)
            shared.written.append(written.id)
            if told is None or told.done():
                told = asyncio.ensure_future(js.fetch(f"ack/{shared.client.author}/{count + 1}"))
            await asyncio.sleep(0.02)
    except Exception as error:  # noqa: BLE001 - whatever it is, the test must hear of it
        shared.failed.append(f"writing: {error!r}")


async def _follow(shared: Shared, schema: str) -> None:
    try:
        async for changed in shared.client.subscribe(schema):
            assert changed.rejected == ()
            for change in changed.changes:
                shared.told.setdefault(change.id, []).append(change.kind)
    except Exception as error:  # noqa: BLE001 - likewise
        shared.failed.append(f"following: {error!r}")


async def stop_writing(_: Tools) -> int:
    """What was begun is ended; gives how much was written."""
    shared = _shared[0]
    shared.writing = False
    if shared.writer is not None:
        await shared.writer
    return len(shared.written)


async def held(_: Tools, schema: str) -> dict[str, list[int]]:
    """What the node has: the numbers of each author's talks."""
    found: dict[str, list[int]] = {}
    async for each in _shared[0].client.query(schema, order_by=["n"], limit=1000):
        found.setdefault(each.author, []).append(int(str(each["n"])))
    return found


async def followed(_: Tools, count: int) -> dict[str, Any]:
    """Once a subscription has told of so many: how many it told of, all that it said, and what went wrong."""
    shared = _shared[0]
    for _wait in range(600):
        if len(shared.told) >= count or shared.failed:
            break
        await asyncio.sleep(0.05)
    kinds = {kind for told in shared.told.values() for kind in told}
    most = max((len(told) for told in shared.told.values()), default=0)
    return {"count": len(shared.told), "kinds": sorted(kinds), "most": most, "failed": shared.failed}


async def leave(_: Tools) -> None:
    """Gives the node to the next tab, and calls nobody any more."""
    _shared[0].writing = False
    await _shared[0].owning.close()


async def own(_: Tools) -> dict[str, int]:
    """All that is checked by `owners`; gives how many locks are left after each."""
    left = {}
    for check in owners.ALL:
        await check()
        left[check.__name__] = await owners.locks()
    return left


# -- as a file, and forgotten ------------------------------------------------------------------------


async def _export(local: LocalNode) -> list[Any]:
    connection = Connection(local.peer())
    pieces = [each async for each in Archiving(connection).each_export()]
    await connection.close()
    return pieces


async def _import(local: LocalNode, text: str, size: int) -> Any:
    connection = Connection(local.peer())
    archiving = Archiving(connection)
    try:
        await archiving.import_begin()
        for at in range(0, len(text), size):
            await archiving.import_part(text[at : at + size])
        return await archiving.import_end()
    finally:
        await connection.close()


async def _files(name: str) -> list[str]:
    """What the browser has of a database."""
    found = (
        [each.name for each in await js.indexedDB.databases()] if hasattr(js.indexedDB, "databases") else []
    )
    if hasattr(getattr(js.navigator, "storage", None), "getDirectory"):
        root = await js.navigator.storage.getDirectory()
        found += [
            f"{folder}/{file}"
            async for folder, handle in root.entries()
            if handle.kind == "directory"
            async for file, _ in handle.entries()
        ]
    return sorted(each for each in found if name in each)


async def round_by_a_file(tools: Tools, name: str, count: int) -> dict[str, Any]:
    """A node's entries go into a file; the database is forgotten, and filled from the file."""
    local = await _local(tools, name)
    verifier = (await tools.crypto()).verifier
    async with Client(local.peer(), await tools.signer(), store=MemoryStore(), verifier=verifier) as panda:
        schema = str((await panda.define(nodes.TALK)).id)
        rows = [{"title": f"talk {n}", "n": n} for n in range(count)]
        written = await panda.create_many(schema, rows)
        await panda.delete(schema, written[1].id)
    pieces = await _export(local)
    text = "".join(each["text"] for each in pieces)
    there, before = await _files(name), local.name
    await local.forget()
    await local.close()  # as whoever had it does
    left = await _files(name)
    local = await _local(tools, name)
    empty = await _export(local)
    told = await _import(local, text, 50_000)
    again = "".join(each["text"] for each in await _export(local))
    async with Client(local.peer(), verifier=verifier) as reader:
        await local.node.keep_views()
        shown = [each["n"] for each in await reader.query(schema, order_by=["n"], limit=1000)]
    same_name = local.name == before
    await local.close()
    return {
        "there": bool(there),
        "left": left,
        "empty": empty[-1]["entries"],
        "same_name": same_name,
        "last": {key: value for key, value in pieces[-1].items() if key != "text"},
        "told": told,
        "same": again == text,
        "shown": shown,
    }


async def import_of_what_is_none(tools: Tools, texts: Sequence[str]) -> list[list[str]]:
    """Why some files cannot be imported; a piece behind that comes to nothing."""
    local = await _local(tools, "none", ["memory"])
    found = [await _reason(_import(local, text, 3)) for text in texts]
    found.append(await _reason(Archiving(Connection(local.peer())).import_part("more")))
    await local.close()
    return found


async def forget_everything(tools: Tools, name: str) -> dict[str, Any]:
    """What is said and left when a site's data are forgotten, of which some are nowhere else."""
    verifier = (await tools.crypto()).verifier
    storage = await IndexedDb.open(f"{name}-own")
    signer = await Keyring(storage, tools.sign_chain, webcrypto=True).signer()
    store = IndexedDbStore(storage)
    elsewhere = await _local(tools, f"{name}-elsewhere", ["memory"])
    now = await _local(tools, name)

    def client(local: LocalNode, called: str) -> Client:
        return Client(local.peer(), signer, store=store, verifier=verifier, name=called)

    here, sends = client(now, now.name), client(elsewhere, "https://elsewhere.example/")
    opened = [here, sends]
    heard = asyncio.Event()
    channel = js.BroadcastChannel.new(FORGOTTEN)
    channel.onmessage = create_proxy(lambda _: heard.set())

    async def write_meanwhile() -> None:
        await here.create(SCHEMA, {"n": 4})

    brought: list[int] = []

    async def another_tab_goes_on() -> None:
        """It opens the database anew, and brings what was written here to it."""
        nonlocal now
        await now.forget()
        now = await _local(tools, name)
        again = client(now, now.name)
        brought.append(await again.flush())
        opened.append(again)
        if len(brought) > 1:
            await now.forget()

    for n in range(3):
        await here.create(SCHEMA, {"n": n})
    said: dict[str, Any] = {"waiting": await waiting(storage)}
    said["refused"] = await _reason(forget(storage, now.forget, unsent_too=False))
    await sends.flush()
    said["sent"] = await waiting(storage)
    said["meanwhile"] = await _reason(forget(storage, write_meanwhile, unsent_too=False))
    said["kept"] = [await waiting(storage), len(await store.scan("entry/")), heard.is_set()]
    gone = await forget(storage, another_tab_goes_on, unsent_too=True)
    said["gone"] = [gone.entries, gone.unsent, gone.keys]
    said["brought"] = brought
    said["left"] = [await store.scan(""), await _files(f"{name}.db")]
    keyring = Keyring(storage, tools.sign_chain, webcrypto=True)
    said["another"] = (await keyring.signer()).author != signer.author and keyring.made_now
    await heard.wait()
    channel.close()
    for each in opened:
        await each.close()
    await elsewhere.close()
    return said


async def forget_shared(_: Tools) -> None:
    """The database of all tabs, which this one has, is forgotten."""
    owner = _shared[0].owning.owner
    assert isinstance(owner, LocalNode)
    await owner.forget()


async def definitions_of_shared(_: Tools) -> int:
    """How many definitions the node of all tabs has."""
    return sum(1 for _each in await _shared[0].client.schemas())
