"""A real `panda serve` while one client does its worst: others are answered, memory is bounded, nothing is logged."""

import contextlib
import json
import re
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from panda_web.server import answer, body
from panda_web.server.connection import FREE_PIECES, MAX_FIELDS, MAX_HEAD
from panda_web.server.guests import MAX_CONNECTIONS
from tests.processes import ServedNode
from tests.server.sockets import CONTINUATION, HANDSHAKE, PING, TEXT, frame
from tests.server.strangers import (
    ARGUMENTS,
    HEAD,
    JSON,
    MIB,
    answers,
    call,
    everything,
    most_memory,
    open_one,
    posted,
)

either_parser = pytest.mark.parametrize("node", [False, True], ids=["fastest", "plain"], indirect=True)
"""For what depends on what reads HTTP."""


@pytest.fixture
def node(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ServedNode]:
    """One that says nothing on standard error in the whole test."""
    served = ServedNode(tmp_path / "data", plain=getattr(request, "param", False))
    served.errors = tmp_path / "errors.txt"
    with served:
        yield served
        served.kill()
        assert served.errors.read_text("utf-8") == ""


HALF = HEAD + b"Content-Length: 1000\r\n\r\n{"


@pytest.mark.parametrize("sent", [HEAD[:30], HALF], ids=["half a head", "half a body"])
def test_idle_connections_make_room(node: ServedNode, sent: bytes) -> None:
    with contextlib.ExitStack() as links:
        for _ in range(MAX_CONNECTIONS + 100):
            links.enter_context(open_one(node, sent))
        answers(node)


def test_half_sent_bodies_share_a_budget(node: ServedNode) -> None:
    before = most_memory(node)
    with contextlib.ExitStack() as links:
        for _ in range(40):
            link = links.enter_context(open_one(node, HEAD + b"Content-Length: %d\r\n\r\n" % (8 * MIB)))
            link.sendall(bytes(4 * MIB))
        answers(node)
        assert most_memory(node) - before < body.BUDGET + 64 * MIB


def test_a_body_that_finds_no_room_is_told_so(node: ServedNode) -> None:
    with contextlib.ExitStack() as links:
        for _ in range(9):
            link = links.enter_context(open_one(node, HEAD + b"Content-Length: %d\r\n\r\n" % (8 * MIB)))
            link.sendall(bytes(8 * MIB - 20_000))
        answers(node)
        said = posted(node, "application/json", b'{"jsonrpc":"2.0","id":"7","method":"x",' + bytes(MIB))
        assert (said.status_code, said.headers["Retry-After"]) == (503, "1")
        assert said.json()["error"]["data"] == {"reason": "node-full", "retryAfter": 1}
        assert said.json()["id"] == "7"


def test_answers_that_nobody_reads_share_a_budget(node: ServedNode) -> None:
    batch = json.dumps([call("rpc.discover", {}, n) for n in range(600)]).encode()
    size = len(httpx.post(node.url, content=batch, headers=JSON, timeout=60).content)
    assert size > 3 * MIB
    before = most_memory(node)
    with contextlib.ExitStack() as links:
        waiting = [
            links.enter_context(open_one(node, HEAD + b"Content-Length: %d\r\n\r\n" % len(batch) + batch))
            for _ in range(2 * answer.BUDGET // size)
        ]
        assert all(link.recv(12).startswith(b"HTTP/1.1 ") for link in waiting)
        answers(node)
        assert most_memory(node) - before < 3 * answer.BUDGET


@either_parser
@pytest.mark.parametrize("path", [b"/", b"/nowhere"])
def test_a_body_of_single_bytes_is_not_read_to_its_end(node: ServedNode, path: bytes) -> None:
    head = HEAD.replace(b" / ", b" " + path + b" ") + b"Transfer-Encoding: chunked\r\n\r\n"
    with open_one(node, head) as link:
        with contextlib.suppress(ConnectionError):
            for _ in range(10):
                link.sendall(b"1\r\n \r\n" * FREE_PIECES)
        answers(node)
        everything(link)


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        (b"a: b\r\n" * (MAX_FIELDS - 3), b"200"),
        (b"a: b\r\n" * MAX_FIELDS, b"400"),
        (b"a: " + b"b" * (MAX_HEAD - 60) + b"\r\n", b"200"),
        (b"a: " + b"b" * MAX_HEAD + b"\r\n", b"400"),
    ],
)
@pytest.mark.parametrize(
    "before", [b"", b"GET /health HTTP/1.1\r\nHost: node\r\n\r\n"], ids=["first", "second"]
)
def test_a_head_is_bounded(fields: bytes, status: bytes, before: bytes, shared: ServedNode) -> None:
    asked = b"GET /health HTTP/1.1\r\nHost: node\r\nConnection: close\r\n"
    with open_one(shared, before + asked + fields + b"\r\n") as link:
        said = everything(link)
    assert said.count(b"HTTP/1.1 ") == 1 + bool(before)
    assert said.rpartition(b"HTTP/1.1 ")[2].startswith(status)


