"""What a WebSocket carries, taken apart: the same however it is split, and bounded."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.http11 import Request

from panda_web.server.connection import FREE_PIECES, TooMuch
from panda_web.server.frames import Frames
from tests.server.sockets import CONTINUATION, HANDSHAKE, PING, TEXT, frame


def opened(path: str = "/") -> tuple[Frames, bool]:
    frames = Frames()
    (request,) = frames.read(HANDSHAKE.replace(b"GET /", b"GET " + path.encode(), 1))
    assert isinstance(request, Request)
    return frames, frames.answer(request, None)


def test_a_node_is_at_one_path() -> None:
    assert opened("/?a=b")[1]
    frames, is_open = opened("/elsewhere")
    assert not is_open
    assert frames.made().startswith(b"HTTP/1.1 404 ")
    assert frames.over


def test_who_goes_too_fast_is_told_when_to_come_again() -> None:
    frames = Frames()
    (request,) = frames.read(HANDSHAKE)
    assert isinstance(request, Request)
    assert not frames.answer(request, (429, "Later.", 7))
    said = frames.made()
    assert said.startswith(b"HTTP/1.1 429 ")
    assert b"Retry-After: 7\r\n" in said


@given(st.lists(st.lists(st.binary(max_size=300), min_size=1, max_size=5), max_size=6), st.data())
def test_messages_are_whole_however_they_come(messages: list[list[bytes]], data: st.DataObject) -> None:
    sent = b""
    for parts in messages:
        for number, part in enumerate(parts):
            kind = TEXT if number == 0 else CONTINUATION
            sent += frame(kind, part, last=number == len(parts) - 1) + frame(PING, b"?")
    frames, _ = opened()
    found: list[object] = []
    cuts = sorted(data.draw(st.lists(st.integers(0, len(sent)), max_size=10)))
    for start, end in zip([0, *cuts], [*cuts, len(sent)], strict=True):
        found += frames.read(sent[start:end])
    assert found == [b"".join(parts) for parts in messages]
    assert not frames.partial
    assert not frames.over


@given(st.lists(st.binary(max_size=40), max_size=20))
def test_nothing_that_comes_breaks_it(parts: list[bytes]) -> None:
    frames, _ = opened()
    for part in parts:
        try:
            frames.read(part)
        except TooMuch:
            return
        frames.made()


@pytest.mark.parametrize(
    "sent",
    [
        frame(TEXT, b"", last=False) + frame(CONTINUATION, b"", last=False) * FREE_PIECES,
        frame(PING) * (FREE_PIECES + 1),
    ],
)
def test_pieces_are_counted(sent: bytes) -> None:
    frames, _ = opened()
    with pytest.raises(TooMuch):
        frames.read(sent)


def test_pings_may_come_for_ever_as_long_as_they_do_not_come_fast() -> None:
    frames, _ = opened()
    for _ in range(4):
        frames.read(frame(PING) * (FREE_PIECES - 1))
        frames.ping()
