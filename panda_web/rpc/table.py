"""What a table of methods is made of: names, typed params, results.

A dispatcher binds handlers to a table, a caller derives its calls from it, and documents and types for other
languages are made from it. Handlers take the params by their Python names.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Generic, TypeVar

from panda_web.rpc.errors import InvalidParams
from panda_web.rpc.types import Json, Type

R = TypeVar("R")
T = TypeVar("T")


_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")
"""Compiled here, so a browser has it from the snapshot."""


@cache
def python_name(name: str) -> str:
    """`entryEncoded` is `entry_encoded` in Python."""
    return "_".join(_HUMP.split(name)).lower()


def joined(*parts: Mapping[str, T]) -> dict[str, T]:
    """Several tables, or what is kept by their names, as one. Raises ValueError where two share a name."""
    whole: dict[str, T] = {}
    for part in parts:
        if twice := sorted(whole.keys() & part.keys()):
            raise ValueError(f"there are two of the same name: {', '.join(twice)}")
        whole |= part
    return whole


@dataclass(frozen=True, slots=True)
class Param:
    """One parameter.

    Attributes:
        name: on the wire.
        type: what it may be.
        default: what stands for it when it is left out; ... where it must be given.
        about: what it means, for those who call from JavaScript.
    """

    name: str
    type: Type[Any]
    default: Any = ...
    about: str = ""

    @property
    def python_name(self) -> str:
        """Under which a handler takes it."""
        return python_name(self.name)


@dataclass(frozen=True, slots=True)
class Method(Generic[R]):
    """One method of the table.

    Attributes:
        name: on the wire.
        summary: what it does, in a sentence.
        params: what it takes, in this order where they come by position.
        result: what it gives.
        progress: the stage that its progress is told as; empty for a method that tells of none.
        counted: the param, by its Python name, of which each item counts as a call; empty for none.
        long: whether it may take long, so that people want to cancel it.
        writes: whether something may be signed, and wait to be sent, once it is done.
    """

    name: str
    summary: str
    params: tuple[Param, ...]
    result: Type[R]
    progress: str = ""
    counted: str = ""
    long: bool = False
    writes: bool = False

    @property
    def required(self) -> list[str]:
        """The names of the params that must be given."""
        return [param.name for param in self.params if param.default is ...]

    def bind(self, given: Json) -> dict[str, Any]:
        """The arguments for a handler, by Python name. Raises InvalidParams."""
        if isinstance(given, list):  # by position
            if len(given) > len(self.params):
                raise InvalidParams(f"{self.name} takes {len(self.params)} params, not {len(given)}.")
            given = {param.name: value for param, value in zip(self.params, given, strict=False)}
        elif not isinstance(given, dict | None):
            raise InvalidParams("The params must be an object or an array.")
        given = dict(given or {})
        bound = {}
        for param in self.params:
            value = given.pop(param.name, None)
            if value is None and param.default is not ...:
                bound[param.python_name] = param.default
                continue
            try:
                bound[param.python_name] = param.type.read(value)
            except ValueError as error:
                raise InvalidParams(f"The param {param.name} {error}.", param=param.name) from error
        if given:
            name = str(next(iter(given)))[:40]
            raise InvalidParams(f"{self.name} has no param {name!r}.", param=name)
        return bound
