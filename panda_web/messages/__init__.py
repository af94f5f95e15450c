"""Messages: what is published under entries. Pure; the strict codec, the field types, the rules of logs."""

from panda_web.messages.errors import InvalidMessage
from panda_web.messages.fields import BASIC_TYPES, FIELD_TYPES, Field, Relation, Value, infer, infer_all
from panda_web.messages.instance import Placed, Reduced, counts, reduce
from panda_web.messages.logs import FIRST_USER_LOG, SYSTEM_LOGS, check_log, next_user_log, system_log
from panda_web.messages.message import MAX_SIZE, Action, Message, create, decode, delete, update
from panda_web.messages.votes import FORK_VOTE, FORK_VOTE_LOG, Vote, read_vote

__all__ = [
    "BASIC_TYPES",
    "FIELD_TYPES",
    "FIRST_USER_LOG",
    "FORK_VOTE",
    "FORK_VOTE_LOG",
    "MAX_SIZE",
    "SYSTEM_LOGS",
    "Action",
    "Field",
    "InvalidMessage",
    "Message",
    "Placed",
    "Reduced",
    "Relation",
    "Value",
    "Vote",
    "check_log",
    "counts",
    "create",
    "decode",
    "delete",
    "infer",
    "infer_all",
    "next_user_log",
    "read_vote",
    "reduce",
    "system_log",
    "update",
]
