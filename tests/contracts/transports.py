"""What every `Transport` must do, with a node behind it. Runs on CPython and inside Pyodide."""

from panda_web.rpc import jsonrpc
from panda_web.rpc.connection import Connection
from panda_web.rpc.errors import (
    AnswerMalformed,
    AnswerTooLong,
    ErrorFromNode,
    NodeSilent,
    NodeSlow,
    NodeUnreachable,
)
from panda_web.rpc.methods import DISCOVER, GET_ENTRY_ARGUMENTS, PUBLISH_ENTRY, QUERY, QUERY_ENTRIES
from panda_web.rpc.transport import Transport

SCHEMA = "0040" + "ab" * 64


async def carries_calls(transport: Transport) -> None:
    connection = Connection(transport)
    document = await connection.call(DISCOVER)
    assert document["openrpc"]
    arguments = await connection.call(GET_ENTRY_ARGUMENTS, author="ab" * 32, schema=SCHEMA)
    assert (arguments.log_id, arguments.seq_num, arguments.backlink) == (1, 1, None)
    assert await connection.call(QUERY_ENTRIES, schema=SCHEMA) == []


async def carries_errors(transport: Transport) -> None:
    connection = Connection(transport)
    try:
        await connection.call(QUERY, schema="00" * 66)
    except ErrorFromNode as error:
        assert error.reason == "invalid-params"
    else:
        raise AssertionError
    replies = await connection.call_batch(
        PUBLISH_ENTRY,
        [{"entryEncoded": "00", "messageEncoded": ""}, {"entryEncoded": "zz", "messageEncoded": ""}],
    )
    reasons = [getattr(reply, "reason", None) for reply in replies]
    assert reasons == ["entry-truncated", "invalid-params"]


async def carries_what_is_no_json_rpc(transport: Transport) -> None:
    answer = jsonrpc.loads(await transport.send(b"{"))
    assert answer["error"]["data"]["reason"] == "parse-error"


async def carries_large_bodies(transport: Transport) -> None:
    answer = jsonrpc.loads(await transport.send(b'"' + b"x" * 5_000_000 + b'"'))
    assert answer["error"]["data"]["reason"] == "invalid-request"


ALL = (carries_calls, carries_errors, carries_what_is_no_json_rpc, carries_large_bodies)


async def says_when_nobody_is_there(transport: Transport) -> None:
    """With a transport to an address where nothing listens."""
    try:
        await transport.send(b"{}")
    except NodeUnreachable:
        return
    raise AssertionError


async def says_when_it_is_silent(transport: Transport) -> None:
    """With a transport of little patience to an address where somebody listens who never answers."""
    try:
        await transport.send(b"{}")
    except NodeSilent as error:
        assert "did not answer within" in str(error)
        return
    raise AssertionError


async def says_when_it_does_not_end(transport: Transport) -> None:
    """With a transport of little patience to an address where somebody sends a byte now and then, for ever."""
    try:
        await transport.send(b"{}")
    except NodeSlow as error:
        assert "was not whole" in str(error)
        return
    raise AssertionError


async def says_when_it_is_too_long(transport: Transport) -> None:
    """With a transport to an address where somebody sends without end, and fast."""
    try:
        await transport.send(b"{}")
    except AnswerTooLong as error:
        assert "64 MiB" in str(error)
        return
    raise AssertionError


async def says_when_it_is_no_node(transport: Transport) -> None:
    """With a transport to a server that answers POST with something else."""
    try:
        await Connection(transport).call(DISCOVER)
    except AnswerMalformed:
        return
    raise AssertionError
