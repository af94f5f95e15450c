"""How a node meets the network: whom it counts calls for, and how many it takes."""

from collections.abc import Iterable
from dataclasses import dataclass

from starlette.types import Scope

from panda_web.node.rates import Rates
from panda_web.server.visitors import visitor


@dataclass(frozen=True, slots=True)
class Edge:
    """How the node meets the network.

    Attributes:
        rates: of calls, for each visitor; None for no limit.
        proxy: the address of a proxy in front that says who it forwards for; None for none.
        private_network: whether pages of public websites may call a node in their visitor's own network, as
            far as browsers ask the node.
    """

    rates: Rates | None = None
    proxy: str | None = None
    private_network: bool = False

    def visit(self, scope: Scope, forwarded: Iterable[bytes]) -> "Visit":
        """Whoever made a request, or opened a channel.

        Args:
            scope: of it.
            forwarded: its headers X-Forwarded-For, in order.
        """
        client = scope.get("client")
        address = client[0] if client else None
        # A proxy may add a line of its own below the sender's (RFC 9110, section 5.3: they are one list).
        who = visitor(address, self.proxy, b",".join(forwarded).decode("latin-1"))
        return Visit(who, who or address or "", self.rates if who is not None else None)


@dataclass(frozen=True, slots=True)
class Visit:
    """Who calls.

    Attributes:
        who: whom limits count it for; None for nobody.
        caller: what callers are told apart by, in turns.
        rates: of calls; None for no limit.
    """

    who: str | None
    caller: str
    rates: Rates | None

    def check(self) -> None:
        """Raises RateExceeded where no call may come now."""
        if self.rates is not None:
            self.rates.check(self.who)

    def charge(self, calls: int) -> None:
        """Counts calls. Raises RateExceeded where they are too many."""
        if self.rates is not None:
            self.rates.charge(self.who, calls)
