"""Options that several subcommands take."""

import re
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from panda_web.rpc import types
from panda_web.rpc.address import check_address
from panda_web.rpc.errors import NodeAddressWrong

T = TypeVar("T")

Data = Annotated[
    Path | None,
    typer.Option(
        "--data", metavar="DIR", envvar="PANDA_DATA", help="Data folder; default: the platform's own."
    ),
]
Node = Annotated[str, typer.Option("--node", metavar="URL", envvar="PANDA_NODE", help="Address of the node.")]
NodeHere = Annotated[
    str | None,
    typer.Option(
        "--node", metavar="URL", envvar="PANDA_NODE", help="A node that runs here, instead of its folder."
    ),
]
NodeAny = Annotated[
    str | None,
    typer.Option(
        "--node", metavar="URL", envvar="PANDA_NODE", help="Address of the node, instead of its folder."
    ),
]
Schema = Annotated[
    str, typer.Argument(metavar="SCHEMA", help="A schema's id of 132 hex digits, or its name.")
]


def address(text: str) -> str:
    """An IP address. Raises BadParameter for anything else: a name would match nobody."""
    try:
        return str(ip_address(text))
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no IP address, such as 127.0.0.1") from None


def node_address(text: str) -> str:
    """The address of a node. Raises BadParameter."""
    try:
        check_address(text, "http")
    except NodeAddressWrong as error:
        raise typer.BadParameter(str(error)) from None
    return text


_UNITS = {"": 1, "KiB": 1 << 10, "MiB": 1 << 20}


def size(text: str) -> int:
    """A number of bytes: 65536, 64KiB, 1MiB. Raises BadParameter."""
    found = re.fullmatch(r"(\d{1,10})(|KiB|MiB)", text, re.ASCII)
    if found is None:
        raise typer.BadParameter(f"{text!r} is no number of bytes, such as 65536 or 64KiB")
    return int(found[1]) * _UNITS[found[2]]


def author(text: str) -> bytes:
    """An author. Raises BadParameter."""
    return _read(types.AUTHOR, text)


def schema_id(text: str) -> str:
    """The id of a schema. Raises BadParameter."""
    return _read(types.HASH, text)


def _read(kind: types.Type[T], text: str) -> T:
    try:
        return kind.read(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text[:200]!r} {error}") from None


WantAuthor = Annotated[
    list[bytes] | None,
    typer.Option(
        parser=author,
        metavar="KEY",
        help="Of what peers have, only what this author wrote. May be given again.",
    ),
]
WantSchema = Annotated[
    list[str] | None,
    typer.Option(parser=schema_id, metavar="ID", help="Likewise, only of this schema. May be given again."),
]
Newest = Annotated[
    int | None,
    typer.Option(min=1, metavar="N", help="Likewise, only the newest entries of each log, so many."),
]
MaxPayload = Annotated[
    int | None,
    typer.Option(parser=size, metavar="BYTES", help="Likewise, only payloads up to so many bytes: 64KiB."),
]
Payloads = Annotated[bool, typer.Option(help="Whether payloads are taken from peers at all.")]


def folder_or_node(
    context: typer.Context, data: Path | None, node: str | None
) -> tuple[Path | None, str | None]:
    """`--data` and `--node`, of which a command about a node's data takes one.

    The one that is given goes before the variable of the other.

    Raises:
        BadParameter: both are given.
    """
    sources = {name: context.get_parameter_source(name) for name in ("data", "node")}
    given = [name for name, source in sources.items() if source is not None and source.name == "COMMANDLINE"]
    if len(given) > 1:
        raise typer.BadParameter("give --node or --data: a node that runs has one folder")
    return (None if given == ["node"] else data), (None if given == ["data"] else node)
