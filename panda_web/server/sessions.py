"""A session for each WebSocket, with the node's methods. What a caller may take is what it may by POST."""

import logging
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any

from panda_web.rpc.caller import CALLER, VISITOR
from panda_web.rpc.dispatch import Caller, Dispatcher
from panda_web.rpc.session import Session
from panda_web.server import answer, body
from panda_web.server.edge import Edge, UnderWay, Visit
from panda_web.server.socket import Socket

logger = logging.getLogger(__name__)


class Sessions:
    """Serves sockets.

    Args:
        dispatcher: the node's methods.
        edge: how it meets the network.
        under_way: the memory for what is under way.
    """

    def __init__(self, dispatcher: Dispatcher, edge: Edge, under_way: UnderWay) -> None:
        self._dispatcher = dispatcher
        self._edge = edge
        self._under_way = under_way

    def open(
        self, socket: Socket, address: str | None, forwarded: str
    ) -> Callable[[], Coroutine[Any, Any, None]]:
        """See `socket.Opened`."""
        visit = self._edge.visit(address, forwarded)
        visit.check()
        socket.holds = lambda: self._under_way.bodies.hold(visit.who, body.SMALL)
        return lambda: self._serve(socket, visit)

    async def _serve(self, socket: Socket, visit: Visit) -> None:
        try:
            await Session(
                socket,
                self._dispatcher,
                caller=lambda: self._call(socket, visit),
                telling=lambda size: self._tell(socket, visit, size),
            ).run()
        except Exception:  # a fault of ours must not end the node
            logger.exception("a session failed")
        finally:
            await socket.close()

    @contextmanager
    def _call(self, socket: Socket, visit: Visit) -> Iterator[Caller]:
        """Who makes a call, as long as it is under way."""

        def hold(count: int) -> None:
            held.take(count)
            held.wait(socket.end)  # from here on it may wait for who does not read

        socket.begin_call()
        try:
            visit.check()
            CALLER.set(visit.caller)
            VISITOR.set(visit.who)
            with self._under_way.answers.hold(visit.who, answer.PIECE) as held:
                yield Caller(charge=visit.charge, hold=hold)
        finally:
            socket.end_call()

    @contextmanager
    def _tell(self, socket: Socket, visit: Visit, size: int) -> Iterator[None]:
        """What a notification takes until it is read, which may last. Raises NodeFull."""
        with self._under_way.answers.hold(visit.who, answer.PIECE) as held:
            held.take(size)
            held.wait(socket.end)
            yield
