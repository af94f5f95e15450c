"""JSON-RPC by POST, as an ASGI application of its own: nothing but what a call needs is on its way."""

import asyncio
from functools import lru_cache
from http import HTTPStatus

from starlette.types import Receive, Scope, Send

from panda_web.errors import PandaError
from panda_web.rpc import jsonrpc
from panda_web.rpc.caller import CALLER
from panda_web.rpc.dispatch import Caller, Dispatcher
from panda_web.rpc.errors import BodyTooLarge, BodyTooSlow, Busy, ContentTypeNotJson, NodeFull, RateExceeded
from panda_web.server import answer, body
from panda_web.server.answer import Answer, Headers
from panda_web.server.body import Arriving, CallerLeft
from panda_web.server.edge import Edge, UnderWay, Visit
from panda_web.server.packing import accepted

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

EXPOSED = "Retry-After"
"""The header that pages of other websites may read."""

ANY_ORIGIN: Headers = [
    (b"access-control-allow-origin", b"*"),
    (b"access-control-expose-headers", EXPOSED.encode()),
]

VARIES: Headers = [(b"vary", b"Origin, Accept-Encoding")]


class Posted:
    """Answers requests with JSON-RPC in them.

    Args:
        dispatcher: the node's methods.
        edge: how it meets the network.
        under_way: the memory for what is under way.
    """

    def __init__(self, dispatcher: Dispatcher, edge: Edge, under_way: UnderWay) -> None:
        self._dispatcher = dispatcher
        self._edge = edge
        self._under_way = under_way

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        content_type, origin, codings, forwarded = None, False, b"", []
        for name, value in scope["headers"]:
            if name == b"content-type":
                content_type = content_type or value
            elif name == b"origin":
                origin = True
            elif name == b"accept-encoding":
                codings = value
            elif name == b"x-forwarded-for":
                forwarded.append(value)
        arriving = Arriving(receive, self._dispatcher.max_body)
        try:
            _check_type(content_type or b"")
            client = scope.get("client")
            address = client[0] if client else None
            visit = self._edge.visit(address, b",".join(forwarded).decode("latin-1"))
            found = await self._answer(visit, arriving, receive)
        except CallerLeft:
            return
        except PandaError as error:
            found = _refusal(
                jsonrpc.dumps(jsonrpc.error_reply(jsonrpc.id_in_front(arriving.start), error)), error
            )
        more = VARIES + ANY_ORIGIN if origin else VARIES
        packs = "gzip" in accepted(codings.decode("latin-1"))
        await found.send(scope, receive, send, more, packs=packs)

    async def _answer(self, visit: Visit, arriving: Arriving, receive: Receive) -> Answer:
        refused: RateExceeded | None = None

        def charge(calls: int) -> None:
            nonlocal refused
            try:
                visit.charge(calls)
            except RateExceeded as error:
                refused = error
                raise

        try:
            visit.check()
        except RateExceeded:
            await arriving.read(None)  # so that the sender gets to read the answer, with the id
            raise
        CALLER.set(visit.caller)
        leaving = _Leaving(receive)
        held = self._under_way.answers.hold(visit.who, answer.PIECE)
        try:
            with self._under_way.bodies.hold(visit.who, body.SMALL) as holding:
                caller = Caller(leaving.left, charge, held.take)
                found = await self._dispatcher.handle(await arriving.read(holding), caller)
        except BaseException:
            held.give_back()
            raise
        finally:
            leaving.close()
        if refused is not None:
            return _refusal(found, refused)
        return Answer(found, HTTPStatus.OK if found else HTTPStatus.NO_CONTENT, holding=held)


class _Leaving:
    """Notices when nobody waits for the answer to a request any more, whose body was read.

    Args:
        receive: of the request.
    """

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._waiting: asyncio.Task[None] | None = None

    async def left(self) -> bool:
        """Whether they have left."""
        if self._waiting is None:
            self._waiting = asyncio.create_task(self._wait())
            await asyncio.sleep(0)
        return self._waiting.done()

    async def _wait(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass

    def close(self) -> None:
        """Looks no more."""
        if self._waiting is not None:
            self._waiting.cancel()


def _check_type(content_type: bytes) -> None:
    if not _is_json(content_type):
        raise ContentTypeNotJson(
            "A request must say that it is JSON, with the header Content-Type: application/json. "
            "So no website can send one by a form."
        )


@lru_cache(maxsize=64)
def _is_json(content_type: bytes) -> bool:
    return content_type.decode("latin-1").partition(";")[0].strip().lower() in JSON_TYPES


def _refusal(said: bytes, error: PandaError) -> Answer:
    """What is said to a request that is refused as a whole."""
    status = next((status for kind, status in STATUS.items() if isinstance(error, kind)), HTTPStatus.OK)
    headers: Headers = []
    if "retryAfter" in error.data:
        headers.append((b"retry-after", str(error.data["retryAfter"]).encode()))
    if not isinstance(error, Busy):  # of which the body was read: else the connection ends with this
        headers.append((b"connection", b"close"))
    return Answer(said, status, headers)
