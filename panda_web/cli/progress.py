"""A line on standard error that says how far a long piece of work is, where somebody sits before it."""

import asyncio
import sys
from contextlib import suppress
from types import TracebackType
from typing import Self, TextIO

PATIENCE = 1.0
"""Seconds after which somebody wants to know."""
BETWEEN = 0.25
"""Seconds from one line to the next."""

_CLEAR = "\r\x1b[K"


class Progress:
    """Shows a number that grows. Nothing is written into files and pipes.

    Args:
        what: is counted: "instances".
        stream: where it is shown.
        patience: seconds before it is.
    """

    def __init__(self, what: str, stream: TextIO | None = None, patience: float = PATIENCE) -> None:
        self._what = what
        self._stream = stream or sys.stderr
        self._patience = patience
        self._task: asyncio.Task[None] | None = None
        self._shown = False
        self.count = 0

    async def __aenter__(self) -> Self:
        if self._stream.isatty():
            self._task = asyncio.create_task(self._show())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        self.clear()

    def clear(self) -> None:
        """Takes the line away, before something else is written."""
        if self._shown:
            self._write(_CLEAR)
            self._shown = False

    async def _show(self) -> None:
        await asyncio.sleep(self._patience)
        while True:
            self._shown = True
            self._write(f"{_CLEAR}{self.count:,} {self._what} …")
            await asyncio.sleep(BETWEEN)

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()
