"""What instances that changed mean for each who asks: each is looked up once, and said once in each form."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from functools import partial
from operator import itemgetter

from panda_web.node.live import looking
from panda_web.node.live.followed import Question
from panda_web.node.live.looking import MAX_TOLD, Seen, Touched
from panda_web.node.live.sieve import Sieve
from panda_web.node.store import Store
from panda_web.node.store.changes import Cursor
from panda_web.node.store.earlier import Earlier
from panda_web.node.views import View, in_place
from panda_web.query import Queried
from panda_web.rpc import jsonrpc

COMPARED = 50
"""Comparisons of a filter with an instance, or who is told of one, between two turns of the event loop."""

Form = tuple[int, bool, bool, tuple[str, ...] | None]
"""Which of the instances, whether it is shown to who asks, whether with proof, and which of its fields."""


class ViewChanged(Exception):
    """Another view is in place than was asked, or none."""


class Comparing:
    """Compares what changed with what is asked for.

    Args:
        store: where it is looked up.
        earlier: what instances were; None where they are looked at who knows how long after.
    """

    def __init__(self, store: Store, earlier: Earlier | None = None) -> None:
        self._store = store
        self._earlier = earlier

    async def steps(
        self, schema: str, touched: Sequence[Touched], end: Cursor, asked: Sieve
    ) -> AsyncIterator[tuple[Cursor, Mapping[Question, bytes]]]:
        """What became of instances of a schema, for each question: an array in JSON, without brackets.

        Args:
            schema: its id.
            touched: the instances, in order.
            end: the place behind all of them.
            asked: the questions.

        Returns:
            The same in parts, each with the place behind it, of `MAX_TOLD` bytes or of one instance.
            Questions of which nothing is told are left out.

        Raises:
            ViewChanged: it is not the view that was asked.
            QueryTooExpensive, StoreFailed: they cannot be read.
        """
        while touched and asked.all:
            seen = await self._store.read(partial(self._look, schema, touched, asked))
            forms = await self._forms(schema, seen, asked)
            wanted = sorted({form for each in forms.values() for form in each}, key=itemgetter(0))
            said: dict[Form, bytes] = {}
            done = len(seen)
            if wanted:
                said, done = await self._store.read(partial(self._say, schema, seen, asked, wanted))
            behind, touched = seen[done - 1].touched.end, touched[done:]
            at = end
            if touched:
                at = await self._store.read(partial(self._store.feed.at, behind))
            told = {question: _joined(said, each) for question, each in forms.items()}
            yield at, {question: changes for question, changes in told.items() if changes}
            if self._earlier is not None:
                for each in seen[:done]:
                    self._earlier.forget(schema, each.touched.id, each.touched.causes)

    def _view(self, schema: str, asked: Sieve) -> View:
        view = in_place(self._store, schema)
        if view is None or asked.views.keys() != {view.table.number}:
            raise ViewChanged
        return view

    def _look(self, schema: str, touched: Sequence[Touched], asked: Sieve) -> list[Seen]:
        return looking.look(self._view(schema, asked), touched)

    def _say(
        self, schema: str, seen: Sequence[Seen], asked: Sieve, wanted: Sequence[Form]
    ) -> tuple[dict[Form, bytes], int]:
        """What is said in each form, and of how many of the instances."""
        view = self._view(schema, asked)
        said: dict[Form, bytes] = {}
        size = 0
        for form in wanted:
            number, shown, proof, select = form
            if size > MAX_TOLD and all(number != other for other, *_ in said):
                return said, number
            found = (
                looking.told(self._store, view, seen[number], select, proof=proof)
                if shown
                else looking.gone(self._store, seen[number], proof=proof)
            )
            if found is not None:
                said[form] = jsonrpc.dumps(found)
                size += len(said[form])
        return said, len(seen)

    async def _forms(self, schema: str, seen: Sequence[Seen], asked: Sieve) -> dict[Question, list[Form]]:
        """In which form each question is told of which instances."""
        forms: dict[Question, list[Form]] = {}
        turns = _Turns()
        for number, each in enumerate(seen):
            passed = await turns.passing([each] if each.row is not None else [], asked)
            for question in passed:
                forms.setdefault(question, []).append((number, True, question.proof, question.select))
            before = self._before(schema, each)
            knew = await turns.passing(before, asked) if before is not None else dict(asked.all)
            for question in knew:
                if question not in passed:
                    await turns.one_more()
                    forms.setdefault(question, []).append((number, False, question.proof, None))
        return forms

    def _before(self, schema: str, seen: Seen) -> Sequence[Queried] | None:
        """All that an instance may be known as; None where that may be anything."""
        touched = seen.touched
        if touched.new:
            return []
        if self._earlier is None or touched.recounted:
            return None
        states = self._earlier.states(schema, touched.id, touched.causes)
        if states is None:
            return None
        return states if seen.hides is None else [*states, seen.hides]


class _Turns:
    """Gives the event loop a turn now and then."""

    def __init__(self) -> None:
        self._count = 0

    async def one_more(self) -> None:
        """One more piece of work is done."""
        self._count += 1
        if self._count % COMPARED == 0:
            await asyncio.sleep(0)

    async def passing(self, states: Iterable[Queried], asked: Sieve) -> dict[Question, None]:
        """The questions that one of these is an answer to."""
        found: dict[Question, None] = {}
        for each in states:
            for question in [*asked.may_pass(each)]:
                if question not in found and question.passes(each):
                    found[question] = None
                await self.one_more()
        return found


def _joined(said: Mapping[Form, bytes], forms: Sequence[Form]) -> bytes:
    return b",".join(said[form] for form in forms if form in said)
