"""Modules that a snapshot holds as code only: they come to life when somebody imports them.

What a module makes of its code (functions, classes, tables) takes three times as much of a snapshot, and what
is imported with the first thing that needs it delays no start. So the snapshot has awake what each page needs
at its start, and asleep what the node in the tab needs, and all else of the package that can run in a tab.
tools/asleep.py makes the code; docs/decisions/snapshot.md has the figures.
"""

import importlib.abc
import importlib.machinery
import importlib.util
import marshal
from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import NamedTuple


class Code(NamedTuple):
    """A module.

    Attributes:
        marshalled: its code, as `marshal` of the same Python writes it.
        is_package: whether others are in it.
    """

    marshalled: bytes
    is_package: bool


class Asleep(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds and loads those modules.

    Args:
        codes: of each, by its full name; what was imported is given away.
    """

    def __init__(self, codes: Mapping[str, Code]) -> None:
        self._codes = dict(codes)

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,  # noqa: ARG002 - Python's
        target: ModuleType | None = None,  # noqa: ARG002
    ) -> importlib.machinery.ModuleSpec | None:
        """Where a module is, if it is one of these."""
        code = self._codes.get(fullname)
        return code and importlib.util.spec_from_loader(fullname, self, is_package=code.is_package)

    def exec_module(self, module: ModuleType) -> None:
        """Runs it. What fails can be tried again."""
        exec(marshal.loads(self._codes[module.__name__].marshalled), vars(module))  # noqa: S102, S302 - ours
        del self._codes[module.__name__]
