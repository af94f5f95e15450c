"""The layers of docs/architecture.md, held by reading the imports, and what only one place may do."""

import ast
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import panda_web
from panda_web.errors import PandaError, all_errors

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "panda_web"

# A layer, and the layers that it may import: those in its line, and what they may import themselves.
LAYERS: dict[str, set[str]] = {
    "errors": set(),
    "strict_json": {"errors"},
    "negentropy": {"errors"},
    "bamboo": {"errors"},
    "messages": {"bamboo", "strict_json"},
    "keys": {"errors"},
    "log": {"bamboo", "keys"},
    "query": {"messages"},
    "records": {"messages"},
    "rpc": {"messages", "bamboo", "query"},
    "client": {"rpc", "log", "records"},
    "sync": {"rpc", "log", "negentropy"},
    "archive": {"sync"},
    "node": {"log", "messages", "rpc", "negentropy"},
    "server": {"node", "rpc"},
    "browser": {"client", "node", "archive"},
    "cli": {"client", "server", "node", "archive"},
}
# What is built on the package lies beside it, and may import these; nothing of the package imports it.
APPLICATION = {"client"}
# Where an application adds to the worker and to the command: two of its modules, and what they may import besides.
ADDING = {"worker": {"browser"}, "command": {"cli"}}
# Besides the standard library, and anything for the two layers that compose.
THIRD_PARTY: dict[str, set[str]] = {
    "keys": {"cryptography", "pure25519"},
    "rpc": {"httpx", "websockets"},
    "server": {"h11", "starlette", "uvicorn", "uvloop", "websockets"},
    "browser": {"js", "pyodide"},
    "cli": {"ifaddr", "platformdirs", "rich", "starlette", "typer", "uvicorn", "zeroconf"},
}
OF_APPLICATIONS = {"defusedxml", "rich", "typer"}
# No clock, no randomness, no files, no network in what only computes.
PURE = ("bamboo", "messages", "negentropy", "query", "strict_json")
IMPURE = {
    "asyncio",
    "datetime",
    "http",
    "io",
    "os",
    "pathlib",
    "random",
    "secrets",
    "socket",
    "sqlite3",
    "time",
    "uuid",
}
FILES = sorted(path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py")
SCRIPTS = sorted([*(ROOT / "web").rglob("*.js"), *(ROOT / "apps").rglob("*.js")])
APPS = sorted((ROOT / "apps").glob("*/panda_*/**/*.py"))


def layer_of(module: str) -> str:
    """The layer of a module; the root package re-exports the client."""
    return module.split(".")[1] if "." in module else "__version__"


def imports(path: Path, *, typing: bool = True) -> Iterator[str]:
    """Every module that a file imports, also inside functions; and for who checks types, unless told."""
    tree = ast.parse(path.read_text("utf-8"))
    guarded = [
        each
        for node in ast.walk(tree)
        if not typing and isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for each in node.body
    ]
    for node in (each for each in ast.walk(tree) if each not in guarded):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute here"
            module = node.module or ""
            # `from panda_web import log` imports panda_web.log, but `import __version__` a name
            yield from (
                f"{module}.{alias.name}" if (PACKAGE.parent / module.replace(".", "/")).is_dir() else module
                for alias in node.names
            )


def allowed(layer: str) -> set[str]:
    below = LAYERS[layer]
    return {layer}.union(below, *(allowed(other) for other in below))


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_down_only(path: Path) -> None:
    layer = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    for module in imports(path):
        top = module.split(".")[0]
        if top == "panda_web":
            name = layer_of(module)
            if name in panda_web.__all__ or name == "__version__":
                assert layer in ("browser", "cli"), f"{layer} imports the root package"
            else:
                assert name in allowed(layer), f"{layer} imports {module}"
        elif top in sys.stdlib_module_names:
            assert layer not in PURE or top not in IMPURE, f"{layer} imports {module}"
        else:
            assert top in THIRD_PARTY.get(layer, set()), f"{layer} imports {module}"


@pytest.mark.parametrize("path", APPS, ids=lambda path: path.stem)
def test_an_application_is_built_on_the_client(path: Path) -> None:
    package = next(each for each in path.parents if each.name.startswith("panda_")).name
    layers = set().union(*(allowed(layer) for layer in APPLICATION | ADDING.get(path.stem, set())))
    for module in imports(path):
        top = module.split(".")[0]
        if top == "panda_web":
            name = layer_of(module)
            assert name in layers or name in panda_web.__all__, f"{path.stem} imports {module}"
        else:
            assert top in {package, *OF_APPLICATIONS, *sys.stdlib_module_names}, (
                f"{path.stem} imports {module}"
            )


def test_every_file_has_its_layer() -> None:
    assert {path.relative_to(PACKAGE).parts[0].removesuffix(".py") for path in FILES} == set(LAYERS)


def test_the_picture_names_every_layer() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    for layer in LAYERS:
        assert re.search(rf"\b{layer}(\.py|/)", text), layer


def calls(path: Path) -> Iterator[tuple[str, int]]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call):
            function = node.func
            yield (
                (function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")),
                node.lineno,
            )


def test_only_log_makes_signed_and_verified_entries() -> None:
    for path in FILES:
        made = [name for name, _ in calls(path) if name in ("SignedEntry", "VerifiedEntry")]
        assert not made or path == PACKAGE / "log.py", path


def test_early_nodes_are_behind_their_dialect() -> None:
    """Who tells which dialect a node speaks knows of early nodes, and nobody else."""
    early = PACKAGE / "client" / "early"
    for path in FILES:
        knows = any(module.startswith("panda_web.client.early") for module in imports(path))
        assert not knows or path.is_relative_to(early) or path == PACKAGE / "client" / "contact.py", path


def test_only_the_command_reads_the_environment() -> None:
    for path in FILES:
        text = path.read_text("utf-8")
        assert path.is_relative_to(PACKAGE / "cli") or not re.search(
            r"os\.environ|getenv|platformdirs", text
        ), path


def test_no_language_inside_strings_of_the_other() -> None:
    """Python in JavaScript goes by files, and so does JavaScript in Python."""
    for path in SCRIPTS:
        assert not re.search(r"runPython|pyodide\.run", path.read_text("utf-8")), path
    for path in (*FILES, *APPS):
        assert "run_js" not in path.read_text("utf-8"), path
        assert not [line for name, line in calls(path) if name == "eval"], path


def test_every_rule_has_one_word() -> None:
    """Reasons are stable and unique, kebab-case, and every error says in its docstring what it means."""
    for path in FILES:
        if path.relative_to(PACKAGE).parts[0] != "browser":  # needs a browser to import
            module = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
            __import__(module)
    for path in APPS:
        if path.stem != "worker":  # the same
            __import__(f"{path.parent.name}.{path.stem}".removesuffix(".__init__"))
    reasons: dict[str, type[PandaError]] = {}
    for error in all_errors():
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", error.reason), error
        assert reasons.setdefault(error.reason, error) is error, f"{error} and {reasons[error.reason]}"
        assert error.__doc__, error


OUTSIDE = ("node", "client", "rpc", "sync", "archive")
"""Parts of the package whose tests look at them from outside."""
INSIDE = {
    # A tab that dies, or freezes, between two steps of its lease.
    "client/test_lock.py": {"_take", "_give_back", "_holder"},
}


def test_tests_look_at_the_outside() -> None:
    """What is private may become otherwise, and no test is to be changed for it."""
    for path in sorted(path for part in OUTSIDE for path in (ROOT / "tests" / part).rglob("*.py")):
        name = path.relative_to(ROOT / "tests").as_posix()
        inside = {
            node.attr
            for node in ast.walk(ast.parse(path.read_text("utf-8")))
            if isinstance(node, ast.Attribute)
            and re.match("_[a-z]", node.attr)
            and not (isinstance(node.value, ast.Name) and node.value.id in ("self", "cls"))
        }
        assert inside - {"_replace", "_asdict"} == INSIDE.get(name, set()), name


def test_one_version() -> None:
    assert f'const VERSION = "{panda_web.__version__}";' in (ROOT / "web" / "panda" / "site.js").read_text(
        "utf-8"
    )
    assert f'version = "{panda_web.__version__}"' in (ROOT / "pyproject.toml").read_text("utf-8")


def test_files_stay_readable() -> None:
    """A file of more than 400 lines is a sign of two concepts."""
    for path in {*FILES, *APPS, *SCRIPTS, *(ROOT / "tools").glob("*.py")}:
        assert len(path.read_text("utf-8").splitlines()) <= 400, path


def test_vectors_are_data() -> None:
    for path in (ROOT / "tests" / "vectors").glob("*.json"):
        json.loads(path.read_text("utf-8"))


NOT_IN_A_TAB = {"cli", "server"}
"""Layers."""


def constants(script: Path, name: str) -> set[str]:
    """The texts in a tuple of a script that only Pyodide can run."""
    for node in ast.parse(script.read_text("utf-8")).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == name:
            return {part.value for part in ast.walk(node.value) if isinstance(part, ast.Constant)}
    raise AssertionError(f"{script.name} has no {name}")


def test_what_a_tab_imports_late_is_in_its_snapshot() -> None:
    """It holds the package in memory, awake or asleep, and there is no file that a module could be read from."""
    elsewhere = constants(ROOT / "tools" / "asleep.py", "MODULES_ELSEWHERE")
    for module in elsewhere:
        assert (ROOT / f"{module.replace('.', '/')}.py").exists(), module
    for path in (path for path in FILES if path.relative_to(PACKAGE).parts[0] not in NOT_IN_A_TAB):
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        if module in elsewhere or path == PACKAGE / "client" / "defaults.py":  # what a client has in CPython
            continue
        assert not elsewhere.intersection(imports(path, typing=False)), path
    assert constants(ROOT / "tools" / "asleep.py", "LAYERS_ELSEWHERE") == NOT_IN_A_TAB
    # What hurries is not asleep.
    awake = constants(ROOT / "tools" / "snapshot.py", "NEEDED")
    assert {"panda_web.browser.worker", "panda_web.client.subscribing", "panda_web.rpc.inbox"} <= awake
