"""WebAssembly modules as bytes: their sections, what is in them, and what functions refer to.

WebAssembly Core Specification 3.0, part 5, as far as Pyodide's module goes.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

PREAMBLE = b"\0asm\1\0\0\0"
CUSTOM, TYPES, IMPORTS, FUNCTIONS, TABLES, MEMORIES, GLOBALS, EXPORTS = range(8)
START, ELEMENTS, CODE, DATA, DATA_COUNT, TAGS = range(8, 14)
FUNCTION, TABLE, MEMORY, GLOBAL, TAG = range(5)


class ChangedError(Exception):
    """Pyodide is another one than that which this is for."""


def number(value: int) -> bytes:
    """LEB128, without a sign."""
    groups: list[int] = []
    while True:
        value, low = value >> 7, value & 0x7F
        if not value:
            return bytes([*groups, low])
        groups.append(low | 0x80)


def signed(value: int) -> bytes:
    """LEB128 of a number that is not negative, where a sign is read."""
    groups: list[int] = []
    while value > 0x3F:
        groups.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*groups, value])


def vector(items: list[bytes]) -> bytes:
    """How many there are, and each of them."""
    return number(len(items)) + b"".join(items)


def sized(data: bytes) -> bytes:
    """How many bytes there are, and these."""
    return number(len(data)) + data


class Bytes:
    """What is read from front to back."""

    def __init__(self, data: bytes, at: int = 0) -> None:
        self.data = data
        self.at = at

    def is_at_end(self) -> bool:
        """Whether nothing follows."""
        return self.at >= len(self.data)

    def byte(self) -> int:
        """The next one. Raises ChangedError where there is none."""
        if self.is_at_end():
            raise ChangedError("The module ends too early.")
        self.at += 1
        return self.data[self.at - 1]

    def number(self) -> int:
        """LEB128, without a sign."""
        value = shift = 0
        while True:
            group = self.byte()
            value |= (group & 0x7F) << shift
            shift += 7
            if group < 0x80:
                return value

    def vector(self) -> bytes:
        """Bytes, behind the number of them. Raises ChangedError where there are fewer."""
        length = self.number()
        self.at += length
        if self.at > len(self.data):
            raise ChangedError("The module ends too early.")
        return self.data[self.at - length : self.at]

    def limits(self) -> tuple[int, int | None]:
        """How large a table or a memory is at first, and at most."""
        flags = self.byte()
        return self.number(), self.number() if flags & 1 else None


def sections(module: bytes) -> Iterator[tuple[int, bytes]]:
    """Each section's kind and content. Raises ChangedError where it is no module."""
    if not module.startswith(PREAMBLE):
        raise ChangedError("It is no WebAssembly module.")
    source = Bytes(module, len(PREAMBLE))
    while not source.is_at_end():
        yield source.byte(), source.vector()


def joined(parts: list[tuple[int, bytes]]) -> bytes:
    """A module of sections."""
    return PREAMBLE + b"".join(bytes([kind]) + sized(content) for kind, content in parts)


class Import(NamedTuple):
    """What a module is given. `about` is the type of a function, and 0 for all else."""

    where: str
    name: str
    kind: int
    about: int


def imports(content: bytes) -> Iterator[Import]:
    """What stands in that section."""
    source = Bytes(content)
    for _ in range(source.number()):
        where, name, kind = source.vector().decode(), source.vector().decode(), source.byte()
        about = 0
        if kind == FUNCTION:
            about = source.number()
        elif kind in (TABLE, MEMORY):
            if kind == TABLE:
                source.byte()
            source.limits()
        elif kind in (GLOBAL, TAG):
            source.byte()
            source.number()
        else:
            raise ChangedError(f"The module imports something of an unknown kind, {kind}.")
        yield Import(where, name, kind, about)


_FUNCREF, _CONST, _END = 0x70, 0x41, 0x0B

# --- Instructions ---------------------------------------------------------------------------------

