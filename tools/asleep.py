"""Runs in a Pyodide of its own while a site is built: makes the code of modules that sleep.

Most are in the snapshot, asleep; seldom ones in a file beside it.

It is not made where the snapshot is, since that would leave much behind in its memory.
"""

import ast
import marshal
import sys
import zipimport
from collections.abc import Iterator
from pathlib import Path

import pure25519

import panda_web
from panda_web.browser.bare import bare

# What only a node on a server, the command and a notebook have use for.
LAYERS_ELSEWHERE = ("cli", "server")
MODULES_ELSEWHERE = (
    *("panda_web.client.file", "panda_web.keys.file", "panda_web.keys.with_cryptography"),
    *("panda_web.rpc.http", "panda_web.rpc.websocket", "panda_web.sync.peers"),
    "panda_web.browser.bare",  # makes the codes, here and for the snapshot
    *("panda_web.browser.shapes", "panda_web.browser.log_shapes"),  # read by who checks types
)
# Ed25519 in Python, for browsers that have none or one that goes wrong.
ARITHMETIC = ("pure25519", "pure25519.basic", "pure25519.eddsa")
DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
# What few visits use, most of it late: it travels in a file of its own, once the page is at rest. Names of
# modules, and of packages with all that is in them.
SELDOM = (
    *(
        "ast",
        "inspect",
        "ipaddress",
        "shutil",
        "token",
        "tokenize",
        "panda_web.archive",
        "panda_web.browser.archiving",
        "panda_web.client.early",
    ),
    *("panda_web.client.live_records", "panda_web.client.typed", "panda_web.records"),
    *("panda_web.rpc.public", "panda_web.sync.gathering"),
)
# Of the standard library: what the node imports, and no page at its start; and what sleeps where it was.
LIBRARY = (
    *("ast", "datetime", "inspect", "ipaddress", "shutil", "sqlite3", "sqlite3.dbapi2", "token", "tokenize"),
    *("urllib", "urllib.parse"),
)


def stripped(source: str) -> str:
    """A module's source without what is for people: comments, docstrings, annotations of functions."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            node.returns = None
        elif isinstance(node, ast.arg):
            node.annotation = None
        if isinstance(node, DOCUMENTED) and ast.get_docstring(node) is not None:
            node.body[0:1] = [] if len(node.body) > 1 else [ast.Pass()]
    import_late(tree)
    return ast.unparse(tree)


def import_late(tree: ast.Module) -> None:
    """Has a module import a seldom one of the standard library where it uses it, if only functions do."""
    functions = [each for each in ast.walk(tree) if isinstance(each, ast.FunctionDef)]
    for statement in tree.body:
        if isinstance(statement, ast.Import) and (name := statement.names[0].name) in SELDOM:
            users = [each for each in functions if uses(each, name)]
            if uses(tree, name) - set[ast.AST]().union(*(uses(each, name) for each in users)):
                return
            tree.body.remove(statement)
            for each in users:
                each.body.insert(0, statement)
            return


def uses(tree: ast.AST, name: str) -> set[ast.AST]:
    """Where a name stands in something."""
    return {node for node in ast.walk(tree) if isinstance(node, ast.Name) and node.id == name}


def sources() -> Iterator[tuple[str, str, str, bool]]:
    """Each module: its name, its source, its file, and whether it is a package."""
    root = Path(panda_web.__path__[0])
    for path in sorted(root.rglob("*.py")):
        file = path.relative_to(root.parent)
        name = ".".join(file.with_suffix("").parts).removesuffix(".__init__")
        if file.parts[1] not in LAYERS_ELSEWHERE and name not in MODULES_ELSEWHERE:
            yield name, path.read_text("utf-8"), file.as_posix(), path.name == "__init__.py"
    packages = Path(pure25519.__path__[0]).parent
    for name in ARITHMETIC:
        is_package = name == pure25519.__name__
        file = Path(*name.split("."), *(["__init__"] if is_package else [])).with_suffix(".py")
        yield name, (packages / file).read_text("utf-8"), file.as_posix(), is_package
    archive = next(entry for entry in sys.path if entry.endswith(".zip"))
    for name in LIBRARY:
        folder, _, module = name.rpartition(".")
        library = zipimport.zipimporter(f"{archive}/{folder}".rstrip("/"))
        yield name, library.get_source(module) or "", f"{name}.py", library.is_package(module)


def code(source: str, file: str) -> bytes:
    """What is run of a module. In a traceback its files and names say enough: nobody has its lines there."""
    return marshal.dumps(bare(compile(stripped(source), file, "exec", dont_inherit=True), {}))


def is_seldom(name: str) -> bool:
    """Whether a module travels later than the others."""
    return any(f"{name}.".startswith(f"{each}.") for each in SELDOM)


codes = {name: (code(source, file), is_package) for name, source, file, is_package in sources()}
seldom = {name: made for name, made in codes.items() if is_seldom(name)}
usual = {name: made for name, made in codes.items() if name not in seldom}
Path("/seldom").write_bytes(marshal.dumps(seldom))
Path("/asleep").write_bytes(marshal.dumps((usual, tuple(seldom))))
