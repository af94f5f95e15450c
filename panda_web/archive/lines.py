"""The file: JSON, a value a line. Bytes in, entries out, and back. No I/O.

    {"pandaArchive":1}                              what it is, and its version
    {"entryBytes":"00…","payloadBytes":"a5…"}       an entry, in hex, as `panda_publishItems` takes it; null
                                                    for a payload that is not held
    {"entries":2}                                   its end, and how many there are

What is read may come from anybody: a line has a greatest length, and so has what is kept in memory.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass

from panda_web import strict_json
from panda_web.archive.errors import ArchiveIncomplete, ArchiveNewer, LineMalformed, LineTooLong, NotAnArchive
from panda_web.messages import MAX_SIZE
from panda_web.rpc import types
from panda_web.rpc.methods import StoredEntry
from panda_web.rpc.types import Json

VERSION = 1
NAME = "pandaArchive"
HEADER = b'{"pandaArchive":1}\n'

MAX_LINE = 2 * MAX_SIZE + (4 << 10)
"""Bytes of a line: the largest payload in hex, an entry, and room for the rest."""

MAX_HEADER = 1000
"""Bytes of the first line."""

_PARTS = 8
_GZIP = b"\x1f\x8b"


def written(item: StoredEntry) -> bytes:
    """An entry as a line."""
    payload = f'"{item.payload.hex()}"' if item.payload is not None else "null"
    return f'{{"entryBytes":"{item.entry.hex()}","payloadBytes":{payload}}}\n'.encode()


def end(entries: int) -> bytes:
    """The last line, behind so many entries."""
    return b'{"entries":%d}\n' % entries


@dataclass(frozen=True, slots=True)
class Read:
    """An entry that was read.

    Attributes:
        line: its number, from 1.
        item: the entry, which nobody has verified.
    """

    line: int
    item: StoredEntry


class Reader:
    """Reads a file that comes in pieces."""

    def __init__(self) -> None:
        self._rest = bytearray()
        self._line = 0
        self._entries = 0
        self._ended = False

    def feed(self, data: bytes) -> Iterator[Read]:
        """The entries that a piece completes, each when it is asked for; all must be.

        Raises:
            NotAnArchive, ArchiveNewer: by the first line.
            LineTooLong, LineMalformed: further down; what came before is sound.
            ArchiveIncomplete: the last line says that there were more.
        """
        start = 0
        while (stop := data.find(b"\n", start)) >= 0:
            self._keep(data, start, stop)
            start = stop + 1
            line, self._rest = bytes(self._rest), bytearray()
            self._line += 1
            if self._line == 1:
                _check_header(line)
            elif (item := self._read(line)) is not None:
                self._entries += 1
                yield Read(self._line, item)
        self._keep(data, start, len(data))

    def end(self) -> None:
        """Says that no more comes. Raises NotAnArchive, ArchiveIncomplete."""
        if self._line == 0:
            raise _not_one(bytes(self._rest[:2]))
        if not self._ended or self._rest:
            raise ArchiveIncomplete(
                f"The file ends before its end, in line {self._line + 1:,}. The {self._entries:,} entries "
                "before are taken in, as far as they are sound. Get the whole file, and import it again."
            )

    def _keep(self, data: bytes, start: int, stop: int) -> None:
        size = len(self._rest) + stop - start
        if size > MAX_HEADER and self._line == 0:
            raise _not_one(bytes(self._rest[:2]) + data[:2])
        if size > MAX_LINE:
            raise LineTooLong(
                f"Line {self._line + 1:,} of the file has more than {MAX_LINE:,} bytes, and no entry has. "
                "What came before is taken in, as far as it is sound."
            )
        self._rest += memoryview(data)[start:stop]

    def _read(self, line: bytes) -> StoredEntry | None:
        """The entry of a line; None for the end's."""
        if self._ended:
            raise self._malformed("comes behind its end")
        try:
            value = strict_json.loads(line, parts=_PARTS, unique_keys=True)
        except strict_json.NotJson as error:
            raise self._malformed(f"is {error}") from error
        names = set(value) if isinstance(value, dict) else set()
        try:
            if names == {"entries"}:
                self._end(types.member(value, "entries", types.integer(0, (1 << 53) - 1)))
                return None
            if names != {"entryBytes", "payloadBytes"}:
                raise ValueError("is neither an entry nor the end")
            return StoredEntry(
                types.member(value, "entryBytes", types.HEX),
                types.member(value, "payloadBytes", types.nullable(types.HEX)),
            )
        except ValueError as error:
            raise self._malformed(str(error)) from error

    def _end(self, entries: int) -> None:
        self._ended = True
        if entries != self._entries:
            raise ArchiveIncomplete(
                f"The file has {self._entries:,} entries, and had {entries:,} when it was written. What is "
                "there is taken in, as far as it is sound."
            )

    def _malformed(self, why: str) -> LineMalformed:
        return LineMalformed(
            f"Line {self._line:,} of the file {why}. What came before is taken in, as far as it is sound.",
            line=self._line,
        )


def _check_header(line: bytes) -> None:
    try:
        header: Json = strict_json.loads(line, parts=_PARTS)
    except strict_json.NotJson as error:
        raise _not_one(line[:2]) from error
    version = header.get(NAME) if isinstance(header, dict) else None
    if not isinstance(version, int) or isinstance(version, bool) or len(header) > 1:
        raise _not_one(line[:2])
    if version != VERSION:
        raise ArchiveNewer(
            f"The file says that it is of version {json.dumps(version)[:20]}, and known here is {VERSION}. "
            "Import it with the version that exported it, or with a newer one."
        )


def _not_one(begins: bytes) -> NotAnArchive:
    if begins[:2] == _GZIP:
        return NotAnArchive("The file is compressed. Unpack it first: gunzip FILE.")
    return NotAnArchive(
        "The file is no archive of a node, as `panda export` writes it: its first line does not say so."
    )
