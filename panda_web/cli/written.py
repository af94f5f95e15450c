"""What became of what was signed, as commands that publish tell it."""

import typer

from panda_web.cli.output import UNACKNOWLEDGED, print_json, say
from panda_web.client import Written
from panda_web.client.errors import LogRefused, NodeTooOld, RefusedUnclearly
from panda_web.rpc.types import Json


def tell(written: Written, **more: Json) -> None:
    """Prints where it stands, and raises what the node has against it.

    Args:
        written: what was signed.
        **more: is printed with it.

    Raises:
        Exit: it is kept, and the node does not have it.
        PandaError: the node has it, and shows it to nobody.
    """
    if not told(written, **more):
        raise typer.Exit(UNACKNOWLEDGED)


def told(written: Written, **more: Json) -> bool:
    """The same for one of many: gives whether the node has it, and raises nothing where it does not."""
    print_json(
        {"id": written.id, "entryHash": written.entry_hash, "acknowledged": written.acknowledged, **more}
    )
    error = written.error
    if error is None:
        return True
    if written.acknowledged:
        raise error
    never_here = isinstance(error, LogRefused | NodeTooOld | RefusedUnclearly)
    where = " --node URL` sends it to another node" if never_here else "` sends it"
    say(f"{error.reason}: {error} The entry is signed and kept; do not write it again, `panda flush{where}.")
    return False
