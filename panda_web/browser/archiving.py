"""What a page asks for about all that is here: as a file, and out of a file (`panda_web.archive`).

A tab calls the site's node for it wherever that is, as for all else, so every tab can do it.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import asdict

from panda_web import archive
from panda_web.errors import PandaError
from panda_web.rpc.connection import Connection
from panda_web.rpc.types import Json


class ImportNotBegun(PandaError):
    """A piece of a file came, and no import was begun."""

    reason = "import-not-begun"


class Archiving:
    """One page's exports, and its import under way, of which there is one at a time.

    Args:
        node: what is exported from, and imported into.
    """

    def __init__(self, node: Connection) -> None:
        self._node = node
        self._import: archive.Import | None = None
        self._one_by_one = asyncio.Lock()

    async def each_export(self) -> AsyncGenerator[Json, None]:
        """The file in pieces, until its end: `text`; and how far it is: `entries`, `payloads`, `logs`, `of`.

        Raises:
            ArchiveError, CallFailed: what there is of it is no whole file.
        """
        async with aclosing(archive.export(self._node, asyncio.sleep)) as pieces:
            async for each in pieces:
                yield {
                    "text": each.data.decode("ascii"),
                    "entries": each.entries,
                    "payloads": each.payloads,
                    "logs": each.logs,
                    "of": each.of_logs,
                }

    async def import_begin(self) -> Json:
        """Begins to read a file; whatever was being read before is left. Gives what became of it: nothing."""
        async with self._one_by_one:
            self._import = archive.Import(self._node, asyncio.sleep)
            return _told(self._import.so_far)

    async def import_part(self, text: str) -> Json:
        """Reads the next piece, of any size; gives what became of the file so far.

        Raises:
            ArchiveError, SinkFull, CallFailed: the import is over; what was stored stays.
        """
        async with self._one_by_one:
            importing = self._under_way()
            try:
                return _told(await importing.take(text.encode("utf-8", "replace")))
            except BaseException:
                self._import = None
                raise

    async def import_end(self) -> Json:
        """Says that the file has no more; gives what became of it. Raises as `import_part` does."""
        async with self._one_by_one:
            importing, self._import = self._under_way(), None
            return _told(await importing.end())

    def _under_way(self) -> archive.Import:
        if self._import is None:
            raise ImportNotBegun("No import is under way: it was ended, or by an error. Begin anew.")
        return self._import


def _told(so_far: archive.Imported) -> Json:
    return asdict(so_far) | {"untaken": [asdict(each) for each in so_far.untaken]}
