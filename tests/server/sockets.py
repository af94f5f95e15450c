"""The client's end of a WebSocket, by hand: what the library would not send."""

HANDSHAKE = (
    b"GET / HTTP/1.1\r\nHost: node\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
CONTINUATION, TEXT, PING = 0, 1, 9


def frame(kind: int, payload: bytes = b"", *, last: bool = True, size: int | None = None) -> bytes:
    """A frame, masked with zeros.

    Args:
        kind: its opcode.
        payload: what is in it.
        last: whether it ends its message.
        size: what it says of the payload's bytes; None for what is so.
    """
    size = len(payload) if size is None else size
    if size < 126:
        length = bytes([0x80 | size])
    elif size < 1 << 16:
        length = b"\xfe" + size.to_bytes(2, "big")
    else:
        length = b"\xff" + size.to_bytes(8, "big")
    return bytes([kind | (0x80 if last else 0)]) + length + bytes(4) + payload
