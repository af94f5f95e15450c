"""How an application adds to what a page can ask the worker for.

The worker's own methods are in `browser.api`. An application that is built on this package has methods of its
own; `browser.page` puts them beside those, for the pages that ask for them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from panda_web.browser.opening import Site
from panda_web.messages.schema import Schema
from panda_web.rpc.dispatch import Handler
from panda_web.rpc.table import Method
from panda_web.rpc.types import Json


@dataclass(frozen=True, slots=True)
class Extension:
    """What one application adds.

    Attributes:
        methods: its table of methods, by name.
        handlers: makes the handlers of these methods for a site; see `rpc.dispatch.Dispatcher`.
        schemas: what the client knows from the start, without asking a node.
        says: what the answer to `open` says besides.
    """

    methods: Mapping[str, Method[Any]]
    handlers: Callable[[Site], Mapping[str, Handler]]
    schemas: tuple[Schema, ...] = ()
    says: Mapping[str, Json] = field(default_factory=dict)
