"""Programs of the operating system that a documented setup needs."""

import contextlib
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO

from tests.hosts import parts


def program(name: str) -> str:
    """The path of a program: an installed one, or out of Debian's package of the same name, which stays uninstalled."""
    if found := shutil.which(name):
        return found
    if not shutil.which("apt-get"):
        parts.lack(f"{name} is not on this machine")

    def fill(folder: Path) -> None:
        command = ["apt-get", "-q", "download", name]
        if subprocess.run(command, cwd=folder, capture_output=True).returncode and os.geteuid() == 0:
            subprocess.run(["apt-get", "-q", "update"], capture_output=True)
        if not list(folder.glob("*.deb")):
            parts.fetch(name, *command, cwd=folder)
        subprocess.run(["dpkg", "-x", next(folder.glob("*.deb")), folder], check=True)

    folder = parts.kept(f"debian-{name}", [], fill)
    return str(next(path for path in folder.glob(f"usr/*bin/{name}") if path.is_file()))


@contextlib.contextmanager
def running(command: Sequence[str | Path], port: int, log: IO[bytes]) -> Iterator[None]:
    """A server from the moment that its port answers until the end of the block."""
    process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
    try:
        end = time.monotonic() + 60
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("localhost", port), timeout=1):
                break
            assert process.poll() is None and time.monotonic() < end, Path(log.name).read_text()
            time.sleep(0.05)
        yield
    finally:
        process.terminate()
        process.wait(timeout=30)
