"""Records that are kept up to date, and what they lead to with them.

The instances that a question asks for are followed, and so are those that they lead to, over any steps, by
their ids. A record is made anew when one of those changes: a talk whose room gets another name looks
different. Nothing is told before all that it leads to has been heard of once.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Generic

from panda_web.client.check import Instance, Rejected
from panda_web.client.collecting import Changed, differ
from panda_web.client.collecting import Kind as What
from panda_web.client.kinds import Kind
from panda_web.client.rejections import Rejections
from panda_web.errors import PandaError
from panda_web.records.record import D
from panda_web.rpc.types import Json

Follow = Callable[..., AsyncGenerator[Changed, None]]
"""Follows the instances of a schema, given by its id: `filter` and `order_by` say which."""

MOST_RELATED = 10_000
"""Instances of a schema that the records of one answer lead to, and that are read along."""
AT_ONCE = 100
"""Ids in one question: a node's subscriptions have no long filters."""
MOST_SMALL = 8
"""Questions of one class with fewer ids; one more, and they are put together."""


@dataclass(frozen=True, slots=True)
class RecordChange(Generic[D]):
    """What became of a record: as `Change` says it of an instance.

    Attributes:
        id: of the instance, 132 hex digits.
        kind: what became of it. It has changed too where something has that it leads to; it is gone too where
            the dataclass does not take it any more.
        record: as it is now; None where it is not there any more.
    """

    id: str
    kind: What
    record: D | None


@dataclass(frozen=True, slots=True)
class ChangedRecords(Generic[D]):
    """What a subscription gives: as `Changed`, with records in place of instances.

    Attributes:
        changes: what is new, each record once; the first time all that there are, as added.
        records: all as they are now, in the order asked for.
        rejected: what is not sound, or what the dataclass does not take; the first `MOST_REJECTED`.
        rejected_count: how many there were.
    """

    changes: tuple[RecordChange[D], ...]
    records: tuple[D, ...]
    rejected: tuple[Rejected, ...] = ()
    rejected_count: int = 0


@dataclass(eq=False, slots=True)
class Question:
    """What is followed.

    Attributes:
        cls: the dataclass; None for the records that were asked for.
        ids: of the instances that those lead to.
        task: hears the answers.
        answered: whether the first one is there.
    """

    cls: type | None
    ids: frozenset[str] = frozenset()
    task: asyncio.Task[None] | None = None
    answered: bool = False


