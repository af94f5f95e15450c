"""`panda schema`: schemas as files, published and shown; which ones a node on this machine registers."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated

import typer

from panda_web import Client
from panda_web.cli import places
from panda_web.cli.extension import known_schemas
from panda_web.cli.options import Data, Node, NodeHere, Schema, folder_or_node
from panda_web.cli.output import UNACKNOWLEDGED, print_json, print_toml, run, say
from panda_web.cli.store import store_here
from panda_web.client.listed import ListedSchema
from panda_web.client.pages import MAX_PAGES
from panda_web.errors import PandaError
from panda_web.keys.file import KeyFile
from panda_web.messages.schema import DEFINITION, schema_from_toml, schema_to_toml
from panda_web.node.schemas import Registry, drop, id_of_held, register

schema_app = typer.Typer(help="Schemas: what kinds of data there are. docs/schemas.md", no_args_is_help=True)


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
            raise typer.Exit(UNACKNOWLEDGED)

    run(work())


@schema_app.command("show")
def schema_show(schema: Schema, *, node: Node = places.DEFAULT_NODE) -> None:
    """Prints a schema as a file, from its definition at the node, which is checked."""

    async def work() -> str:
        async with Client(node) as panda:
            panda.learn(known_schemas())
            return schema_to_toml(await panda.schema_named(schema))

    print_toml(run(work()))


@schema_app.command("register")
def schema_register(
    context: typer.Context, schema: Schema, *, node: NodeHere = None, data: Data = None
) -> None:
    """Has a node on this machine hold messages to a schema; one that runs notices within a second.

    A name is taken where exactly one definition that the node holds has it.
    """
    with store_here(context, data, node) as store:
        print_json(run(register(store, id_of_held(store, schema))).to_json())


@schema_app.command("list")
def schema_list(context: typer.Context, *, node: NodeHere = None, data: Data = None) -> None:
    """Prints schemas, one JSON object a line: those of the node at --node, else of the node's folder --data.

    Without either it asks the node at the default address.
    """
    data, node = folder_or_node(context, data, node)
    if data is None or node is not None:

        async def work() -> None:
            async with Client(node or places.DEFAULT_NODE) as panda:
                async for listed in _listed(panda):
                    print_json(listed._asdict())

        run(work())
        return
    with store_here(context, data, node) as store:
        for each in Registry(store).registered.values():
            print_json(each.to_json())


@schema_app.command("drop")
def schema_drop(context: typer.Context, schema: Schema, *, node: NodeHere = None, data: Data = None) -> None:
    """Ends a registration; what is published under the schema stays."""
    with store_here(context, data, node) as store:
        registered = Registry(store).id_of(schema)
        dropped = run(drop(store, registered))
        print_json({"id": dropped.id, "name": dropped.schema and dropped.schema.name, "state": "dropped"})


async def _listed(panda: Client) -> AsyncIterator[ListedSchema]:
    """All schemas of the node's list, page by page, and then the known ones that are on none of them."""
    page = await panda.schemas()
    unlisted = {each.id: each for each in page if each.state == "unlisted"}
    for _ in range(MAX_PAGES):
        listed = [each for each in page if each.state != "unlisted"]
        for each in listed:
            unlisted.pop(each.id, None)
            yield each
        if not listed or listed[-1].state not in ("not-registered", "not-defined"):
            break
        page = await panda.schemas(listed[-1].id)
    for each in unlisted.values():
        yield each
