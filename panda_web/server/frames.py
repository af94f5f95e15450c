"""Frames of a WebSocket, read and made: the server's end (RFC 6455). No I/O.

websockets' protocol takes frames apart. What it leaves open is bounded here: in how many pieces a message
comes, and how much else comes between two messages.
"""

from websockets.exceptions import InvalidState
from websockets.frames import CloseCode, Frame, Opcode
from websockets.http11 import Request
from websockets.server import ServerProtocol

from panda_web.rpc.dispatch import MAX_BODY
from panda_web.rpc.errors import ConnectionEnded
from panda_web.server.connection import Pieces

PATH = "/"


class Frames:
    """One WebSocket."""

    def __init__(self) -> None:
        self._protocol = ServerProtocol(max_size=MAX_BODY)
        self._parts: list[bytes] = []
        self._pieces = Pieces(MAX_BODY)

    def read(self, part: bytes) -> list[Request | bytes]:
        """Takes in what came. Gives the request that it begins with, and messages that are whole.

        Raises:
            TooMuch: a message comes in too many pieces, or there is too much between two.
        """
        self._protocol.receive_data(part)
        found: list[Request | bytes] = []
        for event in self._protocol.events_received():
            if isinstance(event, Request):
                found.append(event)
            elif isinstance(event, Frame):
                found += self._take(event)
        return found

    def _take(self, frame: Frame) -> list[Request | bytes]:
        self._pieces.add(len(frame.data))
        if frame.opcode not in (Opcode.TEXT, Opcode.BINARY, Opcode.CONT):
            return []
        self._parts.append(bytes(frame.data))
        if not frame.fin:
            return []
        message = b"".join(self._parts)
        self._parts = []
        self._pieces.begin()
        return [message]

    @property
    def partial(self) -> bool:
        """Whether something of a message, or of a frame, is there."""
        return bool(self._parts or self._protocol.reader.buffer)

    @property
    def size(self) -> int:
        """Bytes of a message that is not whole yet."""
        return self._pieces.size + len(self._protocol.reader.buffer)

    @property
    def over(self) -> bool:
        """Whether nothing more comes: the other side closed, or broke the protocol, or was refused."""
        protocol = self._protocol
        return protocol.close_expected() or bool(protocol.parser_exc or protocol.handshake_exc)

    @property
    def why(self) -> str:
        """Why nothing more comes, in words."""
        closed = self._protocol.close_rcvd
        if closed is None:
            return "It was closed here: what came is no WebSocket."
        return f"The other side closed it ({closed.reason[:100] or f'code {closed.code}'})."

    def answer(self, request: Request, refused: tuple[int, str, int | None] | None) -> bool:
        """Answers the request that it begins with. Gives whether it is open now.

        Args:
            request: the request.
            refused: a status of HTTP, words, and seconds until it may be tried again; None where it may open.
        """
        response = self._protocol.accept(request)
        if request.path.partition("?")[0] != PATH:
            refused = (404, f"There is nothing here: a node speaks WebSocket at {PATH}.", None)
        if refused is not None:
            status, words, seconds = refused
            response = self._protocol.reject(status, f"{words}\n")
            if seconds is not None:
                response.headers["Retry-After"] = str(seconds)
        self._protocol.send_response(response)
        return response.status_code == 101

    def text(self, piece: bytes, *, first: bool, last: bool) -> None:
        """Makes a piece of a message. Raises ConnectionEnded."""
        try:
            if first:
                self._protocol.send_text(piece, fin=last)
            else:
                self._protocol.send_continuation(piece, fin=last)
        except InvalidState as error:
            raise ConnectionEnded("It was closed here.") from error

    def ping(self) -> None:
        """Asks whether the other side is there. What comes between two messages is counted anew from here."""
        if not self._parts:
            self._pieces.begin()
        self._protocol.send_ping(b"")

    def close(self, code: CloseCode, why: str = "") -> None:
        """Ends it; nothing more is read."""
        self._protocol.fail(code, why[:100])

    def made(self) -> bytes:
        """What is to be sent."""
        return b"".join(self._protocol.data_to_send())
