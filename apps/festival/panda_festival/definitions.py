"""The definitions of the festival's schemas, signed, for nodes to take in."""

import json
from pathlib import Path
from typing import NamedTuple


class SignedDefinition(NamedTuple):
    """A definition as it is published: its entry, and its message."""

    entry: bytes
    payload: bytes


def definitions() -> tuple[SignedDefinition, ...]:
    """Those of `SCHEMAS`, in that order."""
    text = Path(__file__).with_name("definitions.json").read_text("utf-8")
    return tuple(
        SignedDefinition(bytes.fromhex(each["entry"]), bytes.fromhex(each["payload"]))
        for each in json.loads(text)
    )
