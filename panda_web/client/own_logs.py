"""The author's own logs, as this client knows them: what each is for, where it ends, what was sent.

    log/AUTHOR/LOG          a `LogState`
    entry/AUTHOR/LOG/SEQ    a signed entry and its payload, kept so that any node can be brought up to date
    lost/AUTHOR/LOG/SEQ/HASH    the same of one that lost its place, because another copy of the key took it
    instance/AUTHOR/ID      which log an own instance is in, and whether it is deleted
    early/AUTHOR/NODE       there for nodes that were early ones (`client.early`) when last they answered
    only/AUTHOR             there while this is the only copy of the key, so nobody else writes with it
    restored/AUTHOR         there after the key was restored, until a node was asked for its logs

An entry is recorded here, durably, before its first byte is sent, and in one commit with the new end of its
log: so a slot is used up the moment that it is signed for, and after a crash the same bytes are sent again.
"""

import json
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import count
from types import MappingProxyType

from panda_web import log as log_module
from panda_web.bamboo import ForkProof, Head, claims, digest, linking_to
from panda_web.client.drafts import Filled
from panda_web.client.log_state import LogState, OwnEntry, OwnInstance
from panda_web.client.refusals import Refusal
from panda_web.client.store import ClientStore
from panda_web.log import SignedEntry
from panda_web.messages import (
    FIRST_USER_LOG,
    Field,
    Placed,
    decode,
    next_user_log,
    reduce,
    system_log,
)
from panda_web.rpc.errors import LogCondemned

MAX_LOG_ID = 999_999
"""The highest log id that is begun: far below what nodes take (2^31 - 1), far above what anybody needs."""

READ_AT_ONCE = 200
"""Entries of a log that are read together where all of them are looked at: megabytes at most, as texts."""


def in_use(logs: Iterable[LogState], schema: str, node: str) -> LogState | None:
    """The log in use for new instances of a schema at a node; see `OwnLogs.of_schema`."""
    found = [log for log in logs if log.schema == schema and not (log.given_up or log.proven)]
    if system_log(schema) is None:
        found = [log for log in found if not log.forked and node not in log.refused]
    return found[-1] if found else None


def free(logs: Iterable[LogState], least: int = FIRST_USER_LOG) -> int:
    """An odd log id that is none of theirs; see `OwnLogs.next_free`."""
    used = {log.log_id for log in logs if log.log_id % 2 == 1}
    start = max(least, next_user_log(max((each for each in used if each <= MAX_LOG_ID), default=None)))
    if start > MAX_LOG_ID:  # on a node's word, since nobody has so many schemas
        start = least if least <= MAX_LOG_ID else FIRST_USER_LOG
    return next(each for each in count(start, 2) if each not in used)


