"""The JSON-RPC 2.0 codec: bytes to requests and replies, and back. No I/O.

Source: jsonrpc.org/specification. Bodies come from anybody: too deep, too long a number, NaN, lone
surrogates and the like are parse errors, never exceptions of the JSON library.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from panda_web import strict_json
from panda_web.errors import PandaError
from panda_web.rpc.errors import (
    AnswerMalformed,
    AnswerTooLong,
    BatchTooLarge,
    BodyTooIntricate,
    ErrorFromNode,
    InternalError,
    InvalidRequest,
    ParseError,
    RpcError,
)
from panda_web.rpc.types import Json

Id = str | int | float | None


@dataclass(frozen=True, slots=True)
class Request:
    """One call. A notification has no id, and gets no reply."""

    method: str
    params: Json
    id: Id
    notification: bool


ANSWER_PARTS = 1_000_000
"""Parts of an answer (see `strict_json.MAX_PARTS`), which take some 200 MB at worst."""

PEER_PARTS = 200_000
"""Of an answer of a node that is kept alike with this one: 4 MiB of the smallest entries have half of it."""

MAX_DIGITS = 640
"""Digits of a number: with more, 8 MiB of integers take a good part of a second."""


def loads(body: bytes, *, parts: int = strict_json.MAX_PARTS, members: int | None = None) -> Json:
    """JSON in UTF-8, not too deep, and not too much: see `strict_json.loads`.

    Raises:
        BodyTooIntricate: more parts.
        BatchTooLarge: an array of more members.
        ParseError: not JSON.
    """
    try:
        return strict_json.loads(body, parts=parts, members=members, digits=MAX_DIGITS)
    except strict_json.TooManyParts as error:
        raise BodyTooIntricate(f"The body is {error}. Send less at once.") from error
    except strict_json.TooManyMembers as error:
        raise BatchTooLarge(f"The batch is {error}. Send fewer calls at once.") from error
    except strict_json.NotJson as error:
        raise ParseError(f"The body is {error}.") from error


def dumps(value: Json) -> bytes:
    """Compact JSON in ASCII: half a surrogate pair in somebody's text cannot break it."""
    return json.dumps(value, separators=(",", ":"), allow_nan=False).encode()


def read_requests(body: bytes, max_batch: int) -> tuple[list[Request | InvalidRequest], bool]:
    """The calls in a body, and whether they came as a batch.

    Raises:
        ParseError: not JSON.
        InvalidRequest: a batch of nothing.
        BatchTooLarge: a batch of more than `max_batch` calls; these were not even parsed.
        BodyTooIntricate: more parts than a request may have.
    """
    return requests(loads(body, members=max_batch))


def requests(value: Json) -> tuple[list[Request | InvalidRequest], bool]:
    """The calls in a body that is read, and whether they came as a batch. Raises InvalidRequest: none."""
    if not isinstance(value, list):
        return [_read_request(value)], False
    if not value:
        raise InvalidRequest("A batch must hold a request at least.")
    return [_read_request(item) for item in value], True


def _read_request(value: Json) -> Request | InvalidRequest:
    if (
        not isinstance(value, dict)
        or value.get("jsonrpc") != "2.0"
        or not isinstance(value.get("method"), str)
    ):
        return InvalidRequest(
            'A request is an object with "jsonrpc": "2.0" and a method.', request_id=id_of(value)
        )
    if "id" in value and id_of(value) != value["id"]:
        return InvalidRequest("An id is a text, a number or null.")
    return Request(value["method"], value.get("params"), id_of(value), notification="id" not in value)


def asked_with(request: Request | InvalidRequest) -> Id:
    """The id of a request, as far as it has one."""
    return request.id if isinstance(request, Request) else request.request_id


def id_of(value: Json) -> Id:
    """The id in a request, a reply, or params that name one; None where it is none."""
    found = value.get("id") if isinstance(value, dict) else None
    return found if isinstance(found, str | int | float) and not isinstance(found, bool) else None


