"""Makes Pyodide's glue leaner for a worker that loads no extension modules written in C.

    python lean.py PYODIDE OUT USER...

PYODIDE is its npm package, and each USER a script of ours that uses it; OUT becomes a copy of what a start
needs, with another `pyodide.asm.mjs`. Emscripten prepares each start for modules that may be linked later:
whatever function Python exports gets a JavaScript name, a place in the table of functions and one among the
addresses. That is half of what a start does in JavaScript, and nobody here ever asks. It is left out by its
text; each edit must find its place exactly once, so another version of Pyodide is looked at anew.

The memory snapshot must be made with the same glue, since pointers to functions are places in that table.
"""

import re
import shutil
import sys
from pathlib import Path

FILES = (
    "package.json",
    "pyodide.mjs",
    "pyodide-lock.json",
    "pyodide.asm.wasm",
    "python_stdlib.zip",
)
GLUE = "pyodide.asm.mjs"
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


def main(source: Path, out: Path, *users: Path) -> None:
    """Writes the copy."""
    out.mkdir()
    for name in FILES:
        shutil.copyfile(source / name, out / name)
    texts = [path.read_text("utf-8") for path in (source / "pyodide.mjs", *users)]
    made = lean((source / GLUE).read_text("utf-8"), "".join(texts))
    (out / GLUE).write_text(made, "utf-8", newline="\n")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
