"""What of a module's data is of no use before its second part is there (`split`): tables, code, what is told.

A module does not say which bytes of its data belong together, so that is said here, for the Pyodide that is
pinned: by address and by a hash of what is there. Another Pyodide has them elsewhere; `python -m tools.tables
MODULE` shows where functions name no address for long, and what is there.

In C each of these tables is static, so only functions of its own file name it, or an index of it. It may come
later if none of these is in the first part. A number may look like an address without being one.
"""

from __future__ import annotations

import hashlib
import re
import struct
import sys
from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from tools.wasm import DATA, ChangedError, Module, Segment, addresses, marks, read, segments


class Table(NamedTuple):
    """One.

    Attributes:
        what: what it is.
        begin: the address of its first byte.
        end: of the one behind its last.
        pointers: where addresses in it stand, as pairs of addresses.
        readers: functions that are given its address by others, by their numbers among the module's own.
    """

    what: str
    begin: int
    end: int
    pointers: Sequence[tuple[int, int]] = ()
    readers: Sequence[int] = ()


# Each with the first characters of the SHA-256 of what is there.
KNOWN = (
    (
        Table(
            "characters of Chinese, Japanese and Korean encodings (CPython's Modules/cjkcodecs/mappings_*.h)",
            *(800_544, 1_389_872),
            (
                (3_631_528, 3_641_496),
                (3_641_520, 3_647_728),
                (3_648_936, 3_673_224),
                (3_673_640, 3_679_512),
                (3_679_640, 3_687_792),
            ),
        ),
        "c6a08c949a9d6a0a",
    ),
    (
        Table(
            "names and parts of characters (CPython's Modules/unicodename_db.h, unicodedata_db.h)",
            1_487_920,
            2_047_216,
        ),
        "9ff72e576ac71536",
    ),
    (Table("encodings of the C library (musl's src/locale/*.h)", 2_823_232, 2_962_526), "863492891a9fd183"),
    (
        Table("powers of five, for texts of numbers in C++ (libc++'s src/ryu)", 3_039_104, 3_132_500),
        "febb373e3f8f42fc",
    ),
)
NUMBERS = frozenset(
    {
        *(925_824, 999_999, 1_000_000, 1_000_003, 1_048_575, 1_048_576, 1_048_577, 1_052_672, 1_114_111),
        *(1_114_112, 1_664_525, 2_531_011, 3_652_425),
    }
)
"""What functions say in places where a table is, and is no address: borders of Unicode, powers, flags."""
HEAD = 16
"""Bytes of a frozen module that stay: who looks for one asks whether there is any code."""
RUNS_FROZEN = "f0de1ca78594d3c0"
"""What makes code of it, by what it does (`marks`): unmarshal_frozen_code in CPython's Python/import.c."""
FROZEN = re.compile(rb"[A-Za-z_][\w.]*\0")
CODE = b"c" + bytes(12)
"""With which the code of a module begins: it takes no arguments (CPython's Python/marshal.c)."""
PROSE = re.compile(rb"(?<=--\n\n)[^\0]{64,}(?=\0)")
"""What is told of a function in C, behind its arguments (CPython's Objects/typeobject.c)."""
LONG = 4096
"""Bytes that no function names, from which on it is worth to look what they are."""


def tables(module: Module) -> list[Table]:
    """All in a module's data. Raises ChangedError where one is not there, or what reads it."""
    memory = _memory(segments(dict(module.parts)[DATA]))
    for table, digest in KNOWN:
        if not hashlib.sha256(memory[table.begin : table.end]).hexdigest().startswith(digest):
            raise ChangedError(f"Pyodide is another one: {table.what} are not where they were.")
    runs = [own for own, mark in enumerate(marks(module)) if mark == RUNS_FROZEN]
    if len(runs) != 1:
        raise ChangedError("Pyodide is another one: what runs frozen modules is another function.")
    return [*(table for table, _ in KNOWN), *_frozen(memory, runs), *told(memory)]