class OwnLogs:
    """The own logs of one author in a store."""

    def __init__(self, store: ClientStore, author: bytes) -> None:
        self._store = store
        self._author = author.hex()

    async def logs(self) -> list[LogState]:
        """All own logs, by log id."""
        return [LogState.read(text) for _, text in await self._store.scan(f"log/{self._author}/")]

    async def logs_and_alone(self) -> tuple[list[LogState], bool]:
        """What `logs` and `is_only_copy` give, as both are at one moment."""
        only, texts = await self._store.look(self._only, f"log/{self._author}/")
        return [LogState.read(text) for _, text in texts], only is not None

    async def get(self, log_id: int) -> LogState | None:
        """One own log."""
        text = await self._store.get(self._log(log_id))
        return LogState.read(text) if text is not None else None

    async def of_schema(self, schema: str, node: str) -> LogState | None:
        """The log in use for new instances of a schema at a node.

        One that goes on after a fork, or of which the node refuses an entry, is it only where no other can
        be; one of which a fork is proven is it never.
        """
        return in_use(await self.logs(), schema, node)

    async def is_complete(self, schema: str) -> bool:
        """Whether all that this author wrote of a schema is held here, as far as this client can know."""
        if await self.is_only_copy():
            return True
        logs = [log for log in await self.logs() if log.schema == schema]
        whole = all(log.first == 1 and not (log.given_up or log.proven) for log in logs)
        return bool(logs) and whole and not await self.is_restored()

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

    async def next_free(self, least: int = FIRST_USER_LOG) -> int:
        """An odd log id that is not in use here: above all that are, as long as `MAX_LOG_ID` allows.

        Args:
            least: the first that may be it.
        """
        return free(await self.logs(), least)

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
        texts = await self._store.scan(prefix, start=f"{above + 1:010}", most=most)
        return [OwnEntry.read(int(key.removeprefix(prefix)), text) for key, text in texts]

    async def _all(self, log_id: int) -> AsyncIterator[OwnEntry]:
        """All held entries of a log, of which some are in memory at a time."""
        above = 0
        while some := await self.entries(log_id, above, READ_AT_ONCE):
            for own in some:
                yield own
            above = some[-1].seq_num

    async def signed_for(self, log: LogState) -> dict[int, bytes]:
        """Seq num to entry hash, for all of a log that this client knows to have signed for."""
        hashes = dict(log.head.hashes)
        async for own in self._all(log.log_id):
            signed = log_module.recall(own.entry)
            hashes |= claims(signed.entry, signed.hash)
        return {n: known for n, known in hashes.items() if n <= log.head.seq_num}

    async def lost(self) -> list[OwnEntry]:
        """Entries that lost their place, by log and seq num."""
        texts = await self._store.scan(f"lost/{self._author}/")
        return [OwnEntry.read(int(key.split("/")[3]), text) for key, text in texts]

    async def instances(self, schema: str, *, deleted: bool = False) -> dict[str, Mapping[str, Field]]:
        """Own instances of a schema, rebuilt from the entries held here.

        Args:
            schema: its id.
            deleted: those that are deleted, as they were before that, and not the others.
        """
        about: dict[str, list[Placed]] = {}
        for log in await self.logs():
            if log.schema != schema or log.given_up:
                continue
            async for own in self._all(log.log_id):
                if log.proven and own.seq_num >= log.proven and decode(own.payload).action != "delete":
                    continue
                placed = Placed(log.log_id, own.seq_num, digest(own.entry), decode(own.payload))
                about.setdefault(placed.message.id or placed.hash.hex(), []).append(placed)
        # Without its create an instance is another copy's of the key.
        reduced = {instance: reduce(messages) for instance, messages in about.items()}
        return {
            instance: each.fields
            for instance, each in reduced.items()
            if each is not None and each.deleted == deleted
        }

    async def append(self, log: LogState, filled: Sequence[Filled]) -> LogState:
        """Records signed entries and the log's new end, in one commit.

        Args:
            log: one that was not recorded before is begun; this must be the only copy of the key still.
            filled: the slots behind its end, in their order.

        Raises:
            StoreConflict: another tab was faster, or a copy was made. These entries must be forgotten,
                and never be sent.
        """
        head = log.head.advance(*(each.signed.hash for each in filled))
        changes: dict[str, str | None] = {}
        for each in filled:
            own = OwnEntry.of(each)
            changes[self._entry(log.log_id, own.seq_num)] = own.text()
            instance = each.message.id or each.signed.hash.hex()
            about = json.dumps({"logId": log.log_id, "deleted": each.message.action == "delete"})
            changes[self._instance(instance)] = about
        expected = {self._only: "yes"} if log.stored is None else {}
        return await self._write(log, replace(log, head=head), changes, expected)

    async def acknowledge(self, log: LogState, node: str, seq_num: int) -> LogState:
        """Records that a node holds everything up to `seq_num`, or, after it lost some, only up to there.

        Nobody waits until that is durable: what a power cut takes, the node says again.
        """
        refused = {
            name: refusal
            for name, refusal in log.refused.items()
            # It has taken the entry after all. A log that is condemned stays so.
            if name != node or refusal.seq_num > seq_num or refusal.reason == LogCondemned.reason
        }
        held = log.acknowledged | {node: seq_num}
        return await self._write(log, replace(log, acknowledged=held, refused=refused), durable=False)

    async def refuse(self, log: LogState, node: str, refusal: Refusal) -> LogState:
        """Records that a node refuses an entry, and with it what follows in this log."""
        return await self._write(log, replace(log, refused=log.refused | {node: refusal}))

    async def learn(self, log: LogState, hashes: Mapping[int, bytes]) -> LogState:
        """Records the hashes of entries that coming ones link to."""
        head = Head(log.head.seq_num, {**log.head.hashes, **hashes})
        return await self._write(log, replace(log, head=head))

    async def give_up(self, log: LogState, fork: int) -> LogState:
        """Nothing is appended any more: another entry `fork` was shown, by another copy of the key."""
        return await self._write(log, replace(log, given_up=fork), {self._only: None})

    async def prove(self, log: LogState, proof: ForkProof) -> LogState:
        """Records that a log is forked, and that others can know it: nothing but deletes is appended to it.

        What is here of it goes to nodes all the same: people may vote for this branch.
        """
        if 0 < log.proven <= proof.position:
            return log
        after = replace(log, proven=proof.position, proof=proof.encode(), given_up=0)
        return await self._write(log, after, {self._only: None})

    async def proof(
        self, log: LogState, position: int, shown: Iterable[SignedEntry]
    ) -> tuple[ForkProof, int] | None:
        """What an entry of ours and one that was shown prove; and which seq num ours has.

        Args:
            log: an own log.
            position: for which something else was shown than we signed.
            shown: what was shown.
        """
        theirs = [(each, dict(claims(each.entry, each.hash)).get(position)) for each in shown]
        for seq_num in (position, *linking_to(position)):
            for own in await self.entries(log.log_id, seq_num - 1, 1):
                mine = log_module.recall(own.entry)
                claimed = dict(claims(mine.entry, mine.hash)).get(position)
                for other, instead in theirs:
                    if None not in (claimed, instead) and claimed != instead:
                        return ForkProof.of(mine.entry, other.entry), own.seq_num
        return None

    async def take_up(self, log: LogState) -> LogState:
        """A log that was given up goes on, with a node whose entries are ours."""
        return await self._write(log, replace(log, given_up=0))

    async def begin(self, log: LogState) -> LogState:
        """Records a log that was not known here: a new one, or one taken over from a node."""
        return await self._write(log, log)

    async def go_on(
        self, log: LogState, head: Head, node: str, fork: int | None, lost: Sequence[OwnEntry]
    ) -> LogState:
        """Goes on with what another copy of the key made of a log; it is not given up any more.

        What was known of its instances is forgotten, since that copy may have changed or deleted them: the
        node is asked when it matters.

        Args:
            log: as it was here.
            head: as it is at the node, shown and verified.
            node: which holds it, to the end.
            fork: the least seq num for which another entry than ours was shown; None where there is none.
            lost: our entries from there on. They are kept, under another name.
        """
        changes: dict[str, str | None] = {self._only: None}
        for key, text in await self._store.scan(f"instance/{self._author}/"):
            if json.loads(text)["logId"] == log.log_id:
                changes[key] = None
        for own in lost:
            key = self._entry(log.log_id, own.seq_num)
            changes[key] = None
            changes[f"lost/{key.removeprefix('entry/')}/{digest(own.entry).hex()[-16:]}"] = own.text()
        after = replace(
            log,
            head=head,
            first=head.seq_num + 1,
            acknowledged={node: head.seq_num},
            given_up=0,
            refused={},
            forked=min(fork or log.forked, log.forked or fork or 0),
        )
        return await self._write(log, after, changes)

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
        *,
        durable: bool = True,
    ) -> LogState:
        key, text = self._log(before.log_id), after.text()
        if text != before.stored or changes:
            wanted = {**expected, key: before.stored}
            await self._store.commit({**changes, key: text}, wanted, durable=durable)
        return replace(after, stored=text)

    @property
    def _only(self) -> str:
        return f"only/{self._author}"

    def _log(self, log_id: int) -> str:
        return f"log/{self._author}/{log_id:010}"

    def _entry(self, log_id: int, seq_num: int) -> str:
        return f"entry/{self._author}/{log_id:010}/{seq_num:010}"

    def _early(self, node: str) -> str:
        return f"early/{self._author}/{node}"

    def _instance(self, instance: str) -> str:
        return f"instance/{self._author}/{instance}"
