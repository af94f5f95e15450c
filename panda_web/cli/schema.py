"""`panda schema`: schemas as files, published and shown."""

from pathlib import Path
from typing import Annotated

import typer

from panda_web import Client
from panda_web.cli import places
from panda_web.cli.options import Data, Node
from panda_web.cli.output import print_json, print_text, run, say
from panda_web.errors import PandaError
from panda_web.keys.file import KeyFile
from panda_web.messages.schema import DEFINITION, schema_from_toml, schema_to_toml

schema_app = typer.Typer(help="Schemas: what kinds of data there are. docs/schemas.md", no_args_is_help=True)

Id = Annotated[str, typer.Option("--id", metavar="ID", help="The schema's id of 132 hex digits.")]


class NotText(PandaError):
    """A file that should be text is not UTF-8."""

    reason = "not-text"


@schema_app.command("init")
def schema_init(
    file: Annotated[Path, typer.Option("--file", metavar="FILE", help="The schema, in TOML.")],
    *,
    node: Node = places.DEFAULT_NODE,
    data: Data = None,
) -> None:
    """Publishes the definition of a schema and prints its id; of one that you published before, that id."""
    try:
        schema = schema_from_toml(file.read_bytes().decode())
    except OSError as error:
        raise typer.BadParameter(f"{file} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise NotText(f"{file} is not text in UTF-8.") from error

    async def work() -> None:
        async with Client(node, KeyFile(places.key_path(data))) as panda:
            before = await panda.defined(schema)
            defined = await panda.define(schema)
            acknowledged = await panda.pending(DEFINITION.id) == 0
        print_json({"id": defined.id, "name": defined.name, "acknowledged": acknowledged})
        if before is not None:
            say("You have published this very definition before; this is its id.")
        if not acknowledged:
            say("The node does not have it yet. It is signed and kept; `panda flush` sends it.")

    run(work())


@schema_app.command("show")
def schema_show(schema_id: Id, *, node: Node = places.DEFAULT_NODE) -> None:
    """Prints a schema as a file, from its definition at the node, which is checked."""

    async def work() -> str:
        async with Client(node) as panda:
            return schema_to_toml(await panda.schema(schema_id))

    print_text(run(work()).rstrip("\n"))
