"""The `panda` command as a process of its own, forked from one that has imported all of it.

To start Python and import what the command needs takes 0.7 s of a processor, and the tests run it hundreds of times.
"""

import multiprocessing
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from panda_web.cli.main import main

_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(["pytest", "httpx", "rich.table", "websockets.asyncio.client", __name__])


def command(
    arguments: Sequence[str], stdin: str, environment: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    """Runs it to its end."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "0").write_text(stdin, "utf-8")
        process = _FORKS.Process(target=_run, args=(arguments, dict(environment), folder))
        process.start()
        process.join(120)
        if process.is_alive():
            process.kill()
            raise subprocess.TimeoutExpired(["panda", *arguments], 120)
        out, err = ((folder / each).read_text("utf-8", "replace") for each in "12")
        return subprocess.CompletedProcess(arguments, process.exitcode or 0, out, err)


def killed(arguments: Sequence[str], environment: Mapping[str, str], after: float) -> None:
    """Runs it for some seconds, at most, and ends it as a power cut would."""
    with tempfile.TemporaryDirectory() as name:
        (Path(name) / "0").touch()
        process = _FORKS.Process(target=_run, args=(arguments, dict(environment), Path(name)))
        process.start()
        process.join(after)
        process.kill()
        process.join()


def _run(arguments: Sequence[str], environment: Mapping[str, str], folder: Path) -> None:
    os.environ.clear()
    os.environ.update(environment)
    for number in range(3):
        opened = os.open(folder / str(number), os.O_RDWR | os.O_CREAT)
        os.dup2(opened, number)
        os.close(opened)
    out = environment.get("PYTHONIOENCODING", "utf-8")
    sys.stdin = os.fdopen(0, encoding="utf-8", closefd=False)
    sys.stdout = os.fdopen(1, "w", encoding=out, closefd=False)
    sys.stderr = os.fdopen(2, "w", encoding="utf-8", buffering=1, errors="backslashreplace", closefd=False)
    sys.argv = ["panda", *arguments]
    main()
