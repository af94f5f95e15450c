"""What a page gets of answers, as JSON; what instances lead to stands in it once.

    {"instances": [{…, "_included": {"room": 0, "speakers": [1, 2], "host": null}}, …],
     "included": [instance, …], "rejected": […], "after": …}

The numbers are places in `included`, whose instances may lead further, as far as was asked. `panda.js` puts
the instances themselves there (`included.js`).
"""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from panda_web.browser.values import write_value
from panda_web.client import Answer, Instance
from panda_web.client.check import NODE_NAMES, Rejected, to_json
from panda_web.client.collecting import Changed
from panda_web.rpc.types import Json

if TYPE_CHECKING:  # no tab loads these
    from panda_web.browser import shapes
    from panda_web.client.versions import Versions


class Reached(NamedTuple):
    """How far what was last said of an own instance went.

    Attributes:
        waiting: whether the node lacks it.
        at: at how many nodes it is, with those of peers.
        of: how many these are in all.
    """

    waiting: bool
    at: int
    of: int


Went: TypeAlias = Callable[[Instance], Reached | None]
"""How far an instance went; None where it was not written here, or goes nowhere."""


def nowhere(_: Instance) -> None:
    """Where what was written here is not told from what came from the node."""


def answer_to_json(answer: Answer, went: Went = nowhere) -> dict[str, Json]:
    """A page of an answer."""
    beside = _Beside(went)
    return {
        "instances": [beside.written(instance) for instance in answer],
        "included": beside.instances,
        "rejected": _rejected(answer.rejected),
        "after": answer.after,
    }


def changed_to_json(changed: Changed, went: Went = nowhere) -> dict[str, Json]:
    """What is new, each instance with its place among all: so not all of them go to the page again."""
    new = {change.id for change in changed.changes}
    places = {each.id: place for place, each in enumerate(changed.instances) if each.id in new}
    return {
        "changes": [
            {
                "id": change.id,
                "kind": change.kind,
                "instance": _instance(change.instance, went) if change.instance is not None else None,
                "at": places.get(change.id),
            }
            for change in changed.changes
        ],
        "rejected": _rejected(changed.rejected),
        "rejectedCount": changed.rejected_count,
    }


def versions_to_json(versions: "Versions") -> "shapes.Versions":
    """What was said of an instance."""
    return {
        "versions": [
            {
                "seqNum": each.seq_num,
                "entryHash": each.entry_hash,
                "action": each.action,
                "fields": {name: write_value(to_json(field)) for name, field in each.fields.items()},
            }
            for each in versions.versions
        ],
        "complete": versions.complete,
        "lacking": {str(state): count for state, count in versions.lacking.items()},
    }


class _Beside:
    """What instances lead to. The client makes one object of what many lead to: it is written once."""

    def __init__(self, went: Went) -> None:
        self._went = went
        self.instances: list[Json] = []
        self._places: dict[int, int] = {}

    def written(self, instance: Instance) -> dict[str, Json]:
        written = _instance(instance, self._went)
        if instance.included:
            written["_included"] = {name: self._led_to(led) for name, led in instance.included.items()}
        return written

    def _led_to(self, led: Instance | list[Instance] | None) -> Json:
        if led is None:
            return None
        return [self._place(each) for each in led] if isinstance(led, list) else self._place(led)

    def _place(self, instance: Instance) -> int:
        if id(instance) not in self._places:
            written = self.written(instance)
            self._places[id(instance)] = len(self.instances)
            self.instances.append(written)
        return self._places[id(instance)]


def _rejected(rejected: Iterable[Rejected]) -> list[Json]:
    return [{"id": each.id, "reason": each.error.reason, "message": str(each.error)} for each in rejected]


def _instance(instance: Instance, went: Went) -> dict[str, Json]:
    # A stranger's message without a schema may have fields of these names: what the page reads there is ours.
    signed = {name: field for name, field in instance.fields.items() if name not in NODE_NAMES}
    fields = {name: write_value(to_json(field)) for name, field in signed.items()}
    # Without a signature it would not be an instance, but rejected.
    reached = went(instance)
    own: dict[str, Json] = {}
    if reached is not None:
        own["reach"] = {"at": reached.at, "of": reached.of}
        if reached.waiting:
            own["waiting"] = True
    return {**fields, "id": instance.id, "_meta": {**instance.meta, "signed": True, **own}}
