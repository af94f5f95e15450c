"""build.py: what it locks, what it builds, and that it needs nothing but Python."""

import ast
import base64
import contextlib
import gzip
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import build
from tools import environment, kept, lean, nodejs, runtime, static_site, telling, wasm, wheels
from tools.bundles import SCRIPT

ROOT = Path(__file__).resolve().parent.parent
LOCKS = sorted((ROOT / "requirements").glob("*.txt"))
ADDRESS = re.compile(r"https?://|git\+|file:|ssh:")


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

    assert {lock.name for lock in LOCKS} == {"build.txt", "dev.txt", "pure.txt", "run.txt", "xml.txt"}
    assert pins("build.txt") | pins("run.txt") | pins("pure.txt") | pins("xml.txt") < pins("dev.txt")
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
    # No script runs at installation, so esbuild must come as a program for each platform.
    for platform in ("linux-x64", "linux-arm64", "darwin-x64", "darwin-arm64", "win32-x64", "win32-arm64"):
        assert packages[f"node_modules/@esbuild/{platform}"]["version"] == wanted["dependencies"]["esbuild"]
        assert packages[f"node_modules/@esbuild/{platform}"]["optional"]
    for name, version in (wanted["dependencies"] | wanted["devDependencies"]).items():
        assert packages[f"node_modules/{name}"]["version"] == version
    assert wanted["private"]


# --- The program itself ---------------------------------------------------------------------------


def test_imports_only_the_standard_library() -> None:
    """And so does all that it imports of tools/, from there on."""
    seen, unread = set(), {"build"}
    while unread:
        seen.add(name := unread.pop())
        tree = ast.parse((ROOT / f"{name.replace('.', '/')}.py").read_text("utf-8"))
        imports = {
            alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom):
                module = node.module or ""
                imports |= {f"tools.{each.name}" for each in node.names} if module == "tools" else {module}
        unread |= {each for each in imports if each.startswith("tools.")} - seen
        assert {each.split(".")[0] for each in imports} <= {*sys.stdlib_module_names, "tools"}
    assert len(seen) > 8


def test_an_old_python_is_told(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 10, 1))
    assert build.main(["site"]) == 1
    assert "needs Python 3.11 or newer" in capsys.readouterr().err


