"""Entries as they go over the wire."""

from dataclasses import dataclass
from typing import Literal

from panda_web.rpc import types
from panda_web.rpc.types import Json

PayloadState = Literal["held", "never-held", "dropped", "deleted"]
"""What became of a payload at a node: `dropped` by a rule of the node, `deleted` by its author."""

PAYLOAD_STATES: tuple[PayloadState, ...] = ("held", "never-held", "dropped", "deleted")

# Made once: each answer has many of these.
_PAYLOAD = types.nullable(types.HEX)
_STATE = types.nullable(types.one_of(*PAYLOAD_STATES))


@dataclass(frozen=True, slots=True)
class StoredEntry:
    """An entry as a node gives it, or is given it.

    Attributes:
        entry: its bytes.
        payload: None where it is not at hand, or was not asked for.
        state: what became of the payload at the node; None where it does not say.
    """

    entry: bytes
    payload: bytes | None
    state: PayloadState | None = None

    @staticmethod
    def from_json(value: Json) -> "StoredEntry":
        """Reads one; everything else that a node may say about an entry is in its bytes."""
        return StoredEntry(
            types.member(value, "entryBytes", types.HEX),
            types.member(value, "payloadBytes", _PAYLOAD),
            types.member(value, "payloadState", _STATE),
        )
