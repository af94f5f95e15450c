"""Which node runs on which data folder: one at most on a folder, and found by its address.

    FOLDER/node.lock          locked by the operating system while a node runs on the folder; a crash frees it
    STATE/node-PORT.json    on which folder the node on this machine runs that listens on the port

STATE is a folder of this user's. A record there is a hint: it is believed only while its folder is locked.
"""

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urlsplit

from panda_web.cli.places import database_path, state_folder
from panda_web.errors import PandaError, StoreFailed

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

LOCK = "node.lock"
_HERE = frozenset(("localhost", "127.0.0.1", "::1"))
_ATTEMPTS, _PAUSE = 10, 0.05  # whoever only looks whether a folder is locked holds the lock for a moment


class FolderInUse(PandaError):
    """A node runs on the data folder already."""

    reason = "folder-in-use"


class FolderMissing(PandaError):
    """The data folder holds no data of a node."""

    reason = "folder-missing"


class NodeNotHere(PandaError):
    """No node that this user started on this machine listens at the address, so its folder is not known."""

    reason = "node-not-here"


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Holds the folder, which is made where it is not there, for one node.

    Raises:
        FolderInUse: another node runs on it.
        StoreFailed: it cannot be made or locked.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = (folder / LOCK).open("ab")
    except OSError as error:
        raise StoreFailed(f"The data folder {folder} cannot be used: {error.strerror}.") from error
    with file:
        for _ in range(_ATTEMPTS):
            if _lock(file):
                break
            time.sleep(_PAUSE)
        else:
            raise FolderInUse(
                f"A node runs on the data folder {folder} already. End it first, or give this one a folder "
                "of its own: --data."
            )
        yield


def is_running_on(folder: Path) -> bool:
    """Whether a node runs on the folder now; creates nothing."""
    try:
        with (folder / LOCK).open("rb") as file:
            return not _lock(file)
    except (OSError, ValueError):  # there is none; or it is no path
        return False


def _lock(file: BinaryIO) -> bool:
    """Takes the lock of a file until it is closed; False where somebody else holds it."""
    try:
        if sys.platform == "win32":
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    except OSError as error:
        raise StoreFailed(
            f"The file {file.name} cannot be locked: {error.strerror}. A data folder lies on a local disk."
        ) from error
    return True


@contextmanager
def known_by(port: int, folder: Path) -> Iterator[None]:
    """Lets other commands of this user find the folder by the node's port, while the block runs."""
    record = _record(port)
    text = json.dumps({"folder": str(folder.resolve())})
    with suppress(OSError):  # then they are told to name the folder
        record.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        record.write_text(text, "utf-8")
    try:
        yield
    finally:
        with suppress(OSError):
            if record.read_text("utf-8") == text:
                record.unlink()


def folder_at(url: str) -> Path | None:
    """The folder of the node that runs at an address of this machine; None where none is known."""
    try:
        parts = urlsplit(url)
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
        if parts.hostname not in _HERE or port is None:
            return None
        folder = Path(str(json.loads(_record(port).read_text("utf-8"))["folder"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return folder if is_running_on(folder) else None


def folder_of(data: Path | None, node: str | None, default: Path, default_node: str) -> Path:
    """The folder that a command about a node's data acts on: `--data`, else that of the node at `--node`.

    Where neither is given, it is that of a node which runs at the default address, else the default folder.

    Raises:
        NodeNotHere: no node at `--node` is known on this machine.
        FolderMissing: there is no data of a node in the folder.
    """
    folder = data
    if folder is None:
        folder = folder_at(node or default_node)
        if folder is None and node is not None:
            raise NodeNotHere(
                f"No node that you started on this machine runs at {node[:200]}, so its data folder is not "
                "known here. Name the folder: --data DIR."
            )
    if not database_path(folder or default).is_file():
        raise FolderMissing(
            f"There is no data of a node in {folder or default}. Name the folder with --data DIR, or the "
            "node that runs on it with --node URL; a node makes its folder when it first runs."
        )
    return folder or default


def _record(port: int) -> Path:
    return state_folder() / f"node-{port}.json"
