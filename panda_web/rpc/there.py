"""Whether the other side of a session is still there: a browser says nothing of a network that is gone."""

import asyncio
from contextlib import suppress

from panda_web.rpc.errors import CallFailed, ErrorFromNode
from panda_web.rpc.session import Session

STILL_THERE_SECONDS = 20.0
"""The node is asked after this time whether it is still there, and has as long to answer: a browser says
nothing of a network that is gone. What waits by then, since a call failed meanwhile, is sent."""


async def is_there(session: Session) -> bool:
    """Whether the other side of a session answers, be it with an error."""
    with suppress(TimeoutError, CallFailed):
        async with asyncio.timeout(STILL_THERE_SECONDS):
            with suppress(ErrorFromNode):
                await session.call("panda_unsubscribe", {"subscription": ""})
            return True
    return False
