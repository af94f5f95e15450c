"""Long texts that come to the worker in pieces: whole, once, and bounded."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from panda_web.browser import pieces as pieces_module
from panda_web.browser.pieces import MAX_TEXTS, NoSuchText, Pieces, TextTooLarge
from panda_web.rpc.long_text import LONG_TEXT, Announced, LongText

T = TypeVar("T")


def run(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(work)


async def give(pieces: Pieces, *texts: str) -> int:
    number: int | None = None
    for text in texts:
        number = await pieces.piece(number, text)
    assert number is not None
    return number


@given(st.lists(st.text(), min_size=1), st.lists(st.text(), min_size=1))
def test_two_texts_come_whole_and_once(one: list[str], other: list[str]) -> None:
    async def work() -> None:
        pieces = Pieces()
        first, second = await give(pieces, *one), await give(pieces, *other)
        text = pieces.take(first)
        assert text.take() == "".join(one)
        assert text.take() == "", "nobody keeps it"
        assert pieces.take(second).take() == "".join(other)
        for number in (first, second):
            with pytest.raises(NoSuchText):
                pieces.take(number)
            with pytest.raises(NoSuchText):
                await pieces.piece(number, "more")

    run(work())


def test_what_no_call_asks_for_is_forgotten() -> None:
    async def work() -> None:
        pieces = Pieces()
        numbers = [await give(pieces, str(n)) for n in range(MAX_TEXTS + 1)]
        with pytest.raises(NoSuchText):
            pieces.take(numbers[0])
        assert [pieces.take(number).take() for number in numbers[1:]] == ["1", "2"]

    run(work())


def test_a_text_that_is_too_long_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pieces_module, "MAX_LENGTH", 10)

    async def work() -> None:
        pieces = Pieces()
        assert pieces.take(await give(pieces, "01234", "56789")).take() == "0123456789"
        number = await give(pieces, "01234", "56789")
        with pytest.raises(TextTooLarge, match="10 characters are allowed"):
            await pieces.piece(number, "x")
        with pytest.raises(NoSuchText):
            pieces.take(number)

    run(work())


def test_a_param_is_a_text_or_names_one() -> None:
    text = LONG_TEXT.read("short")
    assert isinstance(text, LongText)
    assert text.take() == "short"
    assert LONG_TEXT.read({"pieces": 3}) == Announced(3)
    for wrong in (None, 3, [], {}, {"pieces": -1}, {"pieces": "3"}, {"pieces": 3, "more": 1}, "\ud800"):
        with pytest.raises(ValueError, match="must be"):
            LONG_TEXT.read(wrong)
