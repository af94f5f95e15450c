"""The worker's side of the port between page and worker: JSON-RPC texts in, JSON-RPC texts out.

A page sends requests, and the notification `cancel` with the id of one; it gets replies, and the
notification `progress` with the id of the request that it is about. The first request is `open`, with the
version of `panda.js`: both sides come from one site, but caches can mix them. The last is the notification
`close`: the worker may go on for other connections.
"""

import asyncio
import json
import logging
from collections.abc import Sequence
from functools import partial
from typing import Any

from pyodide.ffi import create_proxy

from panda_web import __version__
from panda_web.browser.api import Api
from panda_web.browser.extension import Extension
from panda_web.browser.methods import METHODS
from panda_web.browser.opening import open_site
from panda_web.browser.webcrypto import SignChain, VerifyMany
from panda_web.errors import PandaError
from panda_web.rpc import jsonrpc, types
from panda_web.rpc.dispatch import Handler
from panda_web.rpc.errors import InternalError, InvalidRequest, MethodNotFound
from panda_web.rpc.table import Method, Param
from panda_web.rpc.types import Json

logger = logging.getLogger(__name__)

_OPEN = Method("open", "Connects.", (Param("version", types.TEXT), Param("node", types.TEXT)), types.OBJECT)


class VersionMismatch(PandaError):
    """Page and worker are of different versions."""

    reason = "version-mismatch"


class NotOpen(PandaError):
    """A request before `open`."""

    reason = "not-open"


class Cancelled(PandaError):
    """The page cancelled the request."""

    reason = "cancelled"


class Line:
    """Answers one connection of a page.

    Args:
        port: a MessagePort.
        sign_chain, verify_many: the functions of `web/worker/ed25519.js`.
        extensions: what applications add to the table of methods.
    """

    def __init__(
        self, port: Any, sign_chain: SignChain, verify_many: VerifyMany, extensions: Sequence[Extension] = ()
    ) -> None:
        self._port = port
        self._crypto = (sign_chain, verify_many)
        self._extensions = extensions
        self._methods = dict(METHODS)
        for extension in extensions:
            self._methods |= extension.methods
        self._handlers: dict[str, Handler] = {}
        self._tasks: dict[jsonrpc.Id, asyncio.Task[None]] = {}

    def listen(self) -> None:
        """Takes messages from now on; what came before has waited in the port."""
        self._listener = create_proxy(lambda event: self._take(event.data))
        self._port.onmessage = self._listener

    def _close(self) -> None:
        """What was asked for here ends, and nothing of it stays: the worker goes on for others."""
        for task in self._tasks.values():
            task.cancel()
        self._port.onmessage = None
        self._port.close()
        asyncio.get_event_loop().call_soon(self._listener.destroy)  # it is what calls this

    def _take(self, text: str) -> None:
        body = text.encode()
        try:
            requests, _ = jsonrpc.read_requests(body, max_batch=1)
        except PandaError as error:  # too deep, say: panda.js puts the id in front, and waits for that
            self._post(jsonrpc.error_reply(jsonrpc.id_in_front(body), error))
            return
        for request in requests:
            if isinstance(request, InvalidRequest):
                self._post(jsonrpc.error_reply(None, request))
            elif request.method == "close":
                self._close()
            elif request.method == "cancel" and isinstance(request.params, dict):
                task = self._tasks.get(request.params.get("id"))
                if task is not None:
                    task.cancel()
            else:
                task = asyncio.get_event_loop().create_task(self._answer(request))
                self._tasks[request.id] = task
                task.add_done_callback(partial(self._forget, request.id))

    def _forget(self, request_id: jsonrpc.Id, _: asyncio.Task[None]) -> None:
        self._tasks.pop(request_id, None)

    async def _answer(self, request: jsonrpc.Request) -> None:
        try:
            reply = jsonrpc.reply(request.id, await self._call(request))
        except PandaError as error:
            reply = jsonrpc.error_reply(request.id, error)
        except asyncio.CancelledError:
            reply = jsonrpc.error_reply(request.id, Cancelled("Cancelled. What was acknowledged stays."))
        except Exception as error:
            logger.exception("%s failed", request.method)
            fault = InternalError(f"panda-web has a fault: {type(error).__name__}: {error}")
            reply = jsonrpc.error_reply(request.id, fault)
        self._post(reply)

    async def _call(self, request: jsonrpc.Request) -> Json:
        if request.method == _OPEN.name:
            return await self._open(**_OPEN.bind(request.params))
        method = self._methods.get(request.method)
        if method is None:
            raise MethodNotFound(f"The worker has no method {request.method[:60]!r}.")
        if not self._handlers:
            raise NotOpen("The first request must be `open`.")
        arguments = method.bind(request.params)
        if method.progress:
            arguments["progress"] = partial(self._progress, request.id, method.progress)
        return await self._handlers[method.name](**arguments)

    async def _open(self, version: str, node: str) -> Json:
        if version != __version__:
            raise VersionMismatch(
                f"The page has version {version}, the worker {__version__}. Reload the page."
            )
        site = await open_site(node, *self._crypto)
        api = Api(site)
        handlers, said = dict(api.handlers()), dict[str, Json](api.who())
        for extension in self._extensions:
            site.client.learn(extension.schemas)
            handlers |= extension.handlers(site)
            said |= extension.says
        self._handlers = handlers
        said["methods"] = {name: method.required for name, method in self._methods.items()}
        return said

    def _progress(self, request_id: jsonrpc.Id, stage: str, done: int, total: int) -> None:
        params = {"id": request_id, "stage": stage, "done": done, "total": total}
        self._post({"jsonrpc": "2.0", "method": "progress", "params": params})

    def _post(self, message: dict[str, Json]) -> None:
        self._port.postMessage(json.dumps(message))
