"""A way to a node that waits as long as the node asks for, which takes so many calls a second."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from panda_web.rpc.connection import Connection, Way
from panda_web.rpc.pauses import patiently
from panda_web.rpc.table import Method
from panda_web.rpc.types import Json

R = TypeVar("R")


class Patient(Connection):
    """Calls a node's methods, each again after the pause that the node asks for.

    Args:
        node: a peer, a transport, or what calls its methods already.
        sleep: waits for some seconds.
    """

    def __init__(self, node: Way | Connection, sleep: Callable[[float], Awaitable[object]]) -> None:
        super().__init__(node)
        self._sleep = sleep

    async def call(self, method: Method[R], **params: Json) -> R:
        """See `Connection`."""
        return await patiently(lambda: super(Patient, self).call(method, **params), self._sleep)
