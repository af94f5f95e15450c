"""The transport over HTTP for CPython, by httpx."""

from urllib.parse import urlsplit

import httpx

from panda_web.rpc.errors import NodeAddressWrong, NodeSilent, NodeUnreachable
from panda_web.rpc.transport import MAX_ANSWER, TIMEOUT, read_answer, too_long

EXAMPLE = "http://localhost:2020"


class HttpTransport:
    """Posts bodies to the node at `url`.

    Args:
        url: its address.
        timeout: seconds without a byte until it counts as silent.

    Raises:
        NodeAddressWrong: it is no http or https address.
    """

    def __init__(self, url: str, *, timeout: float = TIMEOUT) -> None:
        _check_address(url)
        self.url = url
        self._timeout = timeout
        self._client = httpx.AsyncClient(timeout=timeout, follow_redirects=False)

    async def send(self, body: bytes) -> bytes:
        """The answer to `body`; see `Transport`."""
        headers = {"Content-Type": "application/json"}
        chunks, size = [], 0
        try:
            async with self._client.stream("POST", self.url, content=body, headers=headers) as response:
                async for chunk in response.aiter_bytes():
                    chunks.append(chunk)
                    size += len(chunk)
                    if size > MAX_ANSWER:
                        raise too_long(self.url)
        except httpx.TimeoutException as error:
            raise NodeSilent(f"The node {self.url} did not answer within {self._timeout:g} s.") from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            why = str(error) or type(error).__name__
            if "CERTIFICATE_VERIFY_FAILED" in why:
                why = f"its certificate is none that this machine trusts ({why})"
            raise NodeUnreachable(f"The node {self.url} cannot be reached: {why}.") from error
        return read_answer(
            self.url, response.status_code, response.headers.get("Retry-After"), b"".join(chunks)
        )

    async def close(self) -> None:
        """Closes the connections."""
        await self._client.aclose()


def _check_address(url: str) -> None:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:  # a port that is none
        usable = False
    if not usable:
        raise NodeAddressWrong(
            f"{url[:200]!r} is not a node's address; one looks like https://node.example or {EXAMPLE}."
        )
