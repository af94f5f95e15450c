"""The nodes that this one is kept alike with, and how that goes."""

from panda_web.node.store.database import Database
from panda_web.rpc.peers import Peer

MOST_PEERS = 200
"""Rows that are kept; behind them, those that were heard of longest ago are dropped."""

MAX_WRONG = 500
"""Characters that are kept of what went wrong."""


class PeerTable:
    """The peers, by address."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def all(self) -> list[Peer]:
        """Those in contact last come first."""
        rows = self._db.rows(
            "SELECT url, found, last_contact, brought, sent, refused, wrong FROM peers"
            " ORDER BY last_contact DESC, url"
        )
        return [Peer(*row) for row in rows]

    def put(self, peer: Peer) -> None:
        """How it goes with one, now."""
        self._db.execute(
            "INSERT OR REPLACE INTO peers (url, found, last_contact, brought, sent, refused, wrong)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                peer.url,
                peer.found,
                peer.last_contact,
                peer.brought,
                peer.sent,
                peer.refused,
                peer.wrong and peer.wrong[:MAX_WRONG],
            ),
        )
        self._db.execute(
            "DELETE FROM peers WHERE number <="
            " (SELECT number FROM peers ORDER BY number DESC LIMIT 1 OFFSET ?)",
            (MOST_PEERS,),
        )

    def drop(self, url: str) -> None:
        """One that is none any more."""
        self._db.execute("DELETE FROM peers WHERE url = ?", (url,))
