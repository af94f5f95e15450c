"""What checks one claim checks many, and lets others run in between."""

import asyncio
from collections.abc import Callable, Sequence

from panda_web.keys.protocols import Claim
from panda_web.keys.strict import InvalidSignature


async def verdicts(
    claims: Sequence[Claim], check: Callable[[Claim], None], together: int = 1
) -> list[InvalidSignature | None]:
    """One verdict a claim, in order.

    Args:
        claims: what is to be checked.
        check: raises InvalidSignature for a claim that does not hold.
        together: how many are checked before others may run.
    """
    found: list[InvalidSignature | None] = []
    for number, claim in enumerate(claims, start=1):
        try:
            check(claim)
        except InvalidSignature as error:
            found.append(error)
        else:
            found.append(None)
        if number % together == 0:
            await asyncio.sleep(0)
    return found
