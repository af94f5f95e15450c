"""Addresses of nodes that others name: which are called at all, and that they lead to where all can go.

Whoever names addresses could have a node call whatever it likes, such as machines in the node's own network
that trust those who are there. So an address that was named by another node is https, has a name or a number
that belongs to the public network, and is connected to by the number that was looked at: a name that leads
elsewhere a moment later gains nothing. Sources: IANA's special-purpose address registries, as Python's
`ipaddress` has them; RFC 6761 and RFC 6762, names that are none in the public network.
"""

import asyncio
import ipaddress
import re
import socket
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address
from urllib.parse import urlsplit

from panda_web.rpc.errors import CallFailed

MAX_ADDRESS = 200
"""Characters of an address that another node names."""

Address = IPv4Address | IPv6Address
Allowed = Callable[[Address], bool]
"""Whether an address is connected to."""


class NodeNotPublic(CallFailed):
    """An address that another node named leads into a private network, so it is not called."""

    reason = "node-not-public"


_LOCAL_NAMES = ("localhost", "local", "internal", "intranet", "lan", "home.arpa", "localdomain")
_NAME = re.compile(
    r"(?=.{4,253}\Z)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])"
)
_PATH = re.compile(r"(?:/[A-Za-z0-9._~-]+)*/?")
# They carry an address of the old kind, which a gateway of the node's own network may lead to.
_CARRYING = tuple(map(ipaddress.IPv6Network, ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32")))


def is_public(address: Address) -> bool:
    """Whether an address is one of the public network, and of one machine there."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return is_public(address.ipv4_mapped)
        if any(address in each for each in _CARRYING):
            return False
        if address.is_site_local:
            return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def public_address(text: str) -> str | None:
    """The address of a node as another one names it, in its one form; None where nobody should call it.

    That a name leads to the public network is looked at when it is called (`looked_up`).
    """
    if len(text) > MAX_ADDRESS or not text.isascii() or not text.isprintable():
        return None
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    if parts.scheme != "https" or not host or parts.query or parts.fragment or "@" in parts.netloc:
        return None
    if not (port is None or port == 443 or 1024 <= port < 65536) or not _PATH.fullmatch(parts.path):
        return None
    if any(each in (".", "..") for each in parts.path.split("/")) or not _is_public_host(host):
        return None
    place = f"[{host}]" if ":" in host else host
    return f"https://{place}{'' if port in (None, 443) else f':{port}'}{parts.path.rstrip('/')}/"


def _is_public_host(host: str) -> bool:
    try:
        return is_public(ipaddress.ip_address(host))
    except ValueError:
        local = any(host == each or host.endswith(f".{each}") for each in _LOCAL_NAMES)
        return _NAME.fullmatch(host) is not None and not local


async def looked_up(url: str, allowed: Allowed) -> str:
    """The number of the machine that an address leads to now, where all that it leads to are allowed.

    Raises:
        NodeNotPublic: one of them is not.
        OSError: there is none.
    """
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme in ("https", "wss") else 80)
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(parts.hostname, port, type=socket.SOCK_STREAM)
    numbers = [str(each[4][0]) for each in found]
    for each in numbers:
        if not allowed(ipaddress.ip_address(each.partition("%")[0])):
            raise NodeNotPublic(
                f"The address {url} leads into a private network. Another node named it, so it is not called."
            )
    return numbers[0]
