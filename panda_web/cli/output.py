"""What the command says: JSON on standard output for programs, words on standard error for people."""

import asyncio
import json
import os
import re
import sys
from collections.abc import Coroutine
from typing import Any, TypeVar

import typer

from panda_web.errors import PandaError

T = TypeVar("T")

UNACKNOWLEDGED = 3
"""Exit status: what was to be published is signed and kept, and the node does not have it yet."""


MISUSED = 2
"""Exit status: the command was given wrongly."""


class Interrupted(PandaError):
    """The command was interrupted, by Ctrl+C."""

    reason = "interrupted"


# What strangers publish and nodes say is shown in a terminal: nothing in it may move the cursor, end the
# line, turn the direction of writing, or be there unseen. JSON escapes the rest.
_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    "\u3164\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e007f]"
)


def safe(text: str) -> str:
    """A text in which whatever could deceive is escaped."""
    return _UNSAFE.sub(lambda found: json.dumps(found[0])[1:-1], text)


def say(words: str) -> None:
    """One line on standard error."""
    sys.stderr.write(safe(words) + "\n")


def misused(words: str) -> typer.Exit:
    """Says how the command was given wrongly, on one line, which a box would break; the exit for that."""
    say(words)
    return typer.Exit(MISUSED)


def print_json(value: object) -> None:
    """One line of JSON on standard output."""
    write(safe(json.dumps(value, ensure_ascii=False)) + "\n")


def print_toml(text: str) -> None:
    """A TOML file on standard output; what could deceive stands in its texts, and is escaped there."""
    lines = text.split("\n")
    write("\n".join(_UNSAFE.sub(lambda found: f"\\U{ord(found[0]):08x}", line) for line in lines))


def write(text: str) -> None:
    """Something on standard output; where nobody reads on, the command ends."""
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever reads our output has read enough; nothing more may be written, at exit neither.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(0) from None


SIGNED = "Interrupted. What is signed is kept, and sent with the next command, or by `panda flush`."


def run(work: Coroutine[Any, Any, T], interrupted: str = SIGNED) -> T:
    """What a coroutine gives. Raises Interrupted, with the words for what becomes of what was begun."""
    try:
        return asyncio.run(work)
    except KeyboardInterrupt:
        raise Interrupted(interrupted) from None