@pytest.fixture
def empty(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A virtual environment that is not there yet, and an installation of one step that only counts."""
    monkeypatch.setattr(environment, "VENV", tmp_path / "venv")
    monkeypatch.setattr(environment, "STATE", tmp_path / "venv" / ".panda")
    lock = tmp_path / "lock.txt"
    lock.write_text("1")
    done = tmp_path / "done"
    done.write_text("")

    def install() -> None:
        done.write_text(done.read_text() + "installed ")

    def new_venv() -> None:
        python = environment.in_venv("python")
        python.parent.mkdir()
        python.touch()

    monkeypatch.setattr(environment, "STEPS", {"build": ((lock,), "nothing", install)})
    monkeypatch.setattr(environment, "new_venv", new_venv)
    return tmp_path


def test_installs_once_and_again_when_the_lock_changes(empty: Path) -> None:
    for lock in ("1", "1", "2", "2"):
        (empty / "lock.txt").write_text(lock)
        environment.ensure("build")
    assert (empty / "done").read_text() == "installed " * 2


def test_repairs_what_was_interrupted(empty: Path) -> None:
    environment.ensure("build")
    (empty / "venv" / "half.txt").write_text("left by a pip that was killed")
    (empty / "venv" / ".panda" / "begun-build").touch()
    environment.ensure("build")
    assert not (empty / "venv" / "half.txt").exists()
    assert (empty / "done").read_text() == "installed " * 2


def test_a_failure_of_pip_keeps_what_works(empty: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    environment.ensure("build")
    (empty / "venv" / "kept.txt").touch()

    def fail() -> None:
        raise telling.Problem("no network")

    monkeypatch.setitem(environment.STEPS, "test", ((empty / "lock.txt",), "nothing", fail))
    with pytest.raises(telling.Problem):
        environment.ensure("build", "test")
    environment.ensure("build")
    assert (empty / "venv" / "kept.txt").exists()


def test_leaves_strangers_alone(empty: Path) -> None:
    (empty / "venv").mkdir()
    (empty / "venv" / "precious").touch()
    with pytest.raises(telling.Problem, match=r"not of build\.py's making"):
        environment.ensure("build")
    with pytest.raises(telling.Problem, match="does not look like a site"):
        static_site.build_site(empty / "venv")
    assert (empty / "venv" / "precious").exists()


def test_says_how_to_get_venv(empty: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment, "find_spec", lambda name: None)
    with pytest.raises(telling.Problem, match="apt-get install python3-venv"):
        environment.ensure("build")


# --- The site -------------------------------------------------------------------------------------


def test_equal_sources_make_equal_sites(site: Path, tmp_path: Path, long: bool) -> None:
    """Built anew in another folder, by somebody with another clock, umask, language and zone."""
    copy, environment = checkout(tmp_path / "a folder of somebody else's"), tmp_path / "environment"
    if not long:  # what takes longest, and is somebody else's program
        lean_pyodide = runtime.lean_pyodide()
        shutil.copytree(lean_pyodide, copy / ".cache" / lean_pyodide.name, copy_function=linked)
    environment.mkdir()
    # Python reads a module of this name first.
    (environment / "sitecustomize.py").write_text(
        "import time\nnow = time.time\ntime.time = lambda: now() - 400 * 86_400\n", "utf-8"
    )
    arguments = ["site", "--plain", "--out", str(tmp_path / "again")]
    program = (
        "import sys, build; from pathlib import Path; from tools import environment, nodejs;"
        "environment.VENV = Path(sys.argv[1]); environment.ensure = lambda *_: None;"
        "nodejs.ensure_modules = lambda **_: None; sys.exit(build.main(sys.argv[2:]))"
    )
    others = {
        "PYTHONPATH": os.pathsep.join((str(environment), str(copy))),
        "PYTHONHASHSEED": "5",
        "SOURCE_DATE_EPOCH": "1700000000",
        "TZ": "Pacific/Chatham",
        "LC_ALL": "de_CH.UTF-8",
        "LANG": "de_CH.UTF-8",
    }
    subprocess.run(
        [sys.executable, "-c", program, ROOT / ".venv", *arguments],
        cwd=tmp_path,
        env=os.environ | others,
        umask=0o077,
        check=True,
    )
    found, expected = contents(tmp_path / "again"), contents(site)
    assert sorted(name for name in found | expected if found.get(name) != expected.get(name)) == []


def checkout(to: Path) -> Path:
    """Another copy of what a site is built from, with other times and modes; nothing that was built before."""
    to.mkdir()
    for name in ("LICENSE", "README.md", "build.py", "pyproject.toml"):
        shutil.copyfile(ROOT / name, to / name)
    for name in ("apps", "licenses", "panda_web", "requirements", "tools", "web"):
        ours = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, to / name, copy_function=shutil.copyfile, ignore=ours)
    for number, path in enumerate(sorted(to.rglob("*"))):
        path.chmod(0o700 if path.is_dir() else 0o600)
        os.utime(path, (1_000_000_000 + number, 1_000_000_000 + number))
    for name in ("@esbuild", "@rollup", "binaryen", "esbuild", "pyodide"):  # links, which are quicker
        shutil.copytree(ROOT / "node_modules" / name, to / "node_modules" / name, copy_function=linked)
    return to


def linked(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:  # another file system
        shutil.copy2(source, target)


def test_a_wheel_does_not_hang_on_who_built_it(tmp_path: Path) -> None:
    made = []
    for number, (kind, level) in enumerate([(zipfile.ZIP_DEFLATED, 9), (zipfile.ZIP_STORED, None)]):
        wheel = tmp_path / f"{number}.whl"
        with zipfile.ZipFile(wheel, "w", kind, compresslevel=level) as archive:
            for name in ("b.py", "a.py")[:: 1 if number else -1]:
                about = zipfile.ZipInfo(name, (2020 + number, 1, 1, 0, 0, 0))
                about.external_attr = (0o600, 0o755)[number] << 16
                archive.writestr(about, f"# {name}" * 100, kind)
        wheels.even(wheel)
        made.append(wheel.read_bytes())
        with zipfile.ZipFile(wheel) as archive:
            assert {name: archive.read(name) for name in archive.namelist()} == {
                name: f"# {name}".encode() * 100 for name in ("a.py", "b.py")
            }
    assert made[0] == made[1]


def test_the_sums_stand_for_the_whole_site(site: Path, tmp_path: Path) -> None:
    listed = dict(
        reversed(line.split("  ")) for line in (site / static_site.SUMS).read_text("utf-8").splitlines()
    )
    assert listed == {
        name: hashlib.sha256((site / name).read_bytes()).hexdigest()
        for name in contents(site)
        if name != static_site.SUMS
    }
    changed = shutil.copytree(site, tmp_path / "site")
    with (changed / "panda.js").open("a") as script:
        script.write("// and more\n")
    (changed / static_site.SUMS).unlink()
    static_site.write_sums(changed)
    assert (changed / static_site.SUMS).read_bytes() != (site / static_site.SUMS).read_bytes()


def test_two_builds_at_once_make_the_same(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(kept, "CACHE", tmp_path / "cache")

    def fill(out: Path) -> None:
        out.mkdir()
        (out / "file").write_text("made")

    def slowly(out: Path) -> None:
        kept.kept("thing", make=fill)  # another build, in the meantime
        fill(out)

    made = kept.kept("thing", make=slowly)
    assert contents(made) == contents(kept.kept("thing", make=fill))
    assert list(made.parent.iterdir()) == [made]


def glue(*exports: str) -> str:
    """Glue with all that an edit looks for, and exports; `_other…` are variables of other kinds."""
    names = ",".join([f"_{each}" for each in exports] + [f"_other{number}" for number in range(1000)])
    assigned = "".join(f'_{each}=Module["_{each}"]=wasmExports["{each}"];' for each in exports)
    memory = 'memory=Module["memory"]=wasmMemory=wasmExports["memory"]'
    edited = "".join(before for _, before, _ in lean.EDITS)
    return f"{edited}var {names};function assignWasmExports(wasmExports){{{assigned}{memory}}}_PyHere()"


def test_exports_that_nobody_names_are_left_out() -> None:
    whole = lean.lean(glue("PyHere", "PyThere", "PyNowhere"), "module._PyThere(3)")
    assert whole == lean.lean(glue("PyHere", "PyThere"), "module._PyThere(3)")
    assert len(whole) > len(lean.lean(glue("PyHere"), ""))


def test_a_start_evaluates_no_text() -> None:
    """Parser and compiler would be called, and a browser would compile them for that."""
    glue = (runtime.lean_pyodide() / lean.GLUE).read_text("utf-8")
    begin = glue.index("API.finalizeBootstrap=")
    start = glue[begin : glue.index("API.pyodide_py=", begin)]
    assert "pyimport_impl" in start
    assert not re.findall(r"rawRun|runPythonInternal\(|eval_code", start)


@pytest.mark.parametrize("edit", lean.EDITS, ids=lambda edit: edit[0])
def test_glue_that_is_another_one_is_not_edited(edit: tuple[str, str, str]) -> None:
    what, before, _ = edit
    for other in (glue().replace(before, ""), glue() + before):
        with pytest.raises(wasm.ChangedError, match=what):
            lean.lean(other, "")
    with pytest.raises(wasm.ChangedError):
        lean.lean(glue().replace("assignWasmExports", "assign"), "")


def counted(data: bytes) -> bytes:
    return bytes([len(data)]) + data


def small_module(*exports: str) -> bytes:
    """Exports a memory, and the one function, by several names; wants the address of `wanted`."""
    named = [counted(name.encode()) + b"\0\0" for name in exports] + [counted(b"memory") + b"\2\0"]
    sections = {
        1: b"\1\x60\0\0",
        2: b"\1" + counted(b"GOT.func") + counted(b"wanted") + b"\3\x7f\1",
        3: b"\1\0",
        5: b"\1\0\0",
        7: bytes([len(named)]) + b"".join(named),
        10: b"\1\2\0\x0b",
    }
    return wasm.PREAMBLE + b"".join(bytes([kind]) + counted(content) for kind, content in sections.items())


def test_the_module_exports_what_somebody_names() -> None:
    """`_named` is how the glue calls `named`; whose address is wanted must be there."""
    users = "module._named(memory)"
    whole = small_module("named", "unnamed", "wanted", "same")
    assert lean.lean_module(whole, users) == small_module("named", "wanted")
    assert lean.lean_module(whole, users + " same unnamed") == whole


def test_the_glue_gives_what_the_module_imports_and_shows_what_somebody_names() -> None:
    """What else it could give is for modules that are linked later, and so are the types of functions."""

    def made(given: str, typed: str, shown: str) -> str:
        return f"var wasmImports={{{given}}};{typed}{shown}Module.kept();"

    shown = [f'Module["{name}"]={name};' for name in ("kept", "ours", "play")]
    whole = made("wanted:_wanted,SDL:_SDL", '_wanted.sig="v";_SDL.sig="vi";', "".join(shown))
    lean_one = made("wanted:_wanted", "", "".join(shown[:2]))
    assert lean.unlinked(whole, small_module(), "module.ours") == lean_one
    for other in (whole.replace("wanted:", "other:"), whole.replace("wasmImports", "others")):
        with pytest.raises(wasm.ChangedError, match="does not give"):
            lean.unlinked(other, small_module(), "")


def test_half_of_the_glue_is_for_modules_that_are_linked_later() -> None:
    pyodide = runtime.lean_pyodide()
    glue = (pyodide / lean.GLUE).read_text("utf-8")
    assert "_fd_write" in glue
    assert not re.findall(r"function _(?:SDL|IMG|Mix|gl|emscripten_gl)[A-Z_]\w*", glue)
    assert len(glue) < 1 / 3 * (nodejs.MODULES / "pyodide" / lean.GLUE).stat().st_size


@given(st.binary().filter(lambda data: not data.startswith(wasm.PREAMBLE)))
def test_what_is_no_module_is_refused(data: bytes) -> None:
    with pytest.raises(wasm.ChangedError):
        lean.lean_module(data, "")


@given(st.integers(8, len(small_module("named")) - 1))
def test_a_module_that_is_cut_off_loses_nothing_in_silence(length: int) -> None:
    """Between two sections one may end; otherwise it is refused."""
    part = small_module("named")[:length]
    with contextlib.suppress(wasm.ChangedError):
        assert lean.lean_module(part, "named memory") == part


def parts_of(manifest: dict[str, Any]) -> list[dict[str, Any]]:
    """All files that a manifest names."""
    more = [*manifest["wheels"], *manifest["extensions"]]
    return [
        *(manifest[name] for name in ("runtime", "second", "cold", "library", "snapshot", "seldom")),
        *more,
    ]


def test_what_lies_beside_a_file_is_the_same_compressed(packed_site: Path, site: Path) -> None:
    files, packed_files = static_site.runtime(site), static_site.runtime(packed_site)
    for part in parts_of(json.loads((packed_files / "manifest.json").read_text("utf-8"))):
        assert part["packed"] == (packed_files / f"{part['file']}.br").stat().st_size
    for packed in packed_site.rglob("*.gz"):
        data = packed.with_suffix("").read_bytes()
        assert gzip.decompress(packed.read_bytes()) == data
        assert packed.with_suffix(".br").stat().st_size <= packed.stat().st_size
        assert packed.stat().st_size < len(data) or len(data) < 100  # what names another file, and no more
    plain = {name for name in contents(packed_site) if not name.endswith((".br", ".gz"))}
    assert {name.replace(packed_files.name, files.name) for name in plain} == set(contents(site))
    assert {f"{name}.gz" for name in plain} <= set(contents(packed_site))


def test_what_the_service_worker_keeps_is_no_copy(packed_site: Path, tmp_path: Path) -> None:
    """Listing again gives the same list: what lies beside the files now was not there then."""
    site = shutil.copytree(packed_site, tmp_path / "site")
    static_site.list_files(site)
    assert contents(site) == contents(packed_site)


def test_a_failed_build_leaves_the_old_site(
    site: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    out = tmp_path / "site"
    shutil.copytree(site, out)

    def fail(directory: Path, *_: object, packed: bool) -> None:
        (directory / "half.txt").touch()
        raise telling.Problem("in the middle")

    monkeypatch.setattr(static_site, "fill", fail)
    with pytest.raises(telling.Problem, match="in the middle"):
        static_site.build_site(out)
    assert contents(out) == contents(site)
    assert [path.name for path in tmp_path.iterdir()] == ["site"]


def test_manifest_tells_the_truth(site: Path) -> None:
    files = static_site.runtime(site)
    manifest = json.loads((files / "manifest.json").read_text("utf-8"))
    names = {"runtime", "second", "cold", "library", "snapshot", "seldom", "wheels", "extensions"}
    assert set(manifest) == {"version", "lock"} | names
    assert manifest["lock"]["packages"] == {}
    assert len(manifest["wheels"]) == 2
    parts = parts_of(manifest)
    assert {part["file"] for part in parts} == set(contents(files)) - {"manifest.json", "worker.js"}
    for part in parts:
        path = files / part["file"]
        algorithm = "sha384" if path.name in static_site.CHECKED_BY_PYTHON else "sha256"
        assert part == {**part, "integrity": hash_of(path, algorithm), "bytes": path.stat().st_size}
    second = (files / manifest["second"]["file"]).read_bytes()
    assert manifest["second"]["sha256"] == hashlib.sha256(second).hexdigest()
    assert [each["module"] for each in manifest["extensions"]] == ["panda_festival.worker"]
    for wheel in [*manifest["wheels"], *manifest["extensions"]]:
        assert (files / wheel["file"]).read_bytes() == (site / "wheels" / wheel["file"]).read_bytes()


def test_the_directory_is_named_by_what_is_in_it(site: Path, tmp_path: Path) -> None:
    """So a cache may keep it for ever."""
    names = {static_site.runtime(site).name}
    for number, name in enumerate(("manifest.json", "worker.js", "another.js")):
        files = tmp_path / str(number) / "runtime"
        shutil.copytree(static_site.runtime(site), files)
        static_site.name_runtime(files)
        assert static_site.runtime(files.parent).name == static_site.runtime(site).name
        files = static_site.runtime(files.parent).rename(files)
        (files / name).write_text("another one")
        static_site.name_runtime(files)
        names.add(static_site.runtime(files.parent).name)
    assert len(names) == 4


def hash_of(path: Path, algorithm: str = "sha256") -> str:
    return f"{algorithm}-{base64.b64encode(hashlib.new(algorithm, path.read_bytes()).digest()).decode()}"


@pytest.mark.parametrize("name", static_site.EMBEDDED)
def test_what_is_embedded_names_what_it_starts(site: Path, name: str) -> None:
    """Its two hashes are all that stands between a page and another Python."""
    script = (site / name).read_text("utf-8")
    files = static_site.runtime(site)
    assert f'RUNTIME = "{files.name}/";' in script
    assert f'WORKER = "{hash_of(files / "worker.js")}";' in script
    assert f'MANIFEST = "{hash_of(files / "manifest.json")}";' in script
    (first,) = re.findall(r"FIRST = (.+);", script)
    assert {part["file"]: part["integrity"] for part in json.loads(first)} == {
        name: hash_of(files / name) for name in ("pyodide.asm.wasm", "snapshot.bin")
    }


def test_heads_name_all_that_a_pages_script_imports(site: Path) -> None:
    imports = re.compile(r"\b(?:from|import) ?\"\./([\w-]+\.js)\"")
    for page in ("index.html", "data.html", "schemas.html", "demo.html"):
        html = (site / page).read_text("utf-8")
        needed = [script["name"] for script in SCRIPT.finditer(html)]
        own = len(needed)
        for script in needed:
            found = imports.findall((site / script).read_text("utf-8"))
            needed += sorted({*found} - {*needed})
        assert sorted(re.findall(r'<link rel="modulepreload" href="([\w-]+\.js)">', html)) == sorted(
            needed[own:]
        )
        assert ("panda.js" in needed) == (page != "demo.html")


def test_sealing_again_after_a_change(site: Path, tmp_path: Path) -> None:
    for name in (*static_site.EMBEDDED, "worker.js"):
        shutil.copyfile(site / name, tmp_path / name)
    worker = (
        shutil.copytree(static_site.runtime(site), tmp_path / static_site.runtime(site).name) / "worker.js"
    )
    worker.write_text("another one")
    static_site.seal(tmp_path)
    assert f'"{hash_of(worker)}"' in (tmp_path / "panda.js").read_text("utf-8")
    (tmp_path / "panda.js").write_text("")
    with pytest.raises(telling.Problem, match=r"panda\.js has no place for RUNTIME"):
        static_site.seal(tmp_path)


def test_the_site_holds_nothing_else(site: Path) -> None:
    """What the page or a website comes to by following addresses, and the licences."""
    used = {"index.html", "service-worker.js", "panda.js", "keep.js", "panda.d.ts", "worker.js"}
    used |= {name for name in contents(site) if name.startswith(("runtime-", "wheels/", "licenses/"))}
    used.add("SHA256SUMS")
    used |= {icon["src"] for icon in json.loads((site / "manifest.webmanifest").read_text("utf-8"))["icons"]}
    address = re.compile(r"""(?:\b(?:src|href)=|\bfrom ?|\bimport ?|\bimport\()["']([\w./-]+)["']""")
    for name in (unseen := ["index.html"]):
        for found in address.findall((site / name).read_text("utf-8")):
            target = (site / name).parent.joinpath(found).resolve().relative_to(site.resolve()).as_posix()
            used.add(target)
            if target not in unseen and target.endswith((".js", ".css", ".html")):
                unseen.append(target)
    assert used == set(contents(site))
    assert not [name for name in used if not re.fullmatch(r"[A-Za-z0-9_./-]+", name)]
    assert len(list((site / "wheels").iterdir())) == 3
    assert len(list((site / "licenses").iterdir())) == 5


def test_addresses_are_relative(site: Path) -> None:
    """So that the site works on any path, and nothing is asked of a third party."""
    absolute = re.compile(
        r"""(?:\b(?:src|href|action)=["']?|\burl\(["']?|\bimport\(?\s*["']|\bfrom\s*["']|\bfetch\(["'`]"""
        r"""|@import\s+["']|Worker\(["'])(?:/|https?:)"""
    )
    for path in site.rglob("*"):
        if path.suffix in {".html", ".css", ".js"} and path.parent.name != static_site.runtime(site).name:
            lines = [line for line in path.read_text("utf-8").splitlines() if not line.startswith("//")]
            found = [line for line in lines if absolute.search(line)]
            assert not found, (path.name, found)


def test_the_worker_is_one_file(site: Path) -> None:
    """It runs from a blob, where no other file can be imported; only Node's own are named, and never reached."""
    text = (static_site.runtime(site) / "worker.js").read_text("utf-8")
    assert not re.match(r"import\b", text), "esbuild writes what it leaves out first"
    imported = set(re.findall(r"""\bimport\(\s*["'`]([^"'`]+)["'`]\s*\)""", text))
    assert {name for name in imported if not name.startswith("node:")} <= {"ws", "functools"}
