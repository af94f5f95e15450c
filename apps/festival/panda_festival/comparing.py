"""What a schedule says against what its author has published: all of an import's judgement, without I/O.

Talks are matched by their guids. Where one guid has several slots, those that begin nearest to each other
belong together; what is left of the file's is held against what was deleted before, and then counts as such.
"""

import unicodedata
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from panda_festival.schedule import MAX_TITLE, Talk
from panda_festival.values import seconds_of
from panda_web.messages import Value

NEAR = 31 * 86_400
"""Seconds around a schedule's talks in which a talk that is published, and not in the file, belongs to it: an
author's festivals are a year apart, and one that moved, or lost some of its days, did so within weeks."""

_NEVER = float("inf")


@dataclass(frozen=True, slots=True)
class Published:
    """A talk that an author has published.

    Attributes:
        id: the instance.
        fields: its values; the room is a name. Not held to the schema: other programs may have written it.
    """

    id: str
    fields: Mapping[str, Value]

    @property
    def title(self) -> str:
        """What it is called, shortened."""
        return str(self.fields.get("title", ""))[:MAX_TITLE]


@dataclass(frozen=True, slots=True)
class Changed:
    """A talk of the file that is published with other values.

    Attributes:
        published: what is there.
        fields: what must be written: name to value, None for what the file has no more.
    """

    published: Published
    fields: Mapping[str, str | tuple[str, ...] | None]

    @property
    def title(self) -> str:
        """What it is called in the file."""
        return str(self.fields.get("title") or self.published.title)[:MAX_TITLE]


@dataclass(frozen=True, slots=True)
class Comparison:
    """What an import has to do.

    Attributes:
        new: talks of the file that were never published.
        changed: talks of the file that are published with other values.
        unchanged: talks that are published just so.
        withdrawn: talks that are published and not in the file.
        deleted: talks of the file that their author had published and deleted.
    """

    new: tuple[Talk, ...] = ()
    changed: tuple[Changed, ...] = ()
    unchanged: tuple[Published, ...] = ()
    withdrawn: tuple[Published, ...] = ()
    deleted: tuple[Talk, ...] = ()

    @property
    def talks(self) -> int:
        """How many talks the file has."""
        return len(self.new) + len(self.changed) + len(self.unchanged) + len(self.deleted)


def compare(
    talks: Sequence[Talk],
    published: Sequence[Published],
    deleted: Sequence[Published],
    fields: Collection[str],
) -> Comparison:
    """Says of each talk of a file, and of each published one, what an import has to do.

    Args:
        talks: of the file.
        published: by its author; those without a guid come from no file, and are passed over.
        deleted: by its author, as they were before that.
        fields: the names that are compared; what else a published talk has stays.
    """
    there, gone = _by_guid(published), _by_guid(deleted)
    wanted: dict[str, list[Talk]] = defaultdict(list)
    for talk in talks:
        wanted[str(talk["guid"])].append(talk)
    places = {id(talk): place for place, talk in enumerate(talks)}
    new: list[Talk] = []
    came_back: list[Talk] = []
    changed: list[Changed] = []
    unchanged: list[Published] = []
    withdrawn: list[Published] = []
    for guid, slots in wanted.items():
        pairs, slots, rest = _pair(slots, there.pop(guid, []), fields)
        for talk, one in pairs:
            different = differences(talk, one.fields, fields)
            if different:
                changed.append(Changed(one, different))
            else:
                unchanged.append(one)
        withdrawn += rest
        pairs, slots, _ = _pair(slots, gone.get(guid, []), fields)
        came_back += [talk for talk, _ in pairs]
        new += slots
    about = _days(talks)
    withdrawn += [one for others in there.values() for one in others if _is_near(one, about)]
    new.sort(key=lambda talk: places[id(talk)])
    came_back.sort(key=lambda talk: places[id(talk)])
    return Comparison(tuple(new), tuple(changed), tuple(unchanged), tuple(withdrawn), tuple(came_back))


def differences(
    talk: Talk, published: Mapping[str, Value], fields: Collection[str]
) -> dict[str, str | tuple[str, ...] | None]:
    """The fields that a published talk has otherwise than the file; None for those that the file lacks.

    Two spellings in Unicode of one text (NFC and NFD) are no difference, nor are an empty list and none.
    """
    found: dict[str, str | tuple[str, ...] | None] = {}
    for name in fields:
        said, held = talk.get(name), published.get(name)
        if _plain(said) != _plain(held):
            found[name] = said
    return found


def nfc(text: str) -> str:
    """A text in the spelling of Unicode in which equal texts have equal code points."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def _plain(value: Value | None) -> Value | None:
    if isinstance(value, str):
        return nfc(value)
    if isinstance(value, list | tuple):
        return tuple(nfc(item) if isinstance(item, str) else item for item in value) or None
    return value


def _by_guid(talks: Sequence[Published]) -> dict[str, list[Published]]:
    found: dict[str, list[Published]] = defaultdict(list)
    for talk in talks:
        if "guid" in talk.fields:
            found[str(talk.fields["guid"])].append(talk)
    return found


def _pair(
    slots: Sequence[Talk], published: Sequence[Published], fields: Collection[str]
) -> tuple[list[tuple[Talk, Published]], list[Talk], list[Published]]:
    """Pairs the slots of one guid with what is published under it, the nearest first; and what is left."""
    if len(slots) == len(published) == 1:
        return [(slots[0], published[0])], [], []
    starts = [seconds_of(talk.get("start")) for talk in slots]
    others = [seconds_of(one.fields.get("start")) for one in published]
    order = sorted(
        (_distance(start, other), len(differences(slots[s], published[p].fields, fields)), s, p)
        for s, start in enumerate(starts)
        for p, other in enumerate(others)
    )
    paired: dict[int, int] = {}
    taken: set[int] = set()
    for *_, s, p in order:
        if s not in paired and p not in taken:
            paired[s] = p
            taken.add(p)
    return (
        [(slots[s], published[p]) for s, p in sorted(paired.items())],
        [talk for s, talk in enumerate(slots) if s not in paired],
        [one for p, one in enumerate(published) if p not in taken],
    )


def _distance(start: float | None, other: float | None) -> float:
    if start is None or other is None:
        return 0 if start is other else _NEVER
    return abs(start - other)


def _days(talks: Sequence[Talk]) -> tuple[float, float] | None:
    """The first and the last start of a schedule; None where no talk has one."""
    starts = [moment for talk in talks if (moment := seconds_of(talk.get("start"))) is not None]
    return (min(starts), max(starts)) if starts else None


def _is_near(talk: Published, about: tuple[float, float] | None) -> bool:
    """Whether a talk is of the festival that a schedule is about, as far as its start says."""
    moment = seconds_of(talk.fields.get("start"))
    return moment is None or about is None or about[0] - NEAR <= moment <= about[1] + NEAR
