"""A fresh node takes in 10,000 entries: how fast, beside verification alone, and in how many bytes.

From a served node on this machine: into a node in a tab, whose page asks for them, and
into one on a disk, which replicates.
"""

import asyncio
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.report import ENOUGH, Peer, Result, Samples
from benchmarks.tab import PATIENCE_SECONDS, site_with_pages
from benchmarks.work import TALK
from panda_web import log, messages
from panda_web.keys.with_cryptography import CryptographyVerifier
from panda_web.messages import infer_all
from panda_web.messages.schema import schema_from_dict, write_definition
from panda_web.node import Node, Store
from panda_web.node.aside import in_a_thread
from panda_web.rpc.connection import Connection
from panda_web.rpc.http import HttpTransport
from panda_web.rpc.methods import QUERY, StoredEntry
from panda_web.rpc.within import in_process
from panda_web.server.answer import PIECE
from panda_web.server.packing import LEAST, packed
from panda_web.sync import Platform, Replicating, Source
from panda_web.sync.offering import BATCH, Offering
from tests.authors import Author
from tests.browser.python import Python
from tests.browsers import Browsers, static_server
from tests.processes import ServedNode
from tools.telling import Problem

AUTHORS, EACH = 100, 100
COUNT = AUTHORS * EACH
TYPES = {str: "text", int: "integer", bool: "boolean"}
ROUNDS = 5
NOTES = [
    f"Taken in: {COUNT:,} talks of {AUTHORS} authors, until all are verified, in a view, and durable.",
    "Into the tab as instances with their proofs, from the page's connect; into the other node as logs.",
    "Rates: more is better. Verification alone: the same place, in turns with it.",
    "Bytes to the other node: bodies of calls and answers, these in gzip or as they are.",
]


class _Counting:
    """A way to a served node that counts bytes of bodies, as they go in gzip and without."""

    def __init__(self, url: str) -> None:
        self._way = HttpTransport(url)
        self.plain = 0
        self.packed = 0

    async def send(self, body: bytes) -> bytes:
        """See `Transport`."""
        answer = await self._way.send(body)
        travels = sum(map(len, packed(answer, PIECE))) if len(answer) >= LEAST else len(answer)
        self.plain += len(body) + len(answer)
        self.packed += len(body) + travels
        return answer

    async def close(self) -> None:
        """See `Transport`."""
        await self._way.close()


def run(site: Path, browsers: Browsers) -> list[Result]:
    """Measures."""
    entries, schema = _talks()
    rates: dict[str, list[float]] = {"tab": [], "tab alone": [], "node": [], "node alone": []}
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        www = site_with_pages(site, folder / "www")
        with ServedNode(folder / "node", www, heard=False) as node, static_server(www) as server:
            asyncio.run(_fill(node.url, entries))
            for number in range(ROUNDS):
                rates["tab"].append(_into_tab(browsers, folder / f"tab {number}", node.url, schema))
                with browsers.tab("chromium") as tab:
                    rates["tab alone"].append(Python(tab, f"{server.url}fill/").run("verify", count=COUNT))
                rate, way = asyncio.run(_into_node(folder / f"{number}.db", node.url, schema))
                rates["node"].append(rate)
                rates["node alone"].append(asyncio.run(_verified(entries)))
    samples = {name: Samples.of(round(each, 1) for each in found) for name, found in rates.items()}
    held = sum(len(each.entry) + len(each.payload or b"") for each in entries)
    bytes_of = Peer("entries and payloads", _counted(held / 1000))
    return [
        Result(
            f"a fresh {name} takes in {COUNT:,} entries",
            "/s",
            samples[name],
            (Peer("verification alone", samples[f"{name} alone"]),),
        )
        for name in ("tab", "node")
    ] + [
        Result(f"{COUNT:,} entries, in gzip", "kB", _counted(way.packed / 1000), (bytes_of,)),
        Result(f"{COUNT:,} entries, unpacked", "kB", _counted(way.plain / 1000), (bytes_of,)),
    ]


def _talks() -> tuple[list[StoredEntry], str]:
    fields = {name: {"type": TYPES[type(value)]} for name, value in TALK.items()}
    definition = schema_from_dict({"name": "talk", "description": "", "fields": fields})
    written = Author(AUTHORS + 1, log_id=0).write_many([write_definition(definition)])
    schema = written[0][0].hash.hex()
    for number in range(AUTHORS):
        written += Author(number + 1).write_many(
            [
                messages.create(schema, infer_all({**TALK, "title": f"Talk {each} of {number}"}))
                for each in range(EACH)
            ]
        )
    return [StoredEntry(signed.encoded, payload) for signed, payload in written], schema


async def _fill(url: str, entries: Sequence[StoredEntry]) -> None:
    way = Connection(HttpTransport(url))
    taken = await Offering(way, _unlinked, asyncio.sleep).offer(entries)
    await way.close()
    if taken.stored != len(entries):
        raise Problem(f"The node did not take all entries in: {taken}")


async def _unlinked(entry: StoredEntry, *_: object) -> Sequence[StoredEntry]:
    raise Problem(f"Nothing leads to {entry}.")


def _into_tab(browsers: Browsers, profile: Path, url: str, schema: str) -> float:
    with browsers.killable("chromium", profile) as tab:
        tab.goto(f"{url}bench.html")
        took = tab.evaluate(
            "(id, count) => globalThis.takeIn(id, count)", schema, COUNT, timeout=PATIENCE_SECONDS
        )
    return COUNT / float(took) * 1000


async def _into_node(path: Path, url: str, schema: str) -> tuple[float, _Counting]:
    node = Node(Store(path, in_a_thread), CryptographyVerifier(), version="0", aside=in_a_thread)
    here, way = Connection(in_process(node.dispatcher())), _Counting(url)
    watching = asyncio.create_task(node.watch())
    platform = Platform(asyncio.sleep, time.time)
    replicating = Replicating(here, Source(url, way), node.places, node.lacks, platform)
    before = time.perf_counter()
    await replicating.once()
    took = time.perf_counter() - before
    shown = await here.call(QUERY, schema=schema, count=True)
    watching.cancel()
    await asyncio.wait([watching])
    await replicating.close()
    await here.close()
    await node.finish()
    if replicating.contact.brought != COUNT + 1 or shown != {"count": COUNT}:
        raise Problem(f"Not all came: {replicating.contact}, {shown}")
    return COUNT / took, way


async def _verified(entries: Sequence[StoredEntry]) -> float:
    before = time.perf_counter()
    for start in range(0, len(entries), BATCH):
        await log.verify_many([each.entry for each in entries[start : start + BATCH]], CryptographyVerifier())
    return len(entries) / (time.perf_counter() - before)


def _counted(value: float) -> Samples:
    return Samples.of([value] * ENOUGH)
