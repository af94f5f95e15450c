"""What the person at the keyboard is told."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator


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
