"""Options that several subcommands take."""

from pathlib import Path
from typing import Annotated

import typer

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
Schema = Annotated[
    str, typer.Argument(metavar="SCHEMA", help="A schema's id of 132 hex digits, or its name.")
]
