"""The transport by the browser's fetch: no cookies, no redirects, no cache, bounded in time and size."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import js
from pyodide.ffi import JsException, create_proxy, to_js

from panda_web.rpc.errors import AnswerTooLong, CallFailed, NodeAddressWrong, NodeSilent, NodeUnreachable
from panda_web.rpc.transport import TIMEOUT, WHOLE, Body, is_under, read_answer, silent, slow


class InsecureNode(CallFailed):
    """An https page may not call an http node (but one on localhost): browsers forbid it."""

    reason = "insecure-node"


class Offline(NodeUnreachable):
    """This device has no network."""

    reason = "offline"


class PolicyForbids(NodeUnreachable):
    """The content security policy of the page does not allow this node."""

    reason = "policy-forbids"


class FetchTransport:
    """Posts bodies to the node at `url`.

    Args:
        url: its address.
        timeout: seconds without a byte until it counts as silent.
        whole: seconds until an answer must have ended.

    Raises:
        NodeAddressWrong: it is no http or https address.
        InsecureNode: the page came over https, and the address is plain http.
    """

    def __init__(self, url: str, *, timeout: float = TIMEOUT, whole: float = WHOLE) -> None:
        address = _parse(url)
        self._timeout = timeout
        self._whole = whole
        self.url = address.href
        # Not the location's: our worker's is a blob: address.
        if js.origin.startswith("https:") and address.protocol == "http:" and not _is_local(address.hostname):
            raise InsecureNode(
                f"This page came over https, so the browser does not let it call {self.url}. "
                "Give the node an https address."
            )

    async def send(self, body: bytes) -> bytes:
        """The answer to `body`; see `rpc.transport.Transport`."""
        watch = _Watch(self.url, self._timeout, self._whole)
        options = {
            "method": "POST",
            "headers": {"Content-Type": "application/json"},
            "body": to_js(body),
            "credentials": "omit",
            "cache": "no-store",
            "redirect": "error",
            "referrerPolicy": "no-referrer",
            "signal": watch.signal,
        }
        with violations() as forbidden, watch:
            try:
                response = await js.fetch(self.url, to_js(options, dict_converter=js.Object.fromEntries))
                answer = await self._read(response, watch)
            except JsException as error:
                if watch.over is not None:
                    raise watch.over from error
                await asyncio.sleep(TOLD_LATER)
                raise self._why(forbidden) from error
        return read_answer(self.url, response.status, response.headers.get("Retry-After"), answer)

    def _why(self, forbidden: list[str]) -> NodeUnreachable:
        """Browsers give one word for all that keeps an answer away; this is what else they tell."""
        if any(is_under(self.url, address) for address in forbidden):
            return PolicyForbids(
                f"The content security policy of this page does not allow {self.url}: "
                "connect-src must name it."
            )
        if js.navigator.onLine is False:
            return Offline(f"This device is offline, so the node {self.url} cannot be reached.")
        more = ", and is its certificate one that this browser trusts" if self.url[:6] == "https:" else ""
        return NodeUnreachable(f"The node {self.url} cannot be reached: is it running{more}?")

    async def _read(self, response: js.Response, watch: "_Watch") -> bytes:
        answer = Body(self.url)  # the browser has unpacked it, as far as it is read
        if not response.body:
            return b""
        reader = response.body.getReader()
        try:
            while not (part := await reader.read()).done:
                watch.heard()
                answer.add(part.value.to_bytes())
        except AnswerTooLong:
            await reader.cancel()
            raise
        return answer.whole()

    async def close(self) -> None:
        """Nothing stays open."""


class _Watch:
    """Ends a request that is silent for too long, or does not end.

    Attributes:
        signal: what the request listens to.
        over: why it was ended; None where it was not.
    """

    def __init__(self, url: str, silence: float, whole: float) -> None:
        self._controller = js.AbortController.new()
        self._url = url
        self._silence = silence
        self._whole = whole
        self._timers: list[asyncio.TimerHandle] = []
        self.signal = self._controller.signal
        self.over: NodeSilent | None = None

    def __enter__(self) -> None:
        later = asyncio.get_running_loop().call_later
        self._timers = [
            later(self._whole, self._end, slow(self._url, self._whole)),
            later(self._silence, self._end, silent(self._url, self._silence)),
        ]

    def heard(self) -> None:
        """Bytes came."""
        self._timers.pop().cancel()
        error = silent(self._url, self._silence)
        self._timers.append(asyncio.get_running_loop().call_later(self._silence, self._end, error))

    def __exit__(self, *_: object) -> None:
        for timer in self._timers:
            timer.cancel()

    def _end(self, error: NodeSilent) -> None:
        self.over = error
        self._controller.abort()


TOLD_LATER = 0.1
"""Seconds after a failure in which browsers say that a policy was the cause."""


@contextmanager
def violations() -> Iterator[list[str]]:
    """The addresses that the page's policy forbids meanwhile (W3C Content Security Policy 3, section 5.1)."""
    seen: list[str] = []

    def see(event: Any) -> None:
        if event.disposition == "enforce" and event.effectiveDirective == "connect-src":
            seen.append(event.blockedURI)

    proxy = create_proxy(see)
    js.addEventListener("securitypolicyviolation", proxy)
    try:
        yield seen
    finally:
        js.removeEventListener("securitypolicyviolation", proxy)
        proxy.destroy()


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
            f"A node's address begins with https:// or http://, and not with “{address.protocol}”."
        )
    if address.username or address.password:
        raise NodeAddressWrong("A node's address holds no name and no password: nodes ask for neither.")
    return address
