"""Nodes in the local network: found, and told of this one, by mDNS and DNS-SD (RFC 6762, RFC 6763).

A node is a service `_panda._tcp`, named by the id of its store. Whoever is in the network can claim anything
there. So what is found is called at an address of a local network only, and trusted with nothing, as any
peer. Of two nodes that tell of themselves the one with the lesser id calls the other one.
"""

import asyncio
import ipaddress
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from zeroconf import IPVersion, ServiceStateChange, Zeroconf
from zeroconf.asyncio import AsyncServiceBrowser, AsyncServiceInfo, AsyncZeroconf

from panda_web.cli.output import say
from panda_web.errors import PandaError
from panda_web.sync.peers import Peers

SERVICE = "_panda._tcp.local."
ASK_MS = 3000
"""Milliseconds for which a service is asked where it is."""
MOST_ASKED = 64
"""Services that are asked at the same time, or are known."""
PREFIX = "panda-"
_ID = re.compile(r"[0-9a-f]{32}")


@asynccontextmanager
async def nearby(peers: Peers, id: bytes, port: int | None) -> AsyncIterator[None]:
    """Looks for nodes in the local network as long as the block lasts.

    Args:
        peers: to whom they are added.
        id: of this node's store.
        port: where this node listens; None where no other machine reaches it, so none is told.
    """
    try:
        zeroconf = AsyncZeroconf(ip_version=IPVersion.V4Only)
    except OSError as error:
        say(f"No other nodes are looked for in the local network: {error.strerror}.")
        yield
        return
    near = _Nearby(peers, zeroconf, id.hex(), tells=port is not None)
    try:
        if port is not None:
            await zeroconf.async_register_service(
                AsyncServiceInfo(
                    SERVICE,
                    f"{PREFIX}{id.hex()}.{SERVICE}",
                    port=port,
                    properties={"id": id.hex()},
                    server=f"{PREFIX}{id.hex()}.local.",
                    parsed_addresses=_own_addresses(),
                )
            )
        AsyncServiceBrowser(zeroconf.zeroconf, SERVICE, handlers=[near.changed])
        yield
    finally:
        await near.close()
        await zeroconf.async_close()  # says that this node goes


def _own_addresses() -> list[str]:
    import ifaddr

    found = [str(ip.ip) for adapter in ifaddr.get_adapters() for ip in adapter.ips if ip.is_IPv4]
    return [each for each in found if not ipaddress.ip_address(each).is_loopback]


class _Nearby:
    def __init__(self, peers: Peers, zeroconf: AsyncZeroconf, id: str, *, tells: bool) -> None:
        self._peers = peers
        self._zeroconf = zeroconf
        self._id = id
        self._tells = tells
        self._urls: dict[str, str] = {}
        self._asking: dict[str, asyncio.Task[None]] = {}

    def changed(
        self,
        zeroconf: Zeroconf,  # noqa: ARG002 - zeroconf passes it by name
        service_type: str,
        name: str,
        state_change: ServiceStateChange,
    ) -> None:
        """A service came, changed, or went; called within the event loop."""
        if state_change is ServiceStateChange.Removed:
            self._gone(name)
        elif name not in self._asking and len(self._asking) + len(self._urls) < MOST_ASKED:
            self._asking[name] = task = asyncio.create_task(self._ask(service_type, name))
            task.add_done_callback(lambda _: self._asking.pop(name, None))

    async def close(self) -> None:
        """Asks nobody any more."""
        asking = [*self._asking.values()]
        for each in asking:
            each.cancel()
        if asking:
            await asyncio.wait(asking)

    def _gone(self, name: str) -> None:
        url = self._urls.pop(name, None)
        if url is not None and url not in self._urls.values():
            self._peers.remove(url, "near")

    async def _ask(self, service_type: str, name: str) -> None:
        info = AsyncServiceInfo(service_type, name)
        if not await info.async_request(self._zeroconf.zeroconf, ASK_MS):
            return
        theirs = (info.properties.get(b"id") or b"").decode("ascii", "replace")
        if not _ID.fullmatch(theirs) or theirs == self._id or (self._tells and theirs < self._id):
            return
        for each in info.parsed_addresses(IPVersion.V4Only):
            address = ipaddress.ip_address(each)
            if info.port and (address.is_private or address.is_link_local) and not address.is_loopback:
                self._gone(name)  # it moved, perhaps
                url = f"http://{each}:{info.port}/"
                try:
                    self._peers.add(url, "near")
                except PandaError:
                    return
                self._urls[name] = url
                return
