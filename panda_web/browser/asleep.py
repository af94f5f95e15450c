"""Modules that a snapshot holds as code only: they come to life when somebody imports them.

What a module makes of its code (functions, classes, tables) takes three times as much of a snapshot as the
code itself, and what is imported with the first thing that needs it delays no start. So the snapshot has
awake what each page needs at its start, and asleep what the node in the tab needs, and all else of the
package that can run in a tab. tools/asleep.py makes the code; docs/decisions/snapshot.md has the figures.
"""

import importlib.abc
import importlib.machinery
import importlib.util
import marshal
from collections.abc import Mapping, Sequence
from types import ModuleType

Code = tuple[bytes, bool]
"""A module's code, as `marshal` writes it, and whether it is a package."""


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
        if fullname not in self._codes:
            return None
        _, is_package = self._codes[fullname]
        return importlib.util.spec_from_loader(fullname, self, is_package=is_package)

    def exec_module(self, module: ModuleType) -> None:
        """Runs its code. What fails can be tried again."""
        code, _ = self._codes[module.__name__]
        exec(marshal.loads(code), vars(module))  # noqa: S102, S302 - the build wrote it, and the snapshot is checked
        del self._codes[module.__name__]
