"""How much a node takes in, and from whom."""

from collections.abc import Sequence
from dataclasses import dataclass

from panda_web.node.dropping.rules import Rule
from panda_web.node.forks.following import Following
from panda_web.node.rates import Rates
from panda_web.node.schemas import Registry
from panda_web.node.store import Store
from panda_web.node.store.room import room_for
from panda_web.rpc.errors import AuthorQuotaReached, DiskBudgetReached
from panda_web.rpc.removed import AuthorRefused


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a node takes in. Deletes are taken all the same: room is kept for them (`node.store.room`).

    Attributes:
        author_bytes: of the database, which one author is charged for.
        all_bytes: of the database's files, views and indexes too.
    """

    author_bytes: int = 128 << 20
    all_bytes: int = 16 << 30


@dataclass(frozen=True, slots=True)
class House:
    """What the rules of this node are held by.

    Attributes:
        store: what is held.
        registry: which schemas messages are held to.
        limits: how much is taken in.
        following: finds out what counts of condemned logs.
        rates: of new entries, for each author; None for no limit.
        drops: which payloads are not kept as they come.
    """

    store: Store
    registry: Registry
    limits: Limits
    following: Following
    rates: Rates | None = None
    drops: Sequence[Rule] = ()

    def admit(self, author: bytes) -> None:
        """Raises unless anything is taken in of an author.

        Raises:
            AuthorRefused: whoever runs this node takes nothing of them, and says why.
        """
        words = self.store.dropped.refused(author)
        if words is not None:
            raise author_refused(author, words)

    def charge(self, author: bytes) -> None:
        """Counts an entry that an author has signed, and that is new: nobody else can use up their rate.

        Raises:
            RateExceeded: there were too many.
        """
        if self.rates is not None:
            self.rates.charge(author, 1)

    def check_room(self, author: bytes, size: int) -> None:
        """Raises unless there is room for an entry of an author with so many bytes of payload.

        Raises:
            AuthorQuotaReached, DiskBudgetReached: named after whose room is used up.
        """
        if self.store.room.of_author(author) + room_for(size) > self.limits.author_bytes:
            raise AuthorQuotaReached(
                f"This node keeps {self.limits.author_bytes >> 20} MiB for each author, and yours are used "
                "up. You can still delete, which makes room."
            )
        if self.store.room.of_all() + room_for(size) > self.limits.all_bytes:
            raise DiskBudgetReached("This node has no room left. What it holds can still be deleted.")


def author_refused(author: bytes, words: str) -> AuthorRefused:
    """The error for an author of whom nothing is taken in."""
    return AuthorRefused(
        f"Whoever runs this node takes nothing of this author: {words}", author=author.hex(), words=words
    )
