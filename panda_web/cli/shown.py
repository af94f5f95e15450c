"""Instances as people and programs want to see them: a table, JSON, JSON lines, CSV.

What strangers publish goes to a terminal, and into spreadsheets. In a table and in JSON whatever could
deceive is escaped (`output.safe`). In CSV control characters are, and a text that a spreadsheet would carry
out as a formula has a ' before it; whoever wants each text as it is takes JSON lines.
"""

import csv
import io
import json
import re
import shutil
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Literal, Protocol

from rich.cells import cell_len, set_cell_size

from panda_web.cli.naming import Naming
from panda_web.cli.output import print_json, safe, say, write
from panda_web.cli.progress import Progress
from panda_web.client import Answer, Rejected
from panda_web.messages.schema import Schema
from panda_web.rpc.types import Json

Format = Literal["table", "json", "jsonl", "csv"]
Row = Mapping[str, Json]
"""An instance as JSON carries it."""

CHANGE = "_change"
"""Where a row says what became of it, when somebody watches."""
WIDEST = 60
"""Cells of a table's column, at most; and what a table has at least for a column."""
NARROWEST = 4

_FORMULA = re.compile(r"[=+\-@\t\r\uff1d\uff0b\uff0d\uff20]")
"""How texts begin that spreadsheets take for formulas."""
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


class Printer(Protocol):
    """Prints rows as they come."""

    def rows(self, rows: Sequence[Row]) -> None:
        """Prints some."""

    def end(self) -> None:
        """Prints what comes behind all."""


class Lines:
    """JSON, a line for each."""

    def __init__(self, names: Sequence[str] | None) -> None:
        self._names = names

    def rows(self, rows: Sequence[Row]) -> None:
        """Prints some."""
        for row in rows:
            print_json(picked(row, self._names) if self._names else row)

    def end(self) -> None:
        """Nothing comes behind."""


class Array:
    """One JSON array."""

    def __init__(self, names: Sequence[str] | None) -> None:
        self._names = names
        self._before = "[\n"

    def rows(self, rows: Sequence[Row]) -> None:
        """Prints some."""
        for row in rows:
            shown = json.dumps(picked(row, self._names) if self._names else row, ensure_ascii=False)
            write(self._before + safe(shown))
            self._before = ",\n"

    def end(self) -> None:
        """Closes the array."""
        write("[]\n" if self._before == "[\n" else "\n]\n")


class Csv:
    """CSV with a head, as RFC 4180 has it, but for the ends of lines, which are those of text files."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = names
        self._marked = 0
        self._write(names)

    def rows(self, rows: Sequence[Row]) -> None:
        """Prints some."""
        for row in rows:
            self._write([self._cell(row, name) for name in self._names])

    def end(self) -> None:
        """Says what is not as it was published."""
        if self._marked:
            say(
                f"{self._marked:,} texts begin as formulas of spreadsheets do, and have a ' before them; "
                "--format jsonl has them as they are."
            )

    def _cell(self, row: Row, name: str) -> str:
        value = value_of(row, name)
        text = _CONTROL.sub(lambda found: json.dumps(found[0])[1:-1], words(value))
        if isinstance(value, str | list) and _FORMULA.match(words(value)):
            self._marked += 1
            return f"'{text}"
        return text

    def _write(self, cells: Iterable[str]) -> None:
        line = io.StringIO()
        csv.writer(line, lineterminator="\n").writerow(cells)
        write(line.getvalue())


class Table:
    """A table as wide as the terminal; as wide as it must be where there is none.

    The first rows decide how wide columns are, and which hold numbers, since later rows are not known yet.
    """

    def __init__(self, names: Sequence[str], called: Mapping[str, str]) -> None:
        self._names = names
        self._called = called
        self._widths: list[int] | None = None
        self._numbers: frozenset[int] = frozenset()

    def rows(self, rows: Sequence[Row]) -> None:
        """Prints some."""
        lines = [[self._cell(row, name) for name in self._names] for row in rows]
        if self._widths is None and lines:
            self._widths = widths([list(self._names), *lines], terminal_width())
            self._numbers = frozenset(at for at, name in enumerate(self._names) if are_numbers(rows, name))
            self._line([name.removeprefix("_") for name in self._names])
            self._line(["─" * width for width in self._widths])
        for line in lines:
            self._line(line)

    def end(self) -> None:
        """Nothing comes behind."""

    def _cell(self, row: Row, name: str) -> str:
        value = value_of(row, name)
        return safe(words(value, None if name == "id" else self._called, short=True))

    def _line(self, cells: Sequence[str]) -> None:
        fitted = (
            fit(cell, width, right=at in self._numbers)
            for at, (cell, width) in enumerate(zip(cells, self._widths or (), strict=True))
        )
        write("  ".join(fitted).rstrip() + "\n")


def printer(
    format: Format,
    names: Sequence[str] | None,
    columns: Callable[[], Sequence[str]],
    called: Mapping[str, str],
) -> Printer:
    """What prints in a format.

    Args:
        format: which.
        names: what is to be shown of each instance; None for all.
        columns: gives the columns that there are, where all is shown.
        called: what people call instances, by id, for tables; it may grow.
    """
    match format:
        case "jsonl":
            return Lines(names)
        case "json":
            return Array(names)
        case "csv":
            return Csv(names or columns())
        case "table":
            return Table(names or columns(), called)


def picked(row: Row, names: Iterable[str]) -> dict[str, Json]:
    """Some of an instance, by names: fields, `id`, or what is in its `_meta`."""
    return {name: value_of(row, name) for name in names}


def value_of(row: Row, name: str) -> Json:
    """A field, `id`, or what is in `_meta`; None where there is none."""
    return row[name] if name in row else row["_meta"].get(name)


def words(value: Json, called: Mapping[str, str] | None = None, *, short: bool = False) -> str:
    """A value for people. Ids may be what the instance is called, and they and keys may be cut short."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case list():
            return ", ".join(words(each, called, short=short) for each in value)
        case str() if called and value in called:
            return called[value]
        case str() if short and re.fullmatch("[0-9a-f]{64}|0040[0-9a-f]{128}", value):
            return f"{value[:12]}…"
        case _:
            return str(value)


