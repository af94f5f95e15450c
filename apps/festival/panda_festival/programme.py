"""Whose talks are the programme, what stands apart, and what is one event said twice; without I/O.

    authors named     theirs is the programme; what others propose stands apart
    nobody named      all of it is the programme: anybody can add to it
    muted             not shown at all; the reader's own talks are never muted

Two authors who import one schedule say the same events, which have the same guids. Of a guid the programme
shows one author's version, that of whoever is named first. What others propose under it stands behind that,
whatever it says: nobody displaces a talk of the programme by copying its guid. Where nobody's word counts
more than another's, only what says the same (title and start) is one. What says something else stands beside
it: else anybody could hide a talk behind one of their own. What is behind another one is opened from there.

The order in which talks came decides nothing.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from panda_festival.comparing import nfc
from panda_festival.values import seconds_of

Place = Literal["programme", "proposed", "muted"]


@dataclass(frozen=True, slots=True)
class Said:
    """A talk, as far as it is judged by.

    Attributes:
        id: the instance.
        author: who signed it, 64 hex digits.
        guid: how schedule files know it again; empty where no file does.
        title: as it is written.
        start: as it is written; empty for none.
    """

    id: str
    author: str
    guid: str = ""
    title: str = ""
    start: str = ""


@dataclass(frozen=True, slots=True)
class Stands:
    """Where a talk is shown.

    Attributes:
        place: in the programme, among what others propose, or nowhere.
        behind: the id of the talk that is shown in its place, and leads to it; None where it is shown itself.
        differs: whether that one says something else: another title, or another start.
    """

    place: Place
    behind: str | None = None
    differs: bool = False


def arrange(
    talks: Iterable[Said], authors: Sequence[str], muted: Collection[str] = (), me: str | None = None
) -> dict[str, Stands]:
    """Says of each talk, by its id, where it stands.

    Args:
        talks: in any order.
        authors: whose talks are the programme, whose word counts most first; none where nobody is named.
        muted: authors of whom nothing is shown, whoever names them.
        me: the reader, whose own talks are never behind another's, nor muted.
    """
    hushed = frozenset(muted) - {me}
    named = {author: rank for rank, author in reversed([*enumerate(authors)])}
    found: dict[str, Stands] = {}
    groups: dict[str, list[Said]] = defaultdict(list)
    for each in talks:
        place: Place = "programme" if not named or each.author in named else "proposed"
        found[each.id] = Stands("muted" if each.author in hushed else place)
        if each.guid and each.author not in hushed:
            groups[nfc(each.guid)].append(each)
    for group in groups.values():
        if len(group) > 1:
            found |= _behind(group, named, me, found)
    return found


def _behind(
    group: Sequence[Said], named: Mapping[str, int], me: str | None, found: Mapping[str, Stands]
) -> dict[str, Stands]:
    """Those of one guid that are shown behind another one."""
    behind: dict[str, Stands] = {}
    ours = [each for each in group if each.author in named]
    if ours:
        first = min(ours, key=lambda each: (each.author != me, named[each.author])).author
        shown = sorted((each for each in ours if each.author == first), key=lambda each: each.id)
        for each in group:
            if each.author not in (first, me):
                front = next((one for one in shown if _same(one, each)), None) or _nearest(shown, each)
                behind[each.id] = replace(found[each.id], behind=front.id, differs=not _same(front, each))
        return behind
    alike: dict[tuple[str, object], list[Said]] = defaultdict(list)
    for each in group:
        alike[_says(each)].append(each)
    for same in alike.values():
        front = min(same, key=lambda each: (each.author != me, each.author, each.id))
        for each in same:
            if each.author != front.author:
                behind[each.id] = replace(found[each.id], behind=front.id)
    return behind


def _says(talk: Said) -> tuple[str, object]:
    """What a reader would miss, where two talks were taken for one."""
    moment = seconds_of(talk.start)
    return nfc(talk.title), talk.start if moment is None else moment


def _same(one: Said, other: Said) -> bool:
    return _says(one) == _says(other)


def _nearest(shown: Sequence[Said], talk: Said) -> Said:
    """The one that begins at the same moment; else the first."""
    start = seconds_of(talk.start)
    return next((one for one in shown if start is not None and seconds_of(one.start) == start), shown[0])