class LiveRecords(Generic[D]):
    """The records of one subscription.

    Args:
        kind: their dataclass.
        kinds: those of the dataclasses that it leads to, over any steps.
        follow: follows instances.
    """

    def __init__(self, kind: Kind, kinds: Mapping[type, Kind], follow: Follow) -> None:
        self._kind = kind
        self._kinds = kinds
        self._follow = follow
        self._heard: asyncio.Queue[tuple[Question, Changed | Exception]] = asyncio.Queue(1)
        self._questions: list[Question] = []
        self._asked_for: dict[str, Instance] = {}
        self._order: Sequence[str] = ()
        self._beside: dict[type, dict[str, Instance | None]] = {}
        self._leads: dict[str, frozenset[str]] = {}
        self._made: dict[tuple[type, str], Any] = {}
        self._told: set[str] | None = None
        self._news: dict[str, What] = {}
        self._rejected = Rejections()

    async def follow(
        self, filter: Mapping[str, Json], order_by: Sequence[str]
    ) -> AsyncGenerator[ChangedRecords[D], None]:
        """What is new, without end. Raises what following instances does."""
        self._ask(Question(None), self._kind, filter, order_by)
        try:
            while True:
                question, said = await self._heard.get()
                if isinstance(said, Exception):
                    raise said
                if question in self._questions:  # not one that others have taken the place of
                    self._take(question, said)
                    await self._lead_on()
                if all(each.answered for each in self._questions):
                    new = self._tell()
                    if new is not None:
                        yield new
        finally:
            await self._end(self._questions)

    def _ask(
        self, question: Question, kind: Kind, filter: Mapping[str, Json], order_by: Sequence[str] = ()
    ) -> None:
        async def hear() -> None:
            try:
                async with aclosing(self._follow(kind.id, filter=filter, order_by=order_by)) as told:
                    async for changed in told:
                        await self._heard.put((question, changed))
            except Exception as error:  # noqa: BLE001 - it is raised where somebody waits for what is heard
                await self._heard.put((question, error))

        self._questions.append(question)
        question.task = asyncio.create_task(hear())

    async def _end(self, questions: Iterable[Question]) -> None:
        tasks = [each.task for each in questions if each.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _take(self, question: Question, changed: Changed) -> None:
        """Takes in what is told of instances."""
        touched: set[str] = set()
        if question.cls is None:
            self._order = [each.id for each in changed.instances]
            self._rejected.add(changed.rejected, changed.rejected_count)
            for change in changed.changes:
                self._news[change.id] = change.kind
                touched.add(change.id)
                if change.instance is None:
                    self._asked_for.pop(change.id, None)
                else:
                    self._asked_for[change.id] = change.instance
                self._note(self._kind, change.id, change.instance)
        else:
            held = self._beside[question.cls]
            now: dict[str, Instance | None] = {each.id: each.instance for each in changed.changes}
            if not question.answered:
                now = {each: now.get(each) for each in question.ids}
            for each, instance in now.items():
                before = held.get(each)
                if before is None or instance is None or differ(before, instance):
                    touched.add(each)
                    held[each] = instance
                    self._note(self._kinds[question.cls], each, instance)
        question.answered = True
        self._forget(touched)

    def _note(self, kind: Kind, place: str, instance: Instance | None) -> None:
        """Notes what an instance leads to, as long as there is room."""
        self._leads.pop(place, None)
        if instance is None:
            return
        found = kind.shape.leads_to([instance.fields])
        self._leads[place] = frozenset(each for ids in found.values() for each in ids)
        for cls, ids in found.items():
            beside = self._beside.setdefault(cls, {})
            for each in ids:
                if len(beside) < MOST_RELATED:
                    beside.setdefault(each, None)

    def _forget(self, touched: set[str]) -> None:
        """Forgets the records of some instances, and of those that lead to them, over any steps."""
        while touched:
            self._made = {key: made for key, made in self._made.items() if key[1] not in touched}
            for each in touched & self._asked_for.keys():
                self._news.setdefault(each, "changed")
            touched = {each for each, led_to in self._leads.items() if not led_to.isdisjoint(touched)}

    async def _lead_on(self) -> None:
        """Follows what instances lead to and nobody follows yet."""
        for cls, held in self._beside.items():
            asked = [each for each in self._questions if each.cls is cls]
            new = held.keys() - {each for question in asked for each in question.ids}
            small = [each for each in asked if len(each.ids) < AT_ONCE]
            if new and len(small) >= MOST_SMALL:
                self._questions = [each for each in self._questions if each not in small]
                await self._end(small)
                new |= {each for question in small for each in question.ids}
            wanted = sorted(new)
            for at in range(0, len(wanted), AT_ONCE):
                ids = wanted[at : at + AT_ONCE]
                self._ask(Question(cls, frozenset(ids)), self._kinds[cls], {"id": {"in": ids}})

    def _tell(self) -> ChangedRecords[D] | None:
        """What is new since this was last called; None where nothing is, but for the first time."""
        first, shown = self._told is None, self._told or set()
        news, self._news = self._news, {}
        rejected, self._rejected = self._rejected, Rejections()
        changes: list[RecordChange[D]] = []
        for each, kind in news.items():
            if each not in self._asked_for and each in shown:
                changes.append(RecordChange(each, kind, None))
        records = []
        now: set[str] = set()
        for each in self._order:
            record = self._record(self._kind, self._asked_for[each])
            if not isinstance(record, PandaError):
                records.append(record)
                now.add(each)
                if each in news:
                    changes.append(RecordChange(each, "changed" if each in shown else "added", record))
            elif each in news:
                rejected.add([Rejected(each, record)])
                if each in shown:
                    changes.append(RecordChange(each, "gone", None))
        self._told = now
        if not (first or changes or rejected.count):
            return None
        return ChangedRecords(tuple(changes), tuple(records), tuple(rejected.kept), rejected.count)

    def _record(self, kind: Kind, instance: Instance) -> Any:
        """The record of an instance, made once as long as nothing changes; or why there is none."""
        place = kind.shape.cls, instance.id
        if place not in self._made:
            try:
                self._made[place] = kind.record(instance, self._related(kind, instance))
            except PandaError as error:
                self._made[place] = error
        return self._made[place]

    def _related(self, kind: Kind, instance: Instance) -> dict[str, object]:
        found: dict[str, object] = {}
        for cls, ids in kind.shape.leads_to([instance.fields]).items():
            for each in ids:
                target = self._beside[cls].get(each)
                record = self._record(self._kinds[cls], target) if target is not None else None
                if record is not None and not isinstance(record, PandaError):
                    found[each] = record
        return found
