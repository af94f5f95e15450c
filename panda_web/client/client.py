"""The client: `create`, `update`, `delete`, `query` for one author and one node."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Self

from panda_web import messages
from panda_web.client.check import Answer, Instance, Rejected, check_answer
from panda_web.client.errors import NoKey
from panda_web.client.lock import Lock, ProcessLock
from panda_web.client.own_logs import OwnLogs
from panda_web.client.publisher import Publisher, Written
from panda_web.client.store import ClientStore, MemoryStore
from panda_web.keys import Signer, Verifier
from panda_web.messages import Field, infer_all
from panda_web.rpc.connection import Connection
from panda_web.rpc.methods import DEFAULT_LIMIT, MAX_LIMIT, QUERY
from panda_web.rpc.transport import Transport
from panda_web.rpc.types import Json


class Client:
    """Writes and reads on one node.

        async with Client("http://localhost:2020", signer) as panda:
            written = await panda.create(schema, {"title": "Opening"})
            for talk in await panda.query(schema):
                print(talk["title"], talk.author)

    Args:
        node: the node's address, or a transport to it.
        signer: the author; None for reading only.
        store: what must not be forgotten of the author's logs. By default the one that belongs to the
            signer (a key file has one beside it), else memory: right for keys that live in memory only.
        verifier: checks signatures; by default with the `cryptography` package.
        lock: keeps several writers of one author apart; by default within this client.
        name: under which name the store keeps what this node has acknowledged; by default its address.
        sleep: waits for some seconds between attempts to reach the node.
    """

    def __init__(
        self,
        node: str | Transport,
        signer: Signer | None = None,
        *,
        store: ClientStore | None = None,
        verifier: Verifier | None = None,
        lock: Lock | None = None,
        name: str | None = None,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self.node = name or (node if isinstance(node, str) else "node")
        self.signer = signer
        self._connection = Connection(_http(node) if isinstance(node, str) else node)
        self._verifier = verifier or _default_verifier()
        self._store: ClientStore | None = None
        self._own: OwnLogs | None = None
        self._publisher: Publisher | None = None
        if signer is not None:
            self._store = store or _default_store(signer)
            self._own = OwnLogs(self._store, signer.author)
            self._publisher = Publisher(
                self._connection,
                self.node,
                signer,
                self._verifier,
                self._own,
                lock or ProcessLock(),
                sleep,
            )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Closes the connection and the store."""
        await self._connection.close()
        if self._store is not None:
            await self._store.close()

    @property
    def author(self) -> str | None:
        """The author's public key, 64 hex digits; None for a client that only reads."""
        return self.signer.author.hex() if self.signer is not None else None

    async def create(self, schema: str, fields: Mapping[str, object]) -> Written:
        """Publishes a new instance.

        A node that cannot be reached is no error once the message is signed: it is kept, `acknowledged` is
        False, and it is sent again with the next write or `flush`.

        Args:
            schema: its id, 132 hex digits.
            fields: name to value: str, int, float, bool, `Relation`, lists of one of these, or a `Field`.

        Raises:
            InvalidMessage: before anything is signed.
            NodeUnreachable: at the first use of a schema, when the node must be asked for a log id.
            ErrorFromNode, LogDiverged, LogRefused, NodeLags: what the node said to it.
        """
        (written,) = await self.create_many(schema, [fields])
        return written

    async def create_many(self, schema: str, rows: Sequence[Mapping[str, object]]) -> list[Written]:
        """Publishes many new instances, signed as one chain. See `create`."""
        return await self._writer.write([messages.create(schema, infer_all(fields)) for fields in rows])

    async def update(self, schema: str, instance: str, fields: Mapping[str, object]) -> Written:
        """Publishes new values for some fields of an own instance. Raises InstanceNotOwn; see `create`."""
        (written,) = await self._writer.write([messages.update(schema, instance, infer_all(fields))])
        return written

    async def delete(self, schema: str, instance: str) -> Written:
        """Ends an own instance. Raises InstanceNotOwn; see `create`."""
        (written,) = await self._writer.write([messages.delete(schema, instance)])
        return written

    async def pending(self) -> int:
        """How many signed entries the node has not acknowledged."""
        return await self._writer.pending() if self._publisher else 0

    async def flush(self) -> int:
        """Sends what the node has not acknowledged; gives how many entries that were."""
        return await self._writer.flush() if self._publisher else 0

    @property
    def _writer(self) -> Publisher:
        if self._publisher is None:
            raise NoKey("Writing needs a key, and this client was opened without one.")
        return self._publisher

    async def query(
        self,
        schema: str,
        *,
        filter: Mapping[str, Json] | None = None,
        order_by: Sequence[str] = (),
        limit: int = DEFAULT_LIMIT,
        after: str | None = None,
    ) -> Answer:
        """Instances of a schema, each rebuilt from its entries and checked.

        Args:
            schema: its id, 132 hex digits.
            filter: field, `author` or `id` to the value it must equal.
            order_by: field names, `-` before one for descending; the id is the last tie-break.
            limit: how many at most, up to 1,000; a node may give fewer where they are large.
            after: the `cursor` of the instance to go on behind.

        Raises:
            CallFailed: the node cannot be reached, or refuses the query.
        """
        params: dict[str, Json] = {"schema": schema, "limit": limit, "proof": True}
        if filter:
            params["filter"] = dict(filter)
        if order_by:
            params["orderBy"] = list(order_by)
        if after is not None:
            params["after"] = after
        items = await self._connection.call(QUERY, **params)
        return await check_answer(schema, filter or {}, items, self._verifier)

    async def query_all(
        self,
        schema: str,
        *,
        filter: Mapping[str, Json] | None = None,
        most: int = 100_000,
    ) -> Answer:
        """All instances of a schema, ordered by id, page by page, up to `most`."""
        instances: list[Instance] = []
        rejected: list[Rejected] = []
        after: str | None = None
        while len(instances) + len(rejected) < most:
            page = await self.query(schema, filter=filter, limit=MAX_LIMIT, after=after)
            instances += page.instances
            rejected += page.rejected
            if page.after in (None, after):
                break
            after = page.after
        return Answer(tuple(instances), tuple(rejected), after)

    async def restored(self) -> None:
        """Says that this key comes from a backup: another copy of it may have written since.

        The node is asked for its logs before anything is signed, at once or when it can be reached.
        """
        if self._own is not None:
            await self._own.set_restored(restored=True)

    async def own(self, schema: str) -> dict[str, dict[str, Field]]:
        """The author's own instances of a schema by id, as this client signed them; deleted ones left out.

        It includes what no node has acknowledged yet, and lacks what another copy of the key wrote.
        """
        return await self._own.instances(schema) if self._own else {}


def _http(url: str) -> Transport:
    from panda_web.rpc.http import HttpTransport  # optional: needs httpx

    return HttpTransport(url)


def _default_verifier() -> Verifier:
    from panda_web.keys.with_cryptography import CryptographyVerifier  # optional

    return CryptographyVerifier()


def _default_store(signer: Signer) -> ClientStore:
    from panda_web.client.file import FileStore
    from panda_web.keys.file import KeyFile

    return FileStore(signer.logs_path) if isinstance(signer, KeyFile) else MemoryStore()
