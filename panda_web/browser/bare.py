"""Makes a function's code small, for the snapshot: what only people read of it leaves it.

It serves who makes a snapshot (tools/snapshot.py, tools/asleep.py), and is not in it.
"""

from types import CodeType
from typing import Any


def bare(code: CodeType, shared: dict[Any, Any]) -> CodeType:
    """A function's code without what only people read.

    It does not know in which lines it is written: its table says instead, for each eight units of two bytes,
    that there is none (CPython's InternalDocs/code_objects.md). It has its own name, and not the way to it.
    Its variables are numbered, by texts of one letter that are in Python anyway. Those keep their names that
    somebody can know: arguments, what it shares with functions in it, and all where it may ask for them.

    Args:
        code: of a function, or of a module.
        shared: where equal parts of codes are one; begin with nothing, and give it to all.
    """
    most, none = 8, 0xF8
    whole, rest = divmod(len(code.co_code) // 2, most)
    table = bytes([none | (most - 1)] * whole + [none | (rest - 1)] * bool(rest))
    constants = (bare(each, shared) if isinstance(each, CodeType) else each for each in code.co_consts)
    tables = (table, code.co_exceptiontable, code.co_names)
    lines, exceptions, names = (shared.setdefault(each, each) for each in tables)
    return code.replace(
        co_linetable=lines,
        co_exceptiontable=exceptions,
        co_names=names,
        co_qualname=code.co_name,
        co_varnames=numbered(code),
        co_consts=tuple(constants),
    )


_WHO_ASKS = frozenset({"_getframe", "currentframe", "dir", "eval", "exec", "f_locals", "locals", "vars"})
_FIRST, _MOST = 0x80, 0x80
"""Letters that no name in a source can be, and of which Python has a text each."""


def numbered(code: CodeType) -> tuple[str, ...]:
    """The names of a code's variables, where those that nobody can know are numbers."""
    optimized, more_positional, more_keywords = (code.co_flags & flag for flag in (0x1, 0x4, 0x8))
    arguments = code.co_argcount + code.co_kwonlyargcount + bool(more_positional) + bool(more_keywords)
    own = len(code.co_varnames) - arguments
    if not optimized or own > _MOST or not _WHO_ASKS.isdisjoint(code.co_names):
        return code.co_varnames
    return *code.co_varnames[:arguments], *(chr(_FIRST + number) for number in range(own))
