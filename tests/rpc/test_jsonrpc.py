"""The codec and the dispatcher against the JSON-RPC 2.0 specification, and against noise."""

import asyncio
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from panda_web.keys.with_cryptography import CryptographyVerifier
from panda_web.messages import SYSTEM_LOGS
from panda_web.node import Node, Store
from panda_web.rpc import dispatch, jsonrpc
from panda_web.rpc.dispatch import Caller, Dispatcher
from panda_web.rpc.errors import (
    APPLICATION_ERROR,
    AnswerMalformed,
    AnswerTooLong,
    ErrorFromNode,
    ParseError,
    RateExceeded,
)
from panda_web.rpc.methods import METHODS, EntryArguments
from panda_web.strict_json import MAX_DEPTH

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
SCHEMA = "0040" + "ab" * 64


def ask(body: bytes | object, **limits: int) -> Any:
    node = Node(Store(), CryptographyVerifier(), version="0").dispatcher()
    dispatcher = Dispatcher(METHODS, {}, **limits) if limits else node
    answer = asyncio.run(dispatcher.handle(body if isinstance(body, bytes) else json.dumps(body).encode()))
    return json.loads(answer) if answer else None


def call(method: str, params: object = None, **more: object) -> dict[str, object]:
    return {"jsonrpc": "2.0", "id": "1", "method": method, "params": params or {}, **more}


def test_by_name_and_by_position() -> None:
    by_name = ask(call("panda_query", {"schema": SYSTEM_LOGS[0]}))
    assert by_name == {"jsonrpc": "2.0", "id": "1", "result": []}
    assert ask(call("panda_query", [SYSTEM_LOGS[0]])) == by_name


@pytest.mark.parametrize("request_id", ["x", 0, 7, 1.5, None])
def test_ids_come_back(request_id: object) -> None:
    assert ask(call("panda_schemas", id=request_id))["id"] == request_id


def test_batches_notifications_and_their_order() -> None:
    assert ask([call("panda_schemas", id=n) for n in range(5)]) == [
        {"jsonrpc": "2.0", "id": n, "result": []} for n in range(5)
    ]
    notification = {"jsonrpc": "2.0", "method": "panda_schemas"}
    assert ask(notification) is None
    assert ask([notification, notification]) is None
    mixed = ask([notification, 1, call("no.such", id=2)])
    assert [reply["error"]["data"]["reason"] for reply in mixed] == ["invalid-request", "method-not-found"]
    assert [reply["id"] for reply in mixed] == [None, 2]


