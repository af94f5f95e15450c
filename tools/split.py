"""Makes two WebAssembly modules of one: what a session calls, and all else, which comes later.

Both work on one memory and one table of functions, so addresses stay what they are, in a snapshot too. Each
function that only the other module has gets a place in the table, behind those that are there, and is called
through it. In the first module a *stub* stands for each function of the second that it calls, exports, or
has in the table: it has the second module loaded, unless it is there, and calls the function. To load it is
`panda.load`, which the first module imports; it returns when the second one is instantiated, or throws.

Which functions a session calls says the same module with a note in each of them (`noting`).

Tables among the data that no function of the first one names are in the second one too (`tables`).

What uses a table or a global that the second module is not given stays in the first one, and so do functions
that are no larger than a stub.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from tools.tables import Table, later, parted
from tools.wasm import (
    ADDRESS,
    CALL,
    CODE,
    DATA,
    DATA_COUNT,
    ELEMENTS,
    EXPORTS,
    FUNCTION,
    FUNCTIONS,
    GET_GLOBAL,
    GLOBAL,
    GLOBALS,
    IMPORTS,
    MEMORIES,
    MEMORY,
    OTHER_TABLE,
    SET_GLOBAL,
    TABLE,
    TABLES,
    TAG,
    TAGS,
    TYPES,
    Bytes,
    ChangedError,
    Module,
    data_section,
    first_instruction,
    joined,
    number,
    rewritten,
    segments,
    signed,
    sized,
    vector,
)

OURS = "panda"
"""The module, as imports have it, that the worker gives."""
SMALL = 24
"""Bytes of a function that is in the first module, whether it is called or not: a stub has as many."""

I32, FUNCREF, EMPTY = b"\x7f", b"\x70", b"\x40"
LOCAL_GET, CALL_INDIRECT, CONST, END = b"\x20", b"\x11", b"\x41", b"\x0b"
IF_NOT = b"\x45\x04" + EMPTY
MUTABLE = b"\1"
NOTHING = b"\0"
"""How many segments of data there are, where there is no such section."""


def _with(module: Module, changed: Mapping[int, bytes]) -> bytes:
    return joined([(kind, changed.get(kind, content)) for kind, content in module.parts])


def _with_import(module: Module, name: str, kind: int) -> bytes:
    """The imports, and one function more, which is the last of them."""
    content = dict(module.parts)[IMPORTS]
    count = Bytes(content)
    before = count.number()
    new = sized(OURS.encode()) + sized(name.encode()) + bytes([FUNCTION]) + number(kind)
    return number(before + 1) + content[count.at :] + new


def _with_type(module: Module, wanted: bytes) -> tuple[int, bytes]:
    """The index of a type, and all types with it."""
    types = [data for _, data in module.types]
    if wanted not in types:
        types.append(wanted)
    return types.index(wanted), vector(types)


def _with_globals(module: Module, count: int) -> bytes:
    """The globals, and so many more, which are 0 at first."""
    content = dict(module.parts)[GLOBALS]
    source = Bytes(content)
    before = source.number()
    return number(before + count) + content[source.at :] + (I32 + MUTABLE + CONST + b"\0" + END) * count


def _exports(exports: Sequence[tuple[str, int, int]]) -> bytes:
    return vector([sized(name.encode()) + bytes([kind]) + number(index) for name, kind, index in exports])


def _segment(at: int, functions: Sequence[int]) -> bytes:
    return b"\0" + CONST + signed(at) + END + vector([number(each) for each in functions])


# --- What a session calls -------------------------------------------------------------------------


def noting(module: Module) -> bytes:
    """The same module, which tells `panda.called` the number of each own function when it is called first."""
    first = len(module.imported)
    kind, types = _with_type(module, b"\x60\1" + I32 + b"\0")

    def moved(index: int) -> int:
        return index + (index >= first)

    bodies = []
    for own, (body, names) in enumerate(zip(module.bodies, module.references, strict=True)):
        flag = number(module.globals + own)
        note = b"\x23" + flag + IF_NOT + CONST + b"\1\x24" + flag
        note += CONST + signed(own) + bytes([CALL]) + number(first) + END
        begin = first_instruction(body)
        rest = [each._replace(begin=each.begin - begin, end=each.end - begin) for each in names]
        changed = rewritten(body[begin:], rest, {ADDRESS: moved, CALL: moved})
        bodies.append(sized(body[:begin] + note + changed))
    exports = [(name, of, moved(index) if of == FUNCTION else index) for name, of, index in module.exports]
    return _with(
        module,
        {
            TYPES: types,
            IMPORTS: _with_import(module, "called", kind),
            GLOBALS: _with_globals(module, len(module.bodies)),
            EXPORTS: _exports(exports),
            ELEMENTS: vector([_segment(1, [moved(each) for each in module.elements])]),
            CODE: vector(bodies),
        },
    )


# --- Two modules ----------------------------------------------------------------------------------


def split(module: Module, called: Collection[int], known: Sequence[Table] = ()) -> tuple[bytes, bytes]:
    """Makes two modules of one.

    Args:
        module: the one.
        called: which of its own functions are in the first one, by their numbers as `noting` has them.
        known: tables among its data.

    Returns:
        The first one, and the second.

    Raises:
        ChangedError: the module has things that this does not know.
    """
    return _Split(module, called, known).made()


def first_part(module: Module, called: Collection[int]) -> set[int]:
    """Which of a module's own functions are in the first part, where some are called."""
    return {own for own, hot in enumerate(_Split(module, called).hot) if hot}


