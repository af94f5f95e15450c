"""The static site, for any web server, on any path.

A page trusts panda.js. That has the hashes of the worker and of the manifest, and the manifest has those of
all else that Python starts from.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shutil
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tools import environment, nodejs
from tools.bundles import WEB, bundle, bundle_elements, bundle_pages, bundle_worker
from tools.event import Event, dress
from tools.kept import ROOT, digest
from tools.packing import compress, compress_rest, names_in
from tools.runtime import (
    COLD,
    PYODIDE_FILES,
    SECOND,
    SELDOM,
    SNAPSHOT,
    measures,
    snapshot,
    split_pyodide,
    usual_functions,
)
from tools.telling import Problem, progress, say
from tools.wheels import even, own_wheel, pure25519_wheel, write_library

FESTIVAL = ROOT / "apps" / "festival"
# The pages of the site, each in a folder: its .html, and beside that what it is made of.
PAGES = (FESTIVAL / "page", *(WEB / "pages" / name for name in ("schemas", "data", "demo")))
# What websites embed; each says by hashes what it starts.
EMBEDDED = ("panda.js", "elements.js")
# Applications that add to the worker, for the site's own pages: the module that says what, and where their
# wheel is built from.
EXTENSIONS = {"panda_festival.worker": FESTIVAL}
# What each first start needs, as the manifest calls it: panda.js fetches that at once with the worker.
FIRST = ("runtime", "snapshot")
# What imports bring at once, which Python checks (panda_web/browser/frozen.py).
CHECKED_BY_PYTHON = (PYODIDE_FILES["library"], SELDOM)
# The hashes of a site's files, as `sha256sum --check` takes them.
SUMS = "SHA256SUMS"


def integrity(path: Path) -> str:
    """The hash of a file, in the form that browsers take.

    SHA-256, for which processors have instructions: each start checks megabytes, and SHA-384 takes twice as
    long. What Python checks has SHA-384, which is in the first part of its module.
    """
    algorithm = "sha384" if path.name in CHECKED_BY_PYTHON else "sha256"
    return f"{algorithm}-{base64.b64encode(hashlib.new(algorithm, path.read_bytes()).digest()).decode()}"


def entry(path: Path) -> dict[str, int | str]:
    """What the manifest says of a file."""
    about: dict[str, int | str] = {
        "file": path.name,
        "bytes": path.stat().st_size,
        "integrity": integrity(path),
    }
    if path.name == SNAPSHOT:
        about |= measures(path)
    if path.name in (SECOND, COLD):  # which somebody may wait for at once, and check then
        about["sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
    return about


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
    """Writes into what is embedded what it starts, with hashes: who trusts that file gets no other Python."""
    files = runtime(site)
    for script in (*EMBEDDED, "worker.js"):
        write_constant(site / script, "RUNTIME", f"{files.name}/")
    manifest = json.loads((files / "manifest.json").read_text("utf-8"))
    about = ("file", "bytes", "integrity", "packed")
    first = [
        {key: value for key, value in manifest[part].items() if key in about}
        for part in FIRST
        if "integrity" in manifest.get(part, {})
    ]
    for script in EMBEDDED:
        write_constant(site / script, "FIRST", first)
        write_constant(site / script, "WORKER", integrity(files / "worker.js"))
        write_constant(site / script, "MANIFEST", integrity(files / "manifest.json"))


def list_files(site: Path) -> None:
    """Writes into the service worker what it keeps: all but what Python starts from, which panda.js keeps."""
    others = {
        "service-worker.js",
        "keep.js",
        "panda.d.ts",
        "worker.js",
        "elements.js",
        "demo.html",
        "demo.css",
        SUMS,
    }
    elsewhere = ("runtime-", "wheels/", "licenses/", "app-")  # a device keeps the icons of its apps itself
    kept = [name for name in names_in(site) if name not in others and not name.startswith(elsewhere)]
    write_constant(site / "service-worker.js", "FILES", {name: integrity(site / name) for name in kept})


def fill(site: Path, event: Event, *, packed: bool) -> None:
    """Writes the whole site into an empty directory."""
    shutil.copytree(ROOT / "licenses", site / "licenses")
    shutil.copyfile(ROOT / "LICENSE", site / "licenses" / "panda-web-MIT.txt")
    source = "// p2panda for any website, in one file; its source is web/panda/ of panda-web."
    bundle(WEB / "panda" / "panda.js", site / "panda.js", f"--banner:js={source}")
    bundle_elements(site / "elements.js", f"--banner:js={source.replace('panda/', '{panda,elements}/')}")
    for name in ("panda.d.ts", "keep.js"):
        shutil.copyfile(WEB / "panda" / name, site / name)
    shutil.copyfile(WEB / "worker" / "address.js", site / "worker.js")
    for name in ("style.css", "icon.svg", "service-worker.js"):
        shutil.copyfile(WEB / "pages" / "shared" / name, site / name)
    bundle_pages(PAGES, site, event.language)
    dress(site, event)
    (site / "wheels").mkdir()
    shutil.copy(pure25519_wheel(), site / "wheels")
    own = own_wheel(site / "wheels")
    even(own)
    files = site / "runtime"
    shutil.copytree(site / "wheels", files)
    wheels = sorted(files.iterdir())
    extensions = {module: own_wheel(site / "wheels", source) for module, source in EXTENSIONS.items()}
    for extension in extensions.values():
        even(extension)
        shutil.copy(extension, files)
    package = split_pyodide(wheels, extensions)
    for name in (PYODIDE_FILES["runtime"], SECOND):
        shutil.copyfile(package / name, files / name)
    write_library(package / PYODIDE_FILES["library"], files / PYODIDE_FILES["library"])
    made = snapshot(package, wheels, extensions, usual_functions(wheels, extensions))
    for name in (SNAPSHOT, SELDOM, COLD):
        shutil.copyfile(made / name, files / name)
    bundle_worker(package, files / "worker.js")

    def told(path: Path) -> dict[str, int | str]:
        # Not the .gz, which zlib makes by what the processor can.
        return entry(path) | ({"packed": path.with_name(f"{path.name}.br").stat().st_size} if packed else {})

    if packed:
        with ThreadPoolExecutor() as pool:  # each is compressed by a process of its own
            list(pool.map(compress, sorted(files.iterdir())))

    # Pyodide's own list names packages on another host; ours has none, so nothing can be asked for there.
    lock = json.loads((package / "pyodide-lock.json").read_text("utf-8")) | {"packages": {}}
    manifest = {
        "version": own.name.split("-")[1],
        "lock": lock,
        **{part: told(files / name) for part, name in PYODIDE_FILES.items()},
        "snapshot": told(files / SNAPSHOT),
        "seldom": told(files / SELDOM),
        "second": told(files / SECOND),
        "cold": told(files / COLD),
        "wheels": [told(path) for path in wheels],
        "extensions": [told(files / path.name) | {"module": name} for name, path in extensions.items()],
    }
    (files / "manifest.json").write_text(json.dumps(manifest, indent=1), "utf-8")
    name_runtime(files)
    seal(site)
    list_files(site)
    write_sums(site)
    if packed:
        compress_rest(site)  # last: what lies beside a file must be what is in it


def build_site(out: Path, event: Event | None = None, *, packed: bool = True) -> None:
    """Builds the site of an event beside `out` and swaps it in, so that a failed build leaves the old one."""
    if out.exists() and not (out / "panda.js").exists() and (not out.is_dir() or any(out.iterdir())):
        raise Problem(f"{out} exists and does not look like a site: it is left alone.")
    environment.ensure("build")
    nodejs.ensure_modules(everything=False)
    out.parent.mkdir(parents=True, exist_ok=True)
    with progress(f"building the site into {out}"), tempfile.TemporaryDirectory(dir=out.parent) as scratch:
        new, old = Path(scratch) / "new", Path(scratch) / "old"
        new.mkdir()
        fill(new, event or Event(), packed=packed)
        if out.exists():
            out.rename(old)
        new.rename(out)
    for script in EMBEDDED:
        say(f'  for a page that checks {script}: integrity="{integrity(out / script)}"')
    say(f"  {SUMS} lists all files; its own hash: {hashlib.sha256((out / SUMS).read_bytes()).hexdigest()}")