_ID_IN_FRONT = re.compile(
    rb'\s*\{(?:\s*"(?:jsonrpc|method)"\s*:\s*"[^"\\]*"\s*,)*\s*"id"\s*:\s*("[^"\\]*"|[0-9]{1,15})\s*,'
)


def id_in_front(start: bytes) -> Id:
    """The id of a request of which only the start is read; None where it does not stand before the params.

    p2panda-js 0.2.1 has it there, and an error without its id is no answer for it.
    """
    found = _ID_IN_FRONT.match(start[:1000])
    try:
        return id_of({"id": loads(found[1])}) if found else None
    except ParseError:
        return None


def reply(request_id: Id, result: Json) -> dict[str, Json]:
    """A reply with a result."""
    return {"jsonrpc": "2.0", "id": request_id, "result": result}


def error_reply(request_id: Id, error: PandaError) -> dict[str, Json]:
    """A reply with an error: a sentence, and in `data` the stable reason."""
    code = error.code if isinstance(error, RpcError) else RpcError.code
    return {
        "jsonrpc": "2.0",
        "id": request_id,
        "error": {"code": code, "message": str(error), "data": {**error.data, "reason": error.reason}},
    }


def notification(method: str, params: Mapping[str, Json]) -> dict[str, Json]:
    """A call that wants no reply."""
    return {"jsonrpc": "2.0", "method": method, "params": dict(params)}


def call(request_id: Id, method: str, params: Mapping[str, Json]) -> dict[str, Json]:
    """A call that wants a reply."""
    return {"jsonrpc": "2.0", "id": request_id, "method": method, "params": dict(params)}


def read_replies(body: bytes, ids: Sequence[Id], parts: int | None = None) -> list[Json | RpcError]:
    """The result, or the error, for each of the calls with these ids, in their order.

    A node that refuses a batch as a whole answers with one error, which then stands for each call.

    Raises:
        AnswerMalformed: not JSON, not JSON-RPC, or a reply is missing.
        AnswerTooLong: of more than `parts`, or `ANSWER_PARTS` where that is None.
    """
    parts = parts if parts is not None else ANSWER_PARTS
    try:
        value = loads(body, parts=parts)
    except BodyTooIntricate as error:
        raise AnswerTooLong(
            f"The node's answer has more than {parts:,} parts, and no more are read: ask for less."
        ) from error
    except ParseError as error:
        raise AnswerMalformed(
            "The node's answer is not JSON; is there a p2panda node at this address?"
        ) from error
    replies = value if isinstance(value, list) else [value]
    by_id: dict[Id, Json | RpcError] = {}
    for item in replies:
        request_id, found = read_reply(item)
        by_id[request_id] = found
    whole = by_id.get(None)
    if isinstance(whole, RpcError):
        return [by_id.get(i, whole) for i in ids]
    if not all(i in by_id for i in ids):
        raise AnswerMalformed("The node left a call without a reply.")
    return [by_id[i] for i in ids]


def is_reply(value: Json) -> bool:
    """Whether it is meant as a reply, where requests may come as well."""
    return isinstance(value, dict) and "method" not in value and ("result" in value or "error" in value)


def read_reply(value: Json) -> tuple[Id, Json | RpcError]:
    """The id of the call, and its result or its error. Raises AnswerMalformed."""
    if not isinstance(value, dict) or ("result" in value) == ("error" in value):
        raise AnswerMalformed("The node's answer is not JSON-RPC; is there a p2panda node at this address?")
    return id_of(value), _read_error(value["error"]) if "error" in value else value["result"]


def _read_error(value: Json) -> RpcError:
    if not isinstance(value, dict):
        return AnswerMalformed("The node answered with an error that is none.")
    data = value.get("data")
    data = dict(data) if isinstance(data, dict) else {}
    reason, code = data.pop("reason", None), value.get("code")
    return ErrorFromNode(
        str(value.get("message", "The node gave no reason."))[:1000],
        reason[:60] if isinstance(reason, str) else None,
        code if isinstance(code, int) else InternalError.code,
        node=data,
    )
