"""Which questions an instance may be an answer to, without asking each of them.

Most filters ask for one value of some field: those of them that ask for another one are passed over at once.
So followers of other rooms, authors or instances cost whoever publishes next to nothing.
"""

from collections import Counter
from collections.abc import Iterator

from panda_web.messages import Value
from panda_web.node.live.followed import Question
from panda_web.query import By, Compare, Every, Filter, Queried

Needed = tuple[str, Value]
"""The name of a field, and the value that it must have."""


def needed(filter: Filter) -> Needed | None:
    """What whatever passes a filter must have; None where that is not one value."""
    match filter:
        case Compare(name=name, value=field, by=By.WHOLE, operator="eq"):
            return name, field.value
        case Every(parts):
            return next((found for part in parts if (found := needed(part)) is not None), None)
        case _:
            return None


class Sieve:
    """The questions about a schema.

    Attributes:
        all: of them.
        views: the numbers of the views that they are for, each as often as it is.
    """

    def __init__(self, *questions: Question) -> None:
        self.all: dict[Question, None] = {}
        self.views: Counter[int] = Counter()
        self._open: dict[Question, None] = {}
        self._names: dict[str, dict[Value, dict[Question, None]]] = {}
        for question in questions:
            self.add(question)

    def add(self, question: Question) -> None:
        """Another one."""
        self.all[question] = None
        self.views[question.view] += 1
        if question.needs is None:
            self._open[question] = None
        else:
            name, value = question.needs
            self._names.setdefault(name, {}).setdefault(value, {})[question] = None

    def remove(self, question: Question) -> None:
        """Nobody asks it any more."""
        del self.all[question]
        self.views -= Counter((question.view,))
        if question.needs is None:
            del self._open[question]
        else:
            name, value = question.needs
            values = self._names[name]
            del values[value][question]
            if not values[value]:
                del values[value]
            if not values:
                del self._names[name]

    def may_pass(self, seen: Queried) -> Iterator[Question]:
        """Those that an instance may be an answer to."""
        yield from self._open
        for name, values in self._names.items():
            value: Value | None
            match name:
                case "id":
                    value = seen.id
                case "author":
                    value = seen.author
                case _:
                    field = seen.fields.get(name)
                    value = field.value if field is not None else None
            if value is not None:
                yield from values.get(value, ())
