"""The transport by the browser's fetch: no cookies, no redirects, no cache, bounded in time and size."""

import js
from pyodide.ffi import JsException, to_js

from panda_web.rpc.errors import AnswerMalformed, CallFailed, NodeAddressWrong, NodeUnreachable
from panda_web.rpc.transport import MAX_ANSWER

TIMEOUT_MS = 30_000


class InsecureNode(CallFailed):
    """An https page may not call an http node (but one on localhost): browsers forbid it."""

    reason = "insecure-node"


class FetchTransport:
    """Posts bodies to the node at `url`."""

    def __init__(self, url: str) -> None:
        address = _parse(url)
        self.url = address.href
        local = address.hostname in ("localhost", "127.0.0.1", "[::1]")
        if js.location.protocol == "https:" and address.protocol == "http:" and not local:
            raise InsecureNode(
                f"This page came over https, so the browser does not let it call {self.url}. "
                "Give the node an https address."
            )

    async def send(self, body: bytes) -> bytes:
        """The answer to `body`; see `rpc.transport.Transport`."""
        options = {
            "method": "POST",
            "headers": {"Content-Type": "application/json"},
            "body": to_js(body),
            "credentials": "omit",
            "cache": "no-store",
            "redirect": "error",
            "referrerPolicy": "no-referrer",
            "signal": js.AbortSignal.timeout(TIMEOUT_MS),
        }
        try:
            response = await js.fetch(self.url, to_js(options, dict_converter=js.Object.fromEntries))
            answer = await self._read(response)
        except JsException as error:
            raise NodeUnreachable(
                f"The node {self.url} cannot be reached. Is it running, and are you online?"
            ) from error
        if not answer.strip():
            raise AnswerMalformed(f"The node {self.url} answered with status {response.status} and no body.")
        return answer

    async def _read(self, response: js.Response) -> bytes:
        if not response.body:
            return b""
        reader = response.body.getReader()
        parts, size = [], 0
        while not (part := await reader.read()).done:
            size += part.value.length
            if size > MAX_ANSWER:
                await reader.cancel()
                raise AnswerMalformed(f"The answer of {self.url} has more than {MAX_ANSWER} bytes.")
            parts.append(part.value.to_bytes())
        return b"".join(parts)

    async def close(self) -> None:
        """Nothing stays open."""


def _parse(url: str) -> js.URL:
    try:
        address = js.URL.new(url)
    except JsException as error:
        raise NodeAddressWrong(f"{url[:200]!r} is not a node's address.") from error
    if address.protocol not in ("http:", "https:"):
        raise NodeAddressWrong(
            f"A node's address begins with https:// or http://, not with {address.protocol}"
        )
    return address