@pytest.mark.parametrize("count", [2, 90])
def test_requests_behind_one_another_are_answered_in_order(count: int, shared: ServedNode) -> None:
    """The last of them is no HTTP, and is told so."""
    asked = [
        json.dumps(call("panda_getEntryArguments", ARGUMENTS, number)).encode() for number in range(count)
    ]
    sent = b"".join(HEAD + b"Content-Length: %d\r\n\r\n" % len(one) + one for one in asked)
    with open_one(shared, sent + b"nonsense\r\n\r\n") as link:
        said = everything(link)
    assert [int(one) for one in re.findall(rb'"id":(\d+)', said)] == list(range(count))
    assert said.count(b"HTTP/1.1 200") == count
    assert said.rpartition(b"HTTP/1.1 ")[2].startswith(b"400")


@either_parser
def test_small_requests_behind_one_another_are_bounded(node: ServedNode) -> None:
    before = most_memory(node)
    batch = json.dumps([call("rpc.discover", {}, n) for n in range(1000)]).encode()
    slow = HEAD + b"Content-Length: %d\r\n\r\n" % len(batch) + batch
    with contextlib.ExitStack() as links:
        for _ in range(20):
            link = links.enter_context(open_one(node, slow))
            link.settimeout(0.2)
            with contextlib.suppress(OSError):
                for _ in range(20):
                    link.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" * 8000)
        answers(node)
    assert most_memory(node) - before < 128 * MIB


TRAILERS = HEAD + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n"


@pytest.mark.parametrize(
    "sent",
    [
        TRAILERS % (1, b" ") + b"a: b\r\n" * 5000,
        TRAILERS % (1, b" ") + b"a: " + b"b" * 100_000,
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n1;" + b"a" * 100_000,
        b"GET /" + b"a" * 100_000,
    ],
    ids=["lines behind a body", "a long one", "a chunk's extension", "an address"],
)
def test_what_is_neither_head_nor_body_is_bounded(sent: bytes, shared: ServedNode) -> None:
    with open_one(shared) as link:
        with contextlib.suppress(ConnectionError):
            for start in range(0, len(sent), 10_000):
                link.sendall(sent[start : start + 10_000])
        assert b" 200 " not in everything(link)
    answers(shared)


def test_a_line_behind_the_body_is_no_header(shared: ServedNode) -> None:
    """Else a client could say for whom a proxy forwards."""
    batch = json.dumps([call("panda_getEntryArguments", ARGUMENTS, n) for n in range(61)])
    far = {"X-Forwarded-For": "192.0.2.77"}
    single = json.dumps(call("panda_getEntryArguments", ARGUMENTS)).encode()
    head = HEAD + b"X-Forwarded-For: 192.0.2.77\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
    forged = b"%x\r\n%s\r\n0\r\nX-Forwarded-For: 192.0.2.78\r\n\r\n" % (len(single), single)
    assert posted(shared, "application/json", batch, **far).status_code == 200
    with open_one(shared, head + forged) as link:
        assert b" 429 " in everything(link)


