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
        name: `panda serve --NAME` registers its schemas, `panda NAME …` are its subcommands.
        about: what the help says of the first.
        help: what the help says of the second.
        commands: its subcommands by name, as typer takes them.
        schemas: what the client knows from the start, without asking a node.
        definitions: gives the signed definitions of these schemas: of each its entry and its payload.
        recognises: says, by how a file begins that is no archive of a node, which of the application's
            subcommands takes it; None where it is for none of them.
    """

    name: str
    about: str
    help: str
    commands: Mapping[str, Callable[..., None]]
    schemas: Sequence[Schema]
    definitions: Callable[[], Iterable[tuple[bytes, bytes]]]
    recognises: Callable[[bytes], str | None]


@functools.cache
def extensions() -> tuple[Extension, ...]:
    """Those of all applications that are installed, by name."""
    return tuple(each.load() for each in sorted(entry_points(group=GROUP), key=lambda each: each.name))


def known_schemas() -> tuple[Schema, ...]:
    """The schemas that they bring."""
    return tuple(schema for extension in extensions() for schema in extension.schemas)


def add_commands(app: typer.Typer, added: Iterable[Extension]) -> None:
    """Adds their subcommands to ours, in a group for each. Raises ValueError where its name is in use."""
    groups = (each.name for each in app.registered_groups)
    commands = (each.name or each.callback.__name__ for each in app.registered_commands if each.callback)
    taken = {*groups, *commands}
    for extension in added:
        if extension.name in taken:
            raise ValueError(f"an application is called {extension.name!r}, and there is such a command")
        taken.add(extension.name)
        group = typer.Typer(help=extension.help, no_args_is_help=True)
        for name, command in extension.commands.items():
            group.command(name)(command)
        app.add_typer(group, name=extension.name)


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
