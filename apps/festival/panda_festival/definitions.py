"""The definitions of the festival's schemas, signed, for nodes to take in."""

import json
from pathlib import Path
from typing import Any, NamedTuple


class SignedDefinition(NamedTuple):
    """A definition as it is published: its entry, and its message."""

    entry: bytes
    payload: bytes


def definitions() -> tuple[SignedDefinition, ...]:
    """Those of `SCHEMAS`, in that order."""
    loader: Any = __spec__.loader  # it reads from a wheel too, for which a tab has no other library
    text = loader.get_data(str(Path(__file__).with_name("definitions.json")))
    return tuple(
        SignedDefinition(bytes.fromhex(each["entry"]), bytes.fromhex(each["payload"]))
        for each in json.loads(text)
    )
