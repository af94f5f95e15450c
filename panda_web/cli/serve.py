"""`panda serve`: a node behind uvicorn, one line with the address once it answers, an orderly end."""

import asyncio
import signal
import socket
import sys
import time
import webbrowser
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp

import panda_web
from panda_web.cli.extension import Extension
from panda_web.cli.output import safe, say
from panda_web.cli.peers import Network, kept_alike
from panda_web.cli.places import database_path
from panda_web.cli.running import alone, known_by
from panda_web.errors import PandaError
from panda_web.keys.with_cryptography import CryptographyVerifier
from panda_web.messages.schema import Schema
from panda_web.node import Node, Store
from panda_web.node.aside import in_a_thread
from panda_web.node.dropping import Rule
from panda_web.node.forks.trusting import Trust
from panda_web.node.rates import Rates
from panda_web.node.schemas import Policy, register
from panda_web.rpc.dispatch import MAX_BODY
from panda_web.rpc.errors import RefusedByNode
from panda_web.server import Edge, Sessions, UnderWay, application
from panda_web.server.connection import Connection
from panda_web.server.fastest import Kind, connections, new_loop
from panda_web.server.guests import MAX_CONNECTIONS, Guests
from panda_web.server.socket import sockets

FILES = 2 * MAX_CONNECTIONS
"""Files and connections that the process may have open, where the system lets it."""

ENTRIES, CALLS = ("entries", "this author"), ("calls", "this address")


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


@dataclass(frozen=True, slots=True)
class Openness:
    """What the node lets others do.

    Attributes:
        policy: of which schemas messages are taken.
        rate: calls a second of an address, and new entries of an author; 0 for no limit.
        proxy: the address of a proxy in front, which says who it forwards for; None for none.
        private_network: whether pages of public websites may call it where it is in a private network.
        drops: rules by which payloads are dropped.
        trust: whose votes about forked logs count.
    """

    policy: Policy
    rate: float
    proxy: str | None
    private_network: bool
    drops: Sequence[Rule] = ()
    trust: Trust = field(default_factory=Trust)

    def rates(self, what: str, whose: str) -> Rates | None:
        """The limit for something, where there is one."""
        return Rates(self.rate, what, whose) if self.rate else None


class SiteMissing(PandaError):
    """The folder of the site is not there."""

    reason = "site-missing"


def serve(
    host: str,
    port: int,
    folder: Path,
    site: Path | None,
    applications: Sequence[Extension],
    *,
    openness: Openness,
    network: Network,
    open_browser: bool,
) -> None:
    """Serves until it is interrupted.

    Args:
        host: the interface.
        port: 0 for a free one.
        folder: where the node keeps what it takes in; it is made where it is not there.
        site: a folder that is served beside it.
        applications: those whose schemas are registered.
        openness: what it lets others do.
        network: which other nodes it is kept alike with.
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
        with asyncio.Runner(loop_factory=new_loop) as runner, suppress(asyncio.CancelledError):
            runner.run(_begin(store, listener, served, site, applications, openness, network))


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
    applications: Sequence[Extension],
    openness: Openness,
    network: Network,
) -> None:
    node = await _open(store, openness, applications)
    edge = Edge(openness.rates(*CALLS), openness.proxy, openness.private_network)
    guests = Guests(most=_files(FILES) // 2)
    dispatcher, under_way = node.dispatcher(), UnderWay()
    app = application(dispatcher, site, node.health, edge, under_way)
    server = uvicorn.Server(served_by(app, Sessions(dispatcher, edge, under_way), guests, edge.proxy))
    watching = asyncio.create_task(guests.watch())
    try:
        await _run(server, node, listener, served, network)
    finally:
        watching.cancel()


def served_by(
    app: ASGIApp, sessions: Sessions, guests: Guests, proxy: str | None = None, kind: type[Connection] = Kind
) -> uvicorn.Config:
    """How uvicorn serves requests, and WebSockets: by connections, of a kind, each a guest among others."""
    return uvicorn.Config(
        app,
        http=connections(guests, proxy, 2 * MAX_BODY, kind),
        log_level="error",  # what uvicorn warns of is what somebody sent
        access_log=False,  # a node keeps no addresses
        server_header=False,
        proxy_headers=False,  # `server.visitors` reads them, and nothing else needs to
        backlog=128,
        timeout_graceful_shutdown=5,
        timeout_keep_alive=30,
        ws=sockets(guests, proxy, sessions),
    )


async def _run(
    server: uvicorn.Server, node: Node, listener: socket.socket, served: Served, network: Network
) -> None:
    with _cancelled_by_sigterm():  # before uvicorn takes the signal for as long as it serves
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
        port = listener.getsockname()[1]
        try:
            async with kept_alike(node, network, port, reached=_is_reached(listener)):
                await serving
        finally:  # uvicorn ends by the signal that it was sent, so as a rule by CancelledError
            watching.cancel()
            await asyncio.wait([watching])
            await node.finish()  # what was taken in and could not be answered any more


@contextmanager
def _cancelled_by_sigterm() -> Iterator[None]:
    """SIGTERM cancels this task, as Ctrl+C does: uvicorn ends in order, and then sends it once more."""
    task = asyncio.current_task()
    before = signal.signal(signal.SIGTERM, lambda *_: task.cancel() if task is not None else None)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


async def _open(store: Store, openness: Openness, applications: Sequence[Extension]) -> Node:
    for each in applications:
        for schema in each.schemas:
            await register(store, str(schema.id))
    node = Node(
        store,
        CryptographyVerifier(),
        version=panda_web.__version__,
        aside=in_a_thread,
        policy=openness.policy,
        rates=openness.rates(*ENTRIES),
        drops=openness.drops,
        trust=openness.trust,
    )
    for each in applications:  # registered before, so they start as they come
        try:
            for entry, payload in each.definitions():
                await node.publish_entry(entry, payload)
        except RefusedByNode as error:  # a node that is full goes on answering
            say(f"The {each.name}'s schemas stay pending: {error}")
    return node


def _files(wanted: int) -> int:
    """How many files the process may have open; as many as wanted, or as the system allows."""
    try:
        import resource
    except ImportError:  # Windows, which sets no limit
        return wanted
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    unlimited = resource.RLIM_INFINITY
    if soft != unlimited and soft < wanted:
        soft = wanted if hard == unlimited else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return wanted if soft == unlimited else min(wanted, soft)


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


def _is_reached(listener: socket.socket) -> bool:
    """Whether other machines reach it."""
    return not ip_address(listener.getsockname()[0]).is_loopback


def _address(host: str, listener: socket.socket) -> str:
    port = listener.getsockname()[1]
    # localhost is a secure context for browsers, so the page has WebCrypto; a bare address may not be.
    # Not for ::1: on many machines localhost is 127.0.0.1 alone. Browsers trust [::1] as well.
    name = "localhost" if host in ("127.0.0.1", "0.0.0.0", "::", "localhost") else host  # noqa: S104
    return f"http://{f'[{name}]' if ':' in name else name}:{port}/"
