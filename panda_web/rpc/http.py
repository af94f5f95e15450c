"""The transport over HTTP for CPython, by httpx."""

import asyncio

import httpx

from panda_web.rpc.address import check_address, unreachable
from panda_web.rpc.public import Allowed, looked_up
from panda_web.rpc.transport import TIMEOUT, WHOLE, Body, read_answer, silent, slow


class HttpTransport:
    """Posts bodies to the node at `url`.

    Args:
        url: its address.
        timeout: seconds without a byte until it counts as silent.
        whole: seconds until an answer must have ended.
        allowed: to which machines it may lead; None for all.
        most: bytes of an answer that are read; None for `MAX_ANSWER`.

    Raises:
        NodeAddressWrong: it is no http or https address.
    """

    def __init__(
        self,
        url: str,
        *,
        timeout: float = TIMEOUT,
        whole: float = WHOLE,
        allowed: Allowed | None = None,
        most: int | None = None,
    ) -> None:
        check_address(url, "http")
        self.url = url
        self._timeout = timeout
        self._whole = whole
        self._allowed = allowed
        self._most = most
        # A proxy would look for the machine by itself.
        self._client = httpx.AsyncClient(timeout=timeout, follow_redirects=False, trust_env=allowed is None)

    async def send(self, body: bytes) -> bytes:
        """The answer to `body`; see `Transport`."""
        try:
            async with asyncio.timeout(self._whole):
                return await self._send(body)
        except TimeoutError as error:
            raise slow(self.url, self._whole) from error
        except httpx.TimeoutException as error:
            raise silent(self.url, self._timeout) from error
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            raise unreachable(self.url, error) from error

    async def _send(self, body: bytes) -> bytes:
        headers = {"Content-Type": "application/json", "Accept-Encoding": "gzip"}
        url, extensions = httpx.URL(self.url), {}
        if self._allowed is not None:
            headers["Host"], extensions["sni_hostname"] = url.netloc.decode("ascii"), url.host
            url = url.copy_with(host=await looked_up(self.url, self._allowed))
        async with self._client.stream(
            "POST", url, content=body, headers=headers, extensions=extensions
        ) as response:
            answer = Body(self.url, response.headers.get("Content-Encoding", ""), self._most)
            async for chunk in response.aiter_raw():  # httpx would unpack a chunk however large it becomes
                answer.add(chunk)
        return read_answer(
            self.url, response.status_code, response.headers.get("Retry-After"), answer.whole()
        )

    async def close(self) -> None:
        """Closes the connections."""
        await self._client.aclose()
