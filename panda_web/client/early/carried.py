"""What an early node can take: the first five field types, in user logs, of who writes alone."""

from panda_web.client.errors import NodeTooOld
from panda_web.messages import BASIC_TYPES, Message, system_log
from panda_web.messages.instance import is_emptying

WAY_OUT = "Use a present-day node for it."


def too_new(message: Message) -> NodeTooOld | None:
    """Why an early node cannot take a message; None where it can."""
    log_id = system_log(message.schema)
    if log_id is not None:
        return NodeTooOld(
            f"This node is an early one and takes no system logs, such as log {log_id}. {WAY_OUT}"
        )
    if message.previous:
        return NodeTooOld(
            "This node is an early one, and takes nothing about what several logs change, in which the key "
            f"previous stands. {WAY_OUT}"
        )
    for name, field in message.fields.items():
        if is_emptying(field):
            return NodeTooOld(
                f"This node is an early one, and cannot take the value of {name[:40]!r} away. {WAY_OUT}"
            )
        if field.type not in BASIC_TYPES:
            return NodeTooOld(
                f"This node is an early one and knows no field type {field.type}, which {name[:40]!r} has. "
                f"{WAY_OUT}"
            )
    return None
