"""The client of one author and one node: it writes, and the parts that it is made of do the rest."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Self, overload

from panda_web import messages
from panda_web.client import defaults, given
from panda_web.client.contact import Contact
from panda_web.client.definitions import KeptDefinitions
from panda_web.client.drafts import AtSlot, Draft
from panda_web.client.errors import NodeTooOld, NoKey
from panda_web.client.following import Following
from panda_web.client.keeping import Keeping
from panda_web.client.lock import Lock, ProcessLock
from panda_web.client.own import OfKey
from panda_web.client.own_logs import OwnLogs
from panda_web.client.publisher import Publisher, Written
from panda_web.client.schemas import Given
from panda_web.client.sending import Sender
from panda_web.client.store import ClientStore
from panda_web.errors import PandaError
from panda_web.keys import Signer, Verifier
from panda_web.messages import FORK_VOTE_LOG, Field, Message, Vote
from panda_web.messages.schema import DEFINITION, Schema, write_definition
from panda_web.rpc.connection import Connection, Way
from panda_web.rpc.errors import CallFailed
from panda_web.rpc.methods import DISCOVER
from panda_web.rpc.reopening import Reopening
from panda_web.rpc.types import WIRE_LIMIT

if TYPE_CHECKING:
    from panda_web.records.record import D, Dataclass


class Client(Following, OfKey):
    """Writes and reads on one node.

        async with Client("http://localhost:2020", signer) as panda:
            written = await panda.create(schema, {"title": "Opening"})
            for talk in await panda.query(schema):
                print(talk["title"], talk.author)

    Writes take effect in the order in which they were begun, also where nobody waits in between.

    Args:
        node: its address (http, https, ws, wss), or what leads to it: a transport or a peer, such as
            `rpc.within.in_process(node.dispatcher())` for one in the same program.
        signer: the author; None for reading only.
        store: what must not be forgotten of the author's logs. By default the one that belongs to the
            signer (a key file has one beside it), else memory: right for keys that live in memory only.
        verifier: checks signatures; by default with the `cryptography` package.
        lock: keeps several writers of one author apart; by default within this client.
        name: under which name the store keeps what this node has acknowledged; by default its address.
        sleep: waits for some seconds between attempts to reach the node.
        sessions: with the node, for `keep` and subscriptions; by default over what `node` is where that
            carries both directions, and over a WebSocket to the same address where it is one.
        beyond: a client of the same key, store and lock, for a node behind this one, which is in the same
            program. It is asked for what only others can know: what other copies of the key wrote, and
            schemas that are not here. What is written goes to this client's node; `beyond.flush` and
            `beyond.keep` bring it further.
        gather: brings to the node (to the one behind, where there is one) what other nodes hold of the
            author's logs, such as `panda_web.sync.gathering.gather`, and gives of those that could not be
            asked, why. It is called before anything is signed with a key that was restored: another copy of
            it may have written where this node was not told.
    """

    def __init__(
        self,
        node: str | Way,
        signer: Signer | None = None,
        *,
        store: ClientStore | None = None,
        verifier: Verifier | None = None,
        lock: Lock | None = None,
        name: str | None = None,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        sessions: Reopening | None = None,
        beyond: "Client | None" = None,
        gather: Callable[[], Awaitable[Mapping[str, PandaError]]] | None = None,
    ) -> None:
        given.check_node(node)
        self.node = name or (node if isinstance(node, str) else "node")
        self.signer = signer
        way = defaults.way_to(node) if isinstance(node, str) else node
        self._connection = Connection(way)
        self._sessions = sessions or (way if isinstance(way, Reopening) else defaults.sessions(node))
        self._store: ClientStore | None = None
        own: OwnLogs | None = None
        self._lock: Lock = lock or ProcessLock()
        self._publisher: Publisher | None = None
        if signer is not None:
            given.check_signer(signer)
            self._store = store or defaults.store(signer)
            own = OwnLogs(self._store, signer.author)
            self._lock = lock or defaults.lock(self._store)
        OfKey.__init__(self, own)
        contact = Contact(self._connection, self.node, verifier or defaults.verifier(), own)
        behind = beyond._contact if beyond is not None else None  # noqa: SLF001 - of the same class
        kept = KeptDefinitions(self._store) if self._store is not None else None
        if signer is not None and own is not None:
            senders = [Sender(contact, self.node, signer.author, own, sleep)]
            if beyond is not None and behind is not None:
                senders.append(Sender(behind, beyond.node, signer.author, own, sleep, behind=True))
            self._publisher = Publisher(senders[0], signer, own, self._lock, senders[-1], gather)
        ask = partial(self._connection.call, DISCOVER)
        keeping = Keeping(self._sessions, ask, self.flush, sleep)
        Following.__init__(self, contact, own, kept, sleep, keeping, behind)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Closes the connection and the store."""
        if self._sessions is not None:
            await self._sessions.close()
        await self._connection.close()
        if self._store is not None:
            await self._store.close()

    @property
    def author(self) -> str | None:
        """The author's public key, 64 hex digits; None for a client that only reads."""
        return self.signer.author.hex() if self.signer is not None else None

    @overload
    async def create(self, record: "D", /) -> "D": ...

    @overload
    async def create(self, schema: str, fields: Given | AtSlot) -> Written: ...

    async def create(self, schema: Any, fields: Any = None) -> Any:
        """Publishes a new instance, held to its schema before anything is signed.

        The schema's definition is one that is known here, the author's own, kept from before, or the node's.
        Only where none can be had (nobody defined the schema, or there is no network and none is kept), the
        types are what the values look like, and the nodes decide.

        Whatever the node does once the message is signed is no exception: it is kept, `acknowledged` is
        False, `error` says why, and it is sent again with the next write or `flush`.

        Args:
            record: an instance of a dataclass that `define` takes. It is given back, with its `meta`, which
                says what `Written` says.
            schema: its id, 132 hex digits, or its name, as `schema_named` takes it.
            fields: name to value: str, int, float, bool, `Relation`, lists of one of these, or a `Field`;
                the schema decides what the types are. Or a function that gives them, and is called with the
                schema, or with None where it cannot be had. Or an `AtSlot`, for what depends on the slot.

        Raises:
            InvalidMessage, InvalidFields, RelationTargetForeign, FieldNameReserved: what the fields are, or
                lead to, is not allowed. Nothing was signed.
            InvalidProof: what the node gives as the schema's definition is none. Nothing was signed.
            SchemaNameUnknown, SchemaNameAmbiguous: not exactly one schema has this name. Nothing was signed.
            CallFailed: at the first use of a schema, when the node must be asked for a log id: with a key of
                which there may be copies.
            NodeTooOld, NodeLags: this node cannot take it; nothing was signed.
            LogDiverged: the log is given up; what was signed reaches this node in no way.
        """
        if not isinstance(schema, str):
            given.check_alone(schema, fields)
            return (await self.create_many([schema]))[0]
        (written,) = await self.create_many(schema, [fields])
        return written

    @overload
    async def create_many(self, records: "Sequence[D]", /) -> "list[D]": ...

    @overload
    async def create_many(self, schema: str, rows: Sequence[Given | AtSlot]) -> list[Written]: ...

    async def create_many(self, schema: Any, rows: Any = ()) -> Any:
        """Publishes many new instances, signed as one chain. See `create`."""
        given.check_rows(rows if isinstance(schema, str) else schema)
        if not isinstance(schema, str):
            given.check_alone(schema, rows or None)
            return await self._typed.create(schema, self._writer.write)

        async def compose() -> list[Draft]:
            if not rows:
                return []
            of = await self._schemas.id_of(schema, self._writer.ask)
            held_to = await self._schemas.to_hold(of, self._writer.ask)
            return await self._schemas.drafts(held_to, "create", of, None, rows)

        return await self._writer.write(compose)

    @overload
    async def update(self, record: "D", changed: "D | None" = None, /, **changes: object) -> "D": ...

    @overload
    async def update(self, schema: str, instance: str, fields: Given | AtSlot) -> Written: ...

    async def update(self, *record: Any, **named: Any) -> Any:  # type: ignore[misc]  # it accepts them all
        """Publishes new values for some fields of an own instance.

        Of a record what differs from what is published is published: attributes that were changed, those in
        `changes`, or those of `changed`. It is given as it is then: the same record, changed, or where its
        dataclass is frozen another one, as `+=` does with lists and tuples.

        Args:
            *record: a `record` as a query or `create` gave it, and perhaps, `changed`, what it is to be:
                `dataclasses.replace(record, room=…)`. Or the `schema` as for `create`, the `instance` by
                its id, and `fields` as for `create`. None takes the value of an optional field away; where
                there is no definition, the empty list of its type does: `Field("str[]", ())` for a text.
            **named: of a record attributes to values; else the same three by their names.

        Raises:
            NotPublished: there is no such instance yet.
            InstanceNotOwn: this author did not make it, or has ended it.
            LogRefused: this node refuses an earlier entry of the log that it is in; nothing was signed.
            LogForked: a fork of that log is proven, so the change would count nowhere; nothing was signed.
            InvalidMessage and others: see `create`.
        """
        if record and not isinstance(record[0], str):
            given.check_alone(record[0], *record[2:])
            return await self._typed.update(record, named, self._update)
        return await self._update(*record, **named)

    async def _update(self, schema: str, instance: str = "", fields: Any = None) -> Written:
        given.check_id("instance", instance)

        async def compose() -> list[Draft]:
            of = await self._schemas.id_of(schema, self._writer.ask)
            held_to = await self._schemas.to_hold(of, self._writer.ask)
            return await self._schemas.drafts(held_to, "update", of, instance, [fields])

        (written,) = await self._writer.write(compose)
        return written

    @overload
    async def delete(self, record: "Dataclass", /) -> Written: ...

    @overload
    async def delete(self, schema: str, instance: str) -> Written: ...

    async def delete(self, schema: Any, instance: Any = None) -> Written:
        """Ends an own instance, given by ids or as a record. Raises InstanceNotOwn, NotPublished."""
        if not isinstance(schema, str):
            given.check_alone(schema, instance)
            schema, instance = self._typed.place(schema)
        given.check_id("instance", instance)

        async def compose() -> list[Message]:
            return [messages.delete(await self._schemas.id_of(schema, self._writer.ask), instance)]

        (written,) = await self._writer.write(compose)
        return written

    async def vote(self, author: str, log_id: int, seq_num: int, entry: str) -> Written:
        """Votes which branch of a forked log to follow: for those who count this author's votes.

        The last vote about a place counts; whoever takes one back deletes it, as any instance of the schema
        `messages.FORK_VOTE`.

        Args:
            author: of the log, a public key of 64 hex digits.
            log_id: which of their logs.
            seq_num: the place at which it forks.
            entry: the hash of the entry there that is to be followed, 132 hex digits.

        Raises:
            InvalidParams: what is given is none of that.
            VoteOnVotes: the log is one of votes. Nothing was signed.
            CallFailed and others: as for `create`.
        """
        given.check_number("log_id", log_id, 0, WIRE_LIMIT - 1)
        given.check_number("seq_num", seq_num, 1, WIRE_LIMIT - 1)
        about, chosen = given.public_key("author", author), given.entry_hash("entry", entry)
        message = Vote(about, log_id, seq_num, chosen).message()
        messages.check_log(FORK_VOTE_LOG, message)

        async def compose() -> list[Message]:
            return [message]

        (written,) = await self._writer.write(compose)
        return written

    async def define(self, schema: "Schema | type[Dataclass]") -> Schema:
        """Publishes the definition of a schema, or of a dataclass, and makes the schema known.

        A definition stays for ever, so one that this author has published before and that says the same is
        not published again: it is found, and brought to this node where it is lacking. As with `create`, what
        the node does once the definition is signed is no exception; `pending` and `flush` go on from there.

        A dataclass stands for the schema whose id it bears; else for the author's own that has its name and
        its fields; else for one of another author that has them and is at hand or at the node, so that all
        who run a program read and write the same data. Only where there is none its schema is published,
        after those of the dataclasses that it leads to.

        Args:
            schema: an id that it has plays no part. Or a dataclass: docs/schemas.md says what becomes of its
                types.

        Returns:
            The schema with its id.

        Raises:
            RecordError, InvalidSchema: the dataclass cannot be a schema, or bears the id of another one.
            NodeTooOld: the node is an early one, which knows no definitions; nothing was signed.
            CallFailed: the node must be asked, since another copy of the key may have defined it, and does
                not answer.
            LogDiverged: the log of definitions is given up; see `create`.
            LogRefused: this node refuses an earlier definition; nothing was signed.
        """
        if not isinstance(schema, Schema):
            defined = await self._typed.define(schema, self.define)
            with suppress(CallFailed):
                await self.flush(DEFINITION.id)
            return defined
        message = write_definition(schema)
        await self._writer.check([message])

        async def compose() -> list[Message]:
            return [message]

        async with self.alone("define"):
            found = await self.defined(schema)
            if found is None:
                (written,) = await self._writer.write(compose)
                return self._schemas.learn(replace(schema, id=written.id))
        with suppress(CallFailed):
            await self._writer.flush(DEFINITION.id)
        return found

    async def defined(self, schema: Schema) -> Schema | None:
        """The schema that this author has published before and that says the same, with its id.

        Raises:
            CallFailed: the node must be asked, since another copy of the key may have defined it, and does
                not answer.
        """
        given.check_definition(schema)
        return await self._schemas.published(schema, self.author) if self.author is not None else None

    async def pending(self, schema: str | None = None) -> int:
        """How many signed entries, of one schema or of all, the node has not acknowledged."""
        return await self._writer.pending(schema) if self._publisher else 0

    async def acknowledged(self) -> Mapping[int, int]:
        """Of each own log, by its id, the seq num up to which the node has it."""
        return await self._writer.acknowledged() if self._publisher else {}

    async def flush(self, schema: str | None = None) -> int:
        """Sends what the node does not hold, of one schema or of all; gives how many entries that were."""
        return await self._writer.flush(schema) if self._publisher else 0

    async def notice(self) -> bool:
        """Asks the node whether own logs are forked; whether one is of which that was not known here.

        Raises:
            CallFailed, StoreFailed: the node gives no answer, or the store does not.
        """
        return await self._writer.notice() if self._publisher else False

    def alone(self, name: str) -> AbstractAsyncContextManager[object]:
        """A context that one holder is in at a time, among all clients of this key that share its store."""
        return self._lock(f"panda:{self.author}:{name}")

    @property
    def _writer(self) -> Publisher:
        if self._publisher is None:
            raise NoKey("Writing needs a key, and this client was opened without one.")
        return self._publisher

    async def not_carried(
        self, schema: str, rows: Sequence[Mapping[str, Field]]
    ) -> list[dict[str, NodeTooOld]]:
        """Which fields of each of these messages this node cannot take, and why. Raises CallFailed."""
        return await self._contact.not_carried(schema, rows)

    async def takes_no_definitions(self) -> NodeTooOld | None:
        """Why this node takes no schemas, as far as is known without asking it; None where it does."""
        return await self._contact.takes_no_definitions()
