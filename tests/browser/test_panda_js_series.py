"""What `panda.js` gives one after the other: an answer, page by page, and what becomes of it from then on."""

import asyncio

from panda_web.client import Client
from panda_web.keys.with_cryptography import CryptographySigner
from panda_web.messages.schema import schema_from_dict
from tests.browser.api import Api, refusal
from tests.processes import ServedNode

PAGE = 200
"""Instances that are fetched at once where a page iterates."""


def test_an_answer_is_iterated_page_by_page(api: Api, schema: str, empty_node: ServedNode) -> None:
    many = 2 * PAGE + 7

    async def write() -> list[str]:
        async with Client(empty_node.url, CryptographySigner.generate()) as panda:
            return [one.id for one in await panda.create_many(schema, [{"n": n} for n in range(many)])]

    ids = asyncio.run(write())

    def found(most: int, **options: object) -> list[int]:
        outcome = api.do("iterate", most, "query", schema, {"orderBy": ["n"], **options})
        return [each["n"] for each in outcome["value"]["found"]]

    assert found(many + 1) == list(range(many))
    assert found(PAGE + 3) == list(range(PAGE + 3))
    assert found(many, limit=PAGE + 9) == list(range(PAGE + 9))
    assert found(many, limit=5, orderBy=["-n"]) == list(range(many)[:-6:-1])
    every = api.do("toArray", schema, {"orderBy": ["-n"]})["value"]
    assert [each["id"] for each in every["instances"]] == ids[::-1]
    assert every["rejected"] == []
    assert all(each["_meta"]["signed"] for each in every["instances"])
    assert len(api.call("query", schema)["instances"]) == 100
    assert refusal(api.do("iterate", 1, "query", schema, {"limit": 0}))[0] == "invalid-params"
    assert refusal(api.do("iterate", 1, "query", "no such schema"))[0] == "schema-name-unknown"
    stopped = api.do("iterateUntilAborted", 3, schema)
    assert (stopped["found"], refusal(stopped["ended"])[0]) == ([0, 1, 2], "cancelled")


def test_page_that_subscribes_sees_what_others_change(api: Api, empty_node: ServedNode) -> None:
    """What another author creates, changes and deletes stands in its place, and nobody asks again."""
    stage = schema_from_dict({"name": "stage", "description": "", "fields": {"n": {"type": "integer"}}})

    async def write() -> None:
        async with Client(empty_node.url, CryptographySigner.generate()) as panda:
            schema = str((await panda.define(stage)).id)
            five, one = [(await panda.create(schema, {"n": n})).id for n in (5, 1)]
            api.do("follow", "stage", {"orderBy": ["-n"], "filter": {"n": {"lt": 9}}, "select": ["n"]})
            api.do("followedUntil", [5, 1])
            await panda.create(schema, {"n": 3})
            api.do("followedUntil", [5, 3, 1])
            await panda.update(schema, one, {"n": 7})
            api.do("followedUntil", [7, 5, 3])
            await panda.delete(schema, five)
            api.do("followedUntil", [7, 3])
            await panda.update(schema, one, {"n": 9})

    asyncio.run(write())
    told = api.do("followedUntil", [3])
    assert [each["kinds"] for each in told] == [["added"] * 2, ["added"], ["changed"], ["deleted"], ["gone"]]
