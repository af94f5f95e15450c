"""Instances that others lead to: found along the paths of `include`, each given once in an answer.

Whatever multiplies on the way has an end: `MAX_FOLLOWED` ids are followed for one answer, and what is given
counts among its bytes.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from panda_web.messages import Field
from panda_web.messages.schema import SELF
from panda_web.node import views
from panda_web.node.store import Store
from panda_web.node.store.compiling import InstanceRow
from panda_web.node.views import View
from panda_web.query import Among, Query, relation
from panda_web.rpc.types import Json

MAX_FOLLOWED = 10_000
"""Ids that are followed for one answer, the same one along each path, also where nothing is there."""

_AT_ONCE = 500
"""Ids that are looked for with one statement."""


class Full(Exception):
    """There is no room for more in this answer."""


@dataclass(frozen=True, slots=True)
class Branch:
    """A relation that is followed.

    Attributes:
        name: of the field.
        view: of the schema that it leads to.
        branches: what is followed from there.
    """

    name: str
    view: View
    branches: tuple["Branch", ...]


def branches(store: Store, view: View, paths: Iterable[Sequence[str]]) -> tuple[Branch, ...]:
    """What is followed from the instances of a view; nothing to schemas of which there is no view here.

    Raises:
        FieldUnknown, NotARelation: a name of a path that leads nowhere.
    """
    following: dict[str, list[Sequence[str]]] = {}
    for first, *rest in paths:
        following.setdefault(first, []).extend([rest] if rest else [])
    found = []
    for name, rests in following.items():
        field = relation(view.schema, name)
        target = view if field.schema == SELF else views.in_place(store, str(field.schema))
        if target is not None:
            found.append(Branch(name, target, branches(store, target, rests)))
    return tuple(found)


class Followed:
    """What is found along some branches for one answer.

    Args:
        found: branches of the view that is asked.
        give: makes of an instance what is given, with the number of its bytes; raises Full.
    """

    def __init__(self, found: tuple[Branch, ...], give: Callable[[View, InstanceRow], Json]) -> None:
        self._branches = found
        self._give = give
        self._followed: set[tuple[int, bytes]] = set()
        self._given: set[str] = set()

    def include(self, values: Mapping[str, Json], into: dict[str, Json]) -> None:
        """Puts what an instance with these values leads to, and was not given before, into a map by id.

        Raises:
            Full: there is no room for more; what there was room for is in the map.
        """
        ahead = [(branch, values.get(branch.name)) for branch in self._branches]
        while ahead:
            branch, value = ahead.pop()
            for row in self._lead(branch, value):
                instance = row.id.hex()
                if instance not in self._given:
                    into[instance] = self._give(branch.view, row)
                    self._given.add(instance)
                if branch.branches:
                    values = branch.view.table.fields(row.id)
                    ahead += [(each, values.get(each.name)) for each in branch.branches]

    def _lead(self, branch: Branch, value: Json) -> Iterable[InstanceRow]:
        """The instances that a value leads to and that this branch was not followed to before.

        Raises:
            Full: behind the last one for which there is room.
        """
        ids = value if isinstance(value, list) else [value] if value is not None else []
        places = ((id(branch), bytes.fromhex(each)) for each in dict.fromkeys(ids))
        ahead = [place for place in places if place not in self._followed]
        room = MAX_FOLLOWED - len(self._followed)
        self._followed.update(ahead[:room])
        new = [Field("str", instance.hex()) for _, instance in ahead[:room]]
        for start in range(0, len(new), _AT_ONCE):
            some = tuple(new[start : start + _AT_ONCE])
            yield from branch.view.table.select(Query("", Among("id", some), limit=len(some)))
        if len(ahead) > room:
            raise Full
