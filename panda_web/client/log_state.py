"""What a client keeps of each own log, as values and as the texts in its store (`client.own_logs`)."""

import json
from dataclasses import astuple, dataclass, field

from panda_web.bamboo import Head
from panda_web.client.drafts import Filled
from panda_web.client.refusals import Refusal
from panda_web.errors import StoreFailed


@dataclass(frozen=True, slots=True)
class LogState:
    """One own log.

    Attributes:
        log_id: its number.
        schema: of its messages, 132 hex digits.
        head: its end: everything up to there is signed, so no slot up to there may be signed again.
        first: the first seq num of which the entry is held here; 1 but for logs taken over from a node.
        acknowledged: node to the last seq num that it said it holds.
        given_up: the seq num from which on the entries here have lost their places, since another signed
            entry was shown for it; 0 for a log in use. Nothing is appended to a log that is given up.
        refused: node to what it refuses of this log, which is its word, and no other node's.
        forked: the least seq num for which an entry by another copy of the key was shown, 0 where there is
            none. From there on slots may have been signed for twice.
        proven: the least seq num for which a fork is proven that others can know of, 0 where there is none:
            nothing in the log counts from there on but deletes, so nothing else is appended to it any more.
        proof: the proof, as `ForkProof.encode` gives it; empty where there is none.
        stored: the text that this was read from, what a commit is conditional on.
    """

    log_id: int
    schema: str
    head: Head = field(default_factory=Head)
    first: int = 1
    acknowledged: dict[str, int] = field(default_factory=dict)
    given_up: int = 0
    refused: dict[str, Refusal] = field(default_factory=dict)
    forked: int = 0
    proven: int = 0
    proof: bytes = b""
    stored: str | None = None

    def text(self) -> str:
        """As it is stored."""
        return json.dumps(
            {
                "logId": self.log_id,
                "schema": self.schema,
                "seqNum": self.head.seq_num,
                "hashes": {n: known.hex() for n, known in self.head.hashes.items()},
                "first": self.first,
                "acknowledged": self.acknowledged,
                "givenUp": self.given_up or None,
                "refused": {node: astuple(refusal) for node, refusal in self.refused.items()},
                "forked": self.forked,
                "proven": self.proven,
                "proof": self.proof.hex(),
            }
        )

    @staticmethod
    def read(text: str) -> "LogState":
        """From what is stored."""
        try:
            value = json.loads(text)
            hashes = {int(n): bytes.fromhex(known) for n, known in value["hashes"].items()}
            given_up = value["givenUp"]
            return LogState(
                log_id=value["logId"],
                schema=value["schema"],
                head=Head(value["seqNum"], hashes),
                first=value["first"],
                acknowledged=value["acknowledged"],
                # Earlier versions have a node's word here, which proves nothing.
                given_up=given_up if isinstance(given_up, int) else 0,
                refused={node: Refusal(*each) for node, each in value.get("refused", {}).items()},
                forked=value.get("forked", 0),  # earlier versions gave such logs up
                proven=value.get("proven", 0),
                proof=bytes.fromhex(value.get("proof", "")),
                stored=text,
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise StoreFailed("What this client remembers of its logs is damaged.") from error


@dataclass(frozen=True, slots=True)
class OwnInstance:
    """Where an own instance is."""

    log_id: int
    deleted: bool


@dataclass(frozen=True, slots=True)
class OwnEntry:
    """A signed entry with its payload."""

    seq_num: int
    entry: bytes
    payload: bytes

    def text(self) -> str:
        """As it is stored."""
        return json.dumps({"entry": self.entry.hex(), "payload": self.payload.hex()})

    @staticmethod
    def of(filled: Filled) -> "OwnEntry":
        """What was signed for a slot."""
        return OwnEntry(filled.signed.entry.seq_num, filled.signed.encoded, filled.payload)

    @staticmethod
    def read(seq_num: int, text: str) -> "OwnEntry":
        """From what is stored."""
        value = json.loads(text)
        return OwnEntry(seq_num, bytes.fromhex(value["entry"]), bytes.fromhex(value["payload"]))