def _memory(written: Sequence[Segment]) -> bytes:
    memory = bytearray(max(begin + len(data) for begin, data in written))
    for begin, data in written:
        memory[begin : begin + len(data)] = data
    return bytes(memory)


def _words(memory: bytes) -> list[int]:
    return [word for (word,) in struct.iter_unpack("<I", memory[: len(memory) // 4 * 4])]


def _frozen(memory: bytes, runs: Sequence[int]) -> Iterator[Table]:
    """Modules of Python whose code is in the interpreter.

    Of each there is its name, its code, how long that is, and whether it is a package (CPython's `struct
    _frozen`). So its address is in no function: one finds it by name, and another one makes code of it, which
    would say that it is none.

    Args:
        memory: what is there at first.
        runs: that other one.
    """
    words = _words(memory)
    for name, begin, length, is_package in zip(words, words[1:], words[2:], words[3:], strict=False):
        is_code = memory.startswith(CODE, begin) and HEAD < length <= len(memory) - begin
        if is_code and is_package in (0, 1) and FROZEN.match(memory, name):
            yield Table("the code of a module", begin + HEAD, begin + length, readers=runs)


def told(memory: bytes) -> Iterator[Table]:
    """What is told of functions in C, where nothing else begins in it: texts that end alike may be one."""
    words = sorted({*_words(memory)})
    for found in PROSE.finditer(memory):
        if not _between(words, *found.span()):
            yield Table("what is told of a function", *found.span())


def later(module: Module, is_first: Sequence[bool], known: Sequence[Table]) -> list[Table]:
    """Which tables no function of the first part names or reads.

    Args:
        module: the module.
        is_first: of each function of its own, whether it is in the first part.
        known: all tables.

    Raises:
        ChangedError: a function has instructions that nobody expected.
    """
    bodies = (body for body, first in zip(module.bodies, is_first, strict=True) if first)
    named = _named(bodies)

    def is_later(table: Table) -> bool:
        spans = ((table.begin, table.end), *table.pointers)
        is_read = any(is_first[own] for own in table.readers)
        return not is_read and not any(_between(named, *span) for span in spans)

    return [each for each in known if is_later(each)]


def _named(bodies: Iterable[bytes]) -> list[int]:
    """What may be an address in some functions, ascending."""
    return sorted(set[int]().union(*map(addresses, bodies)) - NUMBERS)


def _between(numbers: Sequence[int], begin: int, end: int) -> Sequence[int]:
    """Those that are at least `begin`, and below `end`."""
    return numbers[bisect_left(numbers, begin) : bisect_left(numbers, end)]


def parted(written: Sequence[Segment], out: Collection[Table]) -> tuple[list[Segment], list[Segment]]:
    """Data in two: without what is in some tables, and what is in them."""
    kept, taken = [], []
    spans = sorted({(each.begin, each.end) for each in out})
    for begin, data in written:
        at, last = begin, begin + len(data)
        for first, end in spans:
            first, end = max(first, at), min(end, last)
            if first < end:
                kept.append(Segment(at, data[at - begin : first - begin]))
                taken.append(Segment(first, data[first - begin : end - begin]))
                at = end
        kept.append(Segment(at, data[at - begin :]))
    return [each for each in kept if each.data], taken


def main(path: str) -> None:
    """Shows where functions name no address for long."""
    module = read(Path(path).read_bytes())
    memory = _memory(segments(dict(module.parts)[DATA]))
    for begin, end in pairwise(each for each in _named(module.bodies) if each < len(memory)):
        if end - begin > LONG:
            digest = hashlib.sha256(memory[begin:end]).hexdigest()[:16]
            texts = b" ".join(re.findall(rb"[ -~]{8,}", memory[begin:end]))[:60].decode()
            print(f"{begin:_} {end:_} {digest} {texts}")


if __name__ == "__main__":
    main(sys.argv[1])
