"""Reaching a node: again where it does not answer, and not without end."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from panda_web.client.contact import Contact
from panda_web.client.dialect import Dialect
from panda_web.rpc.errors import CallFailed, NodeSilent, NodeUnreachable
from panda_web.rpc.pauses import patiently

R = TypeVar("R")

RETRY_AFTER = (0.2, 0.8, 2.0)
"""Seconds to wait before the second, third and fourth attempt to reach a node that was there before."""


class Reaching:
    """Calls a node in its dialect.

    Args:
        contact: the node.
        sleep: waits for some seconds between attempts.
        behind: whether what is written goes to another node first, and to this one later.

    Attributes:
        away: whether the node could not be reached when last it was called: then the next call has one
            attempt. Whoever was asked to send sets it back.
        silent: what a question of this write has brought: then the node is not waited for a second time.
            Whoever begins a write, or was asked to send, sets it back.
    """

    def __init__(
        self, contact: Contact, sleep: Callable[[float], Awaitable[object]], *, behind: bool = False
    ) -> None:
        self._contact = contact
        self._sleep = sleep
        self._behind = behind
        self.away = False
        self.silent: NodeSilent | None = None

    async def reach(self, call: Callable[[Dialect], Awaitable[R]]) -> R:
        """Calls the node in its dialect; again after a while, unless it was away before, or is silent now.

        Whoever asks a silent one again waits as long again. A node that asks for a pause gets it.
        """
        if self.silent is not None:
            raise self.silent

        waits = iter(() if self.away else RETRY_AFTER)
        self.away = False
        while True:
            try:
                return await patiently(lambda: self.call_once(call), self._sleep)
            except NodeUnreachable as error:
                seconds = None if isinstance(error, NodeSilent) else next(waits, None)
                if seconds is None:
                    self.away = True
                    raise
            await self._sleep(seconds)

    async def call_once(self, call: Callable[[Dialect], Awaitable[R]]) -> R:
        """Calls the node once, in its dialect."""
        return await call(await self._contact.dialect())

    async def ask(self, call: Callable[[], Awaitable[R]]) -> R | None:
        """Calls the node once, for what can be done without; None where it gives no answer."""
        try:
            return await call()
        except NodeSilent as error:
            self.silent = error
        except CallFailed:
            pass
        return None

    async def last_known(self) -> Dialect:
        """The node's dialect; where it cannot be reached, the one that it spoke when it last could be."""
        if self._behind:
            return await self._contact.shortly()
        if self.silent is None:
            try:
                return await self._contact.dialect()
            except NodeSilent as error:
                self.silent = error
            except NodeUnreachable:
                pass
        return await self._contact.last_known()
