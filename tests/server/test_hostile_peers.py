"""A real node and nodes that lie to it over the wire, all at once: it answers others, and comes to no harm.

Each of them costs a bounded number of bytes, all together a bounded room, and `panda peers` says what is wrong
with each. What an honest node has comes all the same.
"""

import asyncio
import gzip
import itertools
import json
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from panda_web.negentropy import Ids, respond
from panda_web.rpc.heads import LogHead
from tests.authors import Author
from tests.processes import PANDA, ServedNode
from tests.server.liars import HEAD, Liar, Writer, framed, served
from tests.server.strangers import MIB, answers, most_memory
from tests.server.test_peers import ask, write

Json = Any
PATIENCE = 60

MEMORY = 256 * MIB
"""More than the node had before, for all two dozen of them at once, each of which may have 16 MiB read."""


# -- what they say ------------------------------------------------------------------------------------


def wrong_signatures(_: Liar, method: str, __: Json, answer: Json) -> Json:
    for each in answer["items"] if method == "panda_getItems" else ():
        last = f"{int(each['entryBytes'][-2:], 16) ^ 1:02x}"
        each["entryBytes"] = each["entryBytes"][:-2] + last
    return answer


OTHER_FORK = Author(77)
"""Whose entries are linked to others than those that are given before them."""


def wrong_links(_: Liar, method: str, __: Json, answer: Json) -> Json:
    if method == "panda_getItems":
        for each, entry in zip(answer["items"], fork(), strict=False):
            each.update(entry)
    return answer


def fork(made: list[dict[str, str]] = []) -> list[dict[str, str]]:  # noqa: B006 - once
    """A log whose entries all say that another entry came before them."""
    if not made:
        for _ in range(140):
            signed, payload = OTHER_FORK.create()
            OTHER_FORK.head = OTHER_FORK.head.advance(signed.hash)
            made.append({"entryBytes": signed.encoded.hex(), "payloadBytes": payload.hex()})
    return made


NOWHERE = {
    each.id: each
    for each in (
        LogHead(number.to_bytes(32, "big"), 1, None, 7, f"0040{number:0128x}") for number in range(150)
    )
}


def withheld(_: Liar, method: str, params: Json, answer: Json) -> Json:
    if method == "panda_getItems":
        return {"items": [], "next": None}
    if method == "panda_reconcile":
        message = respond(Ids(NOWHERE), bytes.fromhex(params["message"]))
        heads = [NOWHERE[bytes.fromhex(each)].to_json() for each in params.get("lacking", ())]
        return {"message": message.hex(), "heads": heads}
    return answer


def reconciles_for_ever(_: Liar, method: str, __: Json, answer: Json) -> Json:
    endless = "61" + "0000" + "01" + "00" * 16
    return {"message": endless, "heads": []} if method == "panda_reconcile" else answer


def more_for_ever(liar: Liar, method: str, params: Json, answer: Json) -> Json:
    news = method == "panda_getLogs" and params.get("since")
    return {**answer, "logs": [], "more": True, "cursor": f"{liar.asked}"} if news else answer


def cursor_that_is_a_book(_: Liar, method: str, __: Json, answer: Json) -> Json:
    return {**answer, "cursor": "x" * 5000} if method == "panda_getLogs" else answer


def cursor_that_stands(_: Liar, method: str, params: Json, answer: Json) -> Json:
    news = method == "panda_getLogs" and params.get("since")
    return {**answer, "more": True, "cursor": params["since"]} if news else answer


def always_lost(_: Liar, method: str, params: Json, answer: Json) -> Json:
    news = method == "panda_getLogs" and params.get("since")
    return {**answer, "logs": [], "reset": True} if news else answer


def news_for_ever(liar: Liar, method: str, params: Json, answer: Json) -> Json:
    news = method == "panda_getLogs" and params.get("since")
    stranger = LogHead(bytes(31) + b"\1", 1, None, 7 + liar.asked, "0040" + "ab" * 64).to_json()
    return {**answer, "logs": [stranger], "cursor": f"{liar.asked}"} if news else answer


async def without_end(writer: Writer) -> None:
    await writer.write(HEAD + b"\r\n")
    while True:
        await writer.write(b" " * 65536)


async def trickle(writer: Writer) -> None:
    await writer.write(HEAD + b"\r\n")
    while True:
        await writer.write(b" ")
        await asyncio.sleep(0.5)


async def head_without_end(writer: Writer) -> None:
    await writer.write(HEAD)
    for number in itertools.count():
        await writer.write(b"X-%d: %s\r\n" % (number, b"x" * 1000))


async def silence(_: Writer) -> None:
    await asyncio.sleep(600)


def whole(body: bytes, coding: bytes = b"identity") -> Callable[[Writer], Any]:
    async def say(writer: Writer) -> None:
        await writer.write(HEAD + b"Content-Encoding: %s\r\nContent-Length: %d\r\n\r\n" % (coding, len(body)))
        await writer.write(body)

    return say


