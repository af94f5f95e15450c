"""Driving a chain: a generator that yields bytes to sign, is sent each signature, and returns a result.

A log's entries form a chain, since each contains the hash of the one before, signature included. The
generator holds all of the logic and no backend; this file holds what every backend's loop has in common.
Two promises: an exception from inside the chain surfaces as itself, and however the driving ends, the
chain has ended too (its `finally` blocks have run) before the caller goes on.
"""

import asyncio
from collections.abc import Callable
from typing import Generic, TypeVar

from panda_web.keys.protocols import Chain

T = TypeVar("T")


def drive(chain: Chain[T], sign: Callable[[bytes], bytes]) -> T:
    """Signs what `chain` yields with `sign`, in a plain loop, and returns what it returns."""
    try:
        data = next(chain)
        while True:
            data = chain.send(sign(data))
    except StopIteration as end:
        result: T = end.value
        return result
    finally:
        chain.close()


async def drive_in_turns(chain: Chain[T], sign: Callable[[bytes], bytes]) -> T:
    """As `drive`, and lets others run after each signature: for a `sign` that takes milliseconds."""
    try:
        data = next(chain)
        while True:
            signature = sign(data)
            await asyncio.sleep(0)
            data = chain.send(signature)
    except StopIteration as end:
        result: T = end.value
        return result
    finally:
        chain.close()


class Steps(Generic[T]):
    """A chain turned inside out, for a loop that is not written in Python.

    The loop calls `step(None)`, then `step(signature)` until it gets None. Nothing is raised into that
    loop, for an exception that crosses a foreign language does not come back as it was: `result()` raises
    it afterwards.
    """

    __slots__ = ("_chain", "_error", "_result")

    def __init__(self, chain: Chain[T]) -> None:
        self._chain = chain
        self._error: BaseException | None = None
        self._result: list[T] = []

    def step(self, signature: bytes | None) -> bytes | None:
        """The next bytes to sign, or None when there are no more."""
        try:
            return next(self._chain) if signature is None else self._chain.send(signature)
        except StopIteration as end:
            # A stopped chain ends the loop too, but leaves the result of the first time alone.
            if not self._result:
                self._result.append(end.value)
        except BaseException as error:  # noqa: BLE001  kept whatever it is, and raised by result()
            self._error = error
        return None

    def stop(self) -> None:
        """Ends the chain where it stands, so that the next step finds nothing to sign."""
        self._chain.close()

    def result(self) -> T:
        """What the chain returned; or raises what was raised inside."""
        if self._error is not None:
            raise self._error
        return self._result[0]
