"""Where the database of this site's node is: what `web/worker/disk/` opens, and what SQLite is told about it.

The best place is a file (`opfs`), then memory whose changes go into IndexedDB behind each COMMIT, then memory
alone. The same node with the same SQL is on each of them (docs/decisions/store-in-the-tab.md).
"""

import asyncio
import os
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

from pyodide.ffi import JsException, to_js

from panda_web.browser.indexeddb import StorageFull, StorageRefused
from panda_web.errors import StoreFailed
from panda_web.node.store import Settings

Kind = Literal["opfs", "indexeddb", "memory"]

MAX_JOURNAL = 8 << 20
"""Bytes that SQLite's journal keeps on the disk once what is in it has been copied into the database."""

MAX_REWRITTEN = 16 << 20
"""Bytes of a database that is rewritten after deletes. Meanwhile the tab answers nobody, and a copy of the
database is in memory, which a tab never gives back."""


class OpenDisk(Protocol):
    """`Disks.open` of `web/worker/disk/disk.js`, which says what it gives."""

    def __call__(self, name: str, /, *places: Any) -> Awaitable[Any]:
        """Waits until no other worker has it; `places` are those that may be, where not all."""


class NotWrittenThrough(StoreFailed):
    """What SQLite asks to have on the disk does not get there, so nothing could be promised to be durable."""

    reason = "not-written-through"


class DatabaseTaken(StoreFailed):
    """Another tab has this site's database."""

    reason = "database-taken"


class StorageGone(StoreFailed):
    """The browser has taken away what it gave to this site, or does not obey."""

    reason = "storage-gone"


@dataclass(frozen=True, slots=True)
class Disk:
    """A place that is open.

    Attributes:
        kind: which one.
        path: of the database; None for memory.
        settings: what SQLite is told.
        warning: what a reader must know of it, in words; None where there is nothing.
        reached: how many times SQLite's request to write through has arrived at a file.
        close: gives it back, with all that was committed in it; nobody may have it open in Python.
        forget: the same, and nothing of it is left.
        taken: set once this tab does not have it any more.
    """

    kind: Kind
    path: Path | None
    settings: Settings
    warning: str | None
    reached: Callable[[], int]
    close: Callable[[], Awaitable[None]]
    forget: Callable[[], Awaitable[None]]
    taken: asyncio.Event


async def open_disk(opens: OpenDisk | None, name: str, places: Sequence[Kind] | None = None) -> Disk:
    """Opens the best place for a database, once no other worker has it.

    Args:
        opens: gives it; None where the worker is not ours, and then there is memory alone.
        name: letters, digits and hyphens.
        places: which may be; all where that is not said.

    Raises:
        DatabaseTaken: somebody has its files all the same.
        StorageFull, StorageRefused: the browser gives no room for it.
        NotWrittenThrough: it would lose what it acknowledges.
    """
    if opens is None:
        return _memory("this page starts Python by itself")
    try:
        opened = await (opens(name) if places is None else opens(name, to_js(places)))
    except JsException as error:
        raise _failure(error.name) from error
    if opened.kind == "memory":
        return _memory(opened.why, opened.close)
    path = Path(opened.path)
    if opened.kind == "opfs" and not _arrives(path, opened.reached):
        opened.close()
        raise NotWrittenThrough(
            "This browser's Python does not say when something must be on the disk, so what is written "
            "would be lost with the next power cut. Nothing is kept here: reload the page, and if that does "
            "not help, report it."
        )

    taken = asyncio.Event()

    async def persist() -> None:
        try:
            await opened.persist()
        except JsException as error:
            failure = _failure(error.name)
            if isinstance(failure, DatabaseTaken):
                taken.set()
            raise failure from error

    def why() -> StoreFailed | None:
        wrong = opened.wrong()
        return _failure(wrong) if wrong else None

    async def close() -> None:
        try:
            await persist()
        finally:
            try:
                opened.close()
            except JsException as error:
                raise why() or _failure(error.name) from error

    async def forget() -> None:
        try:
            await opened.forget()
        except JsException as error:
            raise _failure(error.name) from error
        finally:
            taken.set()

    in_files = opened.kind == "opfs"
    settings = Settings(
        journal_mode="WAL" if in_files else "MEMORY",
        exclusive=in_files,
        temporary_in_memory=True,
        max_journal=MAX_JOURNAL,
        max_rewritten=MAX_REWRITTEN,
        persist=None if in_files else persist,
        why=why,
    )
    return Disk(opened.kind, path, settings, None, opened.reached, close, forget, taken)


def _arrives(path: Path, reached: Callable[[], int]) -> bool:
    """Whether the system call that SQLite makes arrives at the file."""
    before = reached()
    file = os.open(path, os.O_RDWR | os.O_CREAT)
    try:
        os.fdatasync(file)
    finally:
        os.close(file)
    return reached() > before


def _memory(why: str, release: Callable[[], object] = lambda: None) -> Disk:
    taken = asyncio.Event()

    async def close() -> None:
        release()

    async def forget() -> None:
        release()
        taken.set()

    warning = (
        "This browser gives this site no place for a database, so what the page has seen is gone when it "
        f"is closed ({why}). Leave the private window, or allow this site to store data."
    )
    settings = Settings(temporary_in_memory=True)
    return Disk("memory", None, settings, warning, lambda: 0, close, forget, taken)


def _failure(name: str) -> StoreFailed:
    match name:
        case "QuotaExceededError":
            return StorageFull("The browser has no room left for this site; nothing was recorded.")
        case "NoModificationAllowedError" | "TakenAway":
            return DatabaseTaken("Another tab has this site's database. Close it, or reload this page.")
        case "SecurityError" | "NotAllowedError":
            return StorageRefused(
                f"The browser does not let this page store anything ({name}). "
                "Leave the private window, or allow this site to store data."
            )
    return StorageGone(
        f"The browser's storage does not obey ({name}); nothing was recorded. It may have been "
        "emptied: reload the page."
    )
