"""Whose votes about forked logs a node in a tab counts, kept from one visit to the next."""

from collections.abc import Collection
from dataclasses import dataclass

from panda_web.node.store.database import Database


@dataclass(frozen=True, slots=True)
class Trusted:
    """Whose votes count.

    Attributes:
        named: public keys of 32 bytes, as a page named them.
        own: those of whoever reads.
    """

    named: frozenset[bytes] = frozenset()
    own: frozenset[bytes] = frozenset()

    @property
    def voters(self) -> frozenset[bytes]:
        """All of them."""
        return self.named | self.own


class TrustedTable:
    """The one that was put last. All writing is within transactions."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def get(self) -> Trusted:
        """It; nobody where there is none."""
        rows = [*self._db.rows("SELECT author, own FROM trusted")]
        return Trusted(*(frozenset(author for author, own in rows if own == which) for which in (0, 1)))

    def put(self, trusted: Trusted) -> None:
        """Another one from now on."""
        self._db.execute("DELETE FROM trusted")
        for own, authors in enumerate[Collection[bytes]]((trusted.named, trusted.own)):
            for author in authors:
                self._db.execute("INSERT INTO trusted (author, own) VALUES (?, ?)", (author, own))
