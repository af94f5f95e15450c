"""What was signed here and lost its place in a log, because another copy of the key took it: said in full.

A client cannot put it right by itself: under its old id it reaches no node that has the other entry.
"""

import json
from collections.abc import Sequence

from panda_web import log as log_module
from panda_web.client.check import to_json
from panda_web.client.errors import LogDiverged
from panda_web.client.own_logs import OwnEntry
from panda_web.messages import decode
from panda_web.rpc.types import Json

MOST_TOLD = 5
"""Messages that are told in an error's sentence; its data has all."""


def diverged(log_id: int, lost: Sequence[OwnEntry]) -> LogDiverged:
    """The error that says what lost its place in a log, and what to do."""
    messages = [told(own) for own in lost]
    some = "; ".join(_in_words(message) for message in messages[:MOST_TOLD])
    more = f"; and {len(messages) - MOST_TOLD} more" if len(messages) > MOST_TOLD else ""
    many = len(messages) > 1
    what = f"{len(messages)} entries that were" if many else "an entry that was"
    return LogDiverged(
        f"The node holds another entry in log {log_id} than this client signed: this key is in use "
        f"elsewhere too. So {what} signed here {'reach' if many else 'reaches'} this node in no way: "
        f"{some}{more}. Write that again. "
        "What the node shows of yours can be changed and deleted as before.",
        logId=log_id,
        lost=[message["entryHash"] for message in messages],
        messages=messages,
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


def _in_words(message: dict[str, Json]) -> str:
    about = f" of {message['id'][:16]}…" if message["id"] else ""
    fields = f" with {json.dumps(message['fields'], ensure_ascii=False)}" if message["fields"] else ""
    words = f"the {message['action']}{about}{fields}"
    return words if len(words) <= 200 else words[:199] + "…"
