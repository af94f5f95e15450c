"""`panda archive`: all that a node holds as a file, and a file into a node."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, asynccontextmanager, closing, contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, BinaryIO

import typer

import panda_web
from panda_web import archive
from panda_web.archive import Imported
from panda_web.archive.lines import HEADER
from panda_web.cli import places
from panda_web.cli.options import Data, NodeAny, folder_or_node
from panda_web.cli.output import print_json, run, say
from panda_web.cli.progress import Progress
from panda_web.cli.running import folder_of, is_running_on
from panda_web.errors import PandaError
from panda_web.keys.with_cryptography import CryptographyVerifier
from panda_web.node import Node, Store
from panda_web.rpc.connection import Connection
from panda_web.rpc.http import HttpTransport
from panda_web.rpc.within import in_process

archive_app = typer.Typer(
    help="All that a node holds, as a file that any node takes in. docs/running-a-node.md",
    no_args_is_help=True,
)

PIECE = 256 << 10
"""Bytes that are read at a time."""

STREAM = Path("-")

KEPT = "Interrupted. What was stored stays; the same command does the rest."


class FileTaken(PandaError):
    """A file that an export should go into is something else, which stays as it is."""

    reason = "file-taken"


class FileFailed(PandaError):
    """A file cannot be read or written."""

    reason = "file-failed"


@archive_app.command("export")
def archive_export(
    context: typer.Context,
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="Where to; an earlier export is replaced. - is stdout.")
    ],
    *,
    node: NodeAny = None,
    data: Data = None,
) -> None:
    """Writes all entries of a node, with their payloads, into FILE.

    Asks the node at --node, by default the one that runs here, or opens its folder --data.
    """
    there = folder_or_node(context, data, node)

    async def work() -> archive.Exported:
        async with _connected(*there) as connection, Progress("entries") as progress:
            pieces = archive.export(connection, asyncio.sleep)
            with _written(file) as out:
                async with aclosing(pieces):
                    async for piece in pieces:
                        out.write(piece.data)
                        progress.count = piece.entries
        return piece

    done = run(work(), KEPT)
    if file != STREAM:
        print_json({"file": str(file), "logs": done.logs, "entries": done.entries, "payloads": done.payloads})


@archive_app.command("import")
def archive_import(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What was exported; - is stdin.")],
    *,
    node: NodeAny = None,
    data: Data = None,
) -> None:
    """Brings the entries of FILE to a node, which verifies each; again is no harm.

    To the node at --node, by default the one that runs here, or into a folder --data that a node has.
    """
    there = folder_or_node(context, data, node)

    async def work() -> Imported:
        async with _connected(*there) as connection, Progress("entries") as progress:
            taking = archive.Import(connection, asyncio.sleep)
            with _read(file) as source:
                try:
                    while piece := source.read(PIECE):
                        progress.count = (await taking.take(piece)).entries
                    await taking.end()
                finally:
                    progress.clear()
                    print_json(asdict(taking.so_far))
        return taking.so_far

    done = run(work(), KEPT)
    for each in done.untaken:
        say(f"Line {each.line:,} was not taken in: {each.state} ({each.reason}).")
    if done.untaken:
        raise typer.Exit(1)


@asynccontextmanager
async def _connected(data: Path | None, node: str | None) -> AsyncIterator[Connection]:
    """A way to the node; to one on its folder, in this process, where that is named."""
    if data is None or node is not None:
        connection = Connection(HttpTransport(node or places.DEFAULT_NODE))
        try:
            yield connection
        finally:
            await connection.close()
        return
    folder = folder_of(data, None)
    state = "a node runs on it" if is_running_on(folder) else "no node runs on it now"
    say(f"The node's data folder is {folder}; {state}.")
    with closing(Store(places.database_path(folder))) as store:
        here = Node(store, CryptographyVerifier(), version=panda_web.__version__)
        connection = Connection(in_process(here.dispatcher()))
        try:
            yield connection
        finally:
            await connection.close()
            await here.finish()


@contextmanager
def _read(file: Path) -> Iterator[BinaryIO]:
    if file == STREAM:
        yield sys.stdin.buffer
        return
    try:
        opened = file.open("rb")
    except OSError as error:
        raise FileFailed(f"{file} cannot be read: {error.strerror}.") from error
    with opened:
        yield opened


@contextmanager
def _written(file: Path) -> Iterator[BinaryIO]:
    """What becomes the file once all is written; until then it stays what it is."""
    if file == STREAM:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    part = file.with_name(f"{file.name}.part")
    try:
        _check_replaceable(file)
        with part.open("wb") as opened:
            yield opened
            opened.flush()
            os.fsync(opened.fileno())
        part.replace(file)
    except OSError as error:
        raise FileFailed(f"{file} cannot be written: {error.strerror}.") from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


def _check_replaceable(file: Path) -> None:
    with suppress(FileNotFoundError), file.open("rb") as opened:
        if opened.read(len(HEADER)) not in (b"", HEADER):
            raise FileTaken(f"{file} is there, and is no export of a node. Name another file.")
