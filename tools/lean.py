"""Makes Pyodide's glue leaner for a worker that loads no extension modules written in C.

Emscripten prepares each start for modules that may be linked later: whatever function Python exports gets a
JavaScript name, a place in the table of functions and one among the addresses. That is half of what a start
does in JavaScript, and nobody here ever asks. It is left out by its text; each edit must find its place
exactly once, so another version of Pyodide is looked at anew. The module exports only what the glue that is
left can ask for: for each export a browser makes an object, and the glue visits it. Code that nothing leads
to any more goes afterwards (`runtime`): from the module, and then from the glue, of which half is pictures,
sound and windows for such modules.

The memory snapshot must be made with the same glue, since pointers to functions are places in that table.
"""

import re
import shutil
from collections.abc import Sequence
from pathlib import Path

from tools.wasm import EXPORTS, IMPORTS, Bytes, ChangedError, imports, joined, number, sections

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
        "what gets a place in the table is not looked for there before: that makes an object of each place",
        "var getFunctionAddress=func=>{if(!functionsInTableMap){",
        "var getFunctionAddress=func=>{if(!functionsInTableMap){return 0;",
    ),
    (
        "and so there is no map to note it in",
        "functionsInTableMap.set(func,ret)",
        "functionsInTableMap?.set(func,ret)",
    ),
    (
        "a start that evaluates no text, for which Python would parse and compile: it imports by name",
        'let[r,n]=API.rawRun("import _pyodide_core");',
        'let n=Module.stringToNewUTF8("_pyodide_core"),r=!_PyImport_ImportModule(n);_free(n);',
    ),
    (
        "and has an empty dictionary",
        'API._pyodide._base.eval_code("{}")',
        'API._pyodide._base.pyimport_impl("builtins").dict()',
    ),
    (
        "what imports the rest",
        'API.runPythonInternal("import importlib; importlib")',
        'API._pyodide._base.pyimport_impl("importlib")',
    ),
    (
        "what its own program has",
        'API.runPythonInternal("import __main__; __main__.__dict__")',
        'o("__main__").__dict__',
    ),
    (
        "and what each program has",
        'API.runPythonInternal("import builtins; builtins.__dict__")',
        'o("builtins").__dict__',
    ),
    (
        "compiled when the worker's script is, and not looked through then and compiled when it is called",
        "async function _createPyodideModule(moduleArg={}){",
        "const _createPyodideModule=(async function(moduleArg={}){",
    ),
    (
        "which browsers do where a function stands in parentheses",
        "return moduleRtn}export default",
        "return moduleRtn});export default",
    ),
)
BEGIN = "function assignWasmExports(wasmExports){"
EXPORT = re.compile(r'(\w+)=Module\["\w+"\]=wasmExports\["\w+"\](?:\.value>>>0)?')
# What is evaluated so sees all names around it, and a bundler has to leave each as it is. What could ask for
# them comes with modules that are linked later.
DIRECT_EVAL = re.compile(r"(?<![\w.$])eval\(")
NAMES = re.compile(r"var (\w+(?:,\w+){1000,});")
# What the module gets, by name; what the glue shows to who uses it; and of what type a function is, which is
# asked only when a module that is linked later wants its address.
GIVEN = re.compile(r"var wasmImports=\{([^{}]*)\};")
SHOWN = re.compile(r'Module\["(\w+)"\]=\w+;')
MEMBER = re.compile(r'\.(\w+)|\["(\w+)"\]')
TYPED = re.compile(r'(?<=[;}])\w+\.sig="\w*";')


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
    return _without_unused_exports(DIRECT_EVAL.sub("(0,eval)(", glue), users)


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


def unlinked(glue: str, module: bytes, users: str) -> str:
    """The glue that gives only what a module imports, and shows only what somebody names.

    Args:
        glue: of `lean`.
        module: the whole that it is for; none is linked later.
        users: the texts that use it.

    Raises:
        ChangedError: it is no module, or the glue does not give what it imports.
    """
    imported = {
        each.name for kind, content in sections(module) if kind == IMPORTS for each in imports(content)
    }
    found = GIVEN.search(glue)
    given = [each for each in found[1].split(",") if each.partition(":")[0] in imported] if found else []
    if not found or len(given) != len(imported):
        raise ChangedError(f"{GLUE} is another one: it does not give what the module imports.")
    glue = glue[: found.start(1)] + ",".join(given) + glue[found.end(1) :]
    glue = TYPED.sub("", glue)
    named = {name for pair in MEMBER.findall(SHOWN.sub("", glue)) for name in pair}.union(
        IDENTIFIER.findall(users)
    )
    return SHOWN.sub(lambda shown: shown[0] if shown[1] in named else "", glue)


# --- The module's exports (WebAssembly Core Specification 2.0, part 5) ----------------------------


def lean_module(module: bytes, users: str) -> bytes:
    """The module without the exports that nobody names.

    Args:
        module: `pyodide.asm.wasm`.
        users: the texts that use it, the glue among them. They say `name` or, as Emscripten does, `_name`.
            What the module imports from `GOT.func` and `GOT.mem` are addresses of its own exports.

    Raises:
        ChangedError: it is no module, or one with things that this does not know.
    """
    used = set(IDENTIFIER.findall(users))
    kept = []
    for kind, content in sections(module):
        if kind == IMPORTS:
            used |= {each.name for each in imports(content) if each.where in ("GOT.func", "GOT.mem")}
        kept.append((kind, _exports(Bytes(content), used) if kind == EXPORTS else content))
    return joined(kept)


def _exports(source: "Bytes", used: set[str]) -> bytes:
    kept = []
    for _ in range(source.number()):
        begin = source.at
        name = source.vector().decode()
        source.byte()
        source.number()
        if name in used or f"_{name}" in used:
            kept.append(source.data[begin : source.at])
    return number(len(kept)) + b"".join(kept)


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
    texts = _texts(source, users)
    made = lean((source / GLUE).read_text("utf-8"), texts)
    (out / GLUE).write_text(made, "utf-8", newline="\n")
    (out / MODULE).write_bytes(lean_module((source / MODULE).read_bytes(), made + texts))


def unlink(folder: Path, users: Sequence[Path]) -> None:
    """Changes the glue to what the module there imports.

    Args:
        folder: what `write` wrote, without what nothing leads to in the module.
        users: as there.

    Raises:
        ChangedError: see `unlinked`.
    """
    path = folder / GLUE
    made = unlinked(path.read_text("utf-8"), (folder / MODULE).read_bytes(), _texts(folder, users))
    path.write_text(made, "utf-8", newline="\n")


def _texts(folder: Path, users: Sequence[Path]) -> str:
    """All that uses the glue."""
    return "".join([path.read_text("utf-8") for path in (folder / "pyodide.mjs", *users)])
