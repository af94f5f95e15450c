"""build.py: what it locks, what it builds, and that it needs nothing but Python."""

import ast
import hashlib
import importlib.util
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from tests.browsers import StaticServer, Tab

ROOT = Path(__file__).resolve().parent.parent
LOCKS = sorted((ROOT / "requirements").glob("*.txt"))
ADDRESS = re.compile(r"https?://|git\+|file:|ssh:")


@pytest.fixture(scope="module")
def build() -> ModuleType:
    spec = importlib.util.spec_from_file_location("build_under_test", ROOT / "build.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def contents(directory: Path) -> dict[str, str]:
    return {
        path.relative_to(directory).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in directory.rglob("*")
        if path.is_file()
    }


# --- Locks ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_python_locks(lock: Path) -> None:
    text = lock.read_text("utf-8")
    assert not ADDRESS.search(text)
    lines = [
        line for line in text.replace("\\\n", " ").splitlines() if line and not line.lstrip().startswith("#")
    ]
    assert lines
    for line in lines:
        assert re.match(r"[a-z0-9-]+==\S+ ", line), line
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", line), line


def test_locks_agree() -> None:
    def pins(name: str) -> set[str]:
        return set(
            re.findall(
                r"^([a-z0-9-]+==[^\s;]+)", (ROOT / "requirements" / name).read_text("utf-8"), re.MULTILINE
            )
        )

    assert {lock.name for lock in LOCKS} == {"build.txt", "dev.txt", "pure.txt", "run.txt"}
    assert pins("build.txt") | pins("run.txt") | pins("pure.txt") < pins("dev.txt")
    assert not {pin.split("==")[0] for pin in pins("run.txt") | pins("build.txt")} & {
        "pytest",
        "mypy",
        "playwright",
    }


def test_node_lock() -> None:
    text = (ROOT / "package-lock.json").read_text("utf-8")
    assert not ADDRESS.search(text)
    packages = json.loads(text)["packages"]
    wanted = json.loads((ROOT / "package.json").read_text("utf-8"))
    assert all(one["integrity"].startswith("sha512-") for name, one in packages.items() if name)
    for name, version in (wanted["dependencies"] | wanted["devDependencies"]).items():
        assert packages[f"node_modules/{name}"]["version"] == version
    assert wanted["private"]


# --- The program itself ---------------------------------------------------------------------------


def test_imports_only_the_standard_library() -> None:
    tree = ast.parse((ROOT / "build.py").read_text("utf-8"))
    imports = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imports |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {name.split(".")[0] for name in imports} <= sys.stdlib_module_names


def test_an_old_python_is_told(
    build: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 10, 1))
    assert build.main(["site"]) == 1
    assert "needs Python 3.11 or newer" in capsys.readouterr().err


