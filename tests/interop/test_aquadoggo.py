"""The stand-in does what the node's source says, each pinned; the client's tests beside this one stand on it.

What was seen on a real node, call by call, is in `test_real_node.py`.
"""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from panda_web.bamboo import digest
from panda_web.log import SignedEntry
from panda_web.messages import SYSTEM_LOGS
from panda_web.rpc import jsonrpc
from panda_web.rpc.errors import NodeUnreachable
from panda_web.rpc.http import HttpTransport
from tests.authors import OTHER_SCHEMA, SCHEMA, Author
from tests.interop.aquadoggo import Aquadoggo
from tests.interop.served import ServedAquadoggo


@pytest.fixture
def served() -> Iterator[ServedAquadoggo]:
    with ServedAquadoggo() as node:
        yield node


def post(served: ServedAquadoggo, body: bytes | dict[str, Any] | list[Any]) -> httpx.Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return httpx.post(served.url, content=content, headers={"Content-Type": "application/json"})


def call(served: ServedAquadoggo, method: str, **params: str) -> Any:
    """The result, or the error."""
    request = {"jsonrpc": "2.0", "id": "1", "method": method, "params": params}
    reply = post(served, request).json()
    assert reply.pop("jsonrpc") == "2.0"
    assert reply.pop("id") == "1"
    (answer,) = reply.values()
    return answer


def publish(served: ServedAquadoggo, entry: SignedEntry, payload: bytes) -> Any:
    return call(served, "panda_publishEntry", entryEncoded=entry.encoded.hex(), messageEncoded=payload.hex())


def arguments(served: ServedAquadoggo, author: Author, schema: str = SCHEMA) -> Any:
    return call(served, "panda_getEntryArguments", author=author.hex, schema=schema)


def test_the_three_methods(served: ServedAquadoggo) -> None:
    author = Author()
    assert arguments(served, author) == {
        "entryHashBacklink": None,
        "entryHashSkiplink": None,
        "seqNum": 1,
        "logId": 1,
    }
    made = [author.create(n=n) for n in range(5)]
    for number, (signed, payload) in enumerate(made, 1):
        reply = publish(served, signed, payload)
        assert reply == arguments(served, author)
        assert reply["entryHashBacklink"] == signed.hash.hex()
        assert (reply["seqNum"], reply["logId"]) == (number + 1, 1)
        assert reply["entryHashSkiplink"] == (made[0][0].hash.hex() if number == 3 else None)
    (first, *rest) = call(served, "panda_queryEntries", schema=SCHEMA)["entries"]
    assert len(rest) == 4
    assert first == {
        "author": author.hex,
        "entryBytes": made[0][0].encoded.hex(),
        "entryHash": made[0][0].hash.hex(),
        "logId": 1,
        "payloadBytes": made[0][1].hex(),
        "payloadHash": digest(made[0][1]).hex(),
        "seqNum": 1,
    }


def test_content_type(served: ServedAquadoggo) -> None:
    request = {"jsonrpc": "2.0", "id": "1", "method": "panda_queryEntries", "params": {"schema": SCHEMA}}
    assert post(served, request).headers["Content-Type"] == "application/json-rpc;charset=utf-8"
    assert "not allowed" in httpx.get(served.url).text


def test_errors_have_code_0_and_no_data(served: ServedAquadoggo) -> None:
    author = Author()
    author.create()
    assert publish(served, *author.create()) == {
        "code": 0,
        "message": "Could not find backlink entry in database",
    }
    assert call(served, "panda_queryEntries", schema="00")["code"] == 0
    assert call(served, "rpc.discover")["code"] == -32601
    assert call(served, "panda_query", schema=SCHEMA)["code"] == -32601
    assert call(served, "panda_queryEntries")["code"] == -32602


def test_publishing_again_is_a_database_error(served: ServedAquadoggo) -> None:
    made = Author().create()
    publish(served, *made)
    again = publish(served, *made)
    assert again["code"] == 0
    assert "database" in again["message"]
    assert "UNIQUE" in again["message"]


def test_another_entry_for_a_taken_slot_too(served: ServedAquadoggo) -> None:
    publish(served, *Author().create(n=1))
    assert "UNIQUE" in publish(served, *Author().create(n=2))["message"]


def test_a_log_id_is_offered_twice_and_two_schemas_end_up_in_one_log(served: ServedAquadoggo) -> None:
    author = Author()
    assert arguments(served, author)["logId"] == arguments(served, author, OTHER_SCHEMA)["logId"] == 1
    one = author.create()
    publish(served, *one)
    taken = Author().create(OTHER_SCHEMA)
    assert "UNIQUE" in publish(served, *taken)["message"]
    offered = arguments(served, author, OTHER_SCHEMA)
    assert (offered["logId"], offered["seqNum"]) == (1, 2)
    publish(served, *author.create(OTHER_SCHEMA))
    for schema in (SCHEMA, OTHER_SCHEMA):
        assert len(call(served, "panda_queryEntries", schema=schema)["entries"]) == 2
    elsewhere = Author(log_id=3).create(OTHER_SCHEMA)
    assert "Claimed log_id" in publish(served, *elsewhere)["message"]


def test_after_that_it_offers_an_id_in_use(served: ServedAquadoggo) -> None:
    author, third = Author(), Author(log_id=3)
    publish(served, *author.create())
    publish(served, *Author().create(OTHER_SCHEMA))
    publish(served, *third.create(digest(b"third").hex()))
    offered = arguments(served, author, digest(b"fourth").hex())
    assert (offered["logId"], offered["seqNum"]) == (3, 2)


def test_early_replies_have_a_nullable_last_seq_num() -> None:
    author = Author()
    with ServedAquadoggo(Aquadoggo(early_replies=True)) as served:
        assert arguments(served, author) == {
            "entryHashBacklink": None,
            "entryHashSkiplink": None,
            "lastSeqNum": None,
            "logId": 1,
        }
        signed, payload = author.create()
        reply = publish(served, signed, payload)
        assert (reply["lastSeqNum"], "seqNum" in reply) == (1, False)


def test_a_wrong_signature_is_refused(served: ServedAquadoggo) -> None:
    signed, payload = Author().create()
    broken = signed.encoded[:-1] + bytes([signed.encoded[-1] ^ 1])
    refused = call(served, "panda_publishEntry", entryEncoded=broken.hex(), messageEncoded=payload.hex())
    assert refused["code"] == 0


def test_a_lost_reply(served: ServedAquadoggo) -> None:
    served.lose_replies = 1
    with pytest.raises(httpx.TransportError):
        publish(served, *Author().create())
    assert arguments(served, Author())["seqNum"] == 2


def test_our_transport_sees_an_ended_connection_as_unreachable(served: ServedAquadoggo) -> None:
    entry, payload = Author(log_id=4).create(SYSTEM_LOGS[4])
    params = {"entryEncoded": entry.encoded.hex(), "messageEncoded": payload.hex()}

    async def send() -> None:
        transport = HttpTransport(served.url)
        try:
            await transport.send(jsonrpc.dumps(jsonrpc.call("1", "panda_publishEntry", params)))
        finally:
            await transport.close()

    with pytest.raises(NodeUnreachable):
        asyncio.run(send())
    assert served.node.ended == 1