class _Split:
    def __init__(self, module: Module, called: Collection[int], known: Sequence[Table] = ()) -> None:
        self.module = module
        self.first_own = len(module.imported)
        self.shared = {index for _, kind, index in module.exports if kind == GLOBAL}
        self.hot = [own in called or self._must_stay(own) for own in range(len(module.bodies))]
        # What has a place already keeps it; what gets one more comes behind: the second module's, then ours.
        named_by_hot = {each for own, hot in enumerate(self.hot) if hot for each in self._functions(own)}
        named_by_cold = {each for own, hot in enumerate(self.hot) if not hot for each in self._functions(own)}
        exported = {index for _, kind, index in module.exports if kind == FUNCTION}
        seen = named_by_hot | exported | set(module.elements)
        self.stubs = [each for each in sorted(seen) if self._is_cold(each)]
        places = {function: place for place, function in reversed([*enumerate(module.elements, 1)])}
        wanted = [each for each in sorted(named_by_cold) if not self._is_cold(each)]
        self.more = [each for each in wanted if each not in places]
        self.places = {each: places[each] for each in wanted if each in places}
        self.places |= {each: module.table + at for at, each in enumerate((*self.stubs, *self.more))}
        self.table = module.table + len(self.stubs) + len(self.more)
        cold = [names for names, hot in zip(module.references, self.hot, strict=True) if not hot]
        variables = (GET_GLOBAL, SET_GLOBAL)
        self.given = sorted({each.what for names in cold for each in names if each.kind in variables})
        self.data = parted(segments(dict(module.parts).get(DATA, NOTHING)), later(module, self.hot, known))

    def _functions(self, own: int) -> set[int]:
        return {each.what for each in self.module.references[own] if each.kind in (CALL, ADDRESS)}

    def _must_stay(self, own: int) -> bool:
        return len(self.module.bodies[own]) <= SMALL or any(
            each.kind in (OTHER_TABLE, ADDRESS)
            or (each.kind in (GET_GLOBAL, SET_GLOBAL) and each.what not in self.shared)
            for each in self.module.references[own]
        )

    def _is_cold(self, function: int) -> bool:
        return function >= self.first_own and not self.hot[function - self.first_own]

    def made(self) -> tuple[bytes, bytes]:
        return self._first(), self._second()

    def _through_table(self, function: int) -> bytes:
        kind = self.module.type_of(function)
        return CONST + signed(self.places[function]) + CALL_INDIRECT + number(kind) + b"\0"

    def _first(self) -> bytes:
        """Functions are: what was imported, `load`, ours, one that loads unless that was done, stubs."""
        module = self.module
        kind, types = _with_type(module, b"\x60\0\0")
        own = [each for each, hot in enumerate(self.hot) if hot]
        order = [*(self.first_own + each for each in own)]
        ensure = self.first_own + 1 + len(own)
        index = {each: each for each in range(self.first_own)}
        index |= {each: self.first_own + 1 + at for at, each in enumerate(order)}
        index |= {each: ensure + 1 + at for at, each in enumerate(self.stubs)}
        flag = number(module.globals)
        ensuring = b"\0\x23" + flag + IF_NOT + bytes([CALL]) + number(self.first_own)
        ensuring += CONST + b"\1\x24" + flag + END + END
        moved = {CALL: index.__getitem__, ADDRESS: index.__getitem__}
        bodies = [rewritten(module.bodies[each], module.references[each], moved) for each in own]
        stubs = [self._stub(each, ensure) for each in self.stubs]
        kinds = (
            [module.defined[each] for each in own] + [kind] + [module.type_of(each) for each in self.stubs]
        )
        exports = [(name, of, index[at] if of == FUNCTION else at) for name, of, at in module.exports]
        elements = [_segment(1, [index[each] for each in module.elements])]
        if self.more:
            elements.append(_segment(module.table + len(self.stubs), [index[each] for each in self.more]))
        return _with(
            module,
            {
                TYPES: types,
                IMPORTS: _with_import(module, "load", kind),
                FUNCTIONS: vector([number(each) for each in kinds]),
                TABLES: self._tables(),
                GLOBALS: _with_globals(module, 1),
                EXPORTS: _exports(exports),
                ELEMENTS: vector(elements),
                CODE: vector([sized(each) for each in (*bodies, ensuring, *stubs)]),
                DATA_COUNT: number(len(self.data[0])),
                DATA: data_section(self.data[0]),
            },
        )

    def _stub(self, function: int, ensure: int) -> bytes:
        arguments, _ = self.module.types[self.module.type_of(function)]
        given = b"".join(LOCAL_GET + number(each) for each in range(arguments))
        return b"\0" + bytes([CALL]) + number(ensure) + given + self._through_table(function) + END

    def _tables(self) -> bytes:
        """As they are, but that of functions, which is the first one, is larger."""
        content = dict(self.module.parts)[TABLES]
        source = Bytes(content)
        count, of = source.number(), source.byte()
        source.limits()
        return number(count) + bytes([of]) + b"\0" + number(self.table) + content[source.at :]

    def _second(self) -> bytes:
        """It is given the memory, the table, tags and globals, and no functions: those are in the table."""
        module = self.module
        content = dict(module.parts)
        cold = [each for each, hot in enumerate(self.hot) if not hot]
        index = {self.first_own + each: at for at, each in enumerate(cold)}
        globals_ = {each: at for at, each in enumerate(self.given)}

        def called(function: int) -> int | bytes:
            return index[function] if function in index else self._through_table(function)

        moved = {CALL: called, GET_GLOBAL: globals_.__getitem__, SET_GLOBAL: globals_.__getitem__}
        bodies = [rewritten(module.bodies[each], module.references[each], moved) for each in cold]
        parts = [
            (TYPES, content[TYPES]),
            (IMPORTS, vector(self._imports())),
            (FUNCTIONS, vector([number(module.defined[each]) for each in cold])),
            (ELEMENTS, vector([_segment(module.table, [index[each] for each in self.stubs])])),
            (CODE, vector([sized(each) for each in bodies])),
            (DATA, data_section(self.data[1])),
        ]
        return joined(parts)

    def _imports(self) -> list[bytes]:
        module = self.module
        content = dict(module.parts)
        names = {(kind, index): name for name, kind, index in module.exports}

        def one(kind: int, index: int, about: bytes) -> bytes:
            name = names.get((kind, index))
            if name is None:
                raise ChangedError("The module does not export what its second part needs.")
            return sized(OURS.encode()) + sized(name.encode()) + bytes([kind]) + about

        tags = Bytes(content[TAGS])
        memories = Bytes(content[MEMORIES])
        memories.number()
        found = [one(TABLE, 0, FUNCREF + b"\0" + number(self.table))]
        found.append(one(MEMORY, 0, content[MEMORIES][memories.at :]))
        for at in range(tags.number()):
            tags.byte()
            found.append(one(TAG, at, b"\0" + number(tags.number())))
        types = _global_types(Bytes(content[GLOBALS]))
        return found + [one(GLOBAL, at, types[at]) for at in self.given]


def _global_types(source: Bytes) -> list[bytes]:
    found = []
    for _ in range(source.number()):
        found.append(source.data[source.at : source.at + 2])
        source.at += 2
        if source.byte() != CONST[0]:
            raise ChangedError("The module has globals of an unknown kind.")
        source.number()
        source.byte()
    return found