@either_parser
def test_what_comes_behind_a_request_is_bounded(node: ServedNode) -> None:
    batch = json.dumps([call("rpc.discover", {}, n) for n in range(1000)]).encode()
    with open_one(node, HEAD + b"Content-Length: %d\r\n\r\n" % len(batch) + batch) as link:
        with contextlib.suppress(ConnectionError):
            for _ in range(20):
                link.sendall(bytes(MIB))
        answers(node)
        everything(link)


MALFORMED = [
    b"nonsense\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200),
    b"GET / HTTP/9.9\r\n\r\n",
    b"GET /\xff HTTP/1.1\r\nHost: node\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: node\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
    b"CONNECT node:80 HTTP/1.1\r\nHost: node\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: node\r\nX: " + b"x" * 100_000,
    HEAD + b"Content-Length: -1\r\n\r\n",
    HEAD + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\n{",
    HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
    HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\nab\r\n",
    HEAD + b"Content-Length: 2\r\n\r\n{}nonsense\r\n\r\n",
    HEAD + b"Expect: 100-continue\r\nContent-Length: 2\r\n\r\n",
    HEAD + b"Content-Length: 9\r\n\r\n{",
    b"POST /nowhere HTTP/1.1\r\nHost: node\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    HEAD + b'Content-Length: 42\r\n\r\n{"jsonrpc":"2.0","method":"panda_schemas"}',
    b"HEAD /%00 HTTP/1.1\r\nHost: node\r\n\r\nGET / HTTP/1.0\r\n\r\n",
]


@either_parser
def test_nothing_that_somebody_sends_is_logged(node: ServedNode) -> None:
    """The fixture looks at standard error in the end."""
    for number, sent in enumerate(MALFORMED * 2):
        with open_one(node, sent) as link:
            if number % 2:
                link.shutdown(socket.SHUT_WR)
                everything(link)
    for _ in range(MAX_CONNECTIONS + 100):
        open_one(node, HEAD).close()
    answers(node)


@pytest.mark.parametrize("plain", [False, True], ids=["fastest", "plain"])
def test_the_end_waits_for_nobody_who_sends_slowly(tmp_path: Path, plain: bool) -> None:
    node = ServedNode(tmp_path, plain=plain)
    node.errors = tmp_path / "errors.txt"
    with node, contextlib.ExitStack() as links:
        for sent in (b"", HEAD, HEAD + b"Content-Length: 9\r\n\r\n{", b"nonsense\r\n\r\n"):
            links.enter_context(open_one(node, sent))
        batch = json.dumps([call("rpc.discover", {}, n) for n in range(900)]).encode()
        unread = open_one(node, HEAD + b"Content-Length: %d\r\n\r\n" % len(batch) + batch)
        assert links.enter_context(unread).recv(1)
        for sent in (b"", frame(TEXT, b"{", last=False), frame(TEXT, batch)):
            opened = links.enter_context(open_one(node, HANDSHAKE))
            assert opened.recv(12) == b"HTTP/1.1 101"
            opened.sendall(sent)
        answers(node)
        assert node.kill(signal.SIGINT) in (0, -signal.SIGINT, 130)
    assert node.errors.read_text("utf-8") == ""


FLOODS = {
    "pings": frame(PING, b"?" * 20) * 20_000,
    "fragments": frame(TEXT, b" ", last=False) + frame(CONTINUATION, b" ", last=False) * 50_000,
    "messages": frame(TEXT, b"x") * 50_000,
    "calls": frame(TEXT, json.dumps(call("rpc.discover", {})).encode()) * 5000,
    "replies": frame(TEXT, b'{"jsonrpc":"2.0","id":"1","result":null}') * 5000,
    "a huge frame": frame(TEXT, bytes(4 * MIB), size=8 * MIB),
}


@either_parser
def test_floods_over_websockets(node: ServedNode) -> None:
    """Nobody reads what the node says to them."""
    before = most_memory(node)
    with contextlib.ExitStack() as links:
        for flood in FLOODS.values():
            for _ in range(4):
                link = links.enter_context(open_one(node, HANDSHAKE))
                assert link.recv(12) == b"HTTP/1.1 101"
                link.settimeout(0.1)
                with contextlib.suppress(OSError):
                    link.sendall(flood)
            answers(node)
        assert most_memory(node) - before < body.BUDGET + 64 * MIB
