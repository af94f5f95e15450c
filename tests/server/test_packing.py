"""Answers in gzip, for who takes that: the same bytes, whatever their size and whoever reads HTTP."""

import json
import zlib
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from panda_web.server.answer import PIECE
from panda_web.server.packing import LEAST, accepted, packed
from tests.authors import Author
from tests.processes import ServedNode


@pytest.mark.parametrize("plain", [False, True], ids=["fastest", "plain"])
def test_answers_are_packed_for_who_takes_that(plain: bool, tmp_path: Path) -> None:
    who = Author()
    written = [who.create(s="x" * 9000, n=n) for n in range(20)]
    items = [{"entryBytes": each.encoded.hex(), "payloadBytes": payload.hex()} for each, payload in written]

    def asked(end: int) -> dict[str, Any]:
        return {"author": who.hex, "logId": 1, "start": 1, "end": end}

    with ServedNode(tmp_path / "data", plain=plain) as node:

        def call(method: str, params: Any, codings: str) -> tuple[bytes, httpx.Headers]:
            body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
            headers = {"Content-Type": "application/json", "Accept-Encoding": codings}
            with httpx.stream("POST", node.url, content=body, headers=headers) as answer:
                return b"".join(answer.iter_raw()), answer.headers

        call("panda_publishItems", {"items": items}, "")
        for end in (1, 2, 20):
            whole, headers = call("panda_getItems", asked(end), "identity")
            assert headers.get("Content-Encoding") is None
            assert headers["Content-Length"] == str(len(whole))
            came, headers = call("panda_getItems", asked(end), "br, gzip")
            assert headers["Content-Encoding"] == "gzip"
            assert zlib.decompress(came, 31) == whole
            assert len(came) < len(whole) / 5
            assert "Accept-Encoding" in headers["Vary"]
        assert len(whole) > 4 * PIECE
        short, headers = call("panda_getEntryArguments", {"author": who.hex, "schema": "x"}, "gzip")
        assert len(short) < LEAST
        assert headers.get("Content-Encoding") is None


@given(st.binary(max_size=500), st.integers(1, 100))
def test_what_is_packed_is_unpacked(body: bytes, piece: int) -> None:
    assert zlib.decompress(b"".join(packed(body, piece)), 31) == body


@pytest.mark.parametrize(
    ("header", "takes"),
    [
        ("gzip", True),
        ("GZIP;q=0.5", True),
        ("gzip;q=0", False),
        ("identity", False),
        ("", False),
        ("*;q=1", False),
    ],
)
def test_what_a_request_takes(header: str, takes: bool) -> None:
    assert ("gzip" in accepted(header)) is takes
