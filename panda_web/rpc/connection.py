"""The calling side: methods of the table are called, their results read, over whatever leads to the node."""

from collections.abc import Mapping, Sequence
from typing import TypeAlias, TypeVar

from panda_web.rpc.errors import AnswerMalformed, RpcError
from panda_web.rpc.peer import Exchange, Peer
from panda_web.rpc.table import Method
from panda_web.rpc.transport import Transport
from panda_web.rpc.types import Json

R = TypeVar("R")

Way: TypeAlias = Peer | Transport
"""What leads to a node."""


class Connection:
    """Calls a node's methods.

    Args:
        node: a peer, such as a session, a transport, or what calls its methods already.
    """

    def __init__(self, node: "Way | Connection") -> None:
        self.peer: Peer
        if isinstance(node, Connection):
            self.peer = node.peer
        else:
            self.peer = node if isinstance(node, Peer) else Exchange(node)

    async def call(self, method: Method[R], **params: Json) -> R:
        """Calls one method, params by their wire names.

        Raises:
            CallFailed: NodeUnreachable, AnswerMalformed, or ErrorFromNode with the node's reason.
        """
        return _read(method, await self.peer.call(method.name, params))

    async def call_batch(self, method: Method[R], calls: Sequence[Mapping[str, Json]]) -> list[R | RpcError]:
        """Calls one method many times in one batch, carried out in order; a result or an error for each."""
        found: list[R | RpcError] = []
        for reply in await self.peer.call_batch(method.name, calls):
            try:
                found.append(reply if isinstance(reply, RpcError) else _read(method, reply))
            except RpcError as error:
                found.append(error)
        return found

    async def close(self) -> None:
        """Closes the way to the node."""
        await self.peer.close()


def _read(method: Method[R], result: Json) -> R:
    try:
        return method.result.read(result)
    except ValueError as error:
        raise AnswerMalformed(f"The node's answer to {method.name} {error}.") from error
