"""What instances that changed mean for each who asks: each is looked up once, and said once in each form."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from functools import partial

from panda_web.node.live import looking
from panda_web.node.live.followed import Question
from panda_web.node.live.looking import MAX_TOLD, Seen, Touched
from panda_web.node.live.place import Place
from panda_web.node.live.sieve import Sieve
from panda_web.node.store import Store
from panda_web.node.views import View, in_place
from panda_web.rpc import jsonrpc

COMPARED = 50
"""Comparisons of a filter with an instance between two turns of the event loop."""

Form = tuple[int, bool, bool]
"""Which of the instances, whether it is shown to who asks, and whether with proof."""


class ViewChanged(Exception):
    """Another view is in place than was asked, or none."""


class Comparing:
    """Compares what changed with what is asked for.

    Args:
        store: where it is looked up.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    async def steps(
        self, schema: str, touched: Sequence[Touched], end: Place, asked: Sieve
    ) -> AsyncIterator[tuple[Place, Mapping[Question, bytes]]]:
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
            forms = await _forms(seen, asked)
            wanted = sorted({form for each in forms.values() for form in each})
            said: dict[Form, bytes] = {}
            done = len(seen)
            if wanted:
                said, done = await self._store.read(partial(self._say, schema, seen, asked, wanted))
            behind, touched = seen[done - 1].touched.end, touched[done:]
            at = end
            if touched:
                at = await self._store.read(partial(looking.place, self._store, behind))
            told = {question: _joined(said, each) for question, each in forms.items()}
            yield at, {question: changes for question, changes in told.items() if changes}

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
            number, shown, proof = form
            if size > MAX_TOLD and all(number != other for other, *_ in said):
                return said, number
            found = (
                looking.told(self._store, view, seen[number], proof=proof)
                if shown
                else looking.gone(self._store, seen[number], proof=proof)
            )
            if found is not None:
                said[form] = jsonrpc.dumps(found)
                size += len(said[form])
        return said, len(seen)


async def _forms(seen: Sequence[Seen], asked: Sieve) -> dict[Question, list[Form]]:
    """In which form each question is told of which instances."""
    forms: dict[Question, list[Form]] = {}
    compared = 0
    for number, each in enumerate(seen):
        passed = set()
        for question in [*asked.may_pass(each)] if each.row is not None else ():
            if question.passes(each):
                passed.add(question)
                forms.setdefault(question, []).append((number, True, question.proof))
            compared += 1
            if compared % COMPARED == 0:
                await asyncio.sleep(0)
        for question in [*asked.all] if not each.touched.new else ():  # nobody knows of what is new
            if question not in passed:
                forms.setdefault(question, []).append((number, False, question.proof))
    return forms


def _joined(said: Mapping[Form, bytes], forms: Sequence[Form]) -> bytes:
    return b",".join(said[form] for form in forms if form in said)
