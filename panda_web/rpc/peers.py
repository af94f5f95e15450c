"""The nodes that one is kept alike with, and `panda_getPeers`, by which others find them too."""

from dataclasses import dataclass
from typing import Final, Literal

from panda_web.rpc import types
from panda_web.rpc.table import Method
from panda_web.rpc.types import Json

MOST_PEERS = 100
"""Peers in an answer, and of one that are looked at."""


Found = Literal["named", "told", "near"]
"""How a node came to be a peer: whoever runs this one named it, another peer told of it, or it was found in
the local network."""


@dataclass(frozen=True, slots=True)
class Peer:
    """A peer, as a node knows it itself.

    Attributes:
        url: its address.
        found: see `Found`.
        last_contact: when both were last alike, in seconds since 1970; None where they never were.
        brought: entries from there that were new here.
        sent: the other way round.
        refused: entries that one of the two did not take in.
        wrong: why it does not go on; None where it does.
    """

    url: str
    found: Found
    last_contact: float | None = None
    brought: int = 0
    sent: int = 0
    refused: int = 0
    wrong: str | None = None


@dataclass(frozen=True, slots=True)
class KnownPeer:
    """A peer, as a node tells others of it.

    Attributes:
        url: its address, as the other one says: `rpc.public` knows whether to call it.
        last_contact: when, in seconds since 1970.
    """

    url: str
    last_contact: int

    def to_json(self) -> dict[str, Json]:
        """As it goes over the wire."""
        return {"url": self.url, "lastContact": self.last_contact}

    @staticmethod
    def from_json(value: Json) -> "KnownPeer":
        """Reads one."""
        return KnownPeer(
            types.member(value, "url", types.TEXT),
            types.member(value, "lastContact", types.integer(0, 1 << 53)),
        )


GET_PEERS: Final = Method(
    "panda_getPeers",
    "Public nodes that this one was in contact with within a week, the last one first.",
    (),
    types.record(
        lambda value: types.member(
            value, "peers", types.array(types.record(KnownPeer.from_json), MOST_PEERS)
        ),
        peers=types.array(
            types.record(KnownPeer.from_json, url=types.TEXT, lastContact=types.integer(0, 1 << 53))
        ),
    ),
)
