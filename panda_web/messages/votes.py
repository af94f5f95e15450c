"""Votes: which entry of a forked log its author's readers go on with, as one of them says it.

A vote is a message in log 2 (`messages.logs`) of whoever votes. It never changes: whoever thinks otherwise
votes again, and the last vote counts; whoever takes it back deletes it. Whose votes count, each node decides.
"""

from dataclasses import dataclass
from typing import Final

from panda_web.bamboo import digest, is_hex
from panda_web.messages.errors import VoteChanged, VoteMalformed, VoteOnVotes
from panda_web.messages.fields import Field
from panda_web.messages.message import Message, create

FORK_VOTE: Final = digest(b"p2panda/fork_vote/1").hex()
"""The id of the schema."""

FORK_VOTE_LOG = 2
"""The log of all votes of an author."""

_AUTHOR_DIGITS = 64
_FIELDS = {"author": "str", "log_id": "int", "seq_num": "int", "entry": "str"}


@dataclass(frozen=True, slots=True)
class Vote:
    """What a vote says.

    Attributes:
        author: of the forked log, 32 bytes.
        log_id: of that log.
        seq_num: the place at which it forks.
        entry: the YAMF hash of the entry there that is to be followed.
    """

    author: bytes
    log_id: int
    seq_num: int
    entry: bytes

    def message(self) -> Message:
        """As it is published."""
        return create(
            FORK_VOTE,
            {
                "author": Field("str", self.author.hex()),
                "log_id": Field("int", self.log_id),
                "seq_num": Field("int", self.seq_num),
                "entry": Field("str", self.entry.hex()),
            },
        )


def read_vote(message: Message) -> Vote | None:
    """The vote that a message in the log of votes is; None where it deletes one.

    Raises:
        VoteChanged: it changes one.
        VoteMalformed: it lacks a field, has one too many, or one of another type or form.
        VoteOnVotes: it is about a log of votes. What its author's votes are would hang on such votes.
    """
    if message.action == "delete":
        return None
    if message.action == "update":
        raise VoteChanged("A vote never changes: vote again, and the last vote counts.")
    given = {name: field.type for name, field in message.fields.items()}
    if given != _FIELDS:
        raise VoteMalformed("A vote has the fields author, log_id, seq_num and entry, and no others.")
    author, log_id, seq_num, entry = (message.fields[name].value for name in _FIELDS)
    if not isinstance(author, str) or not isinstance(entry, str) or not is_hex(entry) or not _is_key(author):
        raise VoteMalformed("A vote names an author by 64 hex digits, and an entry by the 132 of its hash.")
    if not isinstance(log_id, int) or not isinstance(seq_num, int) or log_id < 0 or seq_num < 1:
        raise VoteMalformed(
            "A vote names a log by its id, and a place in it by a seq num, which is 1 or more."
        )
    if log_id == FORK_VOTE_LOG:
        raise VoteOnVotes("Nobody votes about a log of votes: its votes count up to where it forks.")
    return Vote(bytes.fromhex(author), log_id, seq_num, bytes.fromhex(entry))


def _is_key(text: str) -> bool:
    return len(text) == _AUTHOR_DIGITS and not text.strip("0123456789abcdef")
