"""The static site, with the headers that browsers need, compressed where it lies there compressed."""

import os
import re
from pathlib import Path

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Message, Receive, Scope, Send

from panda_web.server.packing import accepted

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
    ".webmanifest": "application/manifest+json",
    ".whl": "application/zip",
}


RUNTIME = re.compile(r"(?:.*/)?runtime-[0-9a-f]{16}/[^/]+")
"""Paths of files whose directory is named by the hash of its contents: they never change."""
FOR_EVER = {"Cache-Control": "public, max-age=31536000, immutable"}

PathLike = str | os.PathLike[str]

ENCODINGS = {"br": ".br", "gzip": ".gz"}
"""How a file may be compressed, the best first."""


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
        takes = accepted(Headers(scope=scope).get("Accept-Encoding", ""))
        taken = next((encoding for encoding in offered if encoding in takes), None)
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
