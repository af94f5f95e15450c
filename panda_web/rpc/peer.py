"""Who can be called, whatever the way there: by a session, or by one body in and one body out."""

import itertools
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from panda_web.rpc import jsonrpc
from panda_web.rpc.errors import RpcError
from panda_web.rpc.transport import Transport
from panda_web.rpc.types import Json

Progress: TypeAlias = Callable[[str, int, int], None]
"""Told the stage of a call, how much is done, and of how much."""


class Peer(ABC):
    """The other side, as far as it can be called. What it answers is not looked at: see `rpc.connection`."""

    @abstractmethod
    async def call(self, method: str, params: Mapping[str, Json], progress: Progress | None = None) -> Json:
        """The result of one call.

        Args:
            method: its name.
            params: by their wire names.
            progress: told how far the call is, where the way there can carry that.

        Raises:
            CallFailed: NodeUnreachable, AnswerMalformed, or ErrorFromNode with the other side's reason.
        """

    @abstractmethod
    async def call_batch(self, method: str, calls: Sequence[Mapping[str, Json]]) -> Sequence[Json | RpcError]:
        """Calls one method many times, in order; a result or an error for each. Raises as `call` does."""

    @abstractmethod
    async def close(self) -> None:
        """Ends what is open. Nothing is sent afterwards."""


class Exchange(Peer):
    """Calls over a transport: nothing comes from there but answers.

    Args:
        transport: to a node.
        parts: of an answer, as `strict_json.MAX_PARTS` counts them; None for `ANSWER_PARTS`.
    """

    def __init__(self, transport: Transport, parts: int | None = None) -> None:
        self._transport = transport
        self._parts = parts
        self._ids = itertools.count(1)

    async def call(self, method: str, params: Mapping[str, Json], _: Progress | None = None) -> Json:
        """The result of one call; of its progress nothing is told. See `Peer`."""
        request = self._request(method, params)
        answer = await self._transport.send(jsonrpc.dumps(request))
        (reply,) = jsonrpc.read_replies(answer, [request["id"]], self._parts)
        if isinstance(reply, RpcError):
            raise reply
        return reply

    async def call_batch(self, method: str, calls: Sequence[Mapping[str, Json]]) -> Sequence[Json | RpcError]:
        """A result or an error for each. See `Peer`."""
        requests = [self._request(method, params) for params in calls]
        answer = await self._transport.send(jsonrpc.dumps(requests))
        return jsonrpc.read_replies(answer, [request["id"] for request in requests], self._parts)

    def _request(self, method: str, params: Mapping[str, Json]) -> dict[str, Json]:
        # An id is a text: early nodes read no other kind.
        return jsonrpc.call(str(next(self._ids)), method, params)

    async def close(self) -> None:
        """Closes the transport."""
        await self._transport.close()
