"""The transport by the browser's fetch: no cookies, no redirects, no cache, bounded in time and size."""

import js
from pyodide.ffi import JsException, to_js

from panda_web.rpc.errors import AnswerMalformed, CallFailed, NodeAddressWrong, NodeSilent, NodeUnreachable
from panda_web.rpc.transport import MAX_ANSWER, TIMEOUT, too_long


class InsecureNode(CallFailed):
    """An https page may not call an http node (but one on localhost): browsers forbid it."""

    reason = "insecure-node"


class FetchTransport:
    """Posts bodies to the node at `url`, which has `timeout` seconds for a whole answer."""

    def __init__(self, url: str, *, timeout: float = TIMEOUT) -> None:
        address = _parse(url)
        self._timeout = timeout
        self.url = address.href
        # Not the location's: our worker's is a blob: address.
        if js.origin.startswith("https:") and address.protocol == "http:" and not _is_local(address.hostname):
            raise InsecureNode(
                f"This page came over https, so the browser does not let it call {self.url}. "
                "Give the node an https address."
            )

    async def send(self, body: bytes) -> bytes:
        """The answer to `body`; see `rpc.transport.Transport`."""
        signal = js.AbortSignal.timeout(1000 * self._timeout)
        options = {
            "method": "POST",
            "headers": {"Content-Type": "application/json"},
            "body": to_js(body),
            "credentials": "omit",
            "cache": "no-store",
            "redirect": "error",
            "referrerPolicy": "no-referrer",
            "signal": signal,
        }
        try:
            response = await js.fetch(self.url, to_js(options, dict_converter=js.Object.fromEntries))
            answer = await self._read(response)
        except JsException as error:
            if signal.aborted:
                raise NodeSilent(f"The node {self.url} did not answer within {self._timeout:g} s.") from error
            raise NodeUnreachable(
                f"The node {self.url} cannot be reached. Is it running, are you online, and does the page's "
                "content security policy allow it (connect-src)?"
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
                raise too_long(self.url)
            parts.append(part.value.to_bytes())
        return b"".join(parts)

    async def close(self) -> None:
        """Nothing stays open."""


def _is_local(host: str) -> bool:
    """Whether browsers trust a host with plain http (W3C "Secure Contexts", section 3.1)."""
    return host in ("localhost", "[::1]") or host.endswith(".localhost") or host.startswith("127.")


def _parse(url: str) -> js.URL:
    try:
        address = js.URL.new(url)
    except JsException as error:
        raise NodeAddressWrong(f"{url[:200]!r} is not a node's address.") from error
    if address.protocol not in ("http:", "https:"):
        raise NodeAddressWrong(
            f"A node's address begins with https:// or http://, not with {address.protocol}"
        )
    if address.username or address.password:
        raise NodeAddressWrong("A node's address holds no name and no password: nodes ask for neither.")
    return address
