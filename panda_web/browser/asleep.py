"""Modules that a snapshot holds as text only: they come to life when somebody imports them.

What a module makes of its text (functions, classes, tables) takes five times as much of a snapshot, and what
is imported with the first thing that needs it delays no start. So the snapshot has awake what each page needs
at its start, and asleep what the node in the tab needs, and all else of the package that can run in a tab.
tools/asleep.py makes the texts; docs/decisions/snapshot.md has the figures.
"""

import importlib.abc
import importlib.machinery
import importlib.util
from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import NamedTuple


class Text(NamedTuple):
    """A module.

    Attributes:
        source: what it says.
        file: where that was, for tracebacks.
        is_package: whether others are in it.
    """

    source: str
    file: str
    is_package: bool


class Asleep(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds and loads those modules.

    Args:
        texts: of each, by its full name; what was imported is given away.
    """

    def __init__(self, texts: Mapping[str, Text]) -> None:
        self._texts = dict(texts)

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,  # noqa: ARG002 - Python's
        target: ModuleType | None = None,  # noqa: ARG002
    ) -> importlib.machinery.ModuleSpec | None:
        """Where a module is, if it is one of these."""
        text = self._texts.get(fullname)
        return text and importlib.util.spec_from_loader(fullname, self, is_package=text.is_package)

    def exec_module(self, module: ModuleType) -> None:
        """Runs it. What fails can be tried again."""
        text = self._texts[module.__name__]
        exec(compile(text.source, text.file, "exec", dont_inherit=True), vars(module))  # noqa: S102 - ours
        del self._texts[module.__name__]
