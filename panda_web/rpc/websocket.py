"""A WebSocket as a channel, and the way to a node over one. For CPython, by websockets. Source: RFC 6455.

Each message goes as one text. A node that does not answer pings is gone, after 40 s at most.
"""

from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.connection import Connection
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus, WebSocketException

from panda_web.rpc.address import check_address, unreachable
from panda_web.rpc.channel import Channel
from panda_web.rpc.errors import AnswerMalformed, ConnectionEnded, NodeUnreachable
from panda_web.rpc.public import Allowed, looked_up
from panda_web.rpc.reopening import Reopening
from panda_web.rpc.session import OF_A_NODE, Bounds
from panda_web.rpc.transport import MAX_ANSWER, TIMEOUT, read_answer, silent

PING_SECONDS = 20.0
"""This client asks a silent node whether it is still there, and waits as long for an answer."""

CLOSE_SECONDS = 2.0
"""What an orderly end may take."""

GOING = 1000
CUT_OFF = 1008
"""Codes of an end: an ordinary one, and one after a rule was broken (RFC 6455, section 7.4.1)."""


class WebSocketChannel:
    """An open WebSocket as a channel.

    Args:
        socket: of the library, at either end.
    """

    def __init__(self, socket: Connection) -> None:
        self._socket = socket

    async def send(self, message: bytes) -> None:
        """Sends a text; see `Channel`."""
        try:
            await self._socket.send(message, text=True)
        except ConnectionClosed as error:
            raise _ended(error) from error

    async def receive(self) -> bytes:
        """The next message, a text or not; see `Channel`."""
        try:
            return await self._socket.recv(decode=False)
        except ConnectionClosed as error:
            raise _ended(error) from error

    async def close(self, why: str = "") -> None:
        """Ends it in order, within `CLOSE_SECONDS`."""
        await self._socket.close(CUT_OFF if why else GOING, why)


def _ended(error: ConnectionClosed) -> ConnectionEnded:
    if error.rcvd is None:
        return ConnectionEnded(f"It broke, or the other side did not answer ({error}).")
    if error.sent is not None and not error.rcvd_then_sent:
        return ConnectionEnded("It was closed here.")
    said = error.rcvd.reason or f"code {error.rcvd.code}"
    return ConnectionEnded(f"The other side closed it ({said[:100]}).")


class _Client(ClientConnection):
    def data_received(self, data: bytes) -> None:
        """Ends at once where a rule is broken: the library would read on for `CLOSE_SECONDS`."""
        super().data_received(data)
        if self.protocol.parser_exc is not None:
            self.transport.abort()


class _Connect(connect):
    def process_redirect(self, exc: Exception) -> Exception | str:
        """A node's address is where it is: no other one is gone to."""
        return exc


async def open_websocket(url: str, allowed: Allowed | None = None, most: int = MAX_ANSWER) -> Channel:
    """A channel to the node at `url`, ws or wss.

    Args:
        url: its address.
        allowed: to which machines it may lead; None for all.
        most: bytes of a message that comes.

    Raises:
        NodeNotPublic: it leads to another one.
        NodeUnreachable: it cannot be reached, or nobody there speaks WebSocket.
    """
    # A proxy would look for the machine by itself.
    place: dict[str, Any] = {}
    try:
        if allowed is not None:
            place = {"host": await looked_up(url, allowed), "proxy": None}
        socket = await _Connect(
            url,
            compression=None,  # it would cost the node more than the bytes do
            open_timeout=TIMEOUT,
            ping_interval=PING_SECONDS,
            ping_timeout=PING_SECONDS,
            close_timeout=CLOSE_SECONDS,
            max_size=most,
            create_connection=_Client,
            **place,
        )
    except TimeoutError as error:
        raise silent(url, TIMEOUT) from error
    except InvalidStatus as error:
        raise _refused(url, error) from error
    except InvalidHandshake as error:
        if isinstance(error.__cause__, (OSError, EOFError)):  # it ended before it said anything
            raise unreachable(url, error.__cause__) from error
        raise AnswerMalformed(f"Nobody at {url} speaks WebSocket: {error}.") from error
    except (OSError, EOFError, WebSocketException) as error:
        raise unreachable(url, error) from error
    return WebSocketChannel(socket)


def _refused(url: str, error: InvalidStatus) -> NodeUnreachable | AnswerMalformed:
    response = error.response
    try:
        read_answer(url, response.status_code, response.headers.get("Retry-After"), b"")
    except NodeUnreachable as known:
        return known
    except AnswerMalformed:
        pass
    return AnswerMalformed(
        f"Nobody at {url} speaks WebSocket (status {response.status_code}): try the address with http."
    )


def over_websocket(url: str, allowed: Allowed | None = None, bounds: Bounds = OF_A_NODE) -> Reopening:
    """The node at `url`, called over a WebSocket that is opened at the first call, and again when it broke.

    Args:
        url: its address.
        allowed: to which machines it may lead; None for all.
        bounds: what is taken of it.

    Raises:
        NodeAddressWrong: it is no ws or wss address.
    """
    check_address(url, "ws")
    return Reopening(lambda: open_websocket(url, allowed, bounds.message), bounds=bounds)
