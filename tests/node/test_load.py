"""A served node under load that is killed, or told to end: what it acknowledged is there afterwards."""

import asyncio
import signal
from pathlib import Path

import httpx
import pytest

from panda_web import messages
from panda_web.messages import infer_all
from panda_web.node import Node
from panda_web.node.store.room import room_for
from tests.authors import SCHEMA, Author
from tests.node.test_groups import Verifier
from tests.node.waiting import until
from tests.processes import ServedNode
from tests.sqlite import Store

CLIENTS = 16
LENGTH = 400


def calls(author: Author, start: int, batch: int) -> list[list[dict[str, object]]]:
    """Bodies that append to the author's log, each a batch of some creates."""
    written = author.write_many(
        [messages.create(SCHEMA, infer_all({"n": n})) for n in range(start, start + LENGTH)]
    )
    every: list[dict[str, object]] = [
        {
            "jsonrpc": "2.0",
            "id": signed.hash.hex(),
            "method": "panda_publishEntry",
            "params": {"entryEncoded": signed.encoded.hex(), "messageEncoded": payload.hex()},
        }
        for signed, payload in written
    ]
    return [every[at : at + batch] for at in range(0, LENGTH, batch)]


async def publish(url: str, bodies: list[list[dict[str, object]]], acknowledged: set[str]) -> None:
    """Sends until the node is gone."""
    async with httpx.AsyncClient(timeout=300) as http:
        for body in bodies:
            try:
                answer = await http.post(url, json=body)
            except httpx.TransportError:
                return
            if answer.status_code != 200:
                return  # it is about to end
            for reply in answer.json():
                assert reply["result"]["entryHash"] == reply["id"], reply
                acknowledged.add(reply["id"])


def stored(data: Path) -> set[str]:
    """What the node holds."""
    store = Store(next(data.glob("*.db")))
    node = Node(store, Verifier(), version="0")

    async def ask() -> set[str]:
        answer = await node.query_entries(SCHEMA)
        assert isinstance(answer, dict)
        return {entry["entryHash"] for entry in answer["entries"]}

    found = asyncio.run(ask())
    (check,) = store.sqlite.execute("PRAGMA integrity_check").fetchone()
    assert check == "ok"
    for (author,) in list(store.sqlite.execute("SELECT DISTINCT author FROM logs")):
        charged = store.sqlite.execute(
            "SELECT length(payload) FROM entries e JOIN logs l ON l.id = e.log WHERE l.author = ?", (author,)
        )
        assert store.room.of_author(author) == sum(room_for(size) for (size,) in charged)
    store.close()
    return found


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_a_node_that_ends_under_load(tmp_path: Path, how: signal.Signals) -> None:
    """Three times, the second one on the data of the first: nothing acknowledged is lost, no log has a gap."""
    authors = [Author(number + 1) for number in range(CLIENTS)]
    acknowledged: set[str] = set()
    node = ServedNode(tmp_path)
    for ending in range(3):
        heads = [author.head for author in authors]
        bodies = [calls(author, ending * LENGTH, 1 + 9 * (i % 2)) for i, author in enumerate(authors)]
        before = len(acknowledged)

        async def load(enough: int, bodies: list[list[list[dict[str, object]]]] = bodies) -> None:
            sending = [asyncio.create_task(publish(node.url, each, acknowledged)) for each in bodies]
            await until(lambda: len(acknowledged) > enough or all(task.done() for task in sending))
            await asyncio.to_thread(node.kill, how)
            await asyncio.gather(*sending)

        node.start()
        asyncio.run(load(before + 150))
        found = stored(tmp_path)
        assert len(acknowledged) > before + 150
        assert acknowledged <= found
        # Each goes on where the node has it: what was stored and not acknowledged is there, or not, as a whole.
        for author, head, sent in zip(authors, heads, bodies, strict=True):
            author.head = head
            hashes = [str(call["id"]) for body in sent for call in body]
            held = [entry in found for entry in hashes]
            assert held == sorted(held, reverse=True), "no gap"
            for entry in hashes[: sum(held)]:
                author.head = author.head.advance(bytes.fromhex(entry))
