"""Makes Pyodide's glue leaner for a worker that loads no extension modules written in C.

Emscripten prepares each start for modules that may be linked later: whatever function Python exports gets a
JavaScript name, a place in the table of functions and one among the addresses. That is half of what a start
does in JavaScript, and nobody here ever asks. It is left out by its text; each edit must find its place
exactly once, so another version of Pyodide is looked at anew. The module exports only what the glue that is
left can ask for: for each export a browser makes an object, and the glue visits it. Code that nothing leads
to any more goes afterwards (`runtime`).

The memory snapshot must be made with the same glue, since pointers to functions are places in that table.
"""

import re
import shutil
from collections.abc import Sequence
from pathlib import Path

FILES = ("package.json", "pyodide.mjs", "pyodide-lock.json", "python_stdlib.zip")
GLUE = "pyodide.asm.mjs"
MODULE = "pyodide.asm.wasm"
IDENTIFIER = re.compile(r"[A-Za-z_$][\w$]*")

# What is said of it, what stands there, and what is to stand there.
EDITS = (
    (
        "addresses of those functions only whose address Python itself takes",
        "for(var symName in exports){if(isInternalSym(symName)){continue}",
        "for(var symName in exports){if(!GOT[symName]||isInternalSym(symName)){continue}",
    ),
    (
        "no addresses of OpenGL's functions, each of which costs a small WebAssembly module of its own",
        "Object.entries(GOT)){if(entry.value==-1){",
        'Object.entries(GOT)){if(symName.startsWith("emscripten_gl"))entry.value=0;if(entry.value==-1){',
    ),
    (
        "a JavaScript function is not looked for in a table that was never given any",
        "var getFunctionAddress=func=>{if(!functionsInTableMap){",
        "var getFunctionAddress=func=>{if(!functionsInTableMap){if(isNaN(func.name))return 0;",
    ),
    (
        "and so there may be no map to note it in",
        "functionsInTableMap.set(func,ret)",
        "functionsInTableMap?.set(func,ret)",
    ),
)
BEGIN = "function assignWasmExports(wasmExports){"
EXPORT = re.compile(r'(\w+)=Module\["\w+"\]=wasmExports\["\w+"\](?:\.value>>>0)?')
NAMES = re.compile(r"var (\w+(?:,\w+){1000,});")


class ChangedError(Exception):
    """The glue is not the one that these edits are for."""


def lean(glue: str, users: str) -> str:
    """The glue without what nobody uses.

    Args:
        glue: the text of `pyodide.asm.mjs`.
        users: the texts that use it.

    Raises:
        ChangedError: an edit does not find its place.
    """
    for what, before, after in EDITS:
        if glue.count(before) != 1:
            raise ChangedError(f"{GLUE} is another one: no place for this edit: {what}.")
        glue = glue.replace(before, after)
    return _without_unused_exports(glue, users)


def _without_unused_exports(glue: str, users: str) -> str:
    head, found, rest = glue.partition(BEGIN)
    body, _, tail = rest.partition("}")
    lists = NAMES.findall(head + tail)
    if not found or len(lists) != 1:
        raise ChangedError(f"{GLUE} is another one: it names its exports otherwise.")
    used = set(IDENTIFIER.findall(NAMES.sub("", head + tail) + users))
    statements = body.split(";")
    unused = {match[1] for each in statements if (match := EXPORT.fullmatch(each)) and match[1] not in used}
    kept = [each for each in statements if each.partition("=")[0] not in unused]
    declared = [name for name in lists[0].split(",") if name not in unused]
    whole = f"{head}{BEGIN}{';'.join(kept)}}}{tail}"
    return NAMES.sub(f"var {','.join(declared)};", whole)


# --- The module's exports (WebAssembly Core Specification 2.0, part 5) ----------------------------

PREAMBLE = b"\0asm\1\0\0\0"
IMPORTS, EXPORTS = 2, 7
FUNCTION, TABLE, MEMORY, GLOBAL, TAG = range(5)


