"""The shapes of a log as a page draws it; a part of `shapes`, which only such a page needs."""

from typing import Literal, TypedDict


class LogEntry(TypedDict):
    """A signed entry of a log."""

    seqNum: int
    entryHash: str
    backlink: str | None
    """The hash that it names for the entry before; null for entry 1."""
    skiplink: str | None
    """The hash that it names for an earlier entry; null where it names none."""
    lane: int
    """0, or another number where there are several entries in one place: those of one branch share it."""
    verified: bool
    """Whether a path of links leads from it to entry 1."""
    via: str | None
    """The hash of the next entry on the shortest such path; null for entry 1, and without a path."""
    endOfLog: bool
    payloadState: Literal["held", "never-held", "dropped", "deleted"] | None
    """What became of its message at the node that was asked, by its word: it has it; it never had it; it
    dropped it by a rule; or its instance was ended by the author. Null where it says nothing."""
    payloadSize: int
    action: Literal["create", "update", "delete"] | None
    """What its message does; null where there is none to read: it is not there, not asked for (of entries
    outside the window), of more than 4,096 bytes, or no message."""
    schema: str | None
    """Of what its message is; null likewise."""
    id: str | None
    """The instance that it is about; null likewise."""
    counts: bool | None
    """Whether it stands before all forks, or on the branch that is followed where the log was read; null
    where what was given does not say on which branch it is."""


class LogVote(TypedDict):
    """Which entry somebody voted for last, by the word of who was asked."""

    voter: str
    """Their public key."""
    entry: str
    """The hash of the entry whose branch they would follow."""
    counted: bool
    """Whether their vote counts there."""


class LogFork(TypedDict):
    """That the author said two things at one place of the log. The proof was checked."""

    position: int
    """The least place for which that is proven: what came before counts. What follows does not, unless it is
    on the branch that is followed."""
    shape: Literal["entries", "entry-and-link", "links", "end"]
    """Two entries in one place; a link to another entry than the one in its place; two such links that
    differ; an entry behind the end of the log."""
    places: list[int]
    """Of the two entries that prove it."""
    entries: list[str]
    """Their hashes."""
    proof: str
    """Both in one, for anybody to check; hex."""
    branches: list[str]
    """The hashes of the entries at the position that these two prove: what can be voted for. There may be
    more. Empty behind an end of the log, about which nobody votes."""
    votes: list[LogVote]
    """What is voted about it, each voter once; those that count come first."""
    followed: str | None
    """The hash of the entry whose branch is followed where the log was read; null where none is."""


class Log(TypedDict):
    """A window of a log."""

    author: str
    logId: int
    where: Literal["here", "node"]
    """Who was asked: this browser's own node, or the node beyond."""
    end: int
    """The last place that is held, so how many entries there are in all; 0 where none is."""
    first: int
    """Of the window; 0 where there is none."""
    last: int
    """Of the window, likewise."""
    entries: list[LogEntry]
    """Those of the window, and those that link it to entry 1 or to later ones; ascending."""
    missing: list[list[int]]
    """Stretches of the window of which nothing is held: the first and the last place."""
    at: int | None
    """The entry that was chosen."""
    path: list[int]
    """The places of the shortest path that verifies it, from there to entry 1; empty without one."""
    fork: LogFork | None
    """Where it forks first; null where nothing proves that it does."""
    forks: list[LogFork]
    """Where it forks: first, and then on the branch that is followed."""
    unsound: int
    """Entries that were given, and that the author has not signed."""
    crowded: int
    """Entries that were left out, since there were more than 8 in their place."""