_LEB = rb"[\x80-\xff]*+[\x00-\x7f]"
# What refers to nothing but what is in the function, types, tags, the memory, and the one table of functions.
_PLAIN = rb"|".join(
    (
        rb"[\x00\x01\x05\x0b\x0f\x19\x1a\x1b\x45-\xc4\xd1]",
        rb"[\x02-\x04\x06-\x09\x0c\x0d\x18\x20-\x22\x3f\x40\x42\xd0]" + _LEB,
        rb"\x11" + _LEB + _LEB,
        rb"\x43.{4}|\x44.{8}|\xfc[\x00-\x07]|\x1c\x01.|\xfc\x0a\x00\x00|\xfc\x0b\x00",
    )
)
_BRANCHES = rb"(?P<branches>\x0e)"
_REFERENCES = (
    rb"(?P<kind>[\x10\x23\x24\xd2])(?P<what>" + _LEB + rb")",
    rb"(?P<table>[\x25\x26]|\xfc[\x0f-\x11])" + _LEB,
)
# Offsets, and constants that are neither below zero nor masks: `and` follows those.
_ADDRESSES = (
    rb"[\x28-\x3e]" + _LEB + rb"(?P<offset>" + _LEB + rb")",
    rb"\x41(?:(?P<constant>[\x80-\xff]*+[\x00-\x3f])(?!\x71)|" + _LEB + rb")",
)


def _up_to(wanted: Sequence[bytes], others: Sequence[bytes]) -> re.Pattern[bytes]:
    """Up to the next of the wanted instructions, a list of branches, or the end."""
    passed = re.sub(rb"\(\?P<\w+>", rb"(?:", rb"|".join((_PLAIN, *others)))
    found = rb"|".join((*wanted, _BRANCHES))
    return re.compile(rb"(?:" + passed + rb")*+(?:" + found + rb"|\Z)", re.DOTALL)


_REFERENCE = _up_to(_REFERENCES, _ADDRESSES)
_ADDRESS = _up_to(_ADDRESSES, _REFERENCES)
CALL, GET_GLOBAL, SET_GLOBAL, ADDRESS = 0x10, 0x23, 0x24, 0xD2
OTHER_TABLE = -1


class Reference(NamedTuple):
    """An instruction that names something of the module.

    Attributes:
        kind: CALL, GET_GLOBAL, SET_GLOBAL, ADDRESS (of a function), or OTHER_TABLE than that of functions.
        what: the index of what it names.
        begin: where in the function's body it begins.
        end: where it ends.
    """

    kind: int
    what: int
    begin: int
    end: int


def first_instruction(body: bytes) -> int:
    """Where in a function's body its locals end."""
    source = Bytes(body)
    for _ in range(source.number()):
        source.number()
        source.byte()
    return source.at


def _behind_branches(body: bytes, at: int) -> int:
    """Where the list ends that follows a br_table."""
    source = Bytes(body, at)
    for _ in range(source.number() + 1):
        source.number()
    return source.at


def references(body: bytes) -> list[Reference]:
    """All in a function's body. Raises ChangedError where it has instructions that this does not know."""
    found = []
    for match in _found(_REFERENCE, body):
        if what := match["what"]:
            found.append(
                Reference(match["kind"][0], Bytes(what).number(), match.start("kind"), match.end("what"))
            )
        elif match["table"]:
            found.append(Reference(OTHER_TABLE, 0, match.start("table"), match.end()))
    return found


def addresses(body: bytes) -> set[int]:
    """What in a function's body may be an address. Raises ChangedError as `references` does."""
    numbers = (match["offset"] or match["constant"] for match in _found(_ADDRESS, body))
    return {Bytes(each).number() for each in numbers if each}


def _found(pattern: re.Pattern[bytes], body: bytes) -> Iterator[re.Match[bytes]]:
    at = first_instruction(body)
    while at < len(body):
        match = pattern.match(body, at)
        if match is None:
            raise ChangedError("The module has instructions that nobody expected.")
        at = _behind_branches(body, match.end()) if match["branches"] else match.end()
        yield match


def rewritten(
    body: bytes, names: Sequence[Reference], moved: Mapping[int, Callable[[int], int | bytes]]
) -> bytes:
    """A body that names things by other indices, or does something else in place of it, in bytes."""
    pieces = []
    at = 0
    for each in names:
        if each.kind in moved:
            new = moved[each.kind](each.what)
            instead = new if isinstance(new, bytes) else bytes([each.kind]) + number(new)
            pieces += [body[at : each.begin], instead]
            at = each.end
    return b"".join([*pieces, body[at:]])


