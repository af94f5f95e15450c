"""`panda query`: what a node knows, checked, as a table or for programs."""

import shlex
import sys
from collections.abc import Mapping, Sequence
from typing import Annotated

import typer

from panda_web import Client
from panda_web.cli import places
from panda_web.cli.extension import known_schemas
from panda_web.cli.naming import Naming
from panda_web.cli.options import Node, Schema
from panda_web.cli.output import Interrupted, misused, run, say, write
from panda_web.cli.progress import Progress
from panda_web.cli.shown import Format, Out
from panda_web.cli.watching import watch
from panda_web.client.errors import SchemaNotFound
from panda_web.messages.schema import InvalidFields, InvalidSchema
from panda_web.messages.schema import Schema as Defined
from panda_web.messages.schema.rules import listed, shown
from panda_web.query.text import FilterText, FilterTextWrong, read_text
from panda_web.rpc.types import Json

OF_INSTANCES = ("id", "author", "logId", "seqNum", "lastEntry", "edited", "verified", "complete")
"""What can be shown of an instance besides its fields."""

USUAL = 100
"""Instances that are shown where nobody says how many."""

_WHY: Mapping[str, str] = {
    "--watch": ": it prints all that there are, as a table or JSON lines, and then what changes",
    "--count": ": it prints a number",
}

ENDED = 130
"""Exit status of what goes on until somebody ends it with Ctrl+C, as shells have it."""


def query(
    schema: Schema,
    *,
    where: Annotated[
        list[str] | None,
        typer.Option(
            "--filter",
            metavar="FILTER",
            help="Such as 'start>=2019-08-21 and room in (Curie, \"Main hall\")'. There are = != < <= > >= "
            "in contains startswith exists, and, or, not, and parentheses; a text with spaces stands in "
            "quotes. Several must all hold.",
        ),
    ] = None,
    order_by: Annotated[
        list[str] | None, typer.Option("--order-by", "--order", metavar="NAME", help="-NAME for descending.")
    ] = None,
    select: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME,…", help="Show these fields alone; id, author and others of _meta too."),
    ] = None,
    limit: Annotated[
        int | None, typer.Option(min=1, help=f"How many at most; {USUAL} unless told.", show_default=False)
    ] = None,
    after: Annotated[str | None, typer.Option(metavar="CURSOR", help="Go on behind this one.")] = None,
    every: Annotated[bool, typer.Option("--all", help="All there are, page by page.")] = False,
    format: Annotated[
        Format | None,
        typer.Option(
            help="By default a table in a terminal, and JSON lines elsewhere. CSV is for spreadsheets."
        ),
    ] = None,
    count: Annotated[bool, typer.Option("--count", help="How many there are, by the node's word.")] = False,
    watching: Annotated[
        bool, typer.Option("--watch", help="Go on: print what changes as it comes, until Ctrl+C.")
    ] = False,
    node: Node = places.DEFAULT_NODE,
) -> None:
    """Prints instances, each checked against its author's signature: a table, or one JSON object a line."""
    filters = [_read(text) for text in where or []]
    order = [name for given in order_by or [] for name in given.split(",")]
    names = [name.strip() for given in select or [] for name in given.split(",")]
    shown_as = format or ("table" if sys.stdout.isatty() else "jsonl")
    _check_together(
        {
            "--watch": watching,
            "--count": count,
            "--all": every,
            "--limit": limit is not None,
            "--after": after is not None,
            "--format": count and format is not None,
            f"--format {shown_as}": watching and shown_as not in ("table", "jsonl"),
            "--order-by": count and bool(order),
            "--select": count and bool(names),
        }
    )

    async def work() -> int:
        async with Client(node) as panda, Progress("instances") as progress:
            panda.learn(known_schemas())
            known = await _definition(panda, schema)
            _check_names(names, known)
            schema_id = str(known.id) if known is not None else schema
            naming = Naming(panda, patient=watching)
            wanted = await _joined(filters, known, naming)
            if count:
                found = await panda.count(schema_id, filter=wanted)
                progress.clear()
                write(f"{found}\n")
                return 0
            out = Out(shown_as, names, known, progress, naming, watching=watching)
            if watching:
                await watch(panda, schema_id, wanted, order, out)
            most = None if every else limit or USUAL
            asked = panda.query(schema_id, filter=wanted, order_by=order, limit=most, after=after)
            last = None
            async for page in asked.pages():
                await out.page(page)
                last = page.after or last
            out.end()
            if most is not None and out.count >= most and last is not None:
                rest = await panda.query(schema_id, filter=wanted, order_by=order, limit=1, after=last)
                if rest or rest.rejected:
                    say(f"There are more: --all prints them, and --after {shlex.quote(last)} goes on.")
        return out.status()

    try:
        raise typer.Exit(run(work()))
    except Interrupted:
        if not watching:
            raise
        raise typer.Exit(ENDED) from None


def _check_together(given: Mapping[str, bool]) -> None:
    """Raises Exit where options are given that do not go together.

    Args:
        given: the options of which each goes with none of the others, and whether it is given; but `--all`
            goes with `--after`, and so does `--limit`.
    """
    one, *others = [option for option, is_given in given.items() if is_given] or [""]
    if others and {one, *others} not in ({"--all", "--after"}, {"--limit", "--after"}):
        raise misused(f"{one} does not go with {others[0]}{_WHY.get(one, '')}")


async def _definition(panda: Client, schema: str) -> Defined | None:
    """The schema; None where nobody defined one, as with made-up ids and early nodes."""
    try:
        return await panda.schema_named(schema)
    except (SchemaNotFound, InvalidSchema, InvalidFields):
        return None


def _check_names(names: Sequence[str], schema: Defined | None) -> None:
    """Raises Exit where a name to be shown is none."""
    if schema is None:
        return
    for name in names:
        if name not in schema.by_name and name not in OF_INSTANCES:
            raise misused(
                f"--select: {schema.name!r} has no field {shown(name)}, but {listed(schema.by_name)}, and "
                f"there are {', '.join(OF_INSTANCES)}"
            )


def _read(text: str) -> FilterText:
    try:
        return read_text(text)
    except FilterTextWrong as error:
        raise misused(f"--filter: {error}") from error


async def _joined(filters: Sequence[FilterText], schema: Defined | None, naming: Naming) -> dict[str, Json]:
    """All filters in one. Raises Exit."""
    try:
        calls = {call for each in filters for call in each.calls(schema)} if schema is not None else ()
        called = {call: await naming.ids(*call) for call in calls}
        parts = [each.to_json(schema, called) for each in filters]
    except FilterTextWrong as error:
        raise misused(f"--filter: {error}") from error
    return parts[0] if len(parts) == 1 else {"and": parts} if parts else {}