def widths(lines: Sequence[Sequence[str]], most: int | None) -> list[int]:
    """How wide columns are: as what is in them, and the widest less where there is no room for it."""
    found = [min(WIDEST, max(map(cell_len, column))) for column in zip(*lines, strict=True)]
    if most is not None:
        while sum(found) + 2 * (len(found) - 1) > most and max(found) > NARROWEST:
            found[found.index(max(found))] -= 1
    return found


def are_numbers(rows: Iterable[Row], name: str) -> bool:
    """Whether what has a value in a column is a number, and something has."""
    found = [value for row in rows if (value := value_of(row, name)) is not None]
    return bool(found) and all(
        isinstance(value, int | float) and not isinstance(value, bool) for value in found
    )


def fit(text: str, width: int, *, right: bool = False) -> str:
    """A text in as many cells, numbers at the right."""
    if cell_len(text) > width:
        return set_cell_size(text, width - 1) + "…"
    return " " * (width - cell_len(text)) + text if right else set_cell_size(text, width)


def terminal_width() -> int | None:
    """Cells of a line of the terminal; None where the output goes elsewhere."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


class Out:
    """Where the pages of an answer go, and changes.

    Args:
        format: how they are shown.
        names: what of each instance is; empty for all.
        schema: that of the instances; None where nobody knows.
        progress: is cleared before something is written, and told.
        naming: finds what people call what instances lead to, for tables.
        watching: whether each row says what became of it.

    Attributes:
        count: how many were shown.
    """

    def __init__(
        self,
        format: Format,
        names: Sequence[str],
        schema: Schema | None,
        progress: Progress,
        naming: Naming,
        *,
        watching: bool = False,
    ) -> None:
        self._format: Format = format
        self._names = [CHANGE, *names] if watching and names else names
        self._watching = watching
        self._schema = schema
        self._progress = progress
        self._naming = naming
        self._printer: Printer | None = None
        self._incomplete = 0
        self._rejected: list[Rejected] = []
        self.count = 0

    async def page(self, page: Answer) -> None:
        """Prints a page, and says what is not in it."""
        self._incomplete += sum(not instance.complete for instance in page)
        await self.rows([instance.to_json() for instance in page], page.rejected)

    async def rows(self, rows: Sequence[Row], rejected: Sequence[Rejected]) -> None:
        """Prints rows, and says what is not among them."""
        if self._format == "table" and self._schema is not None:
            await self._naming.learn(self._schema, rows)
        self._progress.clear()
        if rows:
            self._to(rows).rows(rows)
        for each in rejected:
            say(f"{each.error.reason}: withheld {each.id[:12]}…: {each.error}")
        self._rejected += rejected
        self.count += len(rows)
        self._progress.count = self.count

    def end(self) -> None:
        """Prints what comes behind the last page."""
        self._progress.clear()
        self._to([]).end()
        if not (self.count or self._rejected):
            say("There is nothing.")
        if self._incomplete:
            say(
                f"Changed, and incomplete: {self._incomplete}. Between the first and the last entry of each, "
                "the node shows entries without what they say; one may be a change. See _meta.complete."
            )

    def status(self) -> int:
        """The exit status."""
        return 1 if self._rejected else 0

    def _to(self, rows: Sequence[Row]) -> Printer:
        if self._printer is None:
            called = self._naming.names
            self._printer = printer(self._format, self._names or None, lambda: self._columns(rows), called)
        return self._printer

    def _columns(self, rows: Sequence[Row]) -> list[str]:
        """What a table has columns for: the schema's fields, or those of the first page; author and id."""
        known = list(self._schema.by_name) if self._schema is not None else []
        found = dict.fromkeys(name for row in rows for name in row if name not in ("id", "_meta", CHANGE))
        return [*([CHANGE] if self._watching else []), *(known or found), "author", "id"]
