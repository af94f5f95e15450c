"""Who a limit counts as one visitor. What is made of an address here stays in memory, never elsewhere."""

from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

NETWORK_BITS = 64
"""Of an IPv6 address: whoever has one has all that begin like it."""


@lru_cache(maxsize=1024)
def visitor(address: str | None, proxy: str | None = None, forwarded: str = "") -> str | None:
    """Whom limits count a connection, or a request, for.

    Args:
        address: of the other end of the connection.
        proxy: the address of a proxy in front, which is trusted to say who it forwards for.
        forwarded: the header X-Forwarded-For, of which the last address is what the proxy saw.

    Returns:
        None for who is not counted: this machine itself, on which a proxy may stand for everybody.
    """
    found = _read(address or "")
    if found is not None and proxy is not None and found == _read(proxy):
        found = _read(forwarded.rpartition(",")[2].strip())
    if found is None or found.is_loopback:
        return None
    if isinstance(found, IPv6Address):
        return str(IPv6Network((int(found) >> NETWORK_BITS << NETWORK_BITS, NETWORK_BITS)))
    return str(found)


def _read(text: str) -> IPv4Address | IPv6Address | None:
    try:
        found = ip_address(text.partition("%")[0].strip("[]"))
    except ValueError:
        return None
    return (found.ipv4_mapped or found) if isinstance(found, IPv6Address) else found
