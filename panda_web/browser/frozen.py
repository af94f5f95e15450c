"""Waking up in a memory snapshot: what it must draw anew, what it left at home, and what comes later.

`leave_behind`, `put_to_sleep` and `share` serve who makes one (tools/snapshot.py): of Pyodide and of
the standard library much is in memory after a start that no tab has a use for. It is imported again where
somebody does.

A snapshot is Python's memory with our modules imported, made by tools/snapshot.mjs, the same for everybody.
So nothing secret may come out of it: `os.urandom`, `secrets` and WebCrypto ask the browser and are fresh;
`random` is seeded again here; `hash()` of texts is the same in all tabs, and no secret (docs/security.md).
"""

import base64
import hashlib
import importlib
import importlib.abc
import importlib.machinery
import marshal
import random
import sys
import zipimport
from collections.abc import Callable, Iterable, Sequence
from dataclasses import FrozenInstanceError, fields
from functools import partial
from pathlib import Path
from reprlib import recursive_repr
from types import ModuleType
from typing import Any

from panda_web.browser.asleep import Asleep, Code
from panda_web.errors import PandaError

Fetch = Callable[[str], Any]
"""`fetchNow` of `web/worker/worker.js`: a file at an address, at once, as Uint8Array, or null."""


ALSO_THERE = frozenset({"defusedxml", "pyodide"})
"""What the archive has besides the standard library (build.py)."""

_OF_A_MODULE = frozenset(f"__{name}__" for name in ("file", "loader", "name", "package", "path", "spec"))


class LibraryMissing(ImportError):
    """The standard library cannot be had, or what came is not the one that the snapshot was made with."""


class Library(importlib.abc.MetaPathFinder):
    """The standard library's archive, fetched when a module is imported that the snapshot lacks.

    Args:
        path: where Python expects the archive.
        address: where it is.
        integrity: its hash, as browsers write it: "sha384-" and base64.
        fetch: gets it.
    """

    def __init__(self, path: Path, address: str, integrity: str, fetch: Fetch) -> None:
        self._path = path
        self._address = address
        self._integrity = integrity
        self._is_here = False
        self._fetch = fetch

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """Asked last, so for what nobody else has. Raises LibraryMissing."""
        if self._is_here or fullname.partition(".")[0] not in sys.stdlib_module_names | ALSO_THERE:
            return None
        data = fetched(self._address, self._integrity, self._fetch)
        if data is None:
            raise LibraryMissing(f"{self._address}, which {fullname} is in, cannot be had.", name=fullname)
        self._path.write_bytes(data)
        self._is_here = True
        forget_archives()
        return importlib.machinery.PathFinder.find_spec(fullname, path, target)


class PartMissing(PandaError, ImportError):
    """A file with parts of Python that few visits use is neither here nor can it be had."""

    reason = "part-missing"

    def __init__(self) -> None:
        super().__init__(
            "A part of this site that is seldom needed is not in this browser yet, and cannot be had now. "
            "Go online, and try again."
        )


