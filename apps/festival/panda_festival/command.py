"""What a festival adds to the `panda` command.

`panda festival import` tells first what a schedule would change, and then carries it out.
`panda festival export` writes the programme as a calendar or a schedule.
`panda serve --festival` registers the schemas of talks and rooms.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from panda_festival.definitions import definitions
from panda_festival.exporting import Programme, read_programme
from panda_festival.files import FORMATS, Format
from panda_festival.importing import Plan, import_talks, plan_import
from panda_festival.schedule import MAX_SIZE, LeftOut, Schedule, read_schedule
from panda_festival.schemas import SCHEMAS
from panda_web import Client
from panda_web.cli import places
from panda_web.cli.extension import Extension
from panda_web.cli.files import STREAM, writing
from panda_web.cli.options import Data, Node, author
from panda_web.cli.output import UNACKNOWLEDGED, misused, print_json, run, say
from panda_web.cli.progress import Progress as Reading
from panda_web.errors import PandaError
from panda_web.keys.file import KeyFile

MOST_TOLD = 20
"""Talks or values of a kind that are told one by one; standard output has them all."""


def import_file(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="A schedule: JSON of frab, pretalx or c3voc; XML of frab.")
    ],
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would change, and publish nothing.")
    ] = False,
    withdraw: Annotated[
        bool, typer.Option("--withdraw", help="Delete talks that are published and not in FILE.")
    ] = False,
    restore: Annotated[
        bool, typer.Option("--restore-deleted", help="Publish talks again that you have deleted.")
    ] = False,
    node: Node = places.DEFAULT_NODE,
    data: Data = None,
) -> None:
    """Publishes a festival's talks: new ones, and what has changed in those that are published.

    Interrupt it and run it again: it goes on, and nothing is there twice.
    """
    schedule = _read(file)

    async def work() -> None:
        async with Client(node, KeyFile(places.key_path(data))) as panda:
            plan = await plan_import(panda, schedule)
            _tell(plan, withdraw=withdraw, restore=restore)
            if dry_run:
                print_json(plan.to_json())
                return
            columns = (
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                TimeRemainingColumn(),
            )
            with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
                task = bar.add_task("Publishing", total=len(schedule.talks))
                try:
                    done = await import_talks(
                        panda,
                        schedule,
                        lambda n, total: bar.update(task, completed=n, total=total),
                        withdraw=withdraw,
                        restore=restore,
                    )
                except PandaError as error:
                    kept = await panda.pending()
                    if not kept:
                        raise
                    bar.stop()
                    say(f"{error.reason}: {error} {_kept(kept)}")
                    raise typer.Exit(UNACKNOWLEDGED) from error
            print_json(done.to_json())

    run(work())


def _read(file: Path) -> Schedule:
    try:
        with file.open("rb") as opened:
            return read_schedule(opened.read(MAX_SIZE + 1))
    except OSError as error:
        raise typer.BadParameter(f"{file} cannot be read: {error.strerror}") from error


def _tell(plan: Plan, *, withdraw: bool, restore: bool) -> None:
    """Says in words what an import does."""
    found = plan.comparison
    say(
        f"{_talks(found.talks)} in the file: {len(found.new)} new, {len(found.changed)} changed, "
        f"{len(found.unchanged)} unchanged, {len(found.deleted)} deleted by you before."
    )
    _list("changed", [f"{each.title}: {', '.join(each.fields)}" for each in found.changed])
    if found.withdrawn:
        one = len(found.withdrawn) == 1
        say(
            f"{_talks(len(found.withdrawn))} {'is' if one else 'are'} published and not in the file: "
            f"--withdraw deletes {'it' if one else 'them'}{', as you asked' if withdraw else ''}."
        )
        _list("withdrawn", [talk.title for talk in found.withdrawn])
    if found.deleted:
        say(
            f"{_talks(len(found.deleted))} of the file you have deleted: --restore-deleted publishes "
            f"{'it' if len(found.deleted) == 1 else 'them'} again{', as you asked' if restore else ''}."
        )
        _list("deleted", [str(talk["title"]) for talk in found.deleted])
    if not plan.knows_deleted:
        say("This key may have been used elsewhere too: a talk that was deleted there counts as new here.")
    _list("left out", [_left_out(each) for each in plan.left_out])


def _talks(count: int) -> str:
    return f"{count} talk{'' if count == 1 else 's'}"


def _left_out(each: LeftOut) -> str:
    return f"{each.talk}: {each.field}: {each.why}"


def _kept(count: int) -> str:
    entries = "1 entry is" if count == 1 else f"{count} entries are"
    return f"{entries} signed and kept; the same import again sends what is kept, and goes on."


def _list(what: str, lines: Sequence[str]) -> None:
    for line in lines[:MOST_TOLD]:
        say(f"  {what}: {line}")
    if len(lines) > MOST_TOLD:
        say(f"  {what}: and {len(lines) - MOST_TOLD} more")


def export_file(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help="Where to: NAME.ics or NAME.json; an earlier export is replaced. - is stdout.",
        ),
    ],
    *,
    format: Annotated[
        Format | None,
        typer.Option(
            help="iCalendar, or schedule JSON; by default what FILE's name ends in.", show_default=False
        ),
    ] = None,
    programme_of: Annotated[
        list[bytes] | None,
        typer.Option(
            parser=author,
            metavar="KEY",
            help="Only this author's talks. May be given again: who is named first counts most.",
        ),
    ] = None,
    name: Annotated[str, typer.Option(help="What the event is called, for the file.")] = "",
    node: Node = places.DEFAULT_NODE,
) -> None:
    """Writes the programme into FILE, for calendars or for other programs; each talk is checked.

    What is exported as a schedule, `panda festival import` takes in again.
    """
    kind = format or file.suffix.removeprefix(".").lower()
    if kind not in FORMATS:
        raise misused("FILE ends in neither .ics nor .json: --format says which of them is wanted")

    async def work() -> Programme:
        async with Client(node) as panda, Reading("talks") as progress:
            return await read_programme(panda, [key.hex() for key in programme_of or ()], progress)

    programme = run(work(), "Interrupted. Nothing was written.")
    text = FORMATS[kind](programme.talks, name)
    with writing(file, _is_export, "no programme that was exported") as out:
        out.write(text.encode())
    untimed = sum(not talk.moment for talk in programme.talks) if kind == "ics" else 0
    if untimed:
        say(f"Without a time, and so not in the calendar: {_talks(untimed)}.")
    if programme.refused:
        say(f"Did not pass the checks, and so not in the file: {_talks(programme.refused)}.")
    if file != STREAM:
        print_json({"file": str(file), "talks": len(programme.talks) - untimed})


def _is_export(begins: bytes) -> bool:
    return b"panda-web" in begins and begins.startswith((b"BEGIN:VCALENDAR", b"{"))


def recognises(begins: bytes) -> str | None:
    """What is said of a file that is no archive of a node, and may be a schedule."""
    may_be = begins.lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"{", b"[", b"<"))
    return "If it is a schedule, `panda festival import FILE` publishes it." if may_be else None


EXTENSION = Extension(
    name="festival",
    about="Register the schemas of talks and rooms, which the page uses.",
    help="A festival's programme: out of a schedule file, and into a calendar or a schedule file.",
    commands={"import": import_file, "export": export_file},
    schemas=SCHEMAS,
    definitions=definitions,
    recognises=recognises,
)
