"""What a node removed by its own rules: asked for by readers, and by who would bring it again.

A payload that a node dropped, and one that its author deleted, look alike to who asks for the instance: it is
not there. Here the node says which it is, and why, as far as whoever runs it wants to say.
"""

from dataclasses import dataclass
from typing import Final, Literal

from panda_web.rpc import types
from panda_web.rpc.errors import RefusedByNode
from panda_web.rpc.table import Method, Param
from panda_web.rpc.types import Json

MAX_ASKED = 1000
"""Instances, and authors, that are asked for at once."""

MAX_WORDS = 200
"""Characters of the words of whoever runs a node."""

HIDDEN: Final = ("dropped", "deleted")


class AuthorRefused(RefusedByNode):
    """Whoever runs the node takes nothing of this author; `data.words` says why."""

    reason = "author-refused"


class PayloadDropped(RefusedByNode):
    """By a rule of whoever runs the node, payloads such as this one are not kept there; the entry may be."""

    reason = "payload-dropped"


@dataclass(frozen=True, slots=True)
class RemovedInstance:
    """An instance whose payloads a node does not have any more.

    Attributes:
        id: 132 hex digits.
        author: of its create, 32 bytes.
        state: `dropped` by a rule of the node, or `deleted` by its author.
        words: why it was dropped, as whoever runs the node says; None where they say nothing.
    """

    id: str
    author: bytes
    state: Literal["dropped", "deleted"]
    words: str | None

    def to_json(self) -> dict[str, Json]:
        """As it goes over the wire."""
        return {"id": self.id, "author": self.author.hex(), "state": self.state, "words": self.words}

    @staticmethod
    def from_json(value: Json) -> "RemovedInstance":
        """Reads one."""
        return RemovedInstance(
            types.member(value, "id", types.HASH),
            types.member(value, "author", types.AUTHOR),
            types.member(value, "state", types.one_of(*HIDDEN)),
            types.member(value, "words", _WORDS),
        )


@dataclass(frozen=True, slots=True)
class RefusedAuthor:
    """An author of whom a node takes nothing.

    Attributes:
        author: 32 bytes.
        words: why, as whoever runs the node says.
    """

    author: bytes
    words: str

    def to_json(self) -> dict[str, Json]:
        """As it goes over the wire."""
        return {"author": self.author.hex(), "words": self.words}

    @staticmethod
    def from_json(value: Json) -> "RefusedAuthor":
        """Reads one."""
        return RefusedAuthor(
            types.member(value, "author", types.AUTHOR), types.member(value, "words", _SHORT)
        )


@dataclass(frozen=True, slots=True)
class Removed:
    """What a node removed of what was asked for; the rest is held, or never was."""

    instances: list[RemovedInstance]
    authors: list[RefusedAuthor]

    def to_json(self) -> dict[str, Json]:
        """As it goes over the wire."""
        return {
            "instances": [each.to_json() for each in self.instances],
            "authors": [each.to_json() for each in self.authors],
        }

    @staticmethod
    def from_json(value: Json) -> "Removed":
        """Reads an answer."""
        return Removed(
            types.member(value, "instances", types.array(types.record(RemovedInstance.from_json), MAX_ASKED)),
            types.member(value, "authors", types.array(types.record(RefusedAuthor.from_json), MAX_ASKED)),
        )


def _read_short(value: Json) -> str:
    text = types.TEXT.read(value)
    if len(text) > MAX_WORDS:
        raise ValueError(f"must have at most {MAX_WORDS} characters")
    return text


_SHORT = types.Type({"type": "string", "maxLength": MAX_WORDS}, _read_short)
_WORDS = types.nullable(_SHORT)

GET_REMOVED: Final = Method(
    "panda_getRemoved",
    "Which of some instances were dropped here, or deleted by their authors, and which authors are refused.",
    (
        Param("instances", types.array(types.HASH, MAX_ASKED), []),
        Param("authors", types.array(types.AUTHOR, MAX_ASKED), []),
    ),
    types.record(
        Removed.from_json,
        instances=types.array(
            types.record(
                RemovedInstance.from_json,
                id=types.HASH,
                author=types.AUTHOR,
                state=types.one_of(*HIDDEN),
                words=_WORDS,
            )
        ),
        authors=types.array(types.record(RefusedAuthor.from_json, author=types.AUTHOR, words=_SHORT)),
    ),
)