def lean_module(module: bytes, users: str) -> bytes:
    """The module without the exports that nobody names.

    Args:
        module: `pyodide.asm.wasm`.
        users: the texts that use it, the glue among them. They say `name` or, as Emscripten does, `_name`.
            What the module imports from `GOT.func` and `GOT.mem` are addresses of its own exports.

    Raises:
        ChangedError: it is no module, or one with things that this does not know.
    """
    if not module.startswith(PREAMBLE):
        raise ChangedError(f"{MODULE} is no WebAssembly module.")
    used = set(IDENTIFIER.findall(users))
    sections = []
    source = _Bytes(module, len(PREAMBLE))
    while not source.is_at_end():
        kind, content = source.byte(), source.vector()
        if kind == IMPORTS:
            used |= _addresses(_Bytes(content))
        elif kind == EXPORTS:
            content = _exports(_Bytes(content), used)
        sections += [bytes([kind]), _number(len(content)), content]
    return PREAMBLE + b"".join(sections)


def _addresses(source: "_Bytes") -> set[str]:
    """Names of which the module wants addresses."""
    found = set()
    for _ in range(source.number()):
        where, name, kind = source.vector().decode(), source.vector().decode(), source.byte()
        if where in ("GOT.func", "GOT.mem"):
            found.add(name)
        if kind == TABLE:
            source.byte()
        if kind in (TABLE, MEMORY):
            limits = source.byte()
            source.number()
            if limits & 1:
                source.number()
        elif kind == GLOBAL:
            source.byte()
            source.byte()
        elif kind == TAG:
            source.byte()
            source.number()
        elif kind == FUNCTION:
            source.number()
        else:
            raise ChangedError(f"{MODULE} imports something of an unknown kind, {kind}.")
    return found


def _exports(source: "_Bytes", used: set[str]) -> bytes:
    kept = []
    for _ in range(source.number()):
        begin = source.at
        name = source.vector().decode()
        source.byte()
        source.number()
        if name in used or f"_{name}" in used:
            kept.append(source.data[begin : source.at])
    return _number(len(kept)) + b"".join(kept)


def _number(value: int) -> bytes:
    """LEB128, without a sign."""
    groups: list[int] = []
    while True:
        value, low = value >> 7, value & 0x7F
        if not value:
            return bytes([*groups, low])
        groups.append(low | 0x80)


class _Bytes:
    """What is read from front to back."""

    def __init__(self, data: bytes, at: int = 0) -> None:
        self.data = data
        self.at = at

    def is_at_end(self) -> bool:
        return self.at >= len(self.data)

    def byte(self) -> int:
        if self.is_at_end():
            raise ChangedError(f"{MODULE} ends too early.")
        self.at += 1
        return self.data[self.at - 1]

    def number(self) -> int:
        value = shift = 0
        while True:
            group = self.byte()
            value |= (group & 0x7F) << shift
            shift += 7
            if group < 0x80:
                return value

    def vector(self) -> bytes:
        length = self.number()
        self.at += length
        if self.at > len(self.data):
            raise ChangedError(f"{MODULE} ends too early.")
        return self.data[self.at - length : self.at]


# --- Files ----------------------------------------------------------------------------------------


def write(source: Path, out: Path, users: Sequence[Path]) -> None:
    """Writes a copy of what a start needs of Pyodide, leaner.

    Args:
        source: its npm package.
        out: becomes the copy.
        users: scripts of ours that use it.

    Raises:
        ChangedError: it is another Pyodide than the one that this is for.
    """
    out.mkdir()
    for name in FILES:
        shutil.copyfile(source / name, out / name)
    texts = "".join([path.read_text("utf-8") for path in (source / "pyodide.mjs", *users)])
    made = lean((source / GLUE).read_text("utf-8"), texts)
    (out / GLUE).write_text(made, "utf-8", newline="\n")
    (out / MODULE).write_bytes(lean_module((source / MODULE).read_bytes(), made + texts))
