"""How fast a node takes in entries: over HTTP, on a disk, each acknowledged once it is durable.

Beside it what bounds it: how often the disk can be made to keep something, and how many signatures one core
checks. All in turns, so that a busy disk hits each.
"""

import asyncio
import json
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.report import Peer, Result, Samples
from panda_web import log, messages
from panda_web.bamboo import Head, digest
from panda_web.keys.chain import drive
from panda_web.keys.with_cryptography import CryptographySigner, CryptographyVerifier
from panda_web.messages import infer_all
from tests.processes import ServedNode

SCHEMA = digest(b"benchmark").hex()
PUBLISHES = 2400
"""Entries in each measurement, shared by its clients."""
BATCH = 100
CHECKED = 3000
HEAD = b"POST / HTTP/1.1\r\nHost: node\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
ROUNDS = 7
WARM_UP = 1


def run() -> tuple[list[Result], list[str]]:
    """Measures; all are rates, of which more is better."""
    one, all_one = _logs(1, PUBLISHES // 4), _logs(1, PUBLISHES)
    many = _logs(32, PUBLISHES)
    claims = [entry for entry, _ in signed(1, CHECKED)]
    measures: dict[str, Callable[[], float]] = {
        "publishes, 1 client": lambda: _served(one, 1),
        "publishes, 32 clients": lambda: _served(many, 1),
        f"publishes, 1 client, batches of {BATCH}": lambda: _served(all_one, BATCH),
        "disk alone": _fsyncs,
        "verification alone": lambda: asyncio.run(_verifications(claims)),
    }
    found: dict[str, list[float]] = {name: [] for name in measures}
    for number in range(WARM_UP + ROUNDS):
        for name, measure in measures.items():
            rate = measure()
            if number >= WARM_UP:
                found[name].append(round(rate, 1))
    bounds = [Peer(name, Samples.of(found.pop(name))) for name in ("disk alone", "verification alone")]
    results = [Result(name, "/s", Samples.of(rates), tuple(bounds)) for name, rates in found.items()]
    return results, [
        "Rates: more is better. Every round has a new node with nothing in it.",
        "Disk alone: 8 KiB written and fsync, one after the other.",
        "Verification alone: entries decoded, hashed and their signatures checked, on one core.",
    ]


def signed(author: int, count: int) -> list[tuple[bytes, bytes]]:
    """A log of creates: entries and their payloads."""
    signer = CryptographySigner(author.to_bytes(32, "big"))
    payloads = [
        messages.create(SCHEMA, infer_all({"title": f"talk {n}", "seats": n})).encode() for n in range(count)
    ]
    made = drive(log.chain(signer.author, 1, Head(), payloads), signer._private.sign)  # noqa: SLF001
    return [(entry.encoded, payload) for entry, payload in zip(made, payloads, strict=True)]


def _calls(entries: Sequence[tuple[bytes, bytes]], batch: int) -> list[bytes]:
    calls = [
        {
            "jsonrpc": "2.0",
            "id": number,
            "method": "panda_publishEntry",
            "params": {"entryEncoded": entry.hex(), "messageEncoded": payload.hex()},
        }
        for number, (entry, payload) in enumerate(entries)
    ]
    if batch == 1:
        return [json.dumps(call).encode() for call in calls]
    return [json.dumps(calls[start : start + batch]).encode() for start in range(0, len(calls), batch)]


def _logs(clients: int, publishes: int) -> list[list[tuple[bytes, bytes]]]:
    """A log for each client."""
    return [signed(client + 1, publishes // clients) for client in range(clients)]


def _served(logs: Sequence[Sequence[tuple[bytes, bytes]]], batch: int) -> float:
    """Publishes a second that a served node acknowledges to as many clients as there are logs."""
    calls = [_calls(entries, batch) for entries in logs]

    async def work(port: int) -> float:
        links = [await asyncio.open_connection("127.0.0.1", port) for _ in logs]
        start = time.perf_counter()
        await asyncio.gather(*(_post(*link, bodies) for link, bodies in zip(links, calls, strict=True)))
        elapsed = time.perf_counter() - start
        for _, writer in links:
            writer.close()
            await writer.wait_closed()
        return sum(map(len, logs)) / elapsed

    with tempfile.TemporaryDirectory() as folder, ServedNode(Path(folder), heard=False) as node:
        return asyncio.run(work(node.port))


async def _post(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, bodies: list[bytes]) -> None:
    """Sends one body after the other, each after the answer to the one before: as little HTTP as it takes."""
    for body in bodies:
        writer.write(HEAD % len(body) + body)
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        length = int(head.split(b"content-length: ")[1].split(b"\r\n")[0])
        answer = await reader.readexactly(length)
        if b'"error"' in answer:
            raise RuntimeError(answer[:500].decode())


def _fsyncs(count: int = 300) -> float:
    """How often a second the disk keeps some 8 KiB more, which is what a commit writes at least."""
    with tempfile.TemporaryDirectory() as folder, (Path(folder) / "journal").open("wb", buffering=0) as file:
        start = time.perf_counter()
        for _ in range(count):
            file.write(bytes(8192))
            os.fsync(file.fileno())
        return count / (time.perf_counter() - start)


async def _verifications(entries: Sequence[bytes]) -> float:
    """Entries a second that are decoded, hashed and their signatures checked."""
    start = time.perf_counter()
    await log.verify_many(entries, CryptographyVerifier())
    return len(entries) / (time.perf_counter() - start)
