"""Processes that are forked from one that has imported all that nodes and commands need.

To start Python and import that takes 0.6 s of a processor, and the tests start hundreds of both.
"""

import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from multiprocessing.reduction import DupFd
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
FORKS = multiprocessing.get_context("forkserver")
"""Each lane has one such process, from its first fork to its end."""
FORKS.set_forkserver_preload(
    [
        "pytest",
        "httpx",
        "rich.table",
        "websockets.asyncio.client",
        "panda_web.cli.serve",
        "tests.cli.command",
        "tests.heard",
    ]
)


class Passed:
    """An open file that a forked process is given: what is its number here is another number there."""

    def __init__(self, number: int) -> None:
        self._number = number

    def __reduce__(self) -> tuple[Callable[[Any], int], tuple[object]]:
        return _detached, (DupFd(self._number),)


def _detached(shared: Any) -> int:
    return int(shared.detach())


class Forked:
    """A process that is forked; of what it prints, this is told as by `subprocess.Popen`.

    Args:
        target: what it calls, a function of a module.
        arguments: of that; a `Passed` comes as a number.
        errors: a file for what it says on standard error; None for ours.

    Attributes:
        stdout: what it prints.
    """

    def __init__(
        self, target: Callable[..., object], arguments: Sequence[object], errors: Path | None
    ) -> None:
        readable, writable = os.pipe()
        nothing = os.open(os.devnull, os.O_RDONLY)
        told = 2 if errors is None else os.open(errors, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        files = [Passed(each) for each in (nothing, writable, told)]
        self._process = FORKS.Process(
            target=_forked, args=(dict(os.environ), files, target, arguments), daemon=True
        )
        try:
            self._process.start()
        finally:
            for each in {nothing, writable, told} - {2}:
                os.close(each)
        self.stdout = os.fdopen(readable, encoding="utf-8")

    @property
    def pid(self) -> int:
        """Of the process."""
        assert self._process.pid is not None
        return self._process.pid

    def send_signal(self, how: signal.Signals) -> None:
        """Sends it a signal, if it has not ended."""
        if self._process.is_alive():
            os.kill(self.pid, how)

    def wait(self, timeout: float) -> int:
        """Waits for its end; gives the exit status."""
        self._process.join(timeout)
        if self._process.exitcode is None:
            raise subprocess.TimeoutExpired(["a forked process"], timeout)
        return self._process.exitcode


def _forked(
    environment: Mapping[str, str],
    files: Sequence[int],
    target: Callable[..., object],
    arguments: Sequence[object],
) -> None:
    os.chdir(ROOT)
    settle(environment, files)
    target(*arguments)


def settle(environment: Mapping[str, str], files: Sequence[int]) -> None:
    """In a forked process: takes over an environment, and three open files as what it reads, prints and says."""
    os.environ.clear()
    os.environ.update(environment)
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    out = environment.get("PYTHONIOENCODING", "utf-8")
    sys.stdin = os.fdopen(0, encoding="utf-8", closefd=False)
    sys.stdout = os.fdopen(1, "w", encoding=out, closefd=False)
    sys.stderr = os.fdopen(2, "w", encoding="utf-8", buffering=1, errors="backslashreplace", closefd=False)
