"""What tests look at by `tests.openrpc` is looked at: what is not as the document says is found, wherever a node runs."""

import asyncio
import json
import os
from pathlib import Path

import httpx
import jsonschema
import pytest

from panda_web.keys.with_cryptography import CryptographyVerifier
from panda_web.node import Node, Store
from panda_web.rpc.session import Session
from panda_web.rpc.within import pair
from tests.authors import SCHEMA
from tests.conftest import LOOK
from tests.openrpc import DOCUMENT, SCHEMAS, Written, problems, wrong_in
from tests.processes import ServedNode

AUTHOR = "77" * 32
ARGUMENTS = {"author": AUTHOR, "schema": SCHEMA}
ANSWER = {"entryHashBacklink": None, "entryHashSkiplink": None, "seqNum": 1, "lastSeqNum": None, "logId": 1}
CALL = {"jsonrpc": "2.0", "method": "panda_getEntryArguments", "params": ARGUMENTS}


def wrong(params: object, answer: object) -> int:
    reply = json.dumps({"jsonrpc": "2.0", "id": 1, "result": answer}).encode()
    return len([*wrong_in([(1, "panda_getEntryArguments", params)], reply)])


def test_what_differs_is_found() -> None:
    assert wrong(ARGUMENTS, ANSWER) == 0
    assert wrong([AUTHOR, SCHEMA], ANSWER) == 0
    assert wrong({"author": AUTHOR}, ANSWER) == 1
    assert wrong({**ARGUMENTS, "more": 1}, ANSWER) == 1
    assert wrong({**ARGUMENTS, "author": "zz"}, ANSWER) == 1
    assert wrong(ARGUMENTS, None) == 1
    assert wrong(ARGUMENTS, {**ANSWER, "seqNum": 0}) == 1
    assert wrong(ARGUMENTS, {**ANSWER, "seqNum": "1"}) == 1
    assert wrong(ARGUMENTS, {**ANSWER, "entryHashBacklink": "00"}) == 1
    assert wrong(ARGUMENTS, {name: ANSWER[name] for name in ANSWER if name != "logId"}) == 1


def test_a_filter_is_looked_at_all_the_way_down() -> None:
    deep = {"or": [{"not": {"n": {"gt": 1}}}, {"and": [{"n": {"in": [1, 2]}}]}]}
    assert not problems("panda_query params", {"schema": SCHEMA, "filter": deep, "after": None})
    deep["or"][1]["and"][0] = {"n": {"is": 1}}  # type: ignore[index]
    assert len(problems("panda_query params", {"schema": SCHEMA, "filter": deep})) == 1


@pytest.mark.parametrize(
    ("error", "found"),
    [
        ({"code": -32000, "message": "No.", "data": {"reason": "no"}}, 0),
        ({"code": 1, "message": "No.", "data": {"reason": "no"}}, 1),
        ({"code": -32000, "message": "", "data": {"reason": "no"}}, 1),
        ({"code": -32000, "message": "No.", "data": {}}, 1),
    ],
)
def test_errors_are_looked_at(error: object, found: int) -> None:
    reply = {"jsonrpc": "2.0", "id": 1, "error": error}
    assert len([*wrong_in([(1, "panda_query", {"anything": 1})], json.dumps(reply).encode())]) == found
    both = json.dumps({**reply, "result": []}).encode()
    assert len([*wrong_in([(1, "no such", {})], both)]) == found + 1


def test_calls_of_a_node_and_what_it_tells_are_looked_at() -> None:
    async def work() -> None:
        dispatcher = Node(Store(), CryptographyVerifier(), version="0").dispatcher()
        await dispatcher.handle(json.dumps([{**CALL, "id": n} for n in range(3)]).encode())
        await dispatcher.handle(json.dumps({**CALL, "id": 1, "method": "no such"}).encode())
        here, _ = pair()
        async with Session(here) as session:
            params = {"subscription": "1", "changes": [{"id": "00"}], "cursor": ""}
            message = {"jsonrpc": "2.0", "method": "panda_changed", "params": params}
            await session.tell(json.dumps(message).encode())

    before, problems = LOOK()
    asyncio.run(work())
    after, _ = LOOK()
    assert after - before == 3
    assert [each.split(":")[0] for each in problems] == [
        "panda_changed params"
    ] * 2  # its id, and no instance
    problems.clear()


def test_a_served_node_is_looked_at_also_once_it_is_gone(tmp_path: Path) -> None:
    before, _ = LOOK()
    with ServedNode(tmp_path) as node:
        for n in range(3):
            httpx.post(node.url, json={**CALL, "id": n}).raise_for_status()
        assert LOOK()[0] - before == 3
        httpx.post(node.url, json={**CALL, "id": 4}).raise_for_status()
    del node
    assert LOOK()[0] - before == 4
    assert LOOK()[0] - before == 4


def test_what_a_served_node_says_wrongly_is_found() -> None:
    class Gone: ...

    written = Written(node := Gone())
    os.write(written.file, b'[[1,"panda_schemas",null]]\t{"jsonrpc":"2.0","id":1,"result":7}\n[[2,"pan')
    del node
    _, problems = LOOK()
    assert [each.split(":")[0] for each in problems] == ["panda_schemas result"]
    problems.clear()


def test_the_document_has_no_word_that_is_not_looked_at() -> None:
    strict = {**jsonschema.Draft7Validator.META_SCHEMA, "additionalProperties": False}
    strict = json.loads(json.dumps(strict).replace("http://json-schema.org/draft-07/schema#", "urn:strict"))
    strict["$schema"] = jsonschema.Draft7Validator.META_SCHEMA["$schema"]
    validator = jsonschema.Draft7Validator(strict)
    said = [
        *DOCUMENT["components"]["schemas"].values(),
        *(param["schema"] for each in DOCUMENT["methods"] for param in each["params"]),
        *(param["schema"] for each in DOCUMENT["x-notifications"] for param in each["params"]),
        *(each["result"]["schema"] for each in DOCUMENT["methods"]),
        *SCHEMAS.values(),
    ]
    for schema in said:
        validator.validate(schema)
    assert not validator.is_valid({"properties": {"a": {"tpye": "string"}}})
