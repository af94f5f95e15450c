"""What a client knows of its own key: where there are copies of it, and what was written with it here."""

from collections.abc import Mapping

from panda_web.client.errors import LogForked
from panda_web.client.lost import forked, told
from panda_web.client.own_logs import OwnLogs
from panda_web.messages import Field
from panda_web.rpc.types import Json


class OfKey:
    """The part of a client that is about its key.

    Args:
        own: the own logs; None for a client that only reads.
    """

    def __init__(self, own: OwnLogs | None) -> None:
        self._own = own

    async def lost(self) -> list[dict[str, Json]]:
        """What was signed here and lost its place, because another copy of the key took it.

        Each as `entryHash`, `action`, `schema`, `id` and `fields`, as `LogDiverged` told it: write it again.
        """
        return [told(own) for own in await self._own.lost()] if self._own else []

    async def forks(self) -> list[LogForked]:
        """What is to be known of each own log of which a fork is proven, by log id; see `LogForked`.

        Nobody is asked: `flush` and writes notice forks, and `notice` does alone.
        """
        if self._own is None:
            return []
        found = [log for log in await self._own.logs() if log.proven]
        return [forked(log, await self._own.entries(log.log_id, log.proven - 1, None)) for log in found]

    async def own_forks(self) -> list[tuple[int, int]]:
        """The same in short: log ids, each with the place from which on it is forked."""
        logs = await self._own.logs() if self._own is not None else []
        return [(log.log_id, log.proven) for log in logs if log.proven]

    async def key_made(self) -> None:
        """Says that this key was made just now, for this client, and that there is no copy of it.

        Then nothing needs to be asked before the first write, which works without a network like any other.
        """
        if self._own is not None:
            await self._own.set_only_copy(only=True)

    async def key_copied(self) -> None:
        """Says that a copy of this key goes elsewhere, and may write there: the opposite of `key_made`."""
        if self._own is not None:
            await self._own.set_only_copy(only=False)

    async def key_restored(self) -> None:
        """Says that this key comes from a backup: another copy of it may have written since.

        The node is asked for its logs before anything is signed, at once or when it can be reached.
        """
        if self._own is not None:
            await self._own.set_restored(restored=True)

    async def own(self, schema: str, *, deleted: bool = False) -> dict[str, Mapping[str, Field]]:
        """The author's own instances of a schema by id, as this client signed them.

        It includes what no node has acknowledged yet, and lacks what another copy of the key wrote.

        Args:
            schema: its id.
            deleted: give those that this client has deleted, as they were before that, and not the others.
        """
        return await self._own.instances(schema, deleted=deleted) if self._own else {}

    async def is_complete(self, schema: str) -> bool:
        """Whether `own` lacks nothing of a schema, as far as this client can know without asking the node."""
        return await self._own.is_complete(schema) if self._own else False
