"""What tests look at by `tests.openrpc` is looked at: a request or an answer that is not as the document says is found."""

import asyncio
import json

from panda_web.keys.with_cryptography import CryptographyVerifier
from panda_web.node import Node, Store
from panda_web.rpc.methods import METHODS
from tests.authors import SCHEMA
from tests.conftest import LOOK
from tests.openrpc import problems_of

AUTHOR = "77" * 32
ARGUMENTS = {"author": AUTHOR, "schema": SCHEMA}
ANSWER = {"entryHashBacklink": None, "entryHashSkiplink": None, "seqNum": 1, "lastSeqNum": None, "logId": 1}


def wrong(params: object, answer: object) -> int:
    return len(problems_of("panda_getEntryArguments", params, answer))


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


def test_calls_of_a_node_are_looked_at() -> None:
    before, _ = LOOK()
    dispatcher = Node(Store(), CryptographyVerifier(), version="0").dispatcher()
    calls = [
        {"jsonrpc": "2.0", "id": n, "method": "panda_getEntryArguments", "params": ARGUMENTS}
        for n in range(3)
    ]
    asyncio.run(dispatcher.handle(json.dumps(calls).encode()))
    asyncio.run(dispatcher.handle(json.dumps({**calls[0], "method": "no such"}).encode()))
    after, _ = LOOK()
    assert after - before == 3


def test_document_has_no_word_that_is_not_looked_at() -> None:
    for method in METHODS:
        assert not [each for each in problems_of(method, {}, None) if "the schema has" in each], method
