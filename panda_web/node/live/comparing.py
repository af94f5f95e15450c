"""What instances that changed mean for each who asks: each is looked up once, and said once in each form."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from functools import partial

from panda_web.node.live import looking
from panda_web.node.live.followed import Question
from panda_web.node.live.looking import MAX_TOLD, Seen, Touched
from panda_web.node.live.place import Place
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
        self, touched: Sequence[Touched], end: Place, asked: Sequence[Question]
    ) -> AsyncIterator[tuple[Place, Mapping[Question, bytes]]]:
        """What became of instances of a schema, for each question: an array in JSON, without brackets.

        Args:
            touched: the instances, in order.
            end: the place behind all of them.
            asked: the questions.

        Returns:
            The same in parts, each with the place behind it, of `MAX_TOLD` bytes or of one instance.

        Raises:
            ViewChanged: it is not the view that was asked.
            QueryTooExpensive, StoreFailed: they cannot be read.
        """
        while touched and asked:
            seen = await self._store.read(partial(self._look, touched, asked))
            forms = await _forms(seen, asked)
            wanted = sorted({form for each in forms.values() for form in each})
            said, done = await self._store.read(partial(self._say, seen, asked[0], wanted))
            touched = touched[done:]
            if touched:
                end_here = seen[done - 1].touched.end
                at = await self._store.read(partial(looking.place, self._store, end_here))
            else:
                at = end
            yield at, {question: _joined(said, forms[question]) for question in asked}

    def _view(self, asked: Sequence[Question]) -> View:
        view = in_place(self._store, asked[0].schema)
        if view is None or any(question.view != view.table.number for question in asked):
            raise ViewChanged
        return view

    def _look(self, touched: Sequence[Touched], asked: Sequence[Question]) -> list[Seen]:
        return looking.look(self._view(asked), touched)

    def _say(
        self, seen: Sequence[Seen], question: Question, wanted: Sequence[Form]
    ) -> tuple[dict[Form, bytes], int]:
        """What is said in each form, and of how many of the instances."""
        view = self._view([question])
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


async def _forms(seen: Sequence[Seen], asked: Sequence[Question]) -> dict[Question, list[Form]]:
    """In which form each question is told of which instances."""
    forms: dict[Question, list[Form]] = {}
    compared = 0
    for question in asked:
        forms[question] = []
        for number, each in enumerate(seen):
            shown = each.row is not None and question.passes(each)
            if shown or not each.touched.new:  # nobody knows of what is new
                forms[question].append((number, shown, question.proof))
            compared += 1
            if compared % COMPARED == 0:
                await asyncio.sleep(0)
    return forms


def _joined(said: Mapping[Form, bytes], forms: Sequence[Form]) -> bytes:
    return b",".join(said[form] for form in forms if form in said)
