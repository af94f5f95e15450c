"""`panda schema`: schemas as files, published and shown; which ones a node on this machine registers."""

from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from panda_web import Client
from panda_web.cli import places
from panda_web.cli.options import Data, Node
from panda_web.cli.output import print_json, print_toml, run, say
from panda_web.errors import PandaError
from panda_web.keys.file import KeyFile
from panda_web.messages.schema import DEFINITION, schema_from_toml, schema_to_toml
from panda_web.node import Store
from panda_web.node.schemas import Registry, drop, register

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

    print_toml(run(work()))


@schema_app.command("register")
def schema_register(schema_id: Id, *, data: Data = None) -> None:
    """Has the node of this data folder validate a schema; a node that runs notices within a second."""
    with closing(_store(data)) as store:
        print_json(run(register(store, schema_id)).to_json())


@schema_app.command("list")
def schema_list(*, data: Data = None) -> None:
    """Prints the schemas registered at the node of this data folder, one JSON object a line."""
    with closing(_store(data)) as store:
        for each in Registry(store).registered.values():
            print_json(each.to_json())


@schema_app.command("drop")
def schema_drop(schema_id: Id, *, data: Data = None) -> None:
    """Ends a registration; what is published under the schema stays."""
    with closing(_store(data)) as store:
        dropped = run(drop(store, schema_id))
        print_json({"id": dropped.id, "name": dropped.schema and dropped.schema.name, "state": "dropped"})


def _store(data: Path | None) -> Store:
    return Store(places.database_path(data))
