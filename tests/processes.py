"""`panda serve` as a process of its own, for tests: started, killed, started again on the same data.

What goes through it is held to the OpenRPC document, as in the process of the tests: see `tests.openrpc`.
"""

import contextlib
import os
import secrets
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.forks import ROOT as ROOT
from tests.forks import Forked, Passed
from tests.heard import serve
from tests.openrpc import Written

PANDA = [sys.executable, "-c", "from panda_web.cli.main import main; main()"]


def free_port() -> int:
    """A port of loopback that nobody listens on now.

    It is none of those that systems give to connections, so nothing takes it before the test does.
    """
    while True:
        port = secrets.choice(range(20_000, 32_000))
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


@contextlib.contextmanager
def mute_server() -> Iterator[str]:
    """The address of somebody on loopback who takes every connection and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as mute:
        yield f"http://localhost:{mute.getsockname()[1]}/"


class ServedNode:
    """A node, and a site where one is given, on a port that stays the same over restarts.

    Args:
        data: the folder of its data.
        site: the folder of a site.
        options: of `panda serve`.
        plain: whether what makes a server fast is as good as not installed.
        hasty: whether it waits for other nodes for seconds where it would for minutes; see `tests.heard.serve`.
        heard: whether what goes through it is written down, which takes time and room. Who measures wants that not.

    Attributes:
        url: its address, ending in a slash.
        errors: a file for what it says on standard error; None for ours.
    """

    def __init__(
        self,
        data: Path,
        site: Path | None = None,
        *options: str,
        plain: bool = False,
        hasty: bool = False,
        heard: bool = True,
    ) -> None:
        self.port = free_port()
        self.url = f"http://localhost:{self.port}/"
        self._written = Written(self)
        assert not hasty or (heard and not plain), "no test needs that"
        self._plain, self._hasty, self._heard = plain, hasty, heard
        self._arguments = [
            "serve",
            "--port",
            str(self.port),
            "--data",
            str(data),
            "--no-browser",
            *options,
        ]
        if site is not None:
            self._arguments += ["--site", str(site)]
        self.errors: Path | None = None
        self._process: subprocess.Popen[str] | Forked | None = None

    def start(self) -> Self:
        """Starts it, and returns once it answers."""
        self._process = self._forked() if self._heard and not self._plain else self._own()
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert self.url in line, f"panda serve said {line!r}"
        return self

    def _forked(self) -> Forked:
        return Forked(serve, (Passed(self._written.file), self._arguments, self._hasty), self.errors)

    def _own(self) -> subprocess.Popen[str]:
        """A process that has imported nothing before, and, where it is plain, leaves out some of it."""
        through = [sys.executable, "-m", "tests.heard", str(self._written.file)]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        with contextlib.nullcontext() if self.errors is None else self.errors.open("w") as errors:
            return subprocess.Popen(
                [*(through if self._heard else PANDA), *self._arguments],
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                env=environment,
                cwd=ROOT,
                pass_fds=[self._written.file],
            )

    @property
    def runs(self) -> bool:
        """Whether it was started, and not ended since."""
        return self._process is not None

    @property
    def pid(self) -> int:
        """Of the process."""
        assert self._process is not None
        return self._process.pid

    def kill(self, how: signal.Signals = signal.SIGKILL) -> int:
        """Ends it at once; gives the exit status."""
        assert self._process is not None
        self._process.send_signal(how)
        status = self._process.wait(timeout=30)
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._process = None
        return status

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        if self._process is not None:
            self.kill()
