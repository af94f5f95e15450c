"""Websites that embed panda.js from another origin, and hosts that something is wrong with."""

import functools
import os
import shutil
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

from tests.browsers import StaticServer, Tab, _Handler
from tools.static_site import integrity, runtime

TEMPLATES = Path(__file__).with_name("website")
CORS = {"Access-Control-Allow-Origin": "*"}
"""The one header that docs/embedding.md asks of a host."""
NONCE = "c29tZXRoaW5nIGVsc2U"


class _PageHandler(_Handler):
    """Sends policies with pages only, as websites do."""

    def __init__(self, *args: Any, page_headers: Mapping[str, str], **kwargs: Any) -> None:
        self._page_headers = page_headers
        super().__init__(*args, **kwargs)

    def end_headers(self) -> None:
        for name, value in self._page_headers.items() if self.path.endswith(".html") else ():
            self.send_header(name, value)
        super().end_headers()


def write_pages(directory: Path, host: str, site: Path, other: str = "") -> Path:
    """Writes the pages of website/ for a host, whose files are in `site`."""
    words = {
        "HOST": host.rstrip("/"),
        "OTHER": other.rstrip("/"),
        "INTEGRITY": integrity(site / "panda.js"),
        "ELEMENTS": integrity(site / "elements.js"),
        "NONCE": NONCE,
    }
    directory.mkdir(parents=True, exist_ok=True)
    for template in TEMPLATES.iterdir():
        text = template.read_text("utf-8")
        for word, value in words.items():
            text = text.replace(word, value)
        (directory / template.name).write_text(text, "utf-8")
    return directory


class Websites:
    """Websites that use one host; each has an origin of its own."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._servers = ExitStack()
        self._count = 0

    def open(
        self,
        host: str,
        site: Path,
        headers: Mapping[str, str] | None = None,
        name: str = "127.0.0.1",
        other: str = "",
    ) -> str:
        """Starts a website that takes panda.js from `host`, whose files are in `site`; gives its address.

        The headers go with pages.
        """
        self._count += 1
        pages = write_pages(self._directory / str(self._count), host, site, other)
        server = StaticServer(pages)
        self._servers.callback(server.stop)
        handler = functools.partial(_PageHandler, directory=str(pages), page_headers=headers or {})
        server.RequestHandlerClass = handler  # type: ignore[assignment]
        return server.url.replace("127.0.0.1", name)

    def close(self) -> None:
        """Ends all."""
        self._servers.close()


def strict(*connect: str, **changes: str) -> dict[str, str]:
    """The strictest content security policy that docs/embedding.md gives, with other directives where wanted."""
    policy = {
        "default-src": "'none'",
        "script-src": f"'nonce-{NONCE}' 'wasm-unsafe-eval'",
        "worker-src": "blob:",
        "connect-src": " ".join(map(_origin, connect)),
        "img-src": "data:",
        "require-trusted-types-for": "'script'",
        "trusted-types": "panda",
    } | {name.replace("_", "-"): value for name, value in changes.items()}
    return {"Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in policy.items())}


def _origin(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else address


def call(tab: Tab, method: str, *arguments: object, timeout: float = 300) -> Any:
    """Calls a function of website/website.js."""
    return tab.evaluate(
        "(name, ...rest) => globalThis.website[name](...rest)", method, *arguments, timeout=timeout
    )


class _SlowHandler(_Handler):
    def do_GET(self) -> None:  # noqa: N802 - http.server's word
        server, name = cast("BrokenHost", self.server), self.path.rsplit("/")[-1] or "/"
        server.answers -= name == server.silent
        if name == server.silent and server.answers < 0:
            self.send_response(200)
            self.end_headers()
            self.wfile.flush()
            server.over.wait(server.silence)
        elif name == server.endless:
            self.send_response(200)
            self.end_headers()
            with suppress(ConnectionError):
                while not server.over.is_set():
                    self.wfile.write(bytes(2**16))
        elif name == server.hangs_up:
            data = server.path(name).read_bytes()
            self.send_response(200)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data[: len(data) // 2])
        else:
            super().do_GET()


class BrokenHost(StaticServer):
    """A host whose files can be changed, and which can fall silent, hang up, or come to no end in an answer."""

    def __init__(self, site: Path, copy: Path) -> None:
        shutil.copytree(site, copy, copy_function=os.link)
        super().__init__(copy, CORS | {"Cache-Control": "no-cache"})
        self.RequestHandlerClass = functools.partial(_SlowHandler, directory=str(copy))  # type: ignore[assignment]
        self.site = copy
        self.silent = self.hangs_up = self.endless = ""
        self.silence = 30
        self.answers = 0  # before it falls silent
        self.over = threading.Event()

    def stop(self) -> None:
        """Ends the server."""
        self.over.set()
        super().stop()

    def path(self, name: str) -> Path:
        """A file that Python starts from, by its whole name or its beginning."""
        return next(path for path in runtime(self.site).iterdir() if path.name.startswith(name))

    @contextmanager
    def tampered(self, name: str) -> Iterator[str]:
        """One bit of a file is another one meanwhile.

        Afterwards it is as old as before, so that this server tells a cache: nothing has changed.
        """
        path = self.path(name)
        data, time = path.read_bytes(), path.stat().st_mtime_ns
        middle = len(data) // 2
        path.unlink()  # it is a link to the real one
        path.write_bytes(data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :])
        yield self.url + path.relative_to(self.site).as_posix()
        path.write_bytes(data)
        os.utime(path, ns=(time, time))

    @contextmanager
    def missing(self, name: str) -> Iterator[str]:
        """A file is not there meanwhile."""
        path = self.path(name)
        aside = path.with_name("aside")
        path.rename(aside)
        yield self.url + path.relative_to(self.site).as_posix()
        aside.rename(path)
