"""The node as an ASGI application: JSON-RPC by POST at /, the static site by GET, and /health.

No request is logged: a node keeps no IP addresses. Any origin may call it, without credentials, since
what a caller may do hangs on its signatures alone. But it must say that it sends JSON, which a browser does
for a website only after it has asked here.

Calls do not pass the web framework, which serves all else: it would take as long as the call itself.
"""

from collections.abc import Awaitable, Callable
from pathlib import Path

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from panda_web.errors import PandaError
from panda_web.rpc.dispatch import Dispatcher
from panda_web.rpc.types import Json
from panda_web.server.edge import Edge, UnderWay
from panda_web.server.posted import EXPOSED, Posted
from panda_web.server.site import Site

NOT_KEPT = {"Cache-Control": "no-store"}

Health = Callable[[], Awaitable[Json]]
"""Says that the node works. Raises PandaError where it does not."""


def application(
    dispatcher: Dispatcher,
    site: Path | None = None,
    health: Health | None = None,
    edge: Edge | None = None,
    under_way: UnderWay | None = None,
) -> ASGIApp:
    """The application of a node.

    Args:
        dispatcher: the node's methods.
        site: a folder to serve beside them.
        health: asked by GET at /health, which answers 200, or 503 with a reason; None for no such address.
        edge: how it meets the network.
        under_way: the memory for what is under way.
    """
    edge = edge or Edge()
    posted, pages = Posted(dispatcher, edge, under_way or UnderWay()), _pages(site, health, edge)

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] == "POST" and scope["path"] == "/":
            await posted(scope, receive, send)
        else:
            await pages(scope, receive, send)

    return answer


def _pages(site: Path | None, health: Health | None, edge: Edge) -> ASGIApp:
    """What is there besides calls, and what a browser asks ahead of one (a preflight)."""

    async def say_health(_: Request) -> Response:
        try:
            return JSONResponse(await health(), headers=NOT_KEPT) if health else Response(status_code=404)
        except PandaError as error:
            return JSONResponse({"status": "failed", "reason": error.reason}, 503, NOT_KEPT)

    routes: list[Route | Mount] = [Route("/health", say_health)]
    if site is not None:
        routes.append(Mount("/", Site(directory=site, html=True)))
    else:
        routes.append(
            Route("/", lambda _: PlainTextResponse("A p2panda node. It speaks JSON-RPC by POST.\n"))
        )
    cors = Middleware(
        CORSMiddleware,
        allow_origins=["*"],
        allow_methods=["GET", "POST"],
        allow_headers=["*"],
        expose_headers=[EXPOSED],
        allow_private_network=edge.private_network,
    )
    return Starlette(routes=routes, middleware=[cors])
