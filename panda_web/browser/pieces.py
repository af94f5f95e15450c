"""Long texts, such as files: the page sends them in pieces before the call that they belong to.

    piece {number, text}     one more of a text; without a number it begins one. Gives the number

In the call `{"pieces": number}` stands in place of the text. In one message it would be there several times
at once, as JSON, as bytes and as what was read, on both sides of the port; and the memory of a tab's Python
never shrinks.
"""

import itertools

from panda_web.errors import PandaError
from panda_web.rpc.long_text import LongText

MAX_LENGTH = 64 << 20
"""Characters of a long text."""

MAX_TEXTS = 2
"""Long texts of one connection that no call has asked for yet: one more, and the oldest is forgotten."""


class TextTooLarge(PandaError):
    """A page gives a longer text than Python takes in a tab."""

    reason = "text-too-large"


class NoSuchText(PandaError):
    """A call names a long text that was never given, or was taken or forgotten since."""

    reason = "no-such-text"


class Pieces:
    """The long texts of one connection that no call has asked for yet."""

    def __init__(self) -> None:
        self._texts: dict[int, list[str]] = {}
        self._lengths: dict[int, int] = {}
        self._numbers = itertools.count(1)

    async def piece(self, number: int | None, text: str) -> int:
        """Adds to a text, or begins one; gives its number.

        Raises:
            NoSuchText: there is none of this number.
            TextTooLarge: it would be too long; all of it is forgotten.
        """
        if number is None:
            number = next(self._numbers)
            self._texts[number], self._lengths[number] = [], 0
            while len(self._texts) > MAX_TEXTS:
                self.take(min(self._texts))
        elif number not in self._texts:
            raise _unknown()
        self._lengths[number] += len(text)
        if self._lengths[number] > MAX_LENGTH:
            self.take(number)
            raise TextTooLarge(f"The text is too long: {MAX_LENGTH:,} characters are allowed.")
        self._texts[number].append(text)
        return number

    def take(self, number: int) -> LongText:
        """A text, of which nothing stays here. Raises NoSuchText."""
        if number not in self._texts:
            raise _unknown()
        del self._lengths[number]
        return LongText(self._texts.pop(number))


def _unknown() -> NoSuchText:
    return NoSuchText("This text is not there any more: give it anew.")
