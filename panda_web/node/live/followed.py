"""What is followed, by whom, and how far each of them was told."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

from panda_web.messages import Value
from panda_web.node.store import Store
from panda_web.node.store.changes import Cursor
from panda_web.node.views import in_place
from panda_web.query import Queried
from panda_web.rpc import jsonrpc
from panda_web.rpc.session import Session
from panda_web.rpc.subscriptions import CHANGED

MAX_RECENT = 16 << 20
"""Bytes of what was told that are kept, of all questions together, for who could not take it at once."""

STEP_SIZE = 500
"""Bytes that one step takes besides what it tells."""


Key = tuple[str, str, bool, tuple[str, ...] | None]
"""A schema, a filter in JSON, whether the entries are asked for, and the fields; None for all."""


@dataclass(frozen=True, slots=True)
class Step:
    """What is told at once.

    Attributes:
        begin: the place before it.
        end: the place behind it.
        changes: an array in JSON, without its brackets; empty for none.
        reset: whether the place is lost.
    """

    begin: Cursor
    end: Cursor
    changes: bytes = b""
    reset: bool = False

    def message(self, subscription: str) -> bytes:
        """The notification for a subscription."""
        return (
            b'{"jsonrpc":"2.0","method":"%s","params":{"subscription":%s,"changes":[%s],"cursor":%s%s}}'
            % (
                CHANGED.name.encode(),
                jsonrpc.dumps(subscription),
                self.changes,
                jsonrpc.dumps(str(self.end)),
                b',"reset":true' if self.reset else b"",
            )
        )


@dataclass(eq=False, slots=True)
class Question:
    """What one or more subscriptions ask for.

    Attributes:
        key: tells it from others.
        schema: its id.
        passes: whether an instance is asked for.
        needs: a field and the value that it must have for that; None where that is not one value.
        view: the number of the view that this is for.
        told: behind which place all was told of it.
        by: the subscriptions.
    """

    key: Key
    schema: str
    passes: Callable[[Queried], bool]
    needs: tuple[str, Value] | None
    view: int
    told: Cursor
    by: "set[Subscription]" = field(default_factory=set)

    @property
    def proof(self) -> bool:
        """Whether the entries are asked for."""
        return self.key[2]

    @property
    def select(self) -> tuple[str, ...] | None:
        """The fields that are asked for; None for all."""
        return self.key[3]

    def is_of(self, store: Store) -> bool:
        """Whether the view that this is for is in place. Reads."""
        view = in_place(store, self.schema)
        return view is not None and view.table.number == self.view


class Recent:
    """The last steps of all questions, as many as fit into `MAX_RECENT`; the last one in any case."""

    def __init__(self) -> None:
        self._steps: OrderedDict[tuple[Question, Cursor], Step] = OrderedDict()
        self._size = 0

    def keep(self, question: Question, step: Step) -> None:
        """Keeps a step of a question; the oldest ones go, whosever they are."""
        self._drop(self._steps.pop((question, step.begin), None))
        self._steps[question, step.begin] = step
        self._size += STEP_SIZE + len(step.changes)
        while len(self._steps) > 1 and self._size > MAX_RECENT:
            self._drop(self._steps.popitem(last=False)[1])

    def _drop(self, step: Step | None) -> None:
        if step is not None:
            self._size -= STEP_SIZE + len(step.changes)

    def behind(self, question: Question, place: Cursor) -> Step | None:
        """The step of a question that begins at a place, where it is kept."""
        return self._steps.get((question, place))


@dataclass(eq=False, slots=True)
class Subscription:
    """Somebody who follows the instances that a question asks for.

    Attributes:
        name: of the subscription, in its session.
        session: who is told.
        question: what is asked for.
        visitor: whom limits count it for; None for nobody.
        caller: in whose turn is read what nobody else needs.
        weight: what it counts for.
        at: behind which place they were told; None where that is all that there is.
        lost: the place where they have to begin again; None where they need not.
        telling: what tells them, where there is something to tell.
    """

    name: str
    session: Session
    question: Question
    visitor: str | None
    caller: str
    weight: int
    at: Cursor | None = None
    lost: Cursor | None = None
    telling: asyncio.Task[None] | None = None
