"""The store of a node on this machine, for commands of whoever runs it; the node may run meanwhile."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import typer

from panda_web.cli.options import folder_or_node
from panda_web.cli.output import say
from panda_web.cli.places import database_path
from panda_web.cli.running import folder_of, is_running_on
from panda_web.node import Store


@contextmanager
def store_here(context: typer.Context, data: Path | None, node: str | None) -> Iterator[Store]:
    """The store of a node on this machine; says which folder that is.

    Args:
        context: of the command.
        data: the option `--data`.
        node: the option `--node`.

    Raises:
        NodeNotHere, FolderMissing: as `folder_of` does.
        StoreFailed: it cannot be opened.
    """
    folder = folder_of(*folder_or_node(context, data, node))
    state = "a node runs on it" if is_running_on(folder) else "no node runs on it now"
    say(f"The node's data folder is {folder}; {state}.")
    with closing(Store(database_path(folder))) as store:
        yield store
