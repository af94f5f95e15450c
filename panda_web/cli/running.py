"""Which node runs on which data folder: one at most on a folder, and found by its address.

    FOLDER/node.lock                locked by the operating system while a node runs on it; a crash frees it
    STATE/node-PORT-ADDRESS.json    on which folder the node runs that listens there, on this machine

STATE is a folder of this user's. A record there is a hint: it is believed only while its folder is locked.
"""

import json
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from ipaddress import ip_address
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urlsplit

from panda_web.cli.places import DEFAULT_NODE, data_folder, database_path, state_folder
from panda_web.errors import PandaError, StoreFailed

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

LOCK = "node.lock"
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
def known_by(address: str, port: int, folder: Path) -> Iterator[None]:
    """Lets other commands of this user find the folder by where the node listens, while the block runs."""
    record = _record(address, port)
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
    """The folder of the node that runs at an address of this machine; None where not exactly one is known."""
    try:
        parts = urlsplit(url)
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
        host = parts.hostname
    except ValueError:
        return None
    if host is None or port is None:
        return None
    found = {_recorded(address, port) for address in _listened_on(host)} - {None}
    return found.pop() if len(found) == 1 else None


def _listened_on(host: str) -> set[str]:
    """Where a node may listen that is reached by a host's name; nowhere where that is another machine."""
    addresses = ("127.0.0.1", "::1") if host == "localhost" else (host,)
    here = set(filter(_is_here, addresses))
    return here | {"0.0.0.0", "::"} if here else set()  # noqa: S104 - what a node was given, to listen on all


def _is_here(address: str) -> bool:
    """Whether an address is one of this machine's; False for a name."""
    try:
        family = socket.AF_INET6 if ip_address(address).version == 6 else socket.AF_INET
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.bind((address, 0))
    except (OSError, ValueError):
        return False
    return True


def _recorded(address: str, port: int) -> Path | None:
    try:
        folder = Path(str(json.loads(_record(address, port).read_text("utf-8"))["folder"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return folder if is_running_on(folder) else None


def folder_of(data: Path | None, node: str | None) -> Path:
    """The folder that a command about a node's data acts on: `--data`, else that of the node at `--node`.

    Where neither is given, it is that of a node which runs at the default address, else the default folder.

    Raises:
        NodeNotHere: no node at `--node` is known on this machine.
        FolderMissing: there is no data of a node in the folder.
    """
    folder = data
    if folder is None:
        folder = folder_at(node or DEFAULT_NODE)
        if folder is None and node is not None:
            raise NodeNotHere(
                f"No node that you started on this machine is known at {node[:200]}, so neither is its data "
                "folder. Name the folder: --data DIR."
            )
    folder = data_folder(folder)
    if not database_path(folder).is_file():
        raise FolderMissing(
            f"There is no data of a node in {folder}. Name the folder with --data DIR, or the "
            "node that runs on it with --node URL; a node makes its folder when it first runs."
        )
    return folder


def _record(address: str, port: int) -> Path:
    return state_folder() / f"node-{port}-{address.replace(':', '_')}.json"