class Beside(importlib.abc.MetaPathFinder):
    """Modules in a file beside the snapshot, which comes once a page is at rest, or when one is missed.

    Args:
        names: of the modules in it.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._names = frozenset(names)
        self._codes: Asleep | None = None
        self._bring: Callable[[], bytes | None] = lambda: None

    def begin(self, bring: Callable[[], bytes | None]) -> None:
        """Says how the file is had, checked; None where it cannot be."""
        self._bring = bring

    def take(self, data: bytes) -> None:
        """The file is here, checked."""
        if self._codes is None:
            codes = marshal.loads(data)  # noqa: S302 - of tools/asleep.py
            self._codes = Asleep({name: Code(*code) for name, code in codes.items()})

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """Where a module is, if it is one of these. Raises PartMissing."""
        if fullname not in self._names:
            return None
        if self._codes is None:
            data = self._bring()
            if data is None:
                raise PartMissing
            self.take(data)
        return self._codes.find_spec(fullname, path, target) if self._codes else None


def missing(*_: object, **__: object) -> None:
    """Stands in for the code of each function that is not here (tools/chill.mjs). Raises PartMissing."""
    raise PartMissing


_beside = Beside(())


def beside(names: Iterable[str]) -> None:
    """Says which modules are in the file beside the snapshot; they are found before all others."""
    global _beside
    _beside = Beside(names)
    sys.meta_path.insert(0, _beside)


def arrived(data: Any) -> None:
    """That file is here, checked: an Uint8Array."""
    _beside.take(data.to_bytes())


def fetched(address: str, integrity: str, fetch: Fetch) -> bytes | None:
    """A file, at once; None where it cannot be had, or is another one than its hash says."""
    found = fetch(address)
    data = found.to_bytes() if found else b""
    digest = base64.b64encode(hashlib.sha384(data).digest()).decode()
    return data if integrity == f"sha384-{digest}" else None


def leave_behind(modules: Iterable[str], users: Iterable[ModuleType]) -> None:
    """Forgets modules that were imported.

    Args:
        modules: their names.
        users: modules that hold some of them, or of what is in them: they have it no more.

    Raises:
        KeyError: one was never imported.
    """
    left = {name: sys.modules.pop(name) for name in modules}
    for user in users:
        for name, value in [*vars(user).items()]:
            if getattr(value, "__module__", None) in left or any(value is each for each in left.values()):
                delattr(user, name)


def put_to_sleep(module: ModuleType, needed: Iterable[str]) -> None:
    """Takes all out of a module but some names. The rest comes back when a name is missed.

    JavaScript holds such a module from its start on, so another one cannot take its place.
    """
    kept = {name: value for name, value in vars(module).items() if name in {*needed, *_OF_A_MODULE}}
    vars(module).clear()
    vars(module).update(kept, __getattr__=partial(_wake, module))


def _wake(module: ModuleType, name: str) -> Any:
    if name.startswith("__"):
        raise AttributeError(name)
    del module.__getattr__
    return getattr(importlib.reload(module), name)


def no_signature(*_: object, **__: object) -> str:
    """In the place of `inspect.signature`, where that only makes a docstring. Raises ValueError."""
    raise ValueError("Nobody reads it in a tab.")


@recursive_repr()
def representation(self: Any) -> str:
    """What a dataclass says of itself, as the one that is made for it does."""
    told = (f"{each.name}={getattr(self, each.name)!r}" for each in fields(self) if each.repr)
    return f"{type(self).__qualname__}({', '.join(told)})"


def no_assignment(self: Any, name: str, value: Any) -> None:
    """Raises FrozenInstanceError, as what is made for a frozen dataclass does."""
    if _is_frozen(self, name):
        raise FrozenInstanceError(f"cannot assign to field {name!r}")
    object.__setattr__(self, name, value)


def no_deletion(self: Any, name: str) -> None:
    """Raises FrozenInstanceError, as what is made for a frozen dataclass does."""
    if _is_frozen(self, name):
        raise FrozenInstanceError(f"cannot delete field {name!r}")
    object.__delattr__(self, name)


def _is_frozen(self: Any, name: str) -> bool:
    return "__dataclass_fields__" in vars(type(self)) or any(each.name == name for each in fields(self))


_SHARED = {"__repr__": representation, "__setattr__": no_assignment, "__delattr__": no_deletion}


def share(dataclass: type) -> None:
    """Has a dataclass represent and protect itself as all others do, not by functions made for it alone."""
    for name, one in _SHARED.items():
        own = dataclass.__dict__.get(name)
        own = getattr(own, "__wrapped__", own)
        if getattr(getattr(own, "__code__", None), "co_filename", "") == "<string>":
            setattr(dataclass, name, one)


def forget_archives() -> None:
    """The snapshot remembers where in an archive modules were, and the archive is not there."""
    zipimport._zip_directory_cache.clear()  # type: ignore[attr-defined] # noqa: SLF001 - no public way
    sys.path_importer_cache.clear()


def awake(address: str, integrity: str, other: str, its: str, fetch: Fetch) -> None:
    """The first thing after a start from a snapshot.

    Args:
        address: where the standard library's archive is.
        integrity: its hash.
        other: where the file of seldom modules is.
        its: the hash of that.
        fetch: gets either.
    """
    random.seed()
    forget_archives()
    archive = f"python{sys.version_info[0]}{sys.version_info[1]}.zip"
    path = next(Path(entry) for entry in sys.path if entry.endswith(archive))
    sys.meta_path.append(Library(path, address, integrity, fetch))
    _beside.begin(lambda: fetched(other, its, fetch))
