"""Chromium with a page, as a reader has it: nobody watches, for developer tools keep all that a page sends.

It can be told to throw away what nothing holds any more. Else it does that when it likes, and what it has in
memory says more about when it did it last than about the page.
"""

import contextlib
import json
import os
import re
import select
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, cast

from tests.browsers import CHROMIUM_ARGUMENTS, renderers, require

PATIENCE_SECONDS = 60
"""What it may take to answer."""
SETTLE_SECONDS = 2
"""It gives memory back to the system a little after it was told to."""
# Chromium hears at the third file that it has open, and answers at the fourth.
PIPED = ["sh", "-c", 'exec "$@" 3<&0 4>&1 </dev/null >/dev/null', "sh"]
# A line that begins a mapping: addresses, permissions, offset, device, inode, and the file, if it is of one.
MAPPING = re.compile(r"^[0-9a-f]+-[0-9a-f]+ \S+ \S+ \S+ \d+ *(?P<name>.*)$")
PRIVATE = re.compile(r"^Private_\w+: +(?P<kib>\d+) kB$")


class Unwatched:
    """One page of a browser of its own.

    Args:
        url: the page's address.
        profile: a folder, which becomes the browser's profile.
    """

    def __init__(self, url: str, profile: Path) -> None:
        self._url = url
        self._profile = profile
        options = ("--headless", *CHROMIUM_ARGUMENTS, "--remote-debugging-pipe", f"--user-data-dir={profile}")
        self._process = subprocess.Popen(  # noqa: S603 - found
            [*PIPED, require("chromium").executable, *options, url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self._to = cast("IO[bytes]", self._process.stdin)
        self._from = cast("IO[bytes]", self._process.stdout)
        self._asked = 0
        self._heard = b""

    def collect(self) -> int:
        """Has page and workers throw away what nothing holds. Looks at them for as long as that takes.

        Returns:
            The bytes of buffers that they hold, WebAssembly's memory not among them.
        """
        targets = self._ask("Target.getTargets")[0]["targetInfos"]
        page = next(each["targetId"] for each in targets if each["url"].startswith(self._url))
        session = self._ask("Target.attachToTarget", targetId=page, flatten=True)[0]["sessionId"]
        _, told = self._ask(
            "Target.setAutoAttach", session, autoAttach=True, waitForDebuggerOnStart=False, flatten=True
        )
        workers = [
            each["params"]["sessionId"] for each in told if each["method"] == "Target.attachedToTarget"
        ]
        for _ in range(2):  # what the first time lets go of in one is held by nothing in another
            for each in (session, *workers):
                self._ask("HeapProfiler.collectGarbage", each)
        used = [self._ask("Runtime.getHeapUsage", each)[0] for each in (session, *workers)]
        self._ask("Target.detachFromTarget", sessionId=session)
        time.sleep(SETTLE_SECONDS)
        return sum(int(each["backingStorageSize"]) for each in used)

    def megabytes(self) -> float:
        """What the page's process has in memory for itself alone: the largest of those that show pages."""
        each = ((process / "smaps").read_text("utf-8") for process in renderers(self._profile))
        return round(max(map(own, each)) / 1e6, 1)

    def close(self) -> None:
        """Ends it."""
        self._process.terminate()
        self._to.close()
        self._from.close()
        self._process.wait(PATIENCE_SECONDS)

    def _ask(self, method: str, session: str = "", **params: object) -> tuple[Any, list[Any]]:
        """What it answers, and what else it told before. Raises ValueError where it refuses, or is silent."""
        self._asked += 1
        question = {"id": self._asked, "method": method, "params": params}
        text = json.dumps(question | ({"sessionId": session} if session else {}))
        self._to.write(text.encode() + b"\0")
        self._to.flush()
        told = []
        while (heard := self._next()).get("id") != self._asked:
            told.append(heard)
        if "error" in heard:
            raise ValueError(f"Chromium refuses {method}: {heard['error']}.")
        return heard["result"], told

    def _next(self) -> dict[str, Any]:
        file = self._from.fileno()
        while b"\0" not in self._heard:
            ready, _, _ = select.select([file], [], [], PATIENCE_SECONDS)
            piece = os.read(file, 1 << 16) if ready else b""
            if not piece:
                raise ValueError("Chromium does not answer.")
            self._heard += piece
        one, _, self._heard = self._heard.partition(b"\0")
        return dict(json.loads(one))


@contextlib.contextmanager
def unwatched(url: str, profile: Path) -> Iterator[Unwatched]:
    """Such a page, until the end of the block."""
    with contextlib.closing(Unwatched(url, profile)) as page:
        yield page


def own(smaps: str) -> int:
    """Bytes that a process has for itself alone, by `/proc/PID/smaps`, without those of files.

    What lies in a file is the browser's program, above all. Linux counts as a process's own what no other one
    uses at the moment: ten megabytes more, where no second browser is on the machine.
    """
    total, counts = 0, False
    for line in smaps.splitlines():
        if begin := MAPPING.match(line):
            counts = not begin["name"].startswith("/")
        elif counts and (found := PRIVATE.match(line)):
            total += int(found["kib"]) * 1024
    return total