@pytest.fixture
def empty(build: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A virtual environment that is not there yet, and an installation of one step that only counts."""
    monkeypatch.setattr(build, "VENV", tmp_path / "venv")
    monkeypatch.setattr(build, "STATE", tmp_path / "venv" / ".panda")
    lock = tmp_path / "lock.txt"
    lock.write_text("1")
    done = tmp_path / "done"
    done.write_text("")

    def install() -> None:
        done.write_text(done.read_text() + "installed ")

    def new_venv() -> None:
        python = build.in_venv("python")
        python.parent.mkdir()
        python.touch()

    monkeypatch.setattr(build, "STEPS", {"build": (lock, "nothing", install)})
    monkeypatch.setattr(build, "new_venv", new_venv)
    return tmp_path


def test_installs_once_and_again_when_the_lock_changes(build: ModuleType, empty: Path) -> None:
    for lock in ("1", "1", "2", "2"):
        (empty / "lock.txt").write_text(lock)
        build.ensure("build")
    assert (empty / "done").read_text() == "installed " * 2


def test_repairs_what_was_interrupted(build: ModuleType, empty: Path) -> None:
    build.ensure("build")
    (empty / "venv" / "half.txt").write_text("left by a pip that was killed")
    (empty / "venv" / ".panda" / "begun-build").touch()
    build.ensure("build")
    assert not (empty / "venv" / "half.txt").exists()
    assert (empty / "done").read_text() == "installed " * 2


def test_a_failure_of_pip_keeps_what_works(
    build: ModuleType, empty: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build.ensure("build")
    (empty / "venv" / "kept.txt").touch()

    def fail() -> None:
        raise build.Problem("no network")

    monkeypatch.setitem(build.STEPS, "test", (empty / "lock.txt", "nothing", fail))
    with pytest.raises(build.Problem):
        build.ensure("build", "test")
    build.ensure("build")
    assert (empty / "venv" / "kept.txt").exists()


def test_leaves_strangers_alone(build: ModuleType, empty: Path) -> None:
    (empty / "venv").mkdir()
    (empty / "venv" / "precious").touch()
    with pytest.raises(build.Problem, match=r"not of build\.py's making"):
        build.ensure("build")
    with pytest.raises(build.Problem, match="does not look like a site"):
        build.build_site(empty / "venv")
    assert (empty / "venv" / "precious").exists()


def test_says_how_to_get_venv(build: ModuleType, empty: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "find_spec", lambda name: None)
    with pytest.raises(build.Problem, match="apt-get install python3-venv"):
        build.ensure("build")


# --- The site -------------------------------------------------------------------------------------


def test_equal_sources_make_equal_sites(site: Path, tmp_path: Path) -> None:
    subprocess.run([sys.executable, ROOT / "build.py", "site", "--out", tmp_path / "again"], check=True)
    assert contents(tmp_path / "again") == contents(site)


def test_a_failed_build_leaves_the_old_site(
    site: Path, build: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    out = tmp_path / "site"
    shutil.copytree(site, out)

    def fail(directory: Path) -> None:
        (directory / "half.txt").touch()
        raise build.Problem("in the middle")

    monkeypatch.setattr(build, "fill", fail)
    with pytest.raises(build.Problem, match="in the middle"):
        build.build_site(out)
    assert contents(out) == contents(site)
    assert [path.name for path in tmp_path.iterdir()] == ["site"]


def test_manifest_tells_the_truth(site: Path) -> None:
    manifest = json.loads((site / "manifest.json").read_text("utf-8"))
    assert set(manifest) == {"version", "pyodide", "wheels"}
    listed = {
        manifest["pyodide"]["directory"] + name: file for name, file in manifest["pyodide"]["files"].items()
    }
    listed |= {wheel["file"]: wheel for wheel in manifest["wheels"]}
    assert len(manifest["wheels"]) == 2
    there = {
        name: digest for name, digest in contents(site).items() if name.startswith(("pyodide/", "wheels/"))
    }
    assert {name: file["sha256"] for name, file in listed.items()} == there
    assert all((site / name).stat().st_size == file["bytes"] for name, file in listed.items())


def test_the_site_holds_nothing_else(site: Path) -> None:
    allowed = re.compile(
        r"[a-z0-9_/-]+\.(html|css|js|svg|png|ico|webmanifest|py)|manifest\.json|licenses/[A-Za-z0-9.-]+\.txt"
        r"|pyodide/(pyodide\.mjs|pyodide\.asm\.mjs|pyodide\.asm\.wasm|python_stdlib\.zip|pyodide-lock\.json)"
        r"|wheels/(panda_web|pure25519)-[0-9.]+-py3-none-any\.whl"
    )
    assert not [name for name in contents(site) if not allowed.fullmatch(name)]
    assert len(list((site / "licenses").iterdir())) == 4


def test_addresses_are_relative(site: Path) -> None:
    """So that the site works on any path, and nothing is asked of a third party."""
    absolute = re.compile(
        r"""(?:\b(?:src|href|action)=["']?|\burl\(["']?|\bimport\(?\s*["']|\bfrom\s+["']|\bfetch\(["'`]"""
        r"""|@import\s+["']|Worker\(["'])(?:/|https?:)"""
    )
    for path in site.rglob("*"):
        if path.suffix in {".html", ".css", ".js"} and path.parent.name != "pyodide":
            found = [line for line in path.read_text("utf-8").splitlines() if absolute.search(line)]
            assert not found, (path.name, found)


def test_pyodide_starts_from_the_site(
    site: Path, tmp_path: Path, open_tab: Callable[[], Tab], serve_files: Callable[..., StaticServer]
) -> None:
    """In a worker, below a sub-path, with the wheels unpacked; and every request stays within the site."""
    place = tmp_path / "some" / "where"
    shutil.copytree(site, place)
    (place / "bare.html").write_text("<!doctype html><link rel=icon href='data:,'>")
    (place / "try.js").write_text(
        """
        const base = new URL(".", self.location.href);
        const manifest = await (await fetch(new URL("manifest.json", base))).json();
        const directory = new URL(manifest.pyodide.directory, base);
        const { loadPyodide } = await import(new URL("pyodide.mjs", directory).href);
        const pyodide = await loadPyodide({ indexURL: directory.href });
        for (const { file } of manifest.wheels) {
          pyodide.unpackArchive(await (await fetch(new URL(file, base))).arrayBuffer(), "wheel");
        }
        self.postMessage(pyodide.runPython(`
            import sqlite3
            import panda_web
            import pure25519.eddsa as e
            e.create_verifying_key(bytes(32)).hex()
        `));
        """
    )
    server = serve_files(tmp_path)
    tab = open_tab()
    tab.goto(f"{server.url}some/where/bare.html")
    said = tab.evaluate(
        """() => new Promise((answer, refuse) => {
            const worker = new Worker("try.js", { type: "module" });
            worker.onmessage = (event) => answer(event.data);
            worker.onerror = (event) => refuse(new Error(event.message));
        })""",
        timeout=120,
    )
    assert said == "3b6a27bcceb6a42d62a3a8d02a6f0d73653215771de243a63ac048a18b59da29"
    assert all(" /some/where/" in line and line.endswith(" 200") for line in server.requests), server.requests
