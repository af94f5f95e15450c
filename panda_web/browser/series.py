"""Answers that come one after the other: the page asks for each when it wants it, so nothing piles up here.

    begin {series, params}     begins one, and gives its number
    next {number}              {done: false, value}; {done: true, value: null} behind the last
    stop {number}              ends it before; again is no error

What a series gives, and when it ends, is decided here alone: `panda.js` only asks for more.
"""

import asyncio
import itertools
from collections.abc import AsyncGenerator, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from panda_web.errors import PandaError
from panda_web.rpc.errors import MethodNotFound
from panda_web.rpc.table import Method
from panda_web.rpc.types import Json

MAX_SERIES = 1000
"""Series that one connection of a page reads at the same time."""

Items: TypeAlias = AsyncGenerator[Json, None]
Begins: TypeAlias = Callable[..., Items]
"""Begins a series; takes the params by their Python names."""

_END: Final = object()
_DONE: Final[Json] = {"done": True, "value": None}


class TooManySeries(PandaError):
    """A page reads too many series at the same time."""

    reason = "too-many-series"


class NoSuchSeries(PandaError):
    """A page goes on with a series that was never begun, or has ended."""

    reason = "no-such-series"


@dataclass(slots=True)
class _Open:
    items: Items
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    step: "asyncio.Task[Json] | None" = None


class Series:
    """The series of one connection.

    Args:
        methods: which there are, by name.
        begins: begins each of them.
    """

    def __init__(self, methods: Mapping[str, Method[Any]], begins: Mapping[str, Begins]) -> None:
        self._methods = methods
        self._begins = begins
        self._open: dict[int, _Open] = {}
        self._numbers = itertools.count(1)

    async def begin(self, series: str, params: Mapping[str, Json]) -> Json:
        """The number of a series that begins.

        Raises:
            MethodNotFound, InvalidParams: there is none of this name; it does not take these params.
            TooManySeries: others must end first.
        """
        begins = self._begins.get(series)
        if begins is None:
            raise MethodNotFound(f"There is no series {series[:60]!r} here.")
        arguments = self._methods[series].bind(dict(params))
        if len(self._open) >= MAX_SERIES:
            raise TooManySeries(
                f"This page reads {MAX_SERIES} answers or subscriptions at once, which is all that it may. "
                "End some first: leave their loops, or call return()."
            )
        number = next(self._numbers)
        self._open[number] = _Open(begins(**arguments))
        return number

    async def next(self, number: int) -> Json:
        """What comes next in a series. Cancelled, it ends the series.

        Raises:
            NoSuchSeries: it is not open.
            What the series raises, which ends it.
        """
        one = self._open.get(number)
        if one is None:
            raise NoSuchSeries("This answer, or subscription, has ended: begin it anew.")
        async with one.turn:
            if number not in self._open:
                return _DONE
            one.step = step = asyncio.ensure_future(_next(one.items))
            try:
                await asyncio.wait([step])
            except asyncio.CancelledError:
                await self.stop(number)
                raise
            if step.cancelled():
                return _DONE  # it was stopped
            if step.exception() is None and step.result() is not _END:
                return {"done": False, "value": step.result()}
            await self.stop(number)
            step.result()  # raises what the series raised
            return _DONE

    async def stop(self, number: int) -> None:
        """Ends a series; whoever waits for what comes next hears that nothing does."""
        one = self._open.pop(number, None)
        if one is None:
            return
        if one.step is not None and not one.step.done():
            one.step.cancel()
            await asyncio.wait([one.step])
        await one.items.aclose()

    async def close(self) -> None:
        """Ends all of them."""
        for number in list(self._open):
            await self.stop(number)


async def _next(items: Items) -> Json:
    return await anext(items, _END)
