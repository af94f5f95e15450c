"""What SQLite is told when a database is opened: by every node, and by a platform that wants it otherwise."""

import sqlite3
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlencode

from panda_web.errors import StoreFailed
from panda_web.node.store.erasing import MAX_REWRITTEN
from panda_web.node.store.failing import Why


@dataclass(frozen=True, slots=True)
class Settings:
    """What hangs on the platform. The defaults are a server's: SQLite's own files, with power cuts survived.

    Attributes:
        vfs: the file system, as SQLite knows it; empty for the platform's own.
        journal_mode: "WAL", or what a file system without shared memory can do.
        synchronous: when a COMMIT counts: "FULL" once it is on the disk.
        exclusive: whether nobody else ever opens the file. Then SQLite needs no shared memory, and the store
            has one connection, so nothing may be done aside.
        cache_kib: of pages that are kept in memory, for each connection; 0 for SQLite's own choice, 2,000.
        temporary_in_memory: whether what SQLite needs for a while is kept in memory, and not in files.
        max_journal: bytes that a journal keeps on the disk when it is begun anew; -1 for all.
        max_rewritten: bytes of a database that is rewritten after deletes (`node.store.erasing`).
        persist: what is to follow a COMMIT before that counts; None where SQLite sees to it. Where it raises
            StoreFailed, the file is again what it was before.
        why: says what the platform has just refused, where SQLite has one word for all of it.
    """

    vfs: str = ""
    journal_mode: str = "WAL"
    synchronous: str = "FULL"
    exclusive: bool = False
    cache_kib: int = 0
    temporary_in_memory: bool = False
    max_journal: int = -1
    max_rewritten: int = MAX_REWRITTEN
    persist: Callable[[], Awaitable[None]] | None = None
    why: Why | None = None


SERVER = Settings()


def connect(path: Path | None, settings: Settings = SERVER, *, reads: bool = False) -> sqlite3.Connection:
    """A connection to a database file; None keeps it in memory.

    Raises:
        sqlite3.Error: it cannot be opened.
        StoreFailed: the file system there cannot keep such a journal.
    """
    address = ":memory:"
    if path is not None:
        address = f"file:{quote(str(path))}"
        if settings.vfs:
            address += "?" + urlencode({"vfs": settings.vfs})
    connection = sqlite3.connect(address, isolation_level=None, check_same_thread=False, uri=path is not None)
    # Before the journal is opened: only then SQLite does without shared memory.
    connection.execute(f"PRAGMA locking_mode={'EXCLUSIVE' if settings.exclusive else 'NORMAL'}")
    (mode,) = connection.execute(f"PRAGMA journal_mode={settings.journal_mode}").fetchone()
    if path is not None and mode.upper() != settings.journal_mode:
        raise StoreFailed(
            f"The file system of {path} cannot keep a journal of the kind {settings.journal_mode} "
            f"(SQLite chose {mode})."
        )
    for pragma in (
        f"synchronous={settings.synchronous}",
        f"temp_store={'MEMORY' if settings.temporary_in_memory else 'DEFAULT'}",
        f"journal_size_limit={settings.max_journal}",
        "secure_delete=ON",
        "foreign_keys=ON",
        "busy_timeout=5000",
    ):
        connection.execute(f"PRAGMA {pragma}")
    if settings.cache_kib:
        connection.execute(f"PRAGMA cache_size=-{settings.cache_kib}")
    if reads:
        connection.execute("PRAGMA query_only=ON")
    return connection
