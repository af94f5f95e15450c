"""The `panda` command as a process of its own, forked: see `tests.forks`."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from panda_web.cli.main import main
from tests.forks import FORKS, settle


def command(
    arguments: Sequence[str], stdin: str, environment: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    """Runs it to its end."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "0").write_text(stdin, "utf-8")
        process = FORKS.Process(target=_run, args=(arguments, dict(environment), folder))
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
        process = FORKS.Process(target=_run, args=(arguments, dict(environment), Path(name)))
        process.start()
        process.join(after)
        process.kill()
        process.join()


def _run(arguments: Sequence[str], environment: Mapping[str, str], folder: Path) -> None:
    settle(environment, [os.open(folder / str(number), os.O_RDWR | os.O_CREAT) for number in range(3)])
    sys.argv = ["panda", *arguments]
    main()
