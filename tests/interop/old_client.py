"""Other people's software for tests: fetched from npm when first needed, unmodified, and driven through a pipe."""

import json
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tools.kept import kept
from tools.nodejs import NODE, NPM

HERE = Path(__file__).resolve().parent
PATIENCE = 60.0
"""Seconds until a call counts as hanging, which one of the old client does where it is answered `{}`."""


class NotFetched(Exception):
    """The package could not be had."""


def package() -> Path:
    """A directory with all of it in its node_modules, as the lock file says; fetched once. Raises NotFetched."""
    locked = [HERE / name for name in ("package.json", "package-lock.json", ".npmrc")]

    def make(folder: Path) -> None:
        folder.mkdir()
        for path in locked:
            shutil.copy(path, folder)
        _npm_ci(folder)

    return kept("interop", *locked, make=make)


def _npm_ci(directory: Path) -> None:
    options = ("--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=1", "--fetch-timeout=30000")
    env = {"NODE_USE_SYSTEM_CA": "1"} | os.environ
    command = [sys.executable, "-c", NPM, "ci", *options]
    result = subprocess.run(command, cwd=directory, env=env, capture_output=True, text=True, check=False)
    if result.returncode:
        raise NotFetched(result.stderr.strip())


class OldClientError(Exception):
    """What the library threw."""


class OldClient:
    """A process that runs a library.

    Args:
        directory: where it is.
        script: what tells it what to do: p2panda-js 0.2.1 by default.
    """

    def __init__(self, directory: Path, script: str = "old_client.mjs") -> None:
        command: list[str | Path] = [sys.executable, "-c", NODE, HERE / script, directory]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        try:
            self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()

    def ask(self, do: str, **given: Any) -> Any:
        """Carries out one operation of the script. Raises OldClientError."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"do": do, **given}) + "\n")
        self._process.stdin.flush()
        watchdog = threading.Timer(PATIENCE, self._process.kill)
        watchdog.start()
        try:
            line = self._process.stdout.readline()
        finally:
            watchdog.cancel()
        assert line, f"it hangs in {do}, or has ended"
        reply = json.loads(line)
        if "error" in reply:
            raise OldClientError(reply["error"])
        return reply.get("value")
