"""Which log holds which schema.

A log holds messages of one schema. Odd log ids are user logs, even ones system logs, whose numbers and
schemas are fixed: the schema's id is the hash of the ASCII bytes below.
"""

from panda_web.bamboo import digest
from panda_web.messages.errors import SystemLogCreateOnly, SystemLogMismatch
from panda_web.messages.message import Message
from panda_web.messages.votes import FORK_VOTE, FORK_VOTE_LOG, read_vote

FIRST_USER_LOG = 1
SCHEMA_DEFINITION_LOG = 0

SYSTEM_LOGS = {
    SCHEMA_DEFINITION_LOG: digest(b"p2panda/schema/1").hex(),
    FORK_VOTE_LOG: FORK_VOTE,
    4: digest(b"p2panda/encryption_key/1").hex(),
    6: digest(b"p2panda/key_group/1").hex(),
    8: digest(b"p2panda/schema_migration/1").hex(),
}
"""Log id to schema id."""

_SYSTEM_SCHEMAS = {schema: log_id for log_id, schema in SYSTEM_LOGS.items()}


def system_log(schema: str) -> int | None:
    """The fixed log id of a system schema; None for every other schema."""
    return _SYSTEM_SCHEMAS.get(schema)


def next_user_log(used: int | None) -> int:
    """The next free odd log id above `used`, the highest one in use."""
    return FIRST_USER_LOG if used is None or used < FIRST_USER_LOG else (used + 1) | 1


def check_log(log_id: int, message: Message) -> None:
    """Raises unless a message of this schema, and with what it says, may stand in log `log_id`.

    Raises:
        SystemLogMismatch: a system log with a foreign schema, or a system schema in another log.
        SystemLogCreateOnly: an update or delete of a schema definition.
        VoteChanged, VoteMalformed, VoteOnVotes: in the log of votes it is no vote, and deletes none.
    """
    fixed = system_log(message.schema)
    if (log_id % 2 == 0 or fixed is not None) and fixed != log_id:
        raise SystemLogMismatch(
            f"Log {log_id} and this schema do not go together: "
            "even log ids are system logs, each for one system schema, which goes nowhere else."
        )
    if log_id == SCHEMA_DEFINITION_LOG and message.action != "create":
        raise SystemLogCreateOnly("A schema definition never changes: publish a new one.")
    if log_id == FORK_VOTE_LOG:
        read_vote(message)
