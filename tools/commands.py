"""The commands of `build.py`."""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tools import environment, event, nodejs
from tools.environment import in_venv
from tools.kept import CACHE, ROOT
from tools.locks import lock
from tools.static_site import FESTIVAL, build_site
from tools.telling import Problem, progress, say
from tools.wheels import own_wheel


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
    whose, others = event.from_arguments(arguments)
    environment.ensure("build", "run", "package")
    build_site(ROOT / "dist", whose, packed=False)  # nothing travels far
    return become(in_venv("panda"), "serve", "--festival", "--site", ROOT / "dist", *others)


def test(arguments: Sequence[str]) -> int:
    """All tests, in every browser that can be had; in several lanes, unless they are those of some files."""
    if any((ROOT / each.partition("::")[0]).is_file() for each in arguments):
        return with_browsers("pytest", arguments)
    ready = CACHE / "tested"
    environment.ensure("build", "run", "package", "test")
    with compiling_tests():
        for name, packed in (("plain", False), ("packed", True)):
            build_site(ready / name, packed=packed)
    # A browser test waits more than it works, so there are more lanes than processors.
    lanes = f"--numprocesses={2 * (os.cpu_count() or 1)}"
    return with_browsers("pytest", (lanes, *arguments), PANDA_SITES=str(ready))


@contextmanager
def compiling_tests() -> Iterator[None]:
    """Has pytest compile all tests meanwhile, which it keeps. Else each lane does that, all at once."""
    looking: list[str | Path] = [
        in_venv("python"),
        "-m",
        "pytest",
        "--collect-only",
        "--quiet",
        "-p",
        "no:cacheprovider",
    ]
    with subprocess.Popen(looking, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as pytest:
        try:
            yield
        except BaseException:
            pytest.terminate()
            raise


def bench(arguments: Sequence[str]) -> int:
    """The benchmarks of these names, or all."""
    return with_browsers("benchmarks", arguments)


def attack(arguments: Sequence[str]) -> int:
    """The attacks of these names, or all."""
    return with_browsers("attacks", arguments)


def with_browsers(module: str, arguments: Sequence[str], **env: str) -> int:
    """Runs a module that needs everything; it reads from PANDA_BROWSERS which browsers could be had."""
    environment.ensure("build", "run", "package", "test")
    nodejs.ensure_modules(everything=True)
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
    event.take_options(parser)
    options = parser.parse_args(arguments)
    build_site(options.out.absolute(), event.event_of(options), packed=not options.plain)
    return 0


def wheel(arguments: Sequence[str]) -> int:
    """The package with the site in it, and the festival, as wheels."""
    parser = argparse.ArgumentParser(prog="build.py wheel")
    parser.add_argument("--out", type=Path, default=ROOT / "release")
    parser.add_argument("--plain", action="store_true")
    event.take_options(parser)
    options = parser.parse_args(arguments)
    whose, out = event.event_of(options), options.out.absolute()
    with tempfile.TemporaryDirectory() as scratch:
        tree = Path(scratch)
        for name in ("pyproject.toml", "README.md", "LICENSE"):
            shutil.copy(ROOT / name, tree)
        shutil.copytree(ROOT / "panda_web", tree / "panda_web", ignore=shutil.ignore_patterns("__pycache__"))
        build_site(tree / "panda_web" / "site", whose, packed=not options.plain)
        out.mkdir(parents=True, exist_ok=True)
        package, festival = own_wheel(out, tree), own_wheel(out, FESTIVAL)
    say(f"they are in {out}; install them: pip install './{package.name}[cli]' ./{festival.name}")
    return 0


COMMANDS = {
    "serve": serve,
    "test": test,
    "bench": bench,
    "attack": attack,
    "site": site,
    "wheel": wheel,
    "lock": lock,
}


def run(name: str, arguments: Sequence[str]) -> int:
    """Runs one command; exit code 1 and one sentence where something is wrong."""
    try:
        return COMMANDS[name](arguments)
    except Problem as problem:
        print(f"panda-web: {problem}", file=sys.stderr)
    except subprocess.CalledProcessError as error:
        print(f"panda-web: this failed: {error}", file=sys.stderr)
    except KeyboardInterrupt:
        return 130
    return 1
