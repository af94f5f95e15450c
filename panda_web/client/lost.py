"""What was signed here and counts for nothing, as another copy of the key signed something else: in full.

A client cannot put it right by itself. Under its old id it reaches no node that has the other entry, or it is
hidden wherever the fork is known.
"""

import json
from collections.abc import Sequence

from panda_web import log as log_module
from panda_web.client.check import to_json
from panda_web.client.errors import LogDiverged, LogForked
from panda_web.client.log_state import LogState, OwnEntry
from panda_web.messages import decode, system_log
from panda_web.rpc.types import Json

MOST_TOLD = 5
"""Messages that are told in an error's sentence; its data has all."""


def diverged(log_id: int, lost: Sequence[OwnEntry]) -> LogDiverged:
    """The error that says what lost its place in a log, and what to do."""
    messages = [told(own) for own in lost]
    many = len(messages) > 1
    what = f"{len(messages)} entries that were" if many else "an entry that was"
    return LogDiverged(
        f"The node holds another entry in log {log_id} than this client signed: this key is in use "
        f"elsewhere too. So {what} signed here {'reach' if many else 'reaches'} this node in no way: "
        f"{_some(messages)}. Write that again. "
        "What the node shows of yours can be changed and deleted as before.",
        logId=log_id,
        lost=[message["entryHash"] for message in messages],
        messages=messages,
    )


def forked(log: LogState, behind: Sequence[OwnEntry]) -> LogForked:
    """The error that says that a log is forked, what that means, and what to do.

    Args:
        log: of which a fork is proven.
        behind: what was signed here from there on.
    """
    messages = [message for message in map(told, behind) if message["action"] != "delete"]
    goes_on = (
        "For this kind of message there is no other log: go on with a new key."
        if system_log(log.schema) is not None
        else "What you write from now on goes into a new log, by itself."
    )
    again = f" Write again what should be seen: {_some(messages)}." if messages else ""
    return LogForked(
        f"Log {log.log_id} is forked at entry {log.proven}: this key has signed two different entries there. "
        "That happens where a key is in use in two places, or where a browser or folder was set back to an "
        "earlier state. What was written into that log before stays, and can be deleted. What came after is "
        "shown to nobody, unless people vote for its branch. Nothing but deletes is written into it any "
        f"more. {goes_on}{again}",
        logId=log.log_id,
        seqNum=log.proven,
        schema=log.schema,
        lost=[message["entryHash"] for message in messages],
        messages=messages,
    )


def stopped(log: LogState) -> LogForked:
    """The error for who wants to write into a log of which a fork is proven. Nothing was signed."""
    where = f"Log {log.log_id} is forked at entry {log.proven}"
    words = (
        f"{where}, so a change of what is in it would be shown to nobody. Nothing was signed. What was "
        "written before the fork can be deleted. Write anew what should stand: that goes into a new log."
    )
    if system_log(log.schema) is not None:
        words = (
            f"{where}, and for this kind of message there is no other log. What is written into it would "
            "count nowhere, so nothing was signed. Go on with a new key."
        )
    return LogForked(
        words,
        logId=log.log_id,
        seqNum=log.proven,
        schema=log.schema,
        messages=[],
    )


def told(own: OwnEntry) -> dict[str, Json]:
    """What an entry says, in JSON: `entryHash`, `action`, `schema`, `id`, `fields`."""
    message = decode(own.payload)
    return {
        "entryHash": log_module.recall(own.entry).hash.hex(),
        "action": message.action,
        "schema": message.schema,
        "id": message.id,
        "fields": {name: to_json(field) for name, field in message.fields.items()},
    }


def _some(messages: Sequence[dict[str, Json]]) -> str:
    some = "; ".join(_in_words(message) for message in messages[:MOST_TOLD])
    return some + (f"; and {len(messages) - MOST_TOLD} more" if len(messages) > MOST_TOLD else "")


def _in_words(message: dict[str, Json]) -> str:
    about = f" of {message['id'][:16]}…" if message["id"] else ""
    fields = f" with {json.dumps(message['fields'], ensure_ascii=False)}" if message["fields"] else ""
    words = f"the {message['action']}{about}{fields}"
    return words if len(words) <= 200 else words[:199] + "…"
