"""All that a rule is for, log by log, in slices that others can come between.

Nothing is kept of how far a sweep is: whoever stops it begins it again, and what was dropped is not looked at
any more.
"""

import time
from dataclasses import dataclass

from panda_web import messages
from panda_web.errors import PandaError
from panda_web.messages import InvalidMessage
from panda_web.node.dropping.removing import check_unused, drop, keep
from panda_web.node.dropping.rules import Rule, RuleValueWrong
from panda_web.node.slices import Pace, Write, in_slices
from panda_web.node.store import Store
from panda_web.node.store.dropped import Payload
from panda_web.node.store.entries import LogRow
from panda_web.rpc.removed import MAX_WORDS

SWEEPS = 3600.0
"""Seconds between two sweeps by the rules of a node: what was young becomes old."""

PAGE = 200
"""Payloads that are looked at together, and logs that are."""


JOINERS = "\u200c\u200d"
"""Characters that nobody sees, and that scripts need."""


class InstanceNotHeld(PandaError):
    """Nothing is held of the instance, so there is nothing to drop, and no log to mark it in."""

    reason = "instance-not-held"


@dataclass(frozen=True, slots=True)
class Swept:
    """What became of a sweep so far.

    Attributes:
        instances: that were dropped; entries whose payload is no message count as one each.
        payloads: of them.
        size: bytes of these.
    """

    instances: int = 0
    payloads: int = 0
    size: int = 0


class _Logs:
    """Goes through logs, each once, from slice to slice."""

    def __init__(self, store: Store, author: bytes | None, schema: str | None) -> None:
        self._store = store
        self._author = author
        self._schema = schema
        self._place = (b"", 0)

    def next(self) -> LogRow | None:
        """The next log; None at the end."""
        key = self._store.dropped.next_log(self._place, self._author, self._schema)
        if key is None:
            return None
        log_row = self._store.entries.log_at(key)
        self._place = log_row.author, log_row.log_id
        return log_row


class Sweep:
    """Drops what a rule is for.

    Args:
        store: where.
        rule: says what.
        words: why, for readers.
        dry: whether nothing is dropped, and only counted.
        system: whether system logs are swept too; but for what registered schemas are defined by.
    """

    def __init__(
        self, store: Store, rule: Rule, words: str | None = None, *, dry: bool = False, system: bool = False
    ) -> None:
        self._store = store
        self._rule = rule
        self._words = words
        self._dry = dry
        self._system = system
        self._logs = _Logs(store, rule.author, rule.schema)
        self._log: LogRow | None = None
        self._mixed = False
        self._behind = (0, 0)
        self._seen: set[int] = set()
        self._old: int | None = None
        self.swept = Swept()

    async def run(self, write: Write, pace: Pace) -> Swept:
        """Drops all of it.

        Args:
            write: the node's way to write.
            pace: how others have their turn.

        Raises:
            InstanceNotHeld, SchemaInUse: nothing is dropped.
            StoreFailed: what was dropped before is.
        """
        await in_slices(self._slice, write, pace)
        return self.swept

    def _slice(self, until: float) -> bool:
        if self._rule.instance is not None:
            self._one(self._rule.instance)
            return True
        if self._old is None and self._rule.older_than is not None:
            self._old = self._store.days.came_before(self._rule.older_than)
        for _ in range(PAGE):
            if self._log is None and not self._next_log():
                return True
            self._some(until)
            if time.monotonic() >= until:
                break
        return False

    def _one(self, instance: bytes) -> None:
        keys = self._store.dropped.logs_of(instance)
        if not keys:
            raise InstanceNotHeld(f"Nothing of the instance {instance.hex()[:16]}… is held here.")
        check_unused(self._store, instance)
        for key in keys:
            self._log = self._store.entries.log_at(key)
            self._drop(instance)

    def _next_log(self) -> bool:
        self._log = self._logs.next()
        self._behind = (0, 0)
        if self._log is not None and self._rule.schema is not None:
            self._mixed = len(self._store.entries.schemas_of(self._log.key)) > 1
        return self._log is not None

    def _some(self, until: float) -> None:
        """Looks at some payloads of the log."""
        log_row = self._log
        if log_row is None or (log_row.log_id % 2 == 0 and not self._system):
            self._log = None
            return
        found = self._store.dropped.held(log_row.key, self._behind, PAGE)
        for each in found:
            self._behind = each.seq_num, each.number
            if self._is_meant(log_row, each):
                self._drop(each.subject)
            if time.monotonic() >= until:
                return
        if len(found) < PAGE:
            self._log = None

    def _is_meant(self, log_row: LogRow, payload: Payload) -> bool:
        rule, store = self._rule, self._store
        if rule.larger_than is not None and payload.size <= rule.larger_than:
            return False
        if rule.schema is not None and not self._is_of_schema(payload, rule.schema):
            return False
        if self._old is not None and (
            payload.number > self._old or store.dropped.is_held_of(payload.subject, log_row.key, self._old)
        ):
            return False
        return log_row.log_id % 2 == 1 or payload.subject.hex() not in store.registrations.all()

    def _is_of_schema(self, payload: Payload, schema: str) -> bool:
        if not payload.is_message or not self._mixed:
            return payload.is_message
        try:
            return messages.decode(self._store.dropped.payload(payload.number)).schema == schema
        except InvalidMessage:
            return False

    def _drop(self, subject: bytes) -> None:
        log_row = self._log
        if log_row is None or self._is_done(subject, log_row):
            return
        if self._dry:
            removed = self._store.dropped.of(subject, log_row.key)
        else:
            removed = drop(self._store, log_row, subject, self._words)
        so_far = self.swept
        self.swept = Swept(
            so_far.instances + 1, so_far.payloads + removed.payloads, so_far.size + removed.size
        )

    def _is_done(self, subject: bytes, log_row: LogRow) -> bool:
        if not self._dry:
            return self._rule.instance is None and self._store.dropped.has(subject, log_row.key)
        key = hash((subject, log_row.key))
        done = key in self._seen
        self._seen.add(key)
        return done