@pytest.mark.parametrize(
    ("body", "code", "reason"),
    [
        (b"", -32700, "parse-error"),
        (b"{", -32700, "parse-error"),
        (b"\xff\xfe", -32700, "parse-error"),
        (b"[" * 100_000, -32700, "parse-error"),
        (b'{"a":' * 100_000, -32700, "parse-error"),
        (b"[" * 65 + b"]" * 65, -32700, "parse-error"),
        (b'{"a":' * 65 + b"1" + b"}" * 65, -32700, "parse-error"),
        (b'"' + b'\\' * 200_001, -32700, "parse-error"),
        (b"9" * 10_000, -32700, "parse-error"),
        (b"NaN", -32700, "parse-error"),
        (b'{"jsonrpc":"2.0","id":1e400,"method":"panda_schemas"}', -32700, "parse-error"),
        ([], -32600, "invalid-request"),
        (1, -32600, "invalid-request"),
        ({}, -32600, "invalid-request"),
        ({"jsonrpc": "1.0", "id": 1, "method": "panda_schemas"}, -32600, "invalid-request"),
        ({"jsonrpc": "2.0", "id": 1, "method": 7}, -32600, "invalid-request"),
        ({"jsonrpc": "2.0", "id": {}, "method": "panda_schemas"}, -32600, "invalid-request"),
        ({"jsonrpc": "2.0", "id": True, "method": "panda_schemas"}, -32600, "invalid-request"),
        (call("nothing"), -32601, "method-not-found"),
        (call("__init__"), -32601, "method-not-found"),
        (call("panda_query", "text"), -32602, "invalid-params"),
        (call("panda_query", {}), -32602, "invalid-params"),
        (call("panda_query", {"schema": SCHEMA, "colour": 1}), -32602, "invalid-params"),
        (call("panda_query", [SCHEMA, {}, [], 1, None, False, 1]), -32602, "invalid-params"),
        (call("panda_query", {"schema": SCHEMA, "limit": 0}), -32602, "invalid-params"),
        (call("panda_query", {"schema": SCHEMA, "limit": 1001}), -32602, "invalid-params"),
        (call("panda_query", {"schema": SCHEMA, "limit": True}), -32602, "invalid-params"),
        (call("panda_query", {"schema": SCHEMA, "filter": {"a": {"near": 1}}}), -32602, "invalid-params"),
        (call("panda_query", {"schema": SCHEMA, "filter": {"a": None}}), -32602, "invalid-params"),
        (call("panda_query", {"schema": SCHEMA, "filter": {"a": 2**63}}), -32602, "invalid-params"),
        (call("panda_query", {"schema": SCHEMA, "filter": {"a": "\ud800"}}), -32602, "invalid-params"),
        (call("panda_query", {"schema": SCHEMA, "filter": {"\ud800": "a"}}), -32602, "invalid-params"),
        (call("panda_query", {"schema": SCHEMA, "filter": {str(n): 1 for n in range(65)}}), -32000, "filter-too-large"),
        (call("panda_query", {"schema": SCHEMA, "filter": {"id": "x"}}), -32602, "invalid-params"),
        (call("panda_query", {"schema": SCHEMA, "filter": {"author": 1}}), -32602, "invalid-params"),
        (call("panda_query", {"schema": SCHEMA, "orderBy": ["\udfff"]}), -32602, "invalid-params"),
        (call("panda_query", {"schema": SCHEMA, "orderBy": ["a"] * 5}), -32602, "invalid-params"),
        (call("panda_query", {"schema": SCHEMA, "after": "x"}), -32602, "invalid-params"),
        (call("panda_query", {"schema": SCHEMA, "after": "[" * 5000}), -32602, "invalid-params"),
        (call("panda_query", {"schema": SCHEMA, "after": json.dumps([1, SCHEMA])}), -32602, "invalid-params"),
        (call("panda_query", {"schema": SCHEMA, "after": json.dumps([[1], SCHEMA]), "orderBy": ["a"]}),
         -32602, "invalid-params"),
        (call("panda_query", {"schema": SCHEMA.upper()}), -32602, "invalid-params"),
        (call("panda_publishEntry", {"entryEncoded": "xyz", "messageEncoded": ""}), -32602, "invalid-params"),
        (call("panda_publishEntry", {"entryEncoded": "0", "messageEncoded": ""}), -32602, "invalid-params"),
        (call("panda_publishEntry", {"entryEncoded": "00 00", "messageEncoded": ""}), -32602, "invalid-params"),
        (call("panda_publishEntry", {"entryEncoded": "é0", "messageEncoded": ""}), -32602, "invalid-params"),
        (call("panda_publishEntry", {"entryEncoded": 1, "messageEncoded": ""}), -32602, "invalid-params"),
        (call("panda_getEntryArguments", {"author": "ab", "schema": SCHEMA}), -32602, "invalid-params"),
        (call("panda_publishEntry", {"entryEncoded": "00", "messageEncoded": ""}), APPLICATION_ERROR, "entry-truncated"),
    ],
)  # fmt: skip
def test_errors(body: bytes | object, code: int, reason: str) -> None:
    error = ask(body)["error"]
    assert (error["code"], error["data"]["reason"]) == (code, reason)
    assert len(error["message"]) > 10


