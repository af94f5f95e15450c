"""What a node has no view of is evaluated here: checked as always, filtered, ordered and paged as always."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from panda_web import messages
from panda_web.bamboo import digest
from panda_web.client import Answer, Client
from panda_web.keys.with_cryptography import CryptographyVerifier
from panda_web.messages import Field
from panda_web.rpc import jsonrpc
from panda_web.rpc.errors import ErrorFromNode, SchemaNotDefined, SchemaNotRegistered
from panda_web.rpc.transport import InProcess
from tests.authors import SCHEMA, Author
from tests.node.test_publish import Harness


class WithoutView(InProcess):
    """A node that says of every schema that it has no view of it. It notes what it is asked."""

    def __init__(self, node: Harness) -> None:
        super().__init__(node.node.dispatcher())
        self.asked: list[str] = []

    async def send(self, body: bytes) -> bytes:
        call = json.loads(body)
        self.asked.append(call["method"])
        if call["method"] == "panda_query":
            return jsonrpc.dumps(jsonrpc.error_reply(call["id"], SchemaNotDefined("There is no view.")))
        return await super().send(body)


@pytest.fixture
def wire() -> WithoutView:
    node, author, other = Harness(), Author(1), Author(2)
    made = [author.create(n=n, text=f"{n % 3}", even=n % 2 == 0) for n in range(12)]
    change = author.update(made[3][0].hash, n=100)
    lists = author.create(n=50, tags=["a", "b"])
    emptied = author.write(messages.update(SCHEMA, made[4][0].hash.hex(), {"text": Field("str[]", ())}))
    ended = author.delete(made[5][0].hash)
    strange = other.create(n=-1)
    for one in (*made, change, lists, emptied, ended, strange):
        node.publish(*one)
    return WithoutView(node)


def client(wire: InProcess) -> Client:
    return Client(wire, verifier=CryptographyVerifier())


def numbers(answer: Sequence[Any]) -> list[int]:
    return [instance["n"] for instance in answer]


def test_instances_are_whole_and_verified(wire: WithoutView) -> None:
    """Lists too, which old clients do not know; and what was deleted links the others to entry 1."""
    answer = asyncio.run(client(wire).query(SCHEMA, order_by=["n"]))
    assert not answer.rejected
    assert numbers(answer) == [-1, 0, 1, 2, 4, *range(6, 12), 50, 100]
    assert all(instance.verified for instance in answer)
    found = {instance["n"]: instance for instance in answer}
    assert found[50]["tags"] == ("a", "b")
    assert "text" not in found[4].fields
    assert (found[100].edited, found[100].seq_num) == (True, 13)


@pytest.mark.parametrize(
    ("filter", "expected"),
    [
        ({"text": "1"}, [1, 7, 10]),
        ({"even": True, "text": "2"}, [2, 8]),
        ({"tags": ["a", "b"]}, [50]),
        ({"author": Author(2).hex}, [-1]),
        ({"id": digest(b"nothing").hex()}, []),
        ({"n": 7.0}, [7]),
    ],
    ids=str,
)
def test_it_filters(wire: WithoutView, filter: Mapping[str, Any], expected: list[int]) -> None:
    answer = asyncio.run(client(wire).query(SCHEMA, filter=filter, order_by=["n"]))
    assert numbers(answer) == expected


def test_pages_are_of_one_look_and_a_new_query_is_not(wire: WithoutView) -> None:
    async def pages(panda: Client) -> list[list[int]]:
        found: list[list[int]] = []
        page: Answer | None = None
        while page is None or page:
            page = await panda.query(
                SCHEMA, order_by=["-n"], limit=5, after=page.after if page is not None else None
            )
            found.append(numbers(page))
        return found

    panda = client(wire)
    expected = [[100, 50, 11, 10, 9], [8, 7, 6, 4, 2], [1, 0, -1], []]
    for count in (1, 2):
        assert asyncio.run(pages(panda)) == expected
        asked = [method for method in wire.asked if method != "rpc.discover"]
        assert asked == ["panda_query", "panda_queryEntries"] * count
    # Another client goes on behind a cursor too.
    first = asyncio.run(panda.query(SCHEMA, order_by=["-n"], limit=5))
    rest = asyncio.run(client(wire).query(SCHEMA, order_by=["-n"], after=first.after))
    assert numbers(first) + numbers(rest) == [n for page in expected for n in page]


def test_a_lie_is_rejected(wire: WithoutView) -> None:
    class Lying(WithoutView):
        async def send(self, body: bytes) -> bytes:
            answer = json.loads(await super().send(body))
            if "entries" in answer.get("result", {}):
                payload = answer["result"]["entries"][0]["payloadBytes"]
                answer["result"]["entries"][0]["payloadBytes"] = payload[:-2] + "17"
            return json.dumps(answer).encode()

    lying = Lying.__new__(Lying)
    lying.__dict__.update(wire.__dict__)
    answer = asyncio.run(client(lying).query(SCHEMA))
    assert len(answer) == 12
    assert len(answer.rejected) == 1


def test_what_the_node_gives_in_no_way_is_refused_in_its_words(wire: WithoutView) -> None:
    class Registered(WithoutView):
        async def send(self, body: bytes) -> bytes:
            call = json.loads(body)
            if call["method"] in ("panda_query", "panda_queryEntries"):
                refusal = SchemaNotRegistered("This node is for other schemas.")
                return jsonrpc.dumps(jsonrpc.error_reply(call["id"], refusal))
            return await super().send(body)

    with pytest.raises(ErrorFromNode, match="for other schemas") as refused:
        asyncio.run(client(Registered(Harness())).query(SCHEMA))
    assert refused.value.reason == "schema-not-registered"
