"""What an author has said of an instance, entry by entry: looked up in the author's log, and each checked.

An answer of a node proves what an instance is, and for that needs no value that was replaced. So the versions
of it are read from the log itself, from its last entry down to its create.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from panda_web import bamboo, messages
from panda_web.client.check import Instance, Told
from panda_web.client.dialect import Dialect, Shown
from panda_web.errors import PandaError
from panda_web.messages import Field
from panda_web.rpc.methods import PayloadState

MOST_VERSIONS = 200
"""Versions of one instance that are looked up, the latest."""

MOST_LOOKED_AT = 5_000
"""Entries of a log that are looked at for them. In between there may be many about other instances."""


@dataclass(frozen=True, slots=True)
class Version:
    """One entry about an instance.

    Attributes:
        seq_num: its place in the author's log.
        entry_hash: 132 hex digits.
        action: what it did.
        fields: name to value, of those that it set; an empty list took a value away.
    """

    seq_num: int
    entry_hash: str
    action: Literal["create", "update", "delete"]
    fields: dict[str, Field]


@dataclass(frozen=True, slots=True)
class Versions:
    """What was said of an instance.

    Attributes:
        versions: the latest first.
        complete: whether none is missing between the create and the last entry about it: each entry of the
            log in between was shown with its payload.
        lacking: of how many entries in between the node has no payload, by what became of it there; it is the
            node's word.
    """

    versions: tuple[Version, ...] = ()
    complete: bool = True
    lacking: Mapping[PayloadState, int] = field(default_factory=dict)


async def versions_of(dialect: Dialect, instance: Instance) -> Versions:
    """The versions of an instance, as the node shows them.

    Args:
        dialect: of the node.
        instance: as it is now.

    Raises:
        CallFailed: the node does not answer.
    """
    first = max(instance.created, instance.seq_num - MOST_LOOKED_AT + 1)
    seen: set[int] = set()
    found: dict[int, Version] = {}
    shown = dialect.downwards(
        instance.schema, bytes.fromhex(instance.author), instance.log_id, first, instance.seq_num
    )
    async for part in shown:
        for signed, message in _said(part):
            seq_num = signed.entry.seq_num
            if not first <= seq_num <= instance.seq_num or seq_num in seen:
                continue
            seen.add(seq_num)
            if (message.id or signed.hash.hex()) == instance.id:
                found[seq_num] = Version(seq_num, signed.hash.hex(), message.action, dict(message.fields))
        if len(found) >= MOST_VERSIONS:
            break
    latest = sorted(found.values(), key=lambda version: -version.seq_num)[:MOST_VERSIONS]
    complete = len(seen) == instance.seq_num - instance.created + 1
    return Versions(tuple(latest), complete, {} if complete else await _lacking(dialect, instance, first))


async def _lacking(dialect: Dialect, instance: Instance, first: int) -> dict[PayloadState, int]:
    """What became of the payloads that the node does not have, from a seq num to the last entry."""
    stored = await dialect.held(bytes.fromhex(instance.author), instance.log_id, first, instance.seq_num)
    return dict(Counter(each.state for each in stored or () if each.state not in (None, "held")))


def _said(shown: Shown) -> list[Told]:
    """The signed entries whose payload came, with what it says; what cannot be read says nothing."""
    told: list[Told] = []
    for signed, payload in shown:
        try:
            bamboo.check_payload(signed.entry, payload)
            told.append((signed, messages.decode(payload)))
        except PandaError:
            continue
    return told
