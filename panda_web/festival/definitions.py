"""The definitions of the festival's schemas, signed, for nodes to take in."""

import json
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class SignedDefinition:
    """A definition as it is published.

    Attributes:
        entry: its entry.
        payload: its message.
    """

    entry: bytes
    payload: bytes


def definitions() -> tuple[SignedDefinition, ...]:
    """Those of `SCHEMAS`, in that order."""
    text = Path(__file__).with_name("definitions.json").read_text("utf-8")
    return tuple(
        SignedDefinition(bytes.fromhex(each["entry"]), bytes.fromhex(each["payload"]))
        for each in json.loads(text)
    )