@given(JSON)
def test_depth_is_counted_outside_of_texts(value: Any) -> None:
    def depth(item: Any) -> int:
        inner = item.values() if isinstance(item, dict) else item if isinstance(item, list) else ()
        return (1 if isinstance(item, dict | list) else 0) + max(map(depth, inner), default=0)

    brackets = '[{"\\' * 100
    for levels in (64 - depth(value), 65 - depth(value)):
        nested: Any = [brackets, value]
        for _ in range(levels - 1):
            nested = [nested]
        if levels + depth(value) <= MAX_DEPTH:
            assert jsonrpc.loads(json.dumps(nested).encode()) == nested
        else:
            with pytest.raises(ParseError):
                jsonrpc.loads(json.dumps(nested).encode())


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"[" + b"1," * 1_000_000 + b"1]", "body-too-intricate"),
        (b"[" + b"[]," * 49_000 + b"1]", "batch-too-large"),
        (b"[" + b'{"id":[1,2],"params":"abcdefghijklmnop"},' * 1000 + b"1]", "batch-too-large"),
    ],
)
def test_a_batch_of_too_many_calls_is_not_even_parsed(
    body: bytes, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = json.loads
    monkeypatch.setattr(
        json, "loads", lambda text, **_: read(text) if len(text) < 500 else pytest.fail("parsed")
    )
    assert ask(body)["error"]["data"]["reason"] == reason


def test_large_bodies_of_ordinary_calls_are_read() -> None:
    params = {"entryEncoded": "00" * 150, "messageEncoded": "00" * 3500}
    batch = json.dumps([call("panda_publishEntry", params, id=n) for n in range(1000)]).encode()
    assert len(batch) > 7 << 20
    requests, _ = jsonrpc.read_requests(batch, 1000)
    assert [request.id for request in requests if isinstance(request, jsonrpc.Request)] == list(range(1000))
    params = {"entryEncoded": "00" * 150, "messageEncoded": "00" * (1 << 20)}
    assert jsonrpc.read_requests(json.dumps(call("panda_publishEntry", params)).encode(), 1000)[1] is False


def test_an_answer_of_too_many_parts_is_one_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jsonrpc, "ANSWER_PARTS", 200_000)
    answer = jsonrpc.dumps(jsonrpc.reply("1", [[]] * 90_000))
    assert jsonrpc.read_replies(answer, ["1"]) == [[[]] * 90_000]
    answer = jsonrpc.dumps(jsonrpc.reply("1", [[]] * 110_000))
    with pytest.raises(AnswerTooLong):
        jsonrpc.read_replies(answer, ["1"])


def test_a_batch_gives_a_bounded_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatch, "MAX_ANSWER", 20_000)
    replies = ask([call("rpc.discover", id=n) for n in range(30)])
    assert len(replies) == 30
    given = ["result" in reply for reply in replies]
    assert given == sorted(given, reverse=True)
    assert 0 < given.count(True) < 30
    assert replies[-1]["error"]["data"]["reason"] == "answer-too-large"


def test_a_batch_ends_with_its_sender_and_with_its_time() -> None:
    def counted(*, leaves_after: int | None = None) -> tuple[list[str], Any]:
        """The schemas that were asked for by a batch of 20 calls, each of which takes 3 s."""
        begun: list[str] = []
        seconds = 0.0

        async def arguments(author: bytes, schema: str) -> Any:
            nonlocal seconds
            seconds += 3
            begun.append(schema)
            return {}

        async def left() -> bool:
            return len(begun) == leaves_after

        dispatcher = Dispatcher(METHODS, {"panda_getEntryArguments": arguments}, clock=lambda: seconds)
        params = {"author": "ab" * 32, "schema": SCHEMA}
        batch = [call("panda_getEntryArguments", params, id=n) for n in range(20)]
        answer = asyncio.run(dispatcher.handle(json.dumps(batch).encode(), Caller(left=left)))
        return begun, json.loads(answer)

    begun, answer = counted()
    assert len(begun) == 4
    assert [reply["id"] for reply in answer] == list(range(20))
    assert all(reply["result"] == {} for reply in answer[:4])
    assert {reply["error"]["data"]["reason"] for reply in answer[4:]} == {"batch-too-long"}
    assert "not carried out" in answer[4]["error"]["message"]
    assert len(counted(leaves_after=2)[0]) == 2


@pytest.mark.parametrize(
    ("body", "calls", "id"), [(call("panda_schemas"), 1, "1"), ([call("panda_schemas")] * 3, 3, None)]
)
def test_whoever_pays_for_calls_may_refuse_them_all(body: Any, calls: int, id: str | None) -> None:
    charged = []

    def charge(number: int) -> None:
        charged.append(number)
        raise RateExceeded("Too fast.", retryAfter=7)

    async def never(**_: object) -> None:
        pytest.fail("it was carried out")

    dispatcher = Dispatcher(METHODS, {"panda_schemas": never})
    answer = json.loads(asyncio.run(dispatcher.handle(json.dumps(body).encode(), Caller(charge=charge))))
    assert charged == [calls]
    assert (answer["id"], answer["error"]["data"]) == (id, {"reason": "rate-exceeded", "retryAfter": 7})