class Keeping:
    """Takes back what was dropped: it may come again.

    Args:
        store: where.
        instance: an instance; it stands alone.
        author: of what is taken back; None for all.
        schema: of messages in the logs; likewise.

    Attributes:
        swept: what became of it so far.
        schemas: of the messages in the logs in which something was taken back.
    """

    def __init__(
        self,
        store: Store,
        *,
        instance: bytes | None = None,
        author: bytes | None = None,
        schema: str | None = None,
    ) -> None:
        self._store = store
        self._instance = instance
        self._logs = _Logs(store, author, schema)
        self._log: LogRow | None = None
        self._behind = b""
        self.swept = Swept()
        self.schemas: set[str] = set()

    async def run(self, write: Write, pace: Pace) -> Swept:
        """Takes all of it back. Raises StoreFailed: what was taken back before is."""
        await in_slices(self._slice, write, pace)
        return self.swept

    def _slice(self, until: float) -> bool:
        if self._instance is not None:
            for key in self._store.dropped.logs_of(self._instance):
                if self._store.dropped.has(self._instance, key):
                    self._keep(self._store.entries.log_at(key), self._instance)
            return True
        for _ in range(PAGE):
            if self._log is None:
                self._log, self._behind = self._logs.next(), b""
            if self._log is None:
                return True
            marked = self._store.dropped.marked(self._log.key, self._behind, PAGE)
            for subject in marked:
                self._behind = subject
                self._keep(self._log, subject)
                if time.monotonic() >= until:
                    return False
            if len(marked) < PAGE:
                self._log = None
        return False

    def _keep(self, log_row: LogRow, subject: bytes) -> None:
        payloads = keep(self._store, log_row, subject)
        self.schemas |= {*self._store.entries.schemas_of(log_row.key)}
        self.swept = Swept(self.swept.instances + 1, self.swept.payloads + payloads)


def check_words(words: str) -> str:
    """Words for readers. Raises RuleValueWrong where they are none, or too many."""
    words = " ".join(words.split())
    if not 1 <= len(words) <= MAX_WORDS or not all(each.isprintable() or each in JOINERS for each in words):
        raise RuleValueWrong(
            f"The words for readers have 1 to {MAX_WORDS} characters, no control character among them; these "
            f"have {len(words)}."
        )
    return words


async def refuse(store: Store, author: bytes, words: str, write: Write, pace: Pace) -> Swept:
    """Takes nothing of an author from now on, and removes the payloads that are held.

    Args:
        store: where.
        author: 32 bytes.
        words: why, for readers.
        write: the node's way to write.
        pace: how others have their turn.

    Raises:
        RuleValueWrong: the words.
        StoreFailed: what was done before is.
    """
    words = check_words(words)
    await write(lambda: store.dropped.refuse(author, words))
    return await Sweep(store, Rule(author=author), words, system=True).run(write, pace)


async def allow(store: Store, author: bytes, write: Write) -> None:
    """Takes an author in as all others; what was removed stays so until it is taken back (`Keeping`)."""
    await write(lambda: store.dropped.allow(author))
