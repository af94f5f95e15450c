"""`panda serve` with a wish: what of its peers' entries it takes."""

import asyncio
import time
from pathlib import Path

import pytest

from panda_web.bamboo import decode, path
from panda_web.rpc.connection import Connection
from panda_web.rpc.http import HttpTransport
from panda_web.rpc.methods import GET_ITEMS, PUBLISH_ITEMS
from tests.authors import SCHEMA, Author
from tests.cli.test_commands import panda
from tests.processes import ServedNode

PATIENCE = 60


def test_only_what_is_wished_comes_from_a_peer(tmp_path: Path) -> None:
    wished, other = Author(1), Author(2)
    written = [who.create(s="x" * size) for who in (wished, other) for size in (10, 4000, 10, 4000, 10)]

    async def work(one: str, two: str) -> None:
        there, here = Connection(HttpTransport(one)), Connection(HttpTransport(two))
        items = [
            {"entryBytes": each.encoded.hex(), "payloadBytes": payload.hex()} for each, payload in written
        ]
        await there.call(PUBLISH_ITEMS, items=items)
        until = time.monotonic() + PATIENCE
        whole = {"logId": 1, "start": 1, "end": -1, "gaps": True}
        while not (found := (await here.call(GET_ITEMS, author=wished.hex, **whole)).entries):
            assert time.monotonic() < until
            await asyncio.sleep(0.1)
        numbers = {decode(each.entry).seq_num: each.payload is not None for each in found}
        assert {n for n, payload in numbers.items() if payload} == {3, 5}
        assert numbers.keys() == {3, 4, 5, *path(3, 1)}
        assert (await here.call(GET_ITEMS, author=other.hex, **whole)).entries == []
        for each in (there, here):
            await each.close()

    with ServedNode(tmp_path / "one") as one:
        wish = [
            "--want-author",
            wished.hex,
            "--want-schema",
            SCHEMA,
            "--newest",
            "3",
            "--max-payload",
            "1KiB",
        ]
        with ServedNode(tmp_path / "two", None, "--peer", one.url, *wish) as two:
            asyncio.run(work(one.url, two.url))


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--max-payload", "64 kilobytes"),
        ("--want-author", "me"),
        ("--want-schema", "talk"),
        ("--newest", "0"),
    ],
)
def test_wishes_that_are_none(option: str, value: str) -> None:
    done = panda("serve", option, value)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
