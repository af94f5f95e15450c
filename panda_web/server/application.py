"""The node as an ASGI application: JSON-RPC by POST at /, the static site by GET, and /health.

No request is logged: a node keeps no IP addresses. Any origin may call it, without credentials, since
what a caller may do hangs on its signatures alone. But it must say that it sends JSON, which a browser does
for a website only after it has asked here.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp

from panda_web.errors import PandaError
from panda_web.node.rates import Rates
from panda_web.rpc import jsonrpc
from panda_web.rpc.caller import CALLER
from panda_web.rpc.dispatch import Caller, Dispatcher
from panda_web.rpc.errors import BodyTooLarge, BodyTooSlow, Busy, ContentTypeNotJson, NodeFull, RateExceeded
from panda_web.rpc.types import Json
from panda_web.server import answer, body
from panda_web.server.answer import Answer
from panda_web.server.body import Arriving
from panda_web.server.budget import Budget
from panda_web.server.site import Site
from panda_web.server.visitors import visitor

NOT_KEPT = {"Cache-Control": "no-store"}

JSON_TYPES = frozenset(("application/json", "application/json-rpc", "application/jsonrequest"))
"""What a request may call itself (JSON-RPC over HTTP, jsonrpc.org). None of them is a form's, or needs no
preflight (Fetch, "CORS-safelisted request-header")."""

STATUS = {
    ContentTypeNotJson: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    BodyTooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    BodyTooSlow: HTTPStatus.REQUEST_TIMEOUT,
    NodeFull: HTTPStatus.SERVICE_UNAVAILABLE,
    RateExceeded: HTTPStatus.TOO_MANY_REQUESTS,
}
"""Of the answers to requests that are refused as a whole."""

Health = Callable[[], Awaitable[Json]]
"""Says that the node works. Raises PandaError where it does not."""


@dataclass(frozen=True, slots=True)
class Edge:
    """How the node meets the network.

    Attributes:
        rates: of calls, for each visitor; None for no limit.
        proxy: the address of a proxy in front that says who it forwards for; None for none.
        private_network: whether pages of public websites may call a node in their visitor's own network, as
            far as browsers ask the node.
    """

    rates: Rates | None = None
    proxy: str | None = None
    private_network: bool = False


def application(
    dispatcher: Dispatcher, site: Path | None = None, health: Health | None = None, edge: Edge | None = None
) -> ASGIApp:
    """The application of a node.

    Args:
        dispatcher: the node's methods.
        site: a folder to serve beside them.
        health: asked by GET at /health, which answers 200, or 503 with a reason; None for no such address.
        edge: how it meets the network.
    """
    edge = edge or Edge()

    async def say_health(_: Request) -> Response:
        try:
            return JSONResponse(await health(), headers=NOT_KEPT) if health else Response(status_code=404)
        except PandaError as error:
            return JSONResponse({"status": "failed", "reason": error.reason}, 503, NOT_KEPT)

    rpc = Rpc(dispatcher, edge)
    routes: list[Route | Mount] = [
        Route("/", rpc.answer, methods=["POST"]),
        Route("/health", say_health),
    ]
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
        expose_headers=["Retry-After"],
        allow_private_network=edge.private_network,
    )
    return Starlette(routes=routes, middleware=[cors])


class Rpc:
    """Answers requests with JSON-RPC in them.

    Args:
        dispatcher: the node's methods.
        edge: how it meets the network.
    """

    def __init__(self, dispatcher: Dispatcher, edge: Edge) -> None:
        self._dispatcher = dispatcher
        self._edge = edge
        self._bodies = Budget(body.BUDGET)
        self._answers = Budget(answer.BUDGET)

    async def answer(self, request: Request) -> Response:
        """The answer to one request."""
        arriving = Arriving(request, self._dispatcher.max_body)
        try:
            return await self._answer(request, arriving)
        except ClientDisconnect:
            return Response(status_code=400)
        except PandaError as error:
            refusal = jsonrpc.error_reply(jsonrpc.id_in_front(arriving.start), error)
            return _refusal(jsonrpc.dumps(refusal), error)

    async def _answer(self, request: Request, arriving: Arriving) -> Response:
        if request.headers.get("Content-Type", "").partition(";")[0].strip().lower() not in JSON_TYPES:
            raise ContentTypeNotJson(
                "A request must say that it is JSON, with the header Content-Type: application/json. "
                "So no website can send one by a form."
            )
        client = request.client.host if request.client else None
        # A proxy may add a line of its own below the sender's (RFC 9110, section 5.3: they are one list).
        forwarded = ",".join(request.headers.getlist("X-Forwarded-For"))
        who = visitor(client, self._edge.proxy, forwarded)
        rates = self._edge.rates if who is not None else None
        refused: RateExceeded | None = None

        def charge(calls: int) -> None:
            nonlocal refused
            try:
                if rates is not None:
                    rates.charge(who, calls)
            except RateExceeded as error:
                refused = error
                raise

        try:
            if rates is not None:
                rates.check(who)
        except RateExceeded:
            await arriving.read(None)  # so that the sender gets to read the answer, with the id
            raise
        CALLER.set(who or client or "")
        held = self._answers.hold(who, answer.PIECE)
        try:
            with self._bodies.hold(who, body.SMALL) as holding:
                caller = Caller(request.is_disconnected, charge, held.take)
                found = await self._dispatcher.handle(await arriving.read(holding), caller)
        except BaseException:
            held.give_back()
            raise
        if refused is not None:
            return _refusal(found, refused)
        return Answer(found, 200 if found else 204, holding=held)


def _refusal(said: bytes, error: PandaError) -> Response:
    """What is said to a request that is refused as a whole."""
    status = next((status for kind, status in STATUS.items() if isinstance(error, kind)), HTTPStatus.OK)
    headers = {}
    if "retryAfter" in error.data:
        headers["Retry-After"] = str(error.data["retryAfter"])
    if not isinstance(error, Busy):  # of which the body was read: else the connection ends with this
        headers["Connection"] = "close"
    return Answer(said, status, headers)
