"""Into a node: it verifies each entry, and takes it in by a peer's rules. Again is no harm.

What does not verify is passed over, and named with its line: one bit that is wrong costs one entry, and those
that rest on it alone. A file in which that happens again and again is left.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace

from panda_web.archive import lines
from panda_web.archive.errors import ArchiveError, ArchiveUnsound
from panda_web.rpc.connection import Connection
from panda_web.rpc.methods import ItemOutcome, ItemState
from panda_web.sync.offering import BATCH, BATCH_BYTES, Sink

MOST_INVALID = 100
"""Entries of a file that do not verify, until the rest of it is not read."""

MOST_NAMED = 10
"""Entries of each kind that are not taken in and are named, with their lines and reasons."""


@dataclass(frozen=True, slots=True)
class Untaken:
    """An entry that was not taken in.

    Attributes:
        line: of the file, from 1.
        state: `invalid`, so it is nowhere taken; `path-missing`: what links it is missing in the file, and at
            the node; `refused` by a limit or a choice of the node.
        reason: the word for why.
    """

    line: int
    state: ItemState
    reason: str | None


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of the entries of a file.

    Attributes:
        entries: that were read, and brought to the node.
        stored: of these, that are new there.
        held: that were there before.
        refused: by a limit or a choice of the node, which may pass.
        invalid: that do not verify.
        unlinked: that nothing links to the beginning of their log, here or at the node, because what does is
            missing, or was not taken in either.
        untaken: the first ones of each of these three.
    """

    entries: int = 0
    stored: int = 0
    held: int = 0
    refused: int = 0
    invalid: int = 0
    unlinked: int = 0
    untaken: tuple[Untaken, ...] = field(default=())


class Import:
    """Brings a file, which comes in pieces, to a node.

    Whoever has enough calls it no more: what was taken in stays, and the file may be imported again.

    Args:
        node: takes it in.
        sleep: waits for some seconds, where it comes too fast.

    Attributes:
        so_far: what became of it.
    """

    def __init__(self, node: Connection, sleep: Callable[[float], Awaitable[object]]) -> None:
        self._sink = Sink(node, sleep)
        self._reader = lines.Reader()
        self._batch: list[lines.Read] = []
        self._size = 0
        self.so_far = Imported()

    async def take(self, data: bytes) -> Imported:
        """Takes the next piece; gives what became of the file so far. What is stored is durable.

        Some entries wait for the next piece, or for the end.

        Raises:
            NotAnArchive, ArchiveNewer, LineTooLong, LineMalformed, ArchiveIncomplete: the file is none, or
                damaged here; what stands before is taken in.
            ArchiveUnsound: more than `MOST_INVALID` entries do not verify.
            SinkFull: the node has no room left.
            CallFailed: it cannot be asked.
        """
        try:
            for read in self._reader.feed(data):
                size = len(read.item.entry) + len(read.item.payload or b"")
                if self._batch and (len(self._batch) >= BATCH or self._size + size > BATCH_BYTES):
                    await self._bring()
                self._batch.append(read)
                self._size += size
        except ArchiveError:
            await self._bring()
            raise
        return self.so_far

    async def end(self) -> Imported:
        """Says that no more comes; gives what became of the file. Raises as `take` does."""
        await self._bring()
        self._reader.end()
        return self.so_far

    async def _bring(self) -> None:
        batch, self._batch, self._size = self._batch, [], 0
        if not batch:
            return
        outcomes = await self._sink.take([read.item for read in batch])
        for read, outcome in zip(batch, outcomes, strict=True):
            self.so_far = _counted(self.so_far, read.line, outcome)
        if self.so_far.invalid > MOST_INVALID:
            first = next(each for each in self.so_far.untaken if each.state == "invalid")
            raise ArchiveUnsound(
                f"More than {MOST_INVALID} entries of the file do not verify, the first one in line "
                f"{first.line:,} ({first.reason}), so the rest is not read. What was sound is taken in.",
                line=first.line,
            )


def _counted(so_far: Imported, line: int, outcome: ItemOutcome) -> Imported:
    counted = replace(so_far, entries=so_far.entries + 1)
    match outcome.state:
        case "stored":
            return replace(counted, stored=so_far.stored + 1)
        case "held":
            return replace(counted, held=so_far.held + 1)
    untaken = so_far.untaken
    if sum(each.state == outcome.state for each in untaken) < MOST_NAMED:
        untaken = (*untaken, Untaken(line, outcome.state, outcome.reason))
    match outcome.state:
        case "refused":
            return replace(counted, refused=so_far.refused + 1, untaken=untaken)
        case "invalid":
            return replace(counted, invalid=so_far.invalid + 1, untaken=untaken)
    return replace(counted, unlinked=so_far.unlinked + 1, untaken=untaken)
