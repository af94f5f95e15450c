"""How a node meets the network: whom it counts calls for, and how many it takes."""

from dataclasses import dataclass, field

from panda_web.node.rates import Rates
from panda_web.server import answer, body
from panda_web.server.budget import Budget
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

    def visit(self, address: str | None, forwarded: str) -> "Visit":
        """Whoever made a request, or opened a channel.

        Args:
            address: of the other end of the connection.
            forwarded: its headers X-Forwarded-For, in order. A proxy may add a line of its own below the
                sender's (RFC 9110, section 5.3: they are one list).
        """
        who = visitor(address, self.proxy, forwarded)
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


@dataclass(frozen=True, slots=True)
class UnderWay:
    """The memory for what is under way, whichever way it came.

    Attributes:
        bodies: that arrive or are worked on.
        answers: that are made, or are not read yet.
    """

    bodies: Budget = field(default_factory=lambda: Budget(body.BUDGET))
    answers: Budget = field(default_factory=lambda: Budget(answer.BUDGET))
