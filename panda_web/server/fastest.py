"""The event loop and the connections of a server: the fastest that there are for this Python on this machine.

httptools and uvloop come with the extra `node`, where they run. Everything works without them.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress

from panda_web.server.connection import Connection
from panda_web.server.guests import Guests

Kind: type[Connection]
try:
    from panda_web.server.with_httptools import WithHttptools as Kind
except ImportError:
    from panda_web.server.with_h11 import WithH11 as Kind

new_loop: Callable[[], asyncio.AbstractEventLoop] = asyncio.new_event_loop
with suppress(ImportError):
    import uvloop

    new_loop = uvloop.new_event_loop


def connections(
    guests: Guests, proxy: str | None, max_body: int, kind: type[Connection] = Kind
) -> type[Connection]:
    """The class of a server's connections; see the attributes of `Connection`."""
    return type(kind.__name__, (kind,), {"guests": guests, "proxy": proxy, "max_body": max_body})