def reply(piece: bytes, size: int) -> bytes:
    return b'{"jsonrpc": "2.0", "id": "1", "result": [' + piece * (size // len(piece)) + b"0]}"


def elsewhere(url: str) -> Callable[[Writer], Any]:
    async def say(writer: Writer) -> None:
        await writer.write(
            b"HTTP/1.1 307 Temporary Redirect\r\nContent-Length: 0\r\nLocation: %s\r\n\r\n" % url.encode()
        )

    return say


async def flood(writer: Writer) -> None:
    while True:
        await writer.write(100 * framed(b'{"jsonrpc": "2.0", "method": "panda_changed", "params": {}}'))


async def huge_messages(writer: Writer) -> None:
    while True:
        await writer.tell(b"x" * (2 * MIB))


async def huge_frame(writer: Writer) -> None:
    await writer.write(framed(b"x" * 1000, 1 << 40))
    await asyncio.sleep(600)


@dataclass(frozen=True, slots=True)
class Case:
    """A liar, what is said of it, and the bytes that it gets rid of."""

    liar: Liar
    wrong: str | None
    most: int = 4 * MIB


BOMB = gzip.compress(b" " * (200 * MIB), 9)

CASES = {
    "wrong signatures": Case(Liar(wrong_signatures, entries=130), "gives too much that is nothing"),
    "wrong links": Case(Liar(wrong_links, entries=130), "gives too much that is nothing"),
    "withheld items": Case(Liar(withheld), "gives too much that is nothing"),
    "a body without end": Case(Liar(raw=without_end), "more than 16 MiB", 40 * MIB),
    "a byte now and then": Case(Liar(raw=trickle), "was not whole"),
    "a head without end": Case(Liar(raw=head_without_end), "cannot be reached", 8 * MIB),
    "silence": Case(Liar(raw=silence), "did not answer"),
    "a gzip bomb": Case(Liar(raw=whole(BOMB, b"gzip")), "more than 16 MiB"),
    "two codings": Case(Liar(raw=whole(gzip.compress(BOMB), b"gzip, gzip")), "in the coding"),
    "a huge answer": Case(Liar(raw=whole(reply(b"0", 40 * MIB))), "more than 16 MiB", 45 * MIB),
    "very many values": Case(Liar(raw=whole(reply(b"[],", 15 * MIB))), "parts", 20 * MIB),
    "deep nesting": Case(Liar(raw=whole(b"[" * 100_000)), "not JSON"),
    "a cursor that is a book": Case(Liar(cursor_that_is_a_book), "cursor"),
    "a cursor that stands": Case(Liar(cursor_that_stands), "does not go on"),
    "it is always lost": Case(Liar(always_lost), "again and again"),
    "reconciles for ever": Case(Liar(reconciles_for_ever), "comes to no end"),
    "more for ever": Case(Liar(more_for_ever), "again and again"),
    "news for ever": Case(Liar(news_for_ever, hasty=True), "again and again"),
    "a flood of messages": Case(Liar(socket=flood), "nobody asked for", 8 * MIB),
    "huge messages": Case(Liar(socket=huge_messages), None, 100 * MIB),
    "a huge frame": Case(Liar(socket=huge_frame), None),
    "a silent WebSocket": Case(Liar(socket=silence), None),
    "redirected": Case(Liar(), "status 307"),
    "private peers": Case(Liar(), None),
}


def peers(folder: Path) -> list[dict[str, Json]]:
    """What `panda peers` shows."""
    shown = subprocess.run(
        [*PANDA, "peers", "--data", str(folder), "--format", "jsonl"],
        capture_output=True,
        text=True,
        check=True,
    )
    return [json.loads(line) for line in shown.stdout.splitlines()]


def test_nodes_that_lie_come_to_nothing(tmp_path: Path) -> None:
    canary = Liar()
    liars = {name: case.liar for name, case in CASES.items()}
    honest = Author(1)
    with served({**liars, "canary": canary}), ServedNode(tmp_path / "honest") as other:
        liars["redirected"].raw = elsewhere(canary.url)
        port = canary.url.rpartition(":")[2]
        private = [
            f"https://127.0.0.1:{port}",
            canary.url,
            f"https://localhost:{port}",
            f"https://[::1]:{port}",
        ]
        told = {"peers": [{"url": each, "lastContact": 1} for each in private]}
        liars["private peers"].answer = lambda _, method, __, answer: (
            told if method == "panda_getPeers" else answer
        )
        named = [option for each in (*liars.values(), other) for option in ("--peer", each.url)]
        node = ServedNode(tmp_path / "node", None, *named, "--find-peers", hasty=True)
        node.errors = tmp_path / "said"
        with node:
            before = most_memory(node)
            write(other, honest, 5)
            until = time.monotonic() + PATIENCE
            while True:
                answers(node)
                said = node.errors.read_text("utf-8").splitlines()
                left = {
                    name: [line for line in said if case.liar.url in line]
                    for name, case in CASES.items()
                    if case.wrong is not None and not _is_said(said, case)
                }
                if not left:
                    break
                assert time.monotonic() < until, left
                time.sleep(0.05)
            write(other, honest)
            while (held := ends(node)).get(honest.hex) != 6:
                assert time.monotonic() < until, held
                time.sleep(0.05)
            while True:
                shown = {each["url"]: each for each in peers(tmp_path / "node")}
                hushed = [
                    name
                    for name, case in CASES.items()
                    if case.wrong is not None and shown.get(case.liar.url, {}).get("wrong") is None
                ]
                if not hushed and shown.get(other.url, {}).get("brought") == 6:  # it is kept now and then
                    break
                assert time.monotonic() < until, (hushed, shown)
            memory = most_memory(node) - before
    report = {name: (case.liar.sent, case.liar.asked) for name, case in CASES.items()}
    for name, case in CASES.items():
        assert case.liar.sent <= case.most * case.liar.asked, (name, report)
    assert canary.asked == 0
    assert set(shown) == {other.url, *(each.liar.url for each in CASES.values())}
    assert not any(author.startswith("00" * 8) for author in held), "nobody signed that"
    assert Author(100).hex not in held, "its signatures are wrong"
    assert memory < MEMORY, report


def ends(node: ServedNode) -> dict[str, int]:
    return {each["author"]: each["seqNum"] for each in ask(node, "panda_getLogs", limit=1000)["logs"]}


def _is_said(said: list[str], case: Case) -> bool:
    return any(line.startswith(f"Peer {case.liar.url}: ") and str(case.wrong) in line for line in said)
