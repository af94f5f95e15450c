"""Addresses of nodes, and what is said where one leads nowhere. For CPython: a browser has its own words."""

from urllib.parse import urlsplit

from panda_web.rpc.errors import NodeAddressWrong, NodeUnreachable

EXAMPLE = "http://localhost:2020"


def check_address(url: str, scheme: str) -> None:
    """Raises NodeAddressWrong where `url` is no address with this scheme, or the one of it over TLS."""
    try:
        parts = urlsplit(url)
        usable = parts.scheme in (scheme, f"{scheme}s") and parts.hostname and parts.port != 0
    except ValueError:  # a port that is none
        usable = False
    if not usable:
        raise NodeAddressWrong(
            f"{url[:200]!r} is not a node's address; one looks like https://node.example or {EXAMPLE}."
        )


def unreachable(url: str, error: Exception) -> NodeUnreachable:
    """The error for what a library raised while it tried."""
    why = str(error) or type(error).__name__
    if "CERTIFICATE_VERIFY_FAILED" in why:
        why = f"its certificate is none that this machine trusts ({why})"
    return NodeUnreachable(f"The node {url} cannot be reached: {why}.")
