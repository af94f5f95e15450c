"""The author's own logs, as this client knows them: what each is for, where it ends, what was sent.

    log/AUTHOR/LOG          a `LogState`
    entry/AUTHOR/LOG/SEQ    a signed entry and its payload, kept so that any node can be brought up to date
    instance/AUTHOR/ID      which log an own instance is in, and whether it is deleted
    early/AUTHOR/NODE       there for nodes that were early ones (`client.early`) when last they answered
    only/AUTHOR             there while this is the only copy of the key, so nobody else writes with it
    restored/AUTHOR         there after the key was restored, until a node was asked for its logs

An entry is recorded here, durably, before its first byte is sent, and in one commit with the new end of its
log: so a slot is used up the moment that it is signed for, and after a crash the same bytes are sent again.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from panda_web.bamboo import Head, digest
from panda_web.client.store import ClientStore
from panda_web.errors import StoreFailed
from panda_web.log import SignedEntry
from panda_web.messages import Field, Message, decode, next_user_log, set_fields


@dataclass(frozen=True, slots=True)
class LogState:
    """One own log.

    Attributes:
        log_id: its number.
        schema: of its messages, 132 hex digits.
        head: its end: everything up to there is signed, so no slot up to there may be signed again.
        first: the first seq num of which the entry is held here; 1 but for logs taken over from a node.
        acknowledged: node to the last seq num that it said it holds.
        given_up: why nothing is appended any more; None for a log in use.
        stored: the text that this was read from, what a commit is conditional on.
    """

    log_id: int
    schema: str
    head: Head = field(default_factory=Head)
    first: int = 1
    acknowledged: dict[str, int] = field(default_factory=dict)
    given_up: str | None = None
    stored: str | None = None

    def text(self) -> str:
        """As it is stored."""
        return json.dumps(
            {
                "logId": self.log_id,
                "schema": self.schema,
                "seqNum": self.head.seq_num,
                "hashes": {n: known.hex() for n, known in self.head.hashes.items()},
                "first": self.first,
                "acknowledged": self.acknowledged,
                "givenUp": self.given_up,
            }
        )

    @staticmethod
    def read(text: str) -> "LogState":
        """From what is stored."""
        try:
            value = json.loads(text)
            hashes = {int(n): bytes.fromhex(known) for n, known in value["hashes"].items()}
            return LogState(
                log_id=value["logId"],
                schema=value["schema"],
                head=Head(value["seqNum"], hashes),
                first=value["first"],
                acknowledged=value["acknowledged"],
                given_up=value["givenUp"],
                stored=text,
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise StoreFailed("What this client remembers of its logs is damaged.") from error


@dataclass(frozen=True, slots=True)
class OwnInstance:
    """Where an own instance is."""

    log_id: int
    deleted: bool


@dataclass(frozen=True, slots=True)
class OwnEntry:
    """A signed entry with its payload."""

    seq_num: int
    entry: bytes
    payload: bytes


class OwnLogs:
    """The own logs of one author in a store."""

    def __init__(self, store: ClientStore, author: bytes) -> None:
        self._store = store
        self._author = author.hex()

    async def logs(self) -> list[LogState]:
        """All own logs, by log id."""
        return [LogState.read(text) for _, text in await self._store.scan(f"log/{self._author}/")]

    async def get(self, log_id: int) -> LogState | None:
        """One own log."""
        text = await self._store.get(self._log(log_id))
        return LogState.read(text) if text is not None else None

    async def of_schema(self, schema: str) -> LogState | None:
        """The log in use for a schema."""
        found = [log for log in await self.logs() if log.schema == schema and log.given_up is None]
        return found[-1] if found else None

    async def is_complete(self, schema: str) -> bool:
        """Whether all that this author wrote of a schema is held here, as far as this client can know."""
        if await self.is_only_copy():
            return True
        log = await self.of_schema(schema)
        return log is not None and log.first == 1 and not await self.is_restored()

    async def set_only_copy(self, *, only: bool) -> None:
        """Remembers that the key was made here, or that a copy of it goes elsewhere."""
        await self._store.commit({self._only: "yes" if only else None}, {})

    async def is_only_copy(self) -> bool:
        """Whether nobody else can have written with this key."""
        return await self._store.get(self._only) is not None

    async def set_restored(self, *, restored: bool) -> None:
        """Remembers that another copy of the key may have written since, or that the node was asked."""
        await self._store.commit(
            {f"restored/{self._author}": "yes" if restored else None, self._only: None}, {}
        )

    async def is_restored(self) -> bool:
        """Whether the node must be asked before anything is signed."""
        return await self._store.get(f"restored/{self._author}") is not None

    async def next_free(self) -> int:
        """The next odd log id that is not in use here."""
        used = [log.log_id for log in await self.logs() if log.log_id % 2 == 1]
        return next_user_log(max(used, default=None))

    async def instance(self, instance: str) -> OwnInstance | None:
        """Where an own instance is; None where this client did not make it."""
        text = await self._store.get(self._instance(instance))
        if text is None:
            return None
        value = json.loads(text)
        return OwnInstance(value["logId"], value["deleted"])

    async def schema_of(self, instance: str) -> str | None:
        """The schema of an own instance; None where this client did not make it."""
        known = await self.instance(instance)
        log = await self.get(known.log_id) if known is not None else None
        return log.schema if log is not None else None

    async def entries(self, log_id: int, above: int, most: int | None) -> list[OwnEntry]:
        """Held entries of a log with a seq num above `above`, ascending, at most `most` (None: all)."""
        prefix = f"entry/{self._author}/{log_id:010}/"
        found = []
        for key, text in await self._store.scan(prefix, start=f"{above + 1:010}", most=most):
            value = json.loads(text)
            entry, payload = bytes.fromhex(value["entry"]), bytes.fromhex(value["payload"])
            found.append(OwnEntry(int(key.removeprefix(prefix)), entry, payload))
        return found

    async def instances(self, schema: str, *, deleted: bool = False) -> dict[str, dict[str, Field]]:
        """Own instances of a schema, rebuilt from the entries held here.

        Args:
            schema: its id.
            deleted: those that are deleted, as they were before that, and not the others.
        """
        found: dict[str, dict[str, Field]] = {}
        ended: dict[str, dict[str, Field]] = {}
        for log in await self.logs():
            if log.schema != schema or log.given_up is not None:
                continue
            for own in await self.entries(log.log_id, 0, None):
                message = decode(own.payload)
                if message.action == "delete":
                    ended[message.id or ""] = found.pop(message.id or "", {})
                else:
                    instance = message.id or digest(own.entry).hex()
                    found[instance] = set_fields(found.get(instance, {}), message.fields)
        return ended if deleted else found

    async def append(self, log: LogState, made: Sequence[tuple[SignedEntry, bytes, Message]]) -> LogState:
        """Records signed entries and the log's new end, in one commit.

        Args:
            log: one that was not recorded before is begun; this must be the only copy of the key still.
            made: the entries, each with its payload and message.

        Raises:
            StoreConflict: another tab was faster, or a copy was made. These entries must be forgotten,
                and never be sent.
        """
        head = log.head
        changes: dict[str, str | None] = {}
        for signed, payload, message in made:
            head = head.advance(signed.hash)
            text = json.dumps({"entry": signed.encoded.hex(), "payload": payload.hex()})
            changes[f"entry/{self._author}/{log.log_id:010}/{signed.entry.seq_num:010}"] = text
            instance = message.id or signed.hash.hex()
            about = json.dumps({"logId": log.log_id, "deleted": message.action == "delete"})
            changes[self._instance(instance)] = about
        expected = {self._only: "yes"} if log.stored is None else {}
        return await self._write(log, replace(log, head=head), changes, expected)

    async def acknowledge(self, log: LogState, node: str, seq_num: int) -> LogState:
        """Records that a node holds everything up to `seq_num`, or, after it lost some, only up to there."""
        return await self._write(log, replace(log, acknowledged=log.acknowledged | {node: seq_num}))

    async def learn(self, log: LogState, seq_num: int, entry_hash: bytes) -> LogState:
        """Records the hash of an entry that a coming one links to."""
        head = Head(log.head.seq_num, {**log.head.hashes, seq_num: entry_hash})
        return await self._write(log, replace(log, head=head))

    async def give_up(self, log: LogState, why: str) -> LogState:
        """Nothing is appended to this log any more; maybe the key is in use elsewhere after all."""
        return await self._write(log, replace(log, given_up=why), {self._only: None})

    async def begin(self, log: LogState) -> LogState:
        """Records a log that was not known here: a new one, or one taken over from a node.

        Where it was known, another copy of the key has gone on with it, and may have changed or deleted what
        is in it: what was known of its instances is forgotten, and the node is asked when it matters.
        """
        changes: dict[str, str | None] = {}
        if log.stored is not None:
            for key, text in await self._store.scan(f"instance/{self._author}/"):
                if json.loads(text)["logId"] == log.log_id:
                    changes[key] = None
        return await self._write(log, log, changes)

    async def was_early(self, node: str) -> bool:
        """Whether a node was an early one when last it answered."""
        return await self._store.get(self._early(node)) is not None

    async def note_early(self, node: str, *, early: bool) -> None:
        """Records what a node is."""
        if early != await self.was_early(node):
            await self._store.commit({self._early(node): "1" if early else None}, {})

    async def _write(
        self,
        before: LogState,
        after: LogState,
        changes: Mapping[str, str | None] = MappingProxyType({}),
        expected: Mapping[str, str] = MappingProxyType({}),
    ) -> LogState:
        key, text = self._log(before.log_id), after.text()
        if text != before.stored or changes:
            await self._store.commit({**changes, key: text}, {**expected, key: before.stored})
        return replace(after, stored=text)

    @property
    def _only(self) -> str:
        return f"only/{self._author}"

    def _log(self, log_id: int) -> str:
        return f"log/{self._author}/{log_id:010}"

    def _early(self, node: str) -> str:
        return f"early/{self._author}/{node}"

    def _instance(self, instance: str) -> str:
        return f"instance/{self._author}/{instance}"
