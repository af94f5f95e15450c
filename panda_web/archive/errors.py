"""What is wrong with an archive, or with a node that one is to be made of."""

from panda_web.errors import PandaError


class ArchiveError(PandaError):
    """An archive cannot be made or read."""

    reason = "archive-failed"


class NotAnArchive(ArchiveError):
    """A file is none that was exported from a node."""

    reason = "not-an-archive"


class ArchiveNewer(ArchiveError):
    """A file was exported by a newer version, in a form that is not known here."""

    reason = "archive-newer"


class LineTooLong(ArchiveError):
    """A line of an archive is longer than any entry with its payload."""

    reason = "archive-line-too-long"


class LineMalformed(ArchiveError):
    """A line of an archive is no entry."""

    reason = "archive-line-malformed"


class ArchiveIncomplete(ArchiveError):
    """An archive ends before its end, or has lost entries on the way. What was whole is taken in."""

    reason = "archive-incomplete"


class ArchiveUnsound(ArchiveError):
    """Too many entries of an archive do not verify, so the rest is not read. What does is taken in."""

    reason = "archive-unsound"


class LogsNotListed(ArchiveError):
    """A node does not say which logs it holds: an earlier version does not know how."""

    reason = "logs-not-listed"


class TooManyLogs(ArchiveError):
    """A node names more logs than are exported into one file."""

    reason = "too-many-logs"
