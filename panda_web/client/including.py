"""What instances lead to, put beside them: along the paths of a query's `include`."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from panda_web.client.errors import ProofIncomplete
from panda_web.rpc.types import HASH, Json, member

if TYPE_CHECKING:
    from panda_web.client.check import Instance

Paths = Sequence[tuple[str, ...]]


class Included:
    """Finds what instances lead to among those that came with an answer.

    Args:
        found: these by id.
    """

    def __init__(self, found: Mapping[str, "Instance"]) -> None:
        self._found = found
        # One that many lead to is made once: an answer is bounded, and what it means must not multiply.
        self._made: dict[tuple[str, tuple[tuple[str, ...], ...]], Instance] = {}

    def of(self, instance: "Instance", paths: Paths) -> "Instance":
        """An instance with what it leads to."""
        following: dict[str, list[tuple[str, ...]]] = {}
        for first, *rest in paths:
            following.setdefault(first, []).extend([tuple(rest)] if rest else [])
        if not following:
            return instance
        beside = {name: self._led_to(instance, name, tuple(rests)) for name, rests in following.items()}
        return replace(instance, included=beside)

    def _led_to(
        self, instance: "Instance", name: str, paths: tuple[tuple[str, ...], ...]
    ) -> "Instance | list[Instance] | None":
        field = instance.fields.get(name)
        if field is None or not field.type.startswith("relation"):
            return None
        if isinstance(field.value, tuple):
            each = (self._one(str(target), paths) for target in field.value)
            return [one for one in each if one is not None]
        return self._one(str(field.value), paths)

    def _one(self, target: str, paths: tuple[tuple[str, ...], ...]) -> "Instance | None":
        if target not in self._found:
            return None
        if (target, paths) not in self._made:
            self._made[target, paths] = self.of(self._found[target], paths)
        return self._made[target, paths]


def beside_of(items: Iterable[Mapping[str, Json]]) -> list[Mapping[str, Json]]:
    """What comes with the instances of an answer; what is none is passed over, for nothing leads to it."""
    maps = (item.get("_included") for item in items)
    return [
        each
        for beside in maps
        if isinstance(beside, dict)
        for each in beside.values()
        if isinstance(each, dict)
    ]


def schema_of(item: Mapping[str, Json]) -> str:
    """The schema that an instance is said to be of; its entries must say so too. Raises ProofIncomplete."""
    try:
        return member(item.get("_meta"), "schema", HASH)
    except ValueError as error:
        raise ProofIncomplete(f"An instance that came with the answer {error}.") from error


def is_cut(item: Mapping[str, Json]) -> bool:
    """Whether the node says that an instance leads to more than comes with the answer."""
    meta = item.get("_meta")
    return isinstance(meta, dict) and meta.get("cut") is True
