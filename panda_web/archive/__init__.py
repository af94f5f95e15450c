"""All that a node holds as a file, and a file into a node: docs/decisions/archive.md.

The file is nothing but entries with their payloads, as they go over the wire, in an order in which each can
be verified as it is read. Nothing in it is believed: a node takes it in by a peer's rules.

    lines       the file: written, and read in pieces of any size
    exporting   from a node
    importing   into a node
"""

from panda_web.archive.errors import (
    ArchiveError,
    ArchiveIncomplete,
    ArchiveNewer,
    ArchiveUnsound,
    LineMalformed,
    LineTooLong,
    LogsNotListed,
    NotAnArchive,
    TooManyLogs,
)
from panda_web.archive.exporting import Exported, export
from panda_web.archive.importing import Import, Imported, Untaken

__all__ = [
    "ArchiveError",
    "ArchiveIncomplete",
    "ArchiveNewer",
    "ArchiveUnsound",
    "Exported",
    "Import",
    "Imported",
    "LineMalformed",
    "LineTooLong",
    "LogsNotListed",
    "NotAnArchive",
    "TooManyLogs",
    "Untaken",
    "export",
]
