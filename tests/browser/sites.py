"""Copies of the built site that differ in something, for tests."""

import ast
import json
import shutil
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tools.runtime import COLD, RUNTIME, SECOND, SELDOM, SNAPSHOT, snapshot, split_pyodide, usual_functions
from tools.static_site import entry, runtime, seal

TESTS = Path(__file__).resolve().parent.parent
HARNESS = TESTS / "browser" / "harness"
PYTHON_KEPT = "async () => (await (await caches.open('panda-web')).keys()).length === 8"
"""JavaScript: whether this browser keeps all that Python is made of, what comes at rest too. Then no host is needed."""
PAGE_KEPT = PYTHON_KEPT.replace("8", "9")
"""The same on a page of the site, which has the application's wheel too."""


def copy_site(site: Path, out: Path, files: Mapping[str, str | bytes | None]) -> Path:
    """The site, or a part of it, with some files replaced, added, or (None) taken away."""
    shutil.copytree(site, out)
    for name, content in files.items():
        path = out / name
        if content is None:
            path.unlink()
        else:
            path.write_bytes(content.encode() if isinstance(content, str) else content)
    return out


def with_prefix(site: Path, out: Path, prefix: Path) -> Path:
    """The site, with a script that runs in the worker before everything else: for browsers that lack things."""
    copy_site(site, out, {})
    runs_before(runtime(out) / "worker.js", prefix)
    seal(out)
    return out


def runs_before(worker: Path, prefix: Path) -> None:
    """Has a script run before everything else in a worker."""
    worker.write_text(prefix.read_text("utf-8") + worker.read_text("utf-8"), "utf-8")


def harness_site(site: Path, out: Path) -> Path:
    """What Python starts from, with a page, and one more wheel with the contract suites, vectors and `runner`.

    They read files, so Python starts without a snapshot.
    """
    members = [*sorted((TESTS / "contracts").glob("*.py")), HARNESS / "checks.py"]
    members += [TESTS / "vectors" / name for name in ("corpus.json", "ed25519.json")]
    wheel = _wheel(out, {path.relative_to(TESTS.parent).as_posix(): path for path in members})
    manifest = manifest_of(site)
    del manifest["snapshot"]
    manifest["wheels"].append(entry(wheel) | {"file": "harness.whl"})
    return copy_site(runtime(site), out, _page(manifest) | {"harness.whl": wheel.read_bytes()})


def frozen_harness_site(
    site: Path, out: Path, checks: Path = HARNESS / "awake.py", *more: Path, cold: bool = False
) -> Path:
    """The same with other checks, in a snapshot made of them.

    Args:
        site: the built site.
        out: where to write it.
        checks: the module that stands in the place of harness/checks.py.
        more: what it imports besides the package.
        cold: whether all that can come later does: of Python's module, and of its functions.
    """
    members = {path.relative_to(TESTS.parent).as_posix(): path for path in more}
    wheel = _wheel(out, {"tests/browser/harness/checks.py": checks, **members})
    manifest = manifest_of(site)
    wheels, extensions = frozen_in(site)
    pyodide = split_pyodide(wheels, extensions, cold=cold)
    own = {"tests.browser.harness.checks": checks, "panda_web.browser.worker": HARNESS / "runner.py"}
    usual = frozenset() if cold else usual_functions(wheels, extensions).union(_functions(own))
    made = _start_from(manifest, pyodide, snapshot(pyodide, [*wheels, wheel], {}, usual))
    return copy_site(runtime(site), out, _page(manifest) | made)


def _start_from(manifest: dict[str, Any], pyodide: Path, frozen: Path) -> dict[str, bytes]:
    """Files that Python starts from, by their names; the manifest says so then."""
    of = {"runtime": pyodide / RUNTIME, "second": pyodide / SECOND}
    of |= {"snapshot": frozen / SNAPSHOT, "seldom": frozen / SELDOM, "cold": frozen / COLD}
    for part, path in of.items():
        manifest[part] |= entry(path)
    return {path.name: path.read_bytes() for path in of.values()}


def frozen_in(site: Path) -> tuple[list[Path], dict[str, Path]]:
    """The wheels that the site's snapshot is made of, and those of applications by their modules."""
    manifest = manifest_of(site)
    wheels = [site / "wheels" / each["file"] for each in manifest["wheels"]]
    return wheels, {each["module"]: site / "wheels" / each["file"] for each in manifest["extensions"]}


def make_cold(www: Path, *functions: str) -> None:
    """Changes a site: the code of these functions comes later. Of none, all that can does, of the module too."""
    files, manifest, wheels = runtime(www), manifest_of(www), frozen_in(www)
    pyodide = split_pyodide(*wheels, cold=not functions)
    usual = usual_functions(*wheels).difference(functions) if functions else ()
    for name, data in _start_from(manifest, pyodide, snapshot(pyodide, *wheels, usual)).items():
        (files / name).unlink()  # which may be a link
        (files / name).write_bytes(data)
    (files / "manifest.json").write_text(json.dumps(manifest), "utf-8")
    seal(www)


def manifest_of(site: Path) -> dict[str, Any]:
    """What the worker loads."""
    manifest: dict[str, Any] = json.loads((runtime(site) / "manifest.json").read_text("utf-8"))
    return manifest


def _functions(modules: Mapping[str, Path]) -> Iterator[str]:
    """The names of functions and methods in modules."""
    for module, path in modules.items():
        for node in ast.parse(path.read_text("utf-8")).body:
            inside = node.body if isinstance(node, ast.ClassDef) else [node]
            names = [each.name for each in inside if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)]
            way = f"{module}.{node.name}" if isinstance(node, ast.ClassDef) else module
            yield from (f"{way}.{name}" for name in names)


class _Asserting(ast.NodeTransformer):
    def visit_Assert(self, node: ast.Assert) -> ast.If:
        words = [node.msg] if node.msg is not None else []
        failed = ast.Raise(ast.Call(ast.Name("AssertionError"), words, []))
        return ast.copy_location(ast.If(ast.UnaryOp(ast.Not(), node.test), [failed], []), node)


def _with_assertions(source: str) -> str:
    """A module whose `assert` holds in a snapshot too, where Python leaves such statements out."""
    return ast.unparse(ast.fix_missing_locations(_Asserting().visit(ast.parse(source))))


def _wheel(out: Path, members: Mapping[str, Path]) -> Path:
    wheel = out.with_suffix(".whl")
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, path in members.items():
            if path.suffix == ".py":
                archive.writestr(name, _with_assertions(path.read_text("utf-8")))
            else:
                archive.write(path, name)
        archive.write(HARNESS / "runner.py", "panda_web/browser/worker.py")
    return wheel


def _page(manifest: Mapping[str, Any]) -> dict[str, str | bytes | None]:
    files: dict[str, str | bytes | None] = {
        path.name: path.read_bytes() for path in sorted(HARNESS.iterdir()) if path.suffix in (".js", ".html")
    }
    return files | {"manifest.json": json.dumps(manifest)}
