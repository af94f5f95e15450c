"""One client of a real `panda serve`, by raw sockets."""

import contextlib
import json
import re
import socket
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.processes import ServedNode

MIB = 1 << 20
PROXIED = ("--rate", "1", "--proxy", "127.0.0.1")
"""Only whom a proxy names is counted."""
JSON = {"Content-Type": "application/json"}
HEAD = b"POST / HTTP/1.1\r\nHost: node\r\nContent-Type: application/json\r\n"
ARGUMENTS = {"author": "ab" * 32, "schema": "0040" + "ab" * 64}


def call(method: str, params: object, number: int = 1) -> dict[str, object]:
    return {"jsonrpc": "2.0", "id": number, "method": method, "params": params}


def answers(node: ServedNode) -> None:
    """Another client's question is answered."""
    reply = httpx.post(node.url, json=call("panda_getEntryArguments", ARGUMENTS), timeout=30)
    assert (reply.status_code, reply.json()["result"]["seqNum"]) == (200, 1), reply.text


def open_one(node: ServedNode, sent: bytes = b"") -> socket.socket:
    link = socket.create_connection(("127.0.0.1", node.port), timeout=30)
    if sent:
        link.sendall(sent)
    return link


def everything(link: socket.socket) -> bytes:
    """What the node says until it ends the connection."""
    found = b""
    with contextlib.suppress(ConnectionError):
        while part := link.recv(1 << 16):
            found += part
    return found


def most_memory(node: ServedNode) -> int:
    """Bytes that the process ever had in memory."""
    status = Path(f"/proc/{node.pid}/status")
    if not status.exists():
        pytest.skip("only Linux says how much memory a process had")
    return int(re.findall(r"VmHWM:\s+(\d+) kB", status.read_text("utf-8"))[0]) << 10


def posted(node: ServedNode, content_type: str | None, content: Any = None, **more: str) -> httpx.Response:
    headers = {"Content-Type": content_type, **more} if content_type is not None else more
    content = content if content is not None else json.dumps(call("panda_getEntryArguments", ARGUMENTS))
    return httpx.post(node.url, content=content, headers=headers)
