"""How an application adds to the `panda` command.

An application that is built on this package is a distribution of its own. It names an `Extension` as an entry
point of the group `panda_web.cli`, and the command finds all that are installed.
"""

import functools
import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import Annotated, Any

import typer

from panda_web.messages.schema import Schema

GROUP = "panda_web.cli"


@dataclass(frozen=True, slots=True)
class Extension:
    """What one application adds.

    Attributes:
        name: `panda serve --NAME` registers its schemas.
        about: what the help says of that.
        commands: its subcommands by name, as typer takes them.
        schemas: what the client knows from the start, without asking a node.
        definitions: gives the signed definitions of these schemas: of each its entry and its payload.
    """

    name: str
    about: str
    commands: Mapping[str, Callable[..., None]]
    schemas: Sequence[Schema]
    definitions: Callable[[], Iterable[tuple[bytes, bytes]]]


@functools.cache
def extensions() -> tuple[Extension, ...]:
    """Those of all applications that are installed, by name."""
    return tuple(each.load() for each in sorted(entry_points(group=GROUP), key=lambda each: each.name))


def known_schemas() -> tuple[Schema, ...]:
    """The schemas that they bring."""
    return tuple(schema for extension in extensions() for schema in extension.schemas)


def add_commands(app: typer.Typer, added: Iterable[Extension]) -> None:
    """Adds their subcommands to ours. Raises ValueError where one has a name that is in use."""
    groups = (each.name for each in app.registered_groups)
    commands = (each.name or each.callback.__name__ for each in app.registered_commands if each.callback)
    taken = {*groups, *commands}
    for extension in added:
        for name, command in extension.commands.items():
            if name in taken:
                raise ValueError(f"the {extension.name} adds a command {name!r}, and there is one")
            taken.add(name)
            app.command(name)(command)


def with_flags(command: Callable[..., None]) -> Callable[..., None]:
    """A subcommand that takes `applications`, with a flag for each in its place: those that are named."""

    def flagged(**given: Any) -> None:
        applications = [each for each in extensions() if given.pop(each.name)]
        command(**given, applications=applications)

    signature = inspect.signature(command)
    own = [each for each in signature.parameters.values() if each.name != "applications"]
    flags = [
        inspect.Parameter(
            each.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=False,
            annotation=Annotated[bool, typer.Option(f"--{each.name}", help=each.about)],
        )
        for each in extensions()
    ]
    flagged.__signature__ = signature.replace(parameters=[*own, *flags])  # type: ignore[attr-defined]
    flagged.__doc__, flagged.__name__ = command.__doc__, command.__name__
    return flagged