def test_limits() -> None:
    assert ask(b" " * 101, max_body=100)["error"]["data"]["reason"] == "body-too-large"
    assert ask([1] * 11, max_batch=10)["error"]["data"]["reason"] == "batch-too-large"


@given(st.binary(max_size=100) | JSON.map(lambda value: json.dumps(value).encode()))
def test_noise_is_always_answered_with_json_rpc(body: bytes) -> None:
    answer = ask(body)
    for reply in answer if isinstance(answer, list) else [answer]:
        assert reply["jsonrpc"] == "2.0"
        assert reply["error"]["code"] in (-32700, -32600)


@given(st.sampled_from(sorted(METHODS)), JSON)
def test_noise_as_params_never_is_a_fault(method: str, params: object) -> None:
    error = ask(call(method, params)).get("error")
    assert error is None or error["data"]["reason"] != "internal-error"


@given(st.sampled_from(sorted(METHODS)), st.data())
def test_noise_in_each_param_never_is_a_fault(method: str, data: st.DataObject) -> None:
    params = {param.name: data.draw(JSON | st.just(SCHEMA)) for param in METHODS[method].params}
    error = ask(call(method, params)).get("error")
    assert error is None or error["data"]["reason"] != "internal-error"


def test_a_fault_is_no_end_and_tells_nothing() -> None:
    async def broken() -> None:
        raise RuntimeError("secret")

    dispatcher = Dispatcher(METHODS, {"panda_schemas": broken})
    answer = asyncio.run(dispatcher.handle(json.dumps(call("panda_schemas")).encode()))
    assert json.loads(answer)["error"]["data"]["reason"] == "internal-error"
    assert b"secret" not in answer


def test_discover_describes_every_method() -> None:
    document = ask(call("rpc.discover"))["result"]
    assert {method["name"] for method in document["methods"]} == set(METHODS)
    query = next(method for method in document["methods"] if method["name"] == "panda_query")
    assert [param["name"] for param in query["params"] if param["required"]] == ["schema"]


@given(st.binary(max_size=60) | JSON.map(lambda value: json.dumps(value).encode()))
def test_noise_as_an_answer_is_a_named_error(body: bytes) -> None:
    with pytest.raises(AnswerMalformed):
        jsonrpc.read_replies(body, ["1"])


def test_answers() -> None:
    ok = jsonrpc.reply("1", 5)
    bad = {"jsonrpc": "2.0", "id": "2", "error": {"code": 0, "message": "no"}}
    five, error = jsonrpc.read_replies(json.dumps([bad, ok]).encode(), ["1", "2"])
    assert five == 5
    assert isinstance(error, ErrorFromNode)
    assert (error.reason, error.node_code, str(error)) == ("node-error", 0, "no")
    whole = {
        "jsonrpc": "2.0",
        "id": None,
        "error": {"code": -32000, "message": "no", "data": {"reason": "busy"}},
    }
    replies = jsonrpc.read_replies(json.dumps(whole).encode(), ["1", "2"])
    assert [reply.reason for reply in replies] == ["busy", "busy"]
    assert replies[0].may_pass
    with pytest.raises(AnswerMalformed):
        jsonrpc.read_replies(json.dumps([ok]).encode(), ["1", "2"])


@pytest.mark.parametrize(
    ("answer", "seq_num"),
    [
        ({"seqNum": 5}, 5),
        ({"lastSeqNum": 4}, 5),
        ({"lastSeqNum": None}, 1),
        ({"seqNum": 5, "lastSeqNum": 9}, 5),
    ],
)
def test_entry_arguments_of_early_and_present_nodes(answer: dict[str, object], seq_num: int) -> None:
    arguments = EntryArguments.from_json(
        {"logId": 1, "entryHashBacklink": None, "entryHashSkiplink": None, **answer}
    )
    assert arguments.seq_num == seq_num
