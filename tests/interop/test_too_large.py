"""A request that is too large is refused with its id, where it stands in front: p2panda-js 0.2.1 needs it."""

import asyncio
import json
from typing import Any

import pytest

from panda_web.rpc.dispatch import Dispatcher
from panda_web.rpc.jsonrpc import id_in_front
from panda_web.rpc.methods import METHODS


@pytest.mark.parametrize(
    ("start", "found"),
    [
        (b'{"jsonrpc":"2.0","id":"7","method":"panda_publishEntry","params":{"entryEncoded":"00', "7"),
        (b'{ "method" : "panda_publishEntry" ,\n "jsonrpc": "2.0", "id": 12 , "params": {', 12),
        (b'{"id":"\xc3\xa9","jsonrpc', "é"),
        (b'{"jsonrpc":"2.0","params":{"id":"7"},"id":"8",', None),
        (b'{"jsonrpc":"2.0","id":null,"method"', None),
        (b'{"jsonrpc":"2.0","id":"7', None),
        (b'{"jsonrpc":"2.0","id":"\xff","method"', None),
        (b'{"jsonrpc":"2.0","id":"\\","method"', None),
        (b'[{"jsonrpc":"2.0","id":"7","method"', None),
        (b"", None),
        (b'{"id' + b" " * 2000, None),
    ],
)
def test_the_id_in_front(start: bytes, found: Any) -> None:
    assert id_in_front(start) == found


def test_the_answer_has_it() -> None:
    body = json.dumps({"jsonrpc": "2.0", "id": "7", "method": "m", "params": {"a": "x" * 100}}).encode()
    reply = json.loads(asyncio.run(Dispatcher(METHODS, {}, max_body=100).handle(body)))
    assert (reply["id"], reply["error"]["data"]["reason"]) == ("7", "body-too-large")
