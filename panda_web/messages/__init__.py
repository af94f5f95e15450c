"""Messages: what is published under entries. Pure; the strict codec, the field types, the rules of logs."""

from panda_web.messages.errors import InvalidMessage
from panda_web.messages.fields import BASIC_TYPES, FIELD_TYPES, Field, Relation, Value, infer, infer_all
from panda_web.messages.instance import Placed, Reduced, counts, reduce
from panda_web.messages.logs import FIRST_USER_LOG, SYSTEM_LOGS, check_log, next_user_log, system_log
from panda_web.messages.message import MAX_SIZE, Action, Message, create, decode, delete, update

__all__ = [
    "BASIC_TYPES",
    "FIELD_TYPES",
    "FIRST_USER_LOG",
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
    "check_log",
    "counts",
    "create",
    "decode",
    "delete",
    "infer",
    "infer_all",
    "next_user_log",
    "reduce",
    "system_log",
    "update",
]
