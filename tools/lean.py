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
    texts = "".join([path.read_text("utf-8") for path in (source / "pyodide.mjs", *users)])
    made = lean((source / GLUE).read_text("utf-8"), texts)
    (out / GLUE).write_text(made, "utf-8", newline="\n")
    (out / MODULE).write_bytes(lean_module((source / MODULE).read_bytes(), made + texts))
