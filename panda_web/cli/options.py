"""Options that several subcommands take."""

from pathlib import Path
from typing import Annotated

import typer

Data = Annotated[
    Path | None, typer.Option("--data", metavar="DIR", help="Data folder; default: the platform's own.")
]
Node = Annotated[str, typer.Option("--node", metavar="URL", help="Address of the node.")]
