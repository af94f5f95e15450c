"""Nodes in processes of their own, kept alike: `panda serve --peer`."""

import time
from pathlib import Path
from typing import Any

import httpx

from tests.authors import Author
from tests.processes import ServedNode

PATIENCE = 30


def ask(node: ServedNode, method: str, **params: Any) -> Any:
    call = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
    return httpx.post(node.url, json=call, timeout=30).json()["result"]


def write(node: ServedNode, author: Author, count: int = 1) -> None:
    for signed, payload in [author.create(n=n) for n in range(count)]:
        ask(node, "panda_publishEntry", entryEncoded=signed.encoded.hex(), messageEncoded=payload.hex())


def ends(node: ServedNode) -> list[tuple[str, int]]:
    return sorted((each["author"], each["seqNum"]) for each in ask(node, "panda_getLogs")["logs"])


def alike(*nodes: ServedNode) -> list[tuple[str, int]]:
    """Where logs end, once that is the same at all."""
    until = time.monotonic() + PATIENCE
    while True:
        first, *others = [ends(each) for each in nodes]
        if all(each == first for each in others):
            return first
        assert time.monotonic() < until, (first, others)
        time.sleep(0.05)


def test_three_in_a_row_and_one_is_killed(tmp_path: Path) -> None:
    """The outer ones know the middle one alone, and one of them is gone while the others write."""
    one, other = Author(1), Author(2)
    with (
        ServedNode(tmp_path / "middle") as middle,
        ServedNode(tmp_path / "first", None, "--peer", middle.url) as first,
        ServedNode(tmp_path / "last", None, "--peer", middle.url) as last,
    ):
        write(first, one, 5)
        write(last, other, 2)
        assert alike(first, middle, last) == sorted([(one.hex, 5), (other.hex, 2)])
        write(first, one)
        assert (one.hex, 6) in alike(first, middle, last)
        last.kill()
        write(first, one, 3)
        alike(first, middle)
        last.start()
        write(last, other)
        assert alike(first, middle, last) == sorted([(one.hex, 9), (other.hex, 3)])


def test_it_says_how_it_goes(tmp_path: Path) -> None:
    with ServedNode(tmp_path / "other") as other:
        node = ServedNode(tmp_path / "one", None, "--peer", other.url)
        node.errors = tmp_path / "said"
        with node:
            write(node, Author(1))
            alike(node, other)
            other.kill()
            until = time.monotonic() + PATIENCE
            while "cannot be reached" not in (said := node.errors.read_text("utf-8")):
                assert time.monotonic() < until, said
                time.sleep(0.1)
            other.start()
            write(other, Author(2))
            alike(node, other)
    lines = node.errors.read_text("utf-8").splitlines()
    assert "reached" in lines[0]
    assert all(line.startswith(f"Peer {other.url}: ") for line in lines)
