"""A param that may be long, such as a file: it stands in the call, or was given in pieces before."""

from dataclasses import dataclass
from typing import Final

from panda_web.rpc import types
from panda_web.rpc.types import Json, Type


class LongText:
    """A text that whoever works on it takes, so that nobody keeps it meanwhile.

    Args:
        pieces: all of it.
    """

    def __init__(self, pieces: list[str]) -> None:
        self._pieces = pieces

    def take(self) -> str:
        """The text; empty when it was taken before."""
        pieces, self._pieces = self._pieces, []
        return "".join(pieces)


@dataclass(frozen=True, slots=True)
class Announced:
    """A long text that a call names by its number."""

    number: int


def _read(value: Json) -> LongText | Announced:
    if isinstance(value, dict) and value.keys() == {"pieces"}:
        return Announced(NUMBER.read(value["pieces"]))
    return LongText([types.TEXT.read(value)])


NUMBER: Final = types.integer(0, types.WIRE_LIMIT - 1)
LONG_TEXT: Final[Type[LongText | Announced]] = Type(types.TEXT.schema, _read)
"""The type of a param that may come in pieces. A handler gets a `LongText`."""
