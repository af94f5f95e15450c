"""`panda export`, `panda import`: all entries that a node holds as a file, and such a file into a node."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager, closing
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

import panda_web
from panda_web import archive
from panda_web.archive import Imported, NotAnArchive
from panda_web.archive.lines import HEADER
from panda_web.cli import places
from panda_web.cli.extension import extensions
from panda_web.cli.files import BEGINNING, STREAM, reading, writing
from panda_web.cli.options import Data, NodeAny, folder_or_node
from panda_web.cli.output import print_json, run, say
from panda_web.cli.progress import Progress
from panda_web.cli.running import folder_of, is_running_on
from panda_web.keys.with_cryptography import CryptographyVerifier
from panda_web.node import Node, Store
from panda_web.rpc.connection import Connection
from panda_web.rpc.http import HttpTransport
from panda_web.rpc.within import in_process

PIECE = 256 << 10
"""Bytes that are read at a time."""

KEPT = "Interrupted. What was stored stays; the same command does the rest."


def export_entries(
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
            with writing(file, _is_export, "no export of a node") as out:
                async with aclosing(pieces):
                    async for piece in pieces:
                        out.write(piece.data)
                        progress.count = piece.entries
        return piece

    done = run(work(), KEPT)
    if file != STREAM:
        print_json({"file": str(file), "logs": done.logs, "entries": done.entries, "payloads": done.payloads})


def import_entries(
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
            begins = b""
            with reading(file) as source:
                try:
                    while piece := source.read(PIECE):
                        begins = begins or piece[:BEGINNING]
                        progress.count = (await taking.take(piece)).entries
                    await taking.end()
                except NotAnArchive as error:
                    raise NotAnArchive(" ".join([str(error), *_other_commands(begins)])) from error
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
        here = Node(store, CryptographyVerifier(), version=panda_web.__version__, trust=None)
        connection = Connection(in_process(here.dispatcher()))
        try:
            yield connection
        finally:
            await connection.close()
            await here.finish()


def _is_export(begins: bytes) -> bool:
    return begins.startswith(HEADER)


def _other_commands(begins: bytes) -> list[str]:
    """What applications say of a file that is no archive, by its beginning."""
    return [said for each in extensions() if (said := each.recognises(begins)) is not None]
