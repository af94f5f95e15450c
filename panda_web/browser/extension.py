"""How an application adds to what a page can ask the worker for.

The worker's own methods are in `browser.api`. An application that is built on this package has methods of its
own; `browser.page` puts them beside those. It takes nothing over: a name that is in use is refused.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from panda_web.browser.methods import METHODS, OPEN, PIECE, SERIES, STEPS
from panda_web.messages.schema import Schema
from panda_web.rpc.dispatch import Handler
from panda_web.rpc.table import Method, joined
from panda_web.rpc.types import Json

if TYPE_CHECKING:  # needs a browser to import
    from panda_web.browser.opening import Site


@dataclass(frozen=True, slots=True)
class Extension:
    """What one application adds.

    Attributes:
        methods: its table of methods, by name.
        handlers: makes a handler for each of these methods, for a site; see `rpc.dispatch.Dispatcher`.
        schemas: what the client knows from the start, without asking a node.
        says: what the answer to `open` says besides.
        definitions: gives the signed definitions of these schemas, for the site's own node: of each its entry
            and its payload.
    """

    methods: Mapping[str, Method[Any]]
    handlers: Callable[["Site"], Mapping[str, Handler]]
    schemas: tuple[Schema, ...] = ()
    says: Mapping[str, Json] = field(default_factory=dict)
    definitions: Callable[[], Iterable[tuple[bytes, bytes]]] = tuple


OTHERS = frozenset(
    {
        *("cancel", "progress", "close", "methods", "series", "pieces", "writes"),
        *("node", "peers", "mode", "author", "keyKind", "canBackUp", "copy", "readOnly"),
    }
)
"""Names that mean something else: to a session, to its port, and what `panda.js` has beside the methods."""


def all_methods(extensions: Iterable[Extension]) -> dict[str, Method[Any]]:
    """The whole table of a connection. Raises ValueError where an application takes a name that is in use."""
    own: dict[str, Method[Any]] = {OPEN.name: OPEN, PIECE.name: PIECE}
    table = joined(own, STEPS, METHODS, *(extension.methods for extension in extensions))
    joined(dict.fromkeys(OTHERS | SERIES.keys() - METHODS.keys()), dict.fromkeys(table))
    return table
