"""Which logs are forked, as a node can prove it: asked for by readers, and by who would tell others.

A node's word is not proof: what it gives is checked by `log.verify_proof`, with nothing but its own bytes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from panda_web.bamboo import MAX_PROOF, ForkProof, InvalidEntry, InvalidForkProof
from panda_web.rpc import types
from panda_web.rpc.heads import Broken
from panda_web.rpc.queries import DEFAULT_LIMIT, MAX_LIMIT
from panda_web.rpc.table import Method, Param
from panda_web.rpc.types import Json
from panda_web.rpc.wish import Log

_DIGITS = 20
"""Of a log id, which has 64 bits."""


MOST_VOTES: Final = 10_000
"""Votes in an answer: of each fork as many as this, divided by how many logs were asked for."""


@dataclass(frozen=True, slots=True)
class HeldVote:
    """Which entry somebody voted for last.

    Attributes:
        voter: 32 bytes.
        entry: its hash.
        counted: whether the node counts votes of theirs.
    """

    voter: bytes
    entry: bytes
    counted: bool

    def to_json(self) -> dict[str, Json]:
        """As it goes over the wire."""
        return {"voter": self.voter.hex(), "entry": self.entry.hex(), "counted": self.counted}

    @staticmethod
    def from_json(value: Json) -> "HeldVote":
        """Reads one."""
        entry = types.member(value, "entry", types.HASH)
        return HeldVote(
            types.member(value, "voter", types.AUTHOR),
            bytes.fromhex(entry),
            types.member(value, "counted", types.BOOL),
        )


@dataclass(frozen=True, slots=True)
class ForkedLog:
    """A place at which a log forks: its author said two things there.

    Attributes:
        proof: that they did. Its signatures are not checked yet.
        second: how many entries the node holds of the log that found their slots taken.
        votes: about that place; those that the node counts come first.
        followed: the hash of the entry whose branch the node follows from there on; None for none.
    """

    proof: ForkProof
    second: int
    votes: Sequence[HeldVote] = ()
    followed: bytes | None = None

    @property
    def log(self) -> Log:
        """Which log that is."""
        return self.proof.author, self.proof.log_id

    @property
    def broken(self) -> Broken:
        """The same, as it goes with the end of a log."""
        return Broken(self.proof.position, self.second)

    @property
    def place(self) -> str:
        """What the next question goes on after."""
        return f"{self.proof.author.hex()}/{self.proof.log_id}"

    def to_json(self) -> dict[str, Json]:
        """As it goes over the wire."""
        proof = self.proof
        return {
            "author": proof.author.hex(),
            "logId": proof.log_id,
            "position": proof.position,
            "entries": [proof.first.encode().hex(), proof.second.encode().hex()],
            "proof": proof.encode().hex(),
            "second": self.second,
            "votes": [each.to_json() for each in self.votes],
            "followed": self.followed.hex() if self.followed is not None else None,
        }

    @staticmethod
    def from_json(value: Json) -> "ForkedLog":
        """Reads one; all that is said about a proof is in its bytes."""
        encoded = types.member(value, "proof", types.HEX)
        if len(encoded) > MAX_PROOF:
            raise ValueError(f"must have at most {MAX_PROOF} bytes of proof")
        try:
            followed, votes = types.member(value, "followed", _FOLLOWED), types.member(value, "votes", _VOTES)
            return ForkedLog(
                ForkProof.decode(encoded),
                types.member(value, "second", types.COUNT),
                votes,
                bytes.fromhex(followed) if followed is not None else None,
            )
        except (InvalidEntry, InvalidForkProof) as error:
            raise ValueError(f"must have a proof that proves something: {error}") from error


def _read_place(value: Json) -> Log:
    author, _, log_id = types.TEXT.read(value).partition("/")
    if not log_id.isdecimal() or not log_id.isascii() or len(log_id) > _DIGITS:
        raise ValueError("must be a public key, a slash, and a log id")
    return types.AUTHOR.read(author), int(log_id)


PLACE: Final = types.Type({"type": "string", "pattern": "^[0-9a-f]{64}/[0-9]{1,20}$"}, _read_place)
"""A log, as the next question goes on after it."""

_FOLLOWED = types.nullable(types.HASH)
_VOTES = types.array(
    types.record(HeldVote.from_json, voter=types.AUTHOR, entry=types.HASH, counted=types.BOOL), MOST_VOTES
)

GET_FORK_PROOFS: Final = Method(
    "panda_getForkProofs",
    "Logs that are forked, by author and log id: of one, or of all. Each with the proof of the least place, "
    "and those of later places on the branch that the node follows; with votes, and what these come to here.",
    (
        Param("author", types.AUTHOR, None),
        Param("logId", types.LOG_ID, None, "Of an author: this log alone."),
        Param(
            "after",
            types.nullable(PLACE),
            None,
            "Where an answer before ended: an author, a slash, and a log id.",
        ),
        Param("limit", types.integer(1, MAX_LIMIT), DEFAULT_LIMIT),
    ),
    types.array(
        types.record(
            ForkedLog.from_json,
            author=types.AUTHOR,
            logId=types.LOG_ID,
            position=types.SEQ_NUM,
            entries=types.array(types.HEX),
            proof=types.HEX,
            second=types.COUNT,
            votes=_VOTES,
            followed=_FOLLOWED,
        )
    ),
)
