"""Files that commands read and write; `-` stands for standard input and output."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from panda_web.errors import PandaError

STREAM = Path("-")

BEGINNING = 1000
"""Bytes of a file that say what it is."""


class FileTaken(PandaError):
    """A file that an export should go into is something else, which stays as it is."""

    reason = "file-taken"


class FileFailed(PandaError):
    """A file cannot be read or written."""

    reason = "file-failed"


@contextmanager
def reading(file: Path) -> Iterator[BinaryIO]:
    """A file to be read. Raises FileFailed where it cannot be opened."""
    if file == STREAM:
        yield sys.stdin.buffer
        return
    try:
        opened = file.open("rb")
    except OSError as error:
        raise FileFailed(f"{file} cannot be read: {error.strerror}.") from error
    with opened:
        yield opened


@contextmanager
def writing(file: Path, is_earlier: Callable[[bytes], bool], what: str) -> Iterator[BinaryIO]:
    """What becomes the file once all is written; until then it stays what it is.

    Args:
        file: where to; one that is empty, or an earlier export, is replaced.
        is_earlier: whether a file that begins so is one.
        what: it is not, where it stays as it is: "no export of a node".

    Raises:
        FileTaken: the file is there, and is something else.
        FileFailed: it cannot be written.
    """
    if file == STREAM:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    part = file.with_name(f"{file.name}.part")
    try:
        with suppress(FileNotFoundError), file.open("rb") as there:
            begins = there.read(BEGINNING)
            if begins and not is_earlier(begins):
                raise FileTaken(f"{file} is there, and is {what}. Name another file.")
        with part.open("wb") as opened:
            yield opened
            opened.flush()
            os.fsync(opened.fileno())
        part.replace(file)
    except OSError as error:
        raise FileFailed(f"{file} cannot be written: {error.strerror}.") from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)
