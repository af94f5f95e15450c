"""The node as an ASGI application: JSON-RPC by POST at /, the static site by GET, and /health.

No request is logged: a node keeps no IP addresses. Any origin may call it, without credentials, since
what a caller may do hangs on its signatures alone.
"""

import asyncio
import os
import re
from collections.abc import Awaitable, Callable
from pathlib import Path

from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from panda_web.errors import PandaError
from panda_web.rpc.caller import CALLER
from panda_web.rpc.dispatch import Dispatcher
from panda_web.rpc.types import Json

SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data:; "
        "connect-src *; worker-src 'self' blob:; manifest-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    # Ask whether it changed, and transfer it only then.
    "Cache-Control": "no-cache",
    # Any website may embed the site's files. With every answer: caches mix those with and without an origin.
    "Access-Control-Allow-Origin": "*",
    "Cross-Origin-Resource-Policy": "cross-origin",
}
# A machine's own table can be anything; a browser takes a module of no other type.
MEDIA_TYPES = {
    ".js": "text/javascript",
    ".mjs": "text/javascript",
    ".ts": "text/plain",
    ".wasm": "application/wasm",
    ".whl": "application/zip",
}


RUNTIME = re.compile(r"(?:.*/)?runtime-[0-9a-f]{16}/[^/]+")
"""Paths of files whose directory is named by the hash of its contents: they never change."""
FOR_EVER = {"Cache-Control": "public, max-age=31536000, immutable"}

NOT_KEPT = {"Cache-Control": "no-store"}

PathLike = str | os.PathLike[str]

ENCODINGS = {"br": ".br", "gzip": ".gz"}
"""How a file may be compressed, the best first."""

BODY_SECONDS = 60.0
"""So long a request's body may take to arrive."""


Health = Callable[[], Awaitable[Json]]
"""Says that the node works. Raises PandaError where it does not."""


def application(dispatcher: Dispatcher, site: Path | None = None, health: Health | None = None) -> ASGIApp:
    """The application of a node.

    Args:
        dispatcher: the node's methods.
        site: a folder to serve beside them.
        health: asked by GET at /health, which answers 200, or 503 with a reason; None for no such address.
    """

    async def rpc(request: Request) -> Response:
        body = bytearray()
        try:
            async with asyncio.timeout(BODY_SECONDS):
                async for chunk in request.stream():
                    body += chunk
                    if len(body) > dispatcher.max_body:
                        # The rest is not read: the connection ends with the answer.
                        answer = dispatcher.too_large(bytes(body[:1000]))
                        return _json(answer, 413, {"Connection": "close"})
        except ClientDisconnect:
            return Response(status_code=400)
        except TimeoutError:
            return Response(status_code=408, headers={"Connection": "close"})
        CALLER.set(request.client.host if request.client is not None else "")
        answer = await dispatcher.handle(bytes(body))
        return _json(answer, 200 if answer else 204)

    async def say_health(_: Request) -> Response:
        try:
            return JSONResponse(await health(), headers=NOT_KEPT) if health else Response(status_code=404)
        except PandaError as error:
            return JSONResponse({"status": "failed", "reason": error.reason}, 503, NOT_KEPT)

    routes: list[Route | Mount] = [Route("/", rpc, methods=["POST"]), Route("/health", say_health)]
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
        allow_private_network=True,  # a public page may call the node in its visitor's own network
    )
    return Starlette(routes=routes, middleware=[cors])


def _json(body: bytes, status: int, headers: dict[str, str] | None = None) -> Response:
    return Response(body, status, {**(headers or {}), "Content-Type": "application/json"})


class Site(StaticFiles):
    """Static files with the headers above, and the media types that browsers insist on.

    Of a file that lies there compressed ahead, as FILE.br or FILE.gz, that is sent to those who take it.
    """

    def file_response(
        self, full_path: PathLike, stat_result: os.stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        """The file, or what it is compressed to."""
        offered = {
            encoding: packed
            for encoding, suffix in ENCODINGS.items()
            if (packed := Path(f"{os.fspath(full_path)}{suffix}")).is_file()
        }
        accepted = _accepted(scope)
        taken = next((encoding for encoding in offered if encoding in accepted), None)
        if taken is not None:
            full_path, stat_result = offered[taken], offered[taken].stat()
        response = super().file_response(full_path, stat_result, scope, status_code)
        if taken is not None:
            response.headers["Content-Encoding"] = taken
        if offered:
            response.headers["Vary"] = "Accept-Encoding"
        return response

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        media_type = MEDIA_TYPES.get(Path(scope["path"]).suffix)

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                kept = [(k, v) for k, v in message["headers"] if not (media_type and k == b"content-type")]
                added = dict(SECURITY_HEADERS)
                if message["status"] in (200, 206, 304) and RUNTIME.fullmatch(scope["path"]):
                    added |= FOR_EVER
                if media_type and message["status"] == 200:
                    added["Content-Type"] = media_type
                message["headers"] = [*kept, *((k.lower().encode(), v.encode()) for k, v in added.items())]
            await send(message)

        await super().__call__(scope, receive, with_headers)


def _accepted(scope: Scope) -> set[str]:
    """The encodings that a request takes (RFC 9110, 12.5.3)."""
    accepted = set()
    for choice in Headers(scope=scope).get("Accept-Encoding", "").split(","):
        name, _, weight = choice.replace(" ", "").partition(";")
        if weight not in ("q=0", "q=0.0", "q=0.00", "q=0.000"):
            accepted.add(name.lower())
    return accepted
