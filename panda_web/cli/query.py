"""`panda query`: what a node knows, checked, as a table or for programs."""

import shlex
import sys
from collections.abc import Mapping, Sequence
from typing import Annotated

import typer

from panda_web import Client
from panda_web.cli import places
from panda_web.cli.extension import known_schemas
from panda_web.cli.options import Node, Schema
from panda_web.cli.output import run, say
from panda_web.cli.progress import Progress
from panda_web.cli.shown import Format, Printer, printer
from panda_web.client import Answer, Rejected
from panda_web.client.errors import SchemaNotFound
from panda_web.messages.schema import InvalidFields, InvalidSchema
from panda_web.messages.schema import Schema as Defined
from panda_web.messages.schema.rules import listed, shown
from panda_web.query.reading import MAX_VALUES
from panda_web.query.text import FilterText, FilterTextWrong, read_text
from panda_web.rpc.types import Json

OF_INSTANCES = ("id", "author", "logId", "seqNum", "lastEntry", "edited", "verified", "complete")
"""What can be shown of an instance besides its fields."""


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
    limit: Annotated[int, typer.Option(min=1, help="How many at most.")] = 100,
    after: Annotated[str | None, typer.Option(metavar="CURSOR", help="Go on behind this one.")] = None,
    every: Annotated[bool, typer.Option("--all", help="All there are, page by page.")] = False,
    format: Annotated[
        Format | None,
        typer.Option(
            help="By default a table in a terminal, and JSON lines elsewhere. CSV is for spreadsheets."
        ),
    ] = None,
    node: Node = places.DEFAULT_NODE,
) -> None:
    """Prints instances, each checked against its author's signature: a table, or one JSON object a line."""
    filters = [_read(text) for text in where or []]
    order = [name for given in order_by or [] for name in given.split(",")]
    names = [name.strip() for given in select or [] for name in given.split(",")]

    async def work() -> int:
        async with Client(node) as panda, Progress("instances") as progress:
            panda.learn(known_schemas())
            known = await _definition(panda, schema)
            _check_names(names, known)
            schema_id = str(known.id) if known is not None else schema
            wanted = await _joined(filters, known, panda)
            asked = panda.query(
                schema_id, filter=wanted, order_by=order, limit=None if every else limit, after=after
            )
            out = _Out(format or ("table" if sys.stdout.isatty() else "jsonl"), names, known, progress)
            last = None
            async for page in asked.pages():
                out.page(page)
                last = page.after or last
            out.end()
            if not every and out.count >= limit and last is not None:
                rest = await panda.query(schema_id, filter=wanted, order_by=order, limit=1, after=last)
                if rest or rest.rejected:
                    say(f"There are more: --all prints them, and --after {shlex.quote(last)} goes on.")
        return out.status()

    raise typer.Exit(run(work()))


class _Out:
    """Where the pages of an answer go."""

    def __init__(
        self, format: Format, names: Sequence[str], schema: Defined | None, progress: Progress
    ) -> None:
        self._format: Format = format
        self._names = names
        self._schema = schema
        self._progress = progress
        self._printer: Printer | None = None
        self._incomplete = 0
        self._rejected: list[Rejected] = []
        self.count = 0

    def page(self, page: Answer) -> None:
        """Prints a page, and says what is not in it."""
        self._progress.clear()
        rows = [instance.to_json() for instance in page]
        self._to(rows).rows(rows)
        for rejected in page.rejected:
            say(f"{rejected.error.reason}: withheld {rejected.id[:12]}…: {rejected.error}")
        self._rejected += page.rejected
        self._incomplete += sum(not instance.complete for instance in page)
        self.count += len(rows)
        self._progress.count = self.count

    def end(self) -> None:
        """Prints what comes behind the last page."""
        self._progress.clear()
        self._to([]).end()
        if self._incomplete:
            say(
                f"Changed, and incomplete: {self._incomplete}. Between the first and the last entry of each, "
                "the node shows entries without what they say; one may be a change. See _meta.complete."
            )

    def status(self) -> int:
        """The exit status."""
        return 1 if self._rejected else 0

    def _to(self, rows: Sequence[Mapping[str, Json]]) -> Printer:
        if self._printer is None:
            self._printer = printer(self._format, self._names or None, lambda: self._columns(rows))
        return self._printer

    def _columns(self, rows: Sequence[Mapping[str, Json]]) -> list[str]:
        """What a table has columns for: the schema's fields, or those of the first page; author and id."""
        known = list(self._schema.by_name) if self._schema is not None else []
        found = dict.fromkeys(name for row in rows for name in row if name not in ("id", "_meta"))
        return [*(known or found), "author", "id"]


async def _definition(panda: Client, schema: str) -> Defined | None:
    """The schema; None where nobody defined one, as with made-up ids and early nodes."""
    try:
        return await panda.schema_named(schema)
    except (SchemaNotFound, InvalidSchema, InvalidFields):
        return None


def _check_names(names: Sequence[str], schema: Defined | None) -> None:
    """Raises BadParameter where a name to be shown is none."""
    if schema is None:
        return
    for name in names:
        if name not in schema.by_name and name not in OF_INSTANCES:
            raise typer.BadParameter(
                f"--select: {schema.name!r} has no field {shown(name)}, but {listed(schema.by_name)}, and "
                f"there are {', '.join(OF_INSTANCES)}"
            )


def _read(text: str) -> FilterText:
    try:
        return read_text(text)
    except FilterTextWrong as error:
        raise typer.BadParameter(f"--filter: {error}") from error


async def _joined(filters: Sequence[FilterText], schema: Defined | None, panda: Client) -> dict[str, Json]:
    """All filters in one. Raises BadParameter."""
    try:
        calls = {call for each in filters for call in each.calls(schema)} if schema is not None else ()
        called = {call: await _called(panda, *call) for call in calls}
        parts = [each.to_json(schema, called) for each in filters]
    except FilterTextWrong as error:
        raise typer.BadParameter(f"--filter: {error}") from error
    return parts[0] if len(parts) == 1 else {"and": parts} if parts else {}


async def _called(panda: Client, schema: str, name: str) -> list[str]:
    """The ids of the instances of a schema whose first text says a name."""
    fields = (await panda.schema(schema)).fields
    text = next((each.name for each in fields if each.type in ("varchar", "text")), None)
    if text is None:
        return []
    found = panda.query(schema, filter={text: name}, limit=MAX_VALUES)
    return [each.id async for each in found]
