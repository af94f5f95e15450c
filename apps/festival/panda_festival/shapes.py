"""The shapes of what the festival's page gets from the worker, as `panda_web.browser.shapes` has them."""

from typing import Literal, NotRequired, TypedDict


class Says(TypedDict):
    """What the worker says of itself besides."""

    talkSchema: str
    """The schema of a festival's talks."""
    roomSchema: str
    """The schema of the rooms that talks lead to."""
    profileSchema: str
    """The schema of what authors call themselves."""


class ChangedTalk(TypedDict):
    """A talk, by its title, and which of its fields have changed."""

    talk: str
    fields: list[str]


class LeftOut(TypedDict):
    """A value of a schedule that is not published: no talk can hold it, or the node cannot take it."""

    talk: str
    field: str
    value: str
    why: str


class ImportPlan(TypedDict):
    """What an import would do, in titles of talks."""

    new: list[str]
    changed: list[ChangedTalk]
    withdrawn: list[str]
    """Published, and no longer in the file."""
    deleted: list[str]
    """In the file, and deleted by this author before."""
    unchanged: int
    total: int
    """Talks in the file."""
    leftOut: list[LeftOut]
    knowsDeleted: bool
    """False where another copy of the key may have deleted talks: those count as new here."""


class Imported(TypedDict):
    """How many talks an import published, changed, deleted, and found as they are in the file."""

    published: int
    updated: int
    withdrawn: int
    unchanged: int
    leftOut: list[LeftOut]
    total: int
    """Talks in the file."""


class SaidTalk(TypedDict):
    """A talk, as far as it is judged by where it stands."""

    id: str
    author: str
    guid: NotRequired[str]
    """How schedule files know it again."""
    title: NotRequired[str]
    start: NotRequired[str]


class Standing(TypedDict):
    """Where a talk is shown."""

    place: Literal["programme", "proposed", "muted"]
    behind: str | None
    """The id of the talk that is shown in its place, and leads to it; null where it is shown itself."""
    differs: bool
    """Whether that one says something else: another title, or another start."""


class ToldTalk(TypedDict):
    """A talk as it is published, for a file."""

    id: str
    seqNum: int
    """Of the last entry about it."""
    fields: dict[str, object]
    """Its fields; the room is a name here."""


class ProgrammeFile(TypedDict):
    """A programme as a file."""

    text: str
    talks: int
    """In the file."""
    untimed: int
    """Talks that are not in the file, since they have no time, and a calendar needs one."""


class ProfileError(TypedDict):
    """Why a profile waits, or what the node says against it; as `WriteError` of `panda.js`."""

    reason: str
    message: str
    words: str | None


class ProfileWritten(TypedDict):
    """What came of writing a profile."""

    acknowledged: bool
    error: ProfileError | None
