"""The shapes of what the festival's page gets from the worker, as `panda_web.browser.shapes` has them."""

from typing import TypedDict


class Says(TypedDict):
    """What the worker says of itself besides."""

    talkSchema: str
    """The schema of a festival's talks."""
    roomSchema: str
    """The schema of the rooms that talks lead to."""


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
