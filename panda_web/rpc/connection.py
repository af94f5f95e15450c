"""The calling side: methods of the table, called over a transport, their results read."""

import itertools
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from panda_web.rpc import jsonrpc
from panda_web.rpc.errors import AnswerMalformed, RpcError
from panda_web.rpc.methods import Method
from panda_web.rpc.transport import Transport
from panda_web.rpc.types import Json

R = TypeVar("R")


class Connection:
    """Calls a node's methods."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._ids = itertools.count(1)

    async def call(self, method: Method[R], **params: Json) -> R:
        """Calls one method, params by their wire names.

        Raises:
            CallFailed: NodeUnreachable, AnswerMalformed, or ErrorFromNode with the node's reason.
        """
        # An id is a text: early nodes read no other kind.
        request = jsonrpc.call(str(next(self._ids)), method.name, params)
        answer = await self._transport.send(jsonrpc.dumps(request))
        (reply,) = jsonrpc.read_replies(answer, [request["id"]])
        return self._read(method, reply)

    async def call_batch(self, method: Method[R], calls: Sequence[Mapping[str, Json]]) -> list[R | RpcError]:
        """Calls one method many times in one batch, carried out in order; a result or an error for each."""
        requests = [jsonrpc.call(str(next(self._ids)), method.name, params) for params in calls]
        answer = await self._transport.send(jsonrpc.dumps(requests))
        found: list[R | RpcError] = []
        for reply in jsonrpc.read_replies(answer, [request["id"] for request in requests]):
            try:
                found.append(self._read(method, reply))
            except RpcError as error:
                found.append(error)
        return found

    def _read(self, method: Method[R], reply: Any) -> R:
        if isinstance(reply, RpcError):
            raise reply
        try:
            return method.result.read(reply)
        except ValueError as error:
            raise AnswerMalformed(f"The node's answer to {method.name} {error}.") from error

    async def close(self) -> None:
        """Closes the transport."""
        await self._transport.close()
