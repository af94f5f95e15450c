"""`panda query --watch`: what there is, and then what becomes of it, until somebody has seen enough."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import aclosing

from panda_web import Client
from panda_web.cli.output import say
from panda_web.cli.shown import CHANGE, Out
from panda_web.rpc.link import Link
from panda_web.rpc.types import Json


async def watch(
    panda: Client, schema: str, filter: Mapping[str, Json], order_by: Sequence[str], out: Out
) -> None:
    """Prints each instance as it is, and each change as it comes, without end.

    Args:
        panda: the client.
        schema: its id.
        filter: as for `Client.subscribe`.
        order_by: of those that there are at the beginning.
        out: what prints.
    """
    rows: dict[str, dict[str, Json]] = {}
    told = asyncio.create_task(_tell(panda.link))
    first = True
    try:
        async with aclosing(panda.subscribe(schema, filter=filter, order_by=order_by)) as changes:
            async for changed in changes:
                shown = []
                for each in changed.changes:
                    row = each.instance.to_json() if each.instance is not None else rows.pop(each.id, {})
                    if each.instance is not None:
                        rows[each.id] = row
                    shown.append({"id": each.id, "_meta": {}} | row | {CHANGE: "" if first else each.kind})
                await out.rows(shown, changed.rejected)
                if first and not shown:
                    say("There is nothing yet. What comes is printed.")
                first = False
    finally:
        told.cancel()


async def _tell(link: Link) -> None:
    """Says when the node cannot be reached, and when it is there again."""
    away = False
    async with aclosing(link.follow()) as states:
        async for state in states:
            if state == "unreachable" and not away:
                say("The node cannot be reached. It is tried again; what changes meanwhile comes then.")
            elif state == "connected" and away:
                say("The node is there again.")
            away = away if state == "idle" else state == "unreachable"
