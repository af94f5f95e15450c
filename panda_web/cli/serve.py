"""`panda serve`: a node behind uvicorn, one line with the address once it answers, an orderly end."""

import asyncio
import socket
import sys
import time
import webbrowser
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import uvicorn

import panda_web
from panda_web.cli.output import safe, say
from panda_web.cli.places import database_path
from panda_web.cli.running import alone, known_by
from panda_web.errors import PandaError
from panda_web.festival import SCHEMAS
from panda_web.festival.definitions import definitions
from panda_web.keys.with_cryptography import CryptographyVerifier
from panda_web.messages.schema import Schema
from panda_web.node import Node, Store
from panda_web.node.aside import in_a_thread
from panda_web.node.schemas import Policy, register
from panda_web.rpc.errors import RefusedByNode
from panda_web.server import application

MAX_CONNECTIONS = 1000
"""Beyond it a request is answered with status 503; who opens many and says nothing keeps no memory busy."""


class PortTaken(PandaError):
    """The interface or port cannot be listened on."""

    reason = "port-taken"


class Building:
    """Says on standard error how far a view is that takes longer to build than a second: a line a second.

    Args:
        clock: gives seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._schema: str | None = None
        self._said = 0.0

    def __call__(self, schema: Schema, done: int, total: int) -> None:
        """How many of the schema's messages are in its view; with all of them, its indexes are made."""
        now = self._clock()
        if schema.id != self._schema:
            self._schema, self._said = schema.id, now
        elif now - self._said >= 1:
            self._said = now
            rest = "" if done < total else "; now its indexes"
            say(f"Building the view of {schema.name!r}: {done:,} of {total:,} messages{rest}.")


class SiteMissing(PandaError):
    """The folder of the site is not there."""

    reason = "site-missing"


def serve(
    host: str,
    port: int,
    folder: Path,
    site: Path | None,
    *,
    policy: Policy,
    festival: bool,
    open_browser: bool,
) -> None:
    """Serves until it is interrupted.

    Args:
        host: the interface.
        port: 0 for a free one.
        folder: where the node keeps what it takes in; it is made where it is not there.
        site: a folder that is served beside it.
        policy: of which schemas messages are taken.
        festival: whether the schemas of talks and rooms are registered.
        open_browser: whether a browser is to show the site.

    Raises:
        PortTaken, SiteMissing, FolderInUse, StoreFailed: before anything is served.
    """
    if site is not None and not (site / "index.html").is_file():
        raise SiteMissing(f"There is no site in {site}. Build it: python3 build.py site")
    with (
        _listen(host, port) as listener,
        alone(folder),
        closing(Store(database_path(folder), in_a_thread)) as store,
        known_by(str(listener.getsockname()[0]), int(listener.getsockname()[1]), folder),
    ):
        served = Served(_address(host, listener), folder, open_browser=open_browser)
        asyncio.run(_begin(store, listener, served, site, policy, festival=festival))


@dataclass(frozen=True, slots=True)
class Served:
    """What is said once the node answers.

    Attributes:
        address: where it is.
        folder: where its data lies.
        open_browser: whether a browser is to show the site.
    """

    address: str
    folder: Path
    open_browser: bool


async def _begin(
    store: Store,
    listener: socket.socket,
    served: Served,
    site: Path | None,
    policy: Policy,
    *,
    festival: bool,
) -> None:
    node = await _open(store, policy, festival)
    server = uvicorn.Server(
        uvicorn.Config(
            application(node.dispatcher(), site, node.health),
            log_level="warning",
            access_log=False,  # a node keeps no addresses
            server_header=False,
            timeout_graceful_shutdown=5,
            timeout_keep_alive=30,
            limit_concurrency=MAX_CONNECTIONS,
            ws="none",
        )
    )
    await _run(server, node, listener, served)


async def _run(server: uvicorn.Server, node: Node, listener: socket.socket, served: Served) -> None:
    watching = asyncio.create_task(node.watch(progress=Building()))
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started and not serving.done():  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.01)
    if server.started:
        sys.stdout.write(f"panda is at {served.address}  (Ctrl+C ends it)\n")
        sys.stdout.write(f"Its data lies in {safe(str(served.folder.absolute()))}\n")
        sys.stdout.flush()
        if served.open_browser:
            await asyncio.to_thread(webbrowser.open, served.address)
    try:
        await serving
    finally:  # uvicorn ends by the signal that it was sent, so as a rule this is reached by CancelledError
        watching.cancel()
        await asyncio.wait([watching])
        await node.finish()  # what was taken in and could not be answered any more


async def _open(store: Store, policy: Policy, festival: bool) -> Node:
    if festival:
        for schema in SCHEMAS:
            await register(store, str(schema.id))
    node = Node(
        store, CryptographyVerifier(), version=panda_web.__version__, aside=in_a_thread, policy=policy
    )
    if festival:  # registered before, so they start as they come
        try:
            for definition in definitions():
                await node.publish_entry(definition.entry, definition.payload)
        except RefusedByNode as error:  # a node that is full goes on answering
            say(f"The festival's schemas stay pending: {error}")
    return node


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With the protocol named, asyncio turns Nagle's algorithm off; without, each answer waits some 40 ms for
    # the other side to acknowledge its head.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if sys.platform != "win32":  # there, it would let two servers share a port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(256)
    except OSError as error:
        listener.close()
        raise PortTaken(
            f"Port {port} of {host} cannot be used: {error.strerror}. Try another --port, or --host."
        ) from error
    return listener


def _address(host: str, listener: socket.socket) -> str:
    port = listener.getsockname()[1]
    # localhost is a secure context for browsers, so the page has WebCrypto; a bare address may not be.
    # Not for ::1: on many machines localhost is 127.0.0.1 alone. Browsers trust [::1] as well.
    name = "localhost" if host in ("127.0.0.1", "0.0.0.0", "::", "localhost") else host  # noqa: S104
    return f"http://{f'[{name}]' if ':' in name else name}:{port}/"
