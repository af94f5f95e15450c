"""Reading: what a client does that needs no key."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, overload

from panda_web.client import given
from panda_web.client.answers import Answers
from panda_web.client.asked import Asked
from panda_web.client.check import Answer, Instance
from panda_web.client.contact import Contact
from panda_web.client.definitions import KeptDefinitions
from panda_web.client.listed import ListedSchema
from panda_web.client.own_logs import OwnLogs
from panda_web.client.schemas import Schemas
from panda_web.messages.schema import Schema
from panda_web.rpc.pauses import patiently
from panda_web.rpc.removed import Removed
from panda_web.rpc.types import WIRE_LIMIT, Json

if TYPE_CHECKING:  # not every tab loads it
    from panda_web.client.drawn import Forked, Picture
    from panda_web.client.typed import Records, Typed
    from panda_web.client.versions import Versions
    from panda_web.records.record import D, Dataclass


class Reading:
    """The part of `Client` that reads: schemas and instances, each checked.

    Args:
        contact: the node.
        own: the author's own logs, which hold definitions too; None where there is no author.
        kept: the definitions in the client's store; None where there is no store.
        sleep: waits for some seconds where the node asks for a pause.
        beyond: another node, which is asked for schemas that this one lacks.
    """

    def __init__(
        self,
        contact: Contact,
        own: OwnLogs | None,
        kept: KeptDefinitions | None,
        sleep: Callable[[float], Awaitable[object]],
        beyond: Contact | None = None,
    ) -> None:
        self._contact = contact
        self._schemas = Schemas(self.query, contact, own, kept, beyond)
        self._sleep = sleep

    @cached_property
    def _typed(self) -> "Typed":
        from panda_web.client.typed import Typed

        return Typed(self._schemas, self.author, self.query)

    @property
    def author(self) -> str | None:
        """The author's public key, 64 hex digits; None for a client that only reads."""
        return None

    @overload
    def query(
        self,
        schema: "type[D]",
        *,
        filter: Mapping[str, object] | None = None,
        order_by: Sequence[str] = (),
        limit: int | None = None,
        after: str | None = None,
    ) -> "Answers[Records[D], D]": ...

    @overload
    def query(
        self,
        schema: str,
        *,
        filter: Mapping[str, Json] | None = None,
        order_by: Sequence[str] = (),
        limit: int | None = None,
        after: str | None = None,
        select: Sequence[str] | None = None,
        include: Sequence[str] = (),
    ) -> Answers[Answer, Instance]: ...

    def query(
        self,
        schema: Any,
        *,
        filter: Mapping[str, Json] | None = None,
        order_by: Sequence[str] = (),
        limit: int | None = None,
        after: str | None = None,
        select: Sequence[str] | None = None,
        include: Sequence[str] = (),
    ) -> Any:
        """Instances of a schema, each rebuilt from its entries and checked.

        `await` it for the first page of the answer; or `async for instance in` it, for all of it, page by
        page. What in the pages is not sound is in its `rejected` then. `.all()` gives all of it at once, and
        `.pages()` the pages themselves.

        Args:
            schema: its id, 132 hex digits, or its name, as `schema_named` takes it. Or a dataclass, as
                `define` takes it: then the answer holds its records, each with its `meta`.
            filter: field, `author` or `id` to the value it must equal, or to operators, as `{"gte": 3}`;
                `and`, `or` and `not` to filters. All of it: docs/protocol.md.
            order_by: field names, `-` before one for descending; the id is the last tie-break.
            limit: how many at most. A page has up to 1,000, 100 unless told; a node may give fewer where they
                are large. Iterated, all that there are unless told.
            after: the `cursor` of the instance to go on behind.
            select: the fields that are wanted; None for all.
            include: relations, such as "room", or "speakers.home" for one that is led to by another. What
                they lead to comes with the answer, each checked, as `talk.included["room"]`.

        Raises:
            CallFailed: the node cannot be reached, or refuses the query.
            InvalidParams, FilterTooLarge: the query is none. What is no filter, list of names or number at
                all is told at once, and not when it is awaited.
            RecordsAreWhole: `select` or `include` of a dataclass.
            FieldUnknown, OperatorNotForType, ValueTypeMismatch: it is none of this schema, which is known.
            PagesEndless: the node comes to no end.
        """
        given.check_schema(schema)
        given.check_query(filter, order_by, limit, after, select, include)
        if not isinstance(schema, str):
            return self._typed.query(schema, filter, order_by, limit, after, select, include)

        async def ask(limit: int, after: str | None) -> Answer:
            of = await self._schemas.id_of(schema)
            asked = Asked.of(
                of, filter or {}, order_by, limit, after, self.known_schemas.get(of), select, include
            )
            return await patiently(lambda: self._contact.query(asked), self._sleep)

        async def as_it_is(answer: Answer) -> Answer:
            return answer

        return Answers(ask, as_it_is, limit, after)

    async def versions(self, schema: "str | type[Dataclass]", instance: str) -> "Versions":
        """What was said of an instance, entry by entry, the latest first; nothing where it is not there.

        Each entry is signed by the author of the instance. A node may hold some back, which is seen:
        `complete` says whether every entry between is there.

        Args:
            schema: as for `query`.
            instance: its id.

        Raises:
            CallFailed: the node cannot be reached, or does not answer.
        """
        given.check_schema(schema)
        from panda_web.client.versions import Versions, versions_of

        given.check_id("instance", instance)
        of = schema if isinstance(schema, str) else (await self._typed.asked(schema, None))[0]
        found = await self.query(of, filter={"id": instance}, limit=1)
        if not found:
            return Versions()
        dialect = await self._contact.dialect()
        return await patiently(lambda: versions_of(dialect, found[0]), self._sleep)

    async def log(
        self, author: str, log_id: int, *, at: int | None = None, last: int | None = None, limit: int = 40
    ) -> "Picture":
        """A window of a log as it can be drawn: entries, links, and for each the path that verifies it.

        Signatures, links and the proof of a fork are checked here; what became of payloads is the node's
        word.

        Args:
            author: a public key, 64 hex digits.
            log_id: which of the author's logs.
            at: the seq num of an entry whose path is wanted; the window is around it, unless `last` is given.
            last: the last entry of the window; without it and `at`, the log's last one.
            limit: entries of the window, 400 at most.

        Raises:
            InvalidParams: one of them is no such thing.
            NodeTooOld: the node cannot show a log.
            CallFailed: the node cannot be reached, or does not answer.
        """
        from panda_web.client.picture import MOST, picture_of

        key = given.public_key("author", author)
        given.check_number("log_id", log_id, 0, WIRE_LIMIT - 1)
        given.check_number("limit", limit, 1, MOST)
        for name, value in (("at", at), ("last", last)):
            if value is not None:
                given.check_number(name, value, 1, WIRE_LIMIT - 1)
        contact = self._contact
        return await patiently(
            lambda: picture_of(
                contact.connection, contact.verifier, key, log_id, at=at, last=last, limit=limit
            ),
            self._sleep,
        )

    async def forked(
        self, author: str | None = None, log_id: int | None = None, *, after: str | None = None
    ) -> "tuple[Forked, ...]":
        """The forked logs that the node names, by author and log id; of each the places at which it forks.

        The proofs are checked here. What is voted, and what the node follows, is its word.

        Args:
            author: only logs of this one, a public key of 64 hex digits.
            log_id: only this log of the author, with more of the votes about it.
            after: the `place` of the last one in a page before: then the next page comes, empty at the end.

        Raises:
            InvalidParams: one of them is no such thing.
            CallFailed: the node cannot be reached, or gives something else than was asked for.
            InvalidSignature: it gives a proof that nobody has signed.
        """
        from panda_web.client import forks

        key = given.public_key("author", author) if author is not None else None
        if log_id is not None:
            given.check_number("log_id", log_id, 0, WIRE_LIMIT - 1)
            if author is None:
                raise given.wrong("author", "the public key of whose log is meant", author)
        behind = given.place("after", after) if after is not None else None
        contact = self._contact
        return forks.forked(
            await patiently(
                lambda: forks.forks_of(contact.connection, contact.verifier, key, log_id, behind), self._sleep
            )
        )

    async def removed(self, instances: Sequence[str], authors: Sequence[str] = ()) -> Removed:
        """What of some instances and authors the node removed, and why: its word, which nothing proves.

        Args:
            instances: ids, 1,000 at most.
            authors: public keys, likewise.

        Raises:
            InvalidParams: one of them is no such list.
            CallFailed: the node cannot be reached.
        """
        instances = given.texts("instances", "ids", instances)
        authors = given.texts("authors", "public keys", authors)
        return await patiently(lambda: self._contact.removed(instances, authors), self._sleep)

    async def count(
        self, schema: "str | type[Dataclass]", *, filter: Mapping[str, Json] | None = None
    ) -> int:
        """How many instances of a schema there are that a filter lets pass.

        It is the node's word, which nothing proves. Takes and raises what `query` does.
        """
        given.check_schema(schema)
        given.check_query(filter)
        if isinstance(schema, str):
            of, wanted = await self._schemas.id_of(schema), filter or {}
        else:
            of, wanted = await self._typed.asked(schema, filter)
        asked = Asked.of(of, wanted, known=self.known_schemas.get(of))
        return await patiently(lambda: self._contact.count(asked), self._sleep)

    async def schema(self, id: str) -> Schema:
        """A schema. `create` and `update` find the one that they need by themselves.

        Its definition is fetched once, with the proof that it is the one with this id, and kept in the
        client's store; what this author defined is at hand anyway.

        Args:
            id: the hash of the entry that published it, 132 hex digits.

        Raises:
            SchemaNotFound: the node does not have it either.
            InvalidSchema, InvalidFields, InvalidProof: what the node gives is no definition with this id.
            CallFailed: the node cannot be reached, or refuses.
            SchemaMalformed: the id is no hash.
        """
        given.check_id("id", id)
        return await self._schemas.get(id)

    async def schema_named(self, name: str) -> Schema:
        """A schema by its name: the only one of all that are known here and that the node has registered.

        What has been learned, or kept from before, counts where no other has the name. What the node says is
        checked as in `schema`. Once it is found, the name means it as long as the client is open. An id is
        taken as well.

        Raises:
            SchemaNameUnknown, SchemaNameAmbiguous: not exactly one has this name.
            ProofMismatch: the node gives the name to a schema that has another one.
            SchemaNotFound, CallFailed and others: see `schema`.
        """
        given.check_name(name)
        return await self._schemas.named(name)

    async def schemas(self, after: str | None = None) -> tuple[ListedSchema, ...]:
        """The schemas that the node lists, then own and known ones that it does not list. Raises CallFailed.

        Of those that it has no view of, that is a page; `after` its last id comes the next one, empty at the
        end. Nothing in the node's list is proven: `schema` fetches what an id stands for, with the proof.
        """
        if after is not None:
            given.check_id("after", after)
        return await self._schemas.listed(after)

    @property
    def known_schemas(self) -> Mapping[str, Schema]:
        """The schemas whose definitions are at hand, by id: learned, defined, fetched or kept."""
        return self._schemas.known

    def learn(self, schemas: Iterable[Schema]) -> None:
        """Makes schemas known that are at hand, such as those that another client fetched.

        By their ids: by its name one is found where no other has that name (see `schema_named`).
        """
        for schema in given.definitions(schemas):
            self._schemas.offer(schema)
