"""A talk on its way into a file: as it is published, and as nobody has held it to its schema.

Not every node does, so any field may be missing, or of another type.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from panda_web.errors import PandaError
from panda_web.messages.schema import InvalidFields, instant


class ProgrammeEmpty(PandaError):
    """There is no talk that a file could be made of: none at all, or for a calendar none that has a time."""

    reason = "programme-empty"


class ProgrammeTooLarge(PandaError):
    """There are more talks, or longer ones, than any festival has."""

    reason = "programme-too-large"


@dataclass(frozen=True, slots=True)
class Told:
    """A talk.

    Attributes:
        id: the instance, 132 hex digits.
        revision: the seq num of the last entry about it, which grows with each change.
        fields: name to value; the room is a name, and missing where nobody knows it.
    """

    id: str
    revision: int
    fields: Mapping[str, object]

    def text(self, name: str) -> str:
        """A field that is a text; empty for what is none, or blank."""
        value = self.fields.get(name)
        return value if isinstance(value, str) and value.strip() else ""

    @property
    def persons(self) -> list[str]:
        """The names of those who hold it."""
        value = self.fields.get("persons")
        names = value if isinstance(value, list | tuple) else ()
        return [name for name in names if isinstance(name, str) and name.strip()]

    @property
    def moment(self) -> str:
        """When it begins, in UTC: 2026-11-23T02:14:03; empty where it has no time that a calendar knows."""
        try:
            moment = instant(self.text("start"))[:19]
        except InvalidFields:
            return ""
        return "" if moment.startswith("0000") else moment

    @property
    def place(self) -> tuple[bool, str, str]:
        """What talks are ordered by, so the same ones give the same file: those with a time first."""
        moment = self.moment
        return (not moment, moment, self.id)
