"""Which of the author's logs a message goes into: the one in use for its schema, or that of its instance.

A log is begun where there is none; one that another copy of the key wrote to is taken over from the node, or
caught up with, as far as that is known before anything is signed.
"""

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from panda_web.client.asked import Asked
from panda_web.client.catching_up import CatchingUp
from panda_web.client.check import Instance
from panda_web.client.drafts import Draft
from panda_web.client.errors import (
    ClientError,
    InstanceNotOwn,
    LogDiverged,
    LogNotProven,
    NodeContradictsItself,
    NodeTooOld,
)
from panda_web.client.log_state import LogState
from panda_web.client.lost import diverged, stopped
from panda_web.client.own_logs import OwnLogs, free, in_use
from panda_web.client.sending import Sender
from panda_web.errors import PandaError
from panda_web.messages import system_log
from panda_web.rpc.errors import CallFailed

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Choosing:
    """Finds the log for a message.

    Attributes:
        author: 32 bytes.
        own: the author's own logs.
        sender: the node.
        catching_up: takes over what the node holds.
        gather: brings to the node what others hold of the author's logs, and says of those that could not be
            asked, why; None for nothing.
    """

    author: bytes
    own: OwnLogs
    sender: Sender
    catching_up: CatchingUp
    gather: Callable[[], Awaitable[Mapping[str, PandaError]]] | None = None

    async def log_for(self, message: Draft) -> LogState:
        """The log that a message goes into, ready to be signed into.

        Raises:
            InstanceNotOwn: there is no such instance of this author.
            LogDiverged, LogRefused: its log is given up, and cannot be gone on with.
            LogForked: of its log a fork is proven, so nothing but a delete counts in it.
            LogNotProven, NodeContradictsItself, NodeTooOld, CallFailed: of the node, which had to be asked.
        """
        if message.id is not None:
            return await self._log_of_instance(message.schema, message.id, deletes=message.action == "delete")
        logs, alone = await self.own.logs_and_alone()
        known = in_use(logs, message.schema, self.sender.node)
        if known is None and alone:
            # Nobody else can have begun one. If another tab does so now, or makes a copy of the key, the
            # first entry is refused.
            fixed = system_log(message.schema)
            known = LogState(free(logs) if fixed is None else fixed, message.schema)
        return await self._taken(known or await self._begin(message.schema))

    async def _taken(self, log: LogState) -> LogState:
        """The log, of which the node takes all that is signed, as far as is known.

        Where it refused an entry before, it is asked once more: nothing that is signed now would get there.
        """
        refusal = log.refused.get(self.sender.node)
        if refusal is None:
            return log
        try:
            return await self.sender.send_pending(log)
        except LogDiverged:
            raise
        except (CallFailed, ClientError) as error:
            raise refusal.blocked(self.sender.node, log.log_id) from error

    async def _log_of_instance(self, schema: str, instance: str, *, deletes: bool) -> LogState:
        for _ in range(3):  # what is known of a log may have to be put right
            known = await self.own.instance(instance)
            at_node = await self._ask_for_instance(schema, instance) if known is None else None
            log_id = at_node.log_id if at_node is not None else known.log_id if known is not None else 0
            log = await self.own.get(log_id)
            if known is not None and known.deleted:
                raise InstanceNotOwn("This instance is deleted; there is nothing left to change.")
            if log is None:
                return await self.catching_up.begin(schema, log_id)  # a restored key
            if log.schema != schema:
                raise InstanceNotOwn(_of_another_schema(log) if at_node is None else _other_log_here(log))
            if log.proven:
                if not deletes:
                    raise stopped(log)
                return await self._taken(log)
            behind = at_node is not None and at_node.seq_num > log.head.seq_num
            if not log.given_up and not behind:
                return await self._taken(log)
            await self._catch_up(log)
        raise NodeContradictsItself("The node's answers about this instance and its log do not go together.")

    async def _ask_for_instance(self, schema: str, instance: str) -> Instance:
        """An instance that another copy of this key wrote, as its entries at the node prove."""
        asked = Asked.of(schema, {"id": instance}, limit=1)
        for found in await self.sender.reach(lambda dialect: dialect.query(asked)):
            if found.author == self.author.hex():
                return found
        raise InstanceNotOwn(
            "The node shows no instance with this id that this key created: it is somebody else's, or "
            "deleted, or it lost its place to what another copy of the key wrote."
        )

    async def _catch_up(self, log: LogState) -> None:
        """Takes over what another copy of the key wrote into a log that is known here.

        Raises:
            LogDiverged: some of what waits here lost its place; or the log stays given up.
        """
        after, lost = await self.catching_up.catch_up(log)
        if after.given_up:
            raise LogDiverged(
                f"Log {log.log_id} was given up: this key has signed another entry {log.given_up} elsewhere. "
                "The node does not show its copy of the log, so nothing can be added to it here. Publish "
                "anew what should stand, or use another node.",
                logId=log.log_id,
            )
        if lost and not log.given_up:  # else it was told when the log was given up
            raise diverged(log.log_id, lost)

    async def catch_up_after_restoring(self, schema: str | None, *, writes: bool) -> None:
        """Takes over what another copy of the key wrote into logs that are known here.

        What is wrong with the log of another schema than is written is told when that is written. Who could
        not be asked holds up no write. Where nothing is written now, they are asked again the next time.
        """
        if not await self.own.is_restored():
            return
        wrong = await self.gather() if self.gather is not None else {}
        for url, why in wrong.items():
            logger.warning("What %s has of this key's logs is not known: %s", url, why)
        whole = writes or not wrong
        for log in await self.own.logs():
            try:
                await self._catch_up(log)
            except (LogNotProven, NodeContradictsItself):
                if schema in (None, log.schema):
                    raise
                whole = False
            except LogDiverged as error:
                if error.data.get("messages"):
                    raise
        if whole:
            await self.own.set_restored(restored=False)

    # -- beginning, or taking over, a log ------------------------------------------------------------

    async def _begin(self, schema: str) -> LogState:
        """Begins a log, where another copy of the key may have begun one: the node is asked for it."""
        fixed = system_log(schema)
        said = await self.sender.arguments(schema)
        known = await self.own.get(said.log_id)
        if known is not None and known.schema == schema and self._is_in_use(known):
            return known  # another tab began it
        if said.seq_num > 1 and known is None:
            return await self.catching_up.begin(schema, said.log_id, said)
        log_id = fixed
        if log_id is None:
            if known is not None:  # in use here for something else, or for no new instances
                try:
                    said = await self.sender.another_log(schema)
                except NodeTooOld:
                    if known.schema == schema and not known.given_up:
                        return known  # it takes the schema nowhere else
                    raise
            log_id = await self.own.next_free(said.log_id)
        elif known is not None and known.proven:
            raise stopped(known)
        elif known is not None:  # given up, and there is no other log for the schema
            await self._catch_up(known)
            return await self.own.get(known.log_id) or known
        # Another tab may have begun one in the meantime; a schema has one log, where that can be had.
        return await self.own.of_schema(schema, self.sender.node) or await self.own.begin(
            LogState(log_id, schema)
        )

    def _is_in_use(self, log: LogState) -> bool:
        """Whether new instances go into it at this node."""
        return not (log.given_up or log.forked or log.proven or self.sender.node in log.refused)


def _of_another_schema(log: LogState) -> str:
    return f"This instance is of the schema {log.schema}. Change or delete it under that schema."


def _other_log_here(log: LogState) -> str:
    return (
        f"The node has this instance in log {log.log_id}, which here is for another schema, so nothing can "
        "follow it there. Publish anew what should stand, under a new id."
    )