# --- Data -----------------------------------------------------------------------------------------


class Segment(NamedTuple):
    """What an instance writes into its memory when it is made."""

    begin: int
    data: bytes


def segments(content: bytes) -> list[Segment]:
    """What stands in the section of data. Raises ChangedError where some of it is written later."""
    source = Bytes(content)
    found = []
    for _ in range(source.number()):
        if (source.number(), source.byte()) != (0, _CONST):
            raise ChangedError("The module writes data in another way.")
        begin = source.number()
        if source.byte() != _END:
            raise ChangedError("The module writes data in another way.")
        found.append(Segment(begin, source.vector()))
    return found


def data_section(written: Sequence[Segment]) -> bytes:
    """A section that writes them."""
    return vector([b"\0\x41" + signed(begin) + b"\x0b" + sized(data) for begin, data in written])


# --- A whole module ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Module:
    """A module as it is read here.

    Attributes:
        parts: its sections, as they are.
        types: of functions: of each, how many arguments it takes, and its bytes.
        imported: the type of each function that it imports.
        defined: the type of each of its own.
        bodies: what these do.
        references: what they name.
        exports: of each, its name, its kind and its index.
        elements: the functions in the table, from its second place on; the first one is empty.
        table: how many places it has.
        globals: how many there are.
    """

    parts: Sequence[tuple[int, bytes]]
    types: Sequence[tuple[int, bytes]]
    imported: Sequence[int]
    defined: Sequence[int]
    bodies: Sequence[bytes]
    references: Sequence[Sequence[Reference]]
    exports: Sequence[tuple[str, int, int]]
    elements: Sequence[int]
    table: int
    globals: int

    def type_of(self, function: int) -> int:
        """By the function's index."""
        own = function - len(self.imported)
        return self.defined[own] if own >= 0 else self.imported[function]


def read(module: bytes) -> Module:
    """Reads one. Raises ChangedError where it has things that this does not know."""
    parts = list(sections(module))
    content = dict(parts)
    brought = list(imports(content[IMPORTS]))
    if START in content or any(each.kind != FUNCTION for each in brought):
        raise ChangedError("The module starts by itself, or imports more than functions.")
    code = Bytes(content[CODE])
    bodies = [code.vector() for _ in range(code.number())]
    functions = Bytes(content[FUNCTIONS])
    exported = Bytes(content[EXPORTS])
    table = Bytes(content[TABLES])
    if table.number() < 1 or table.byte() != _FUNCREF:
        raise ChangedError("The first table of the module is not that of functions.")
    places, most = table.limits()
    if most is not None:
        raise ChangedError("The table of functions cannot grow.")
    return Module(
        parts,
        _types(Bytes(content[TYPES])),
        [each.about for each in brought],
        [functions.number() for _ in range(functions.number())],
        bodies,
        [references(body) for body in bodies],
        [(exported.vector().decode(), exported.byte(), exported.number()) for _ in range(exported.number())],
        _elements(Bytes(content[ELEMENTS])),
        places,
        Bytes(content[GLOBALS]).number(),
    )


def marks(module: Module) -> list[str]:
    """What each own function does, as a hash: without what it names, whose numbers change."""
    nothing = dict.fromkeys((CALL, ADDRESS, GET_GLOBAL, SET_GLOBAL), lambda _: b"")
    bodies = (rewritten(*each, nothing) for each in zip(module.bodies, module.references, strict=True))
    return [hashlib.sha256(body).hexdigest()[:16] for body in bodies]


def _types(source: Bytes) -> list[tuple[int, bytes]]:
    found = []
    for _ in range(source.number()):
        begin = source.at
        if source.byte() != 0x60:
            raise ChangedError("The module has types of other things than functions.")
        arguments, _ = source.vector(), source.vector()
        found.append((len(arguments), source.data[begin : source.at]))
    return found


def _elements(source: Bytes) -> list[int]:
    segments, flags = source.number(), source.number()
    at = (source.byte(), source.number(), source.byte())
    if segments != 1 or flags != 0 or at != (_CONST, 1, _END):
        raise ChangedError("The table of functions is filled in another way.")
    return [source.number() for _ in range(source.number())]
