"""All who ask what an instance is come to the same, whatever came first and whatever never came."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from panda_web import messages
from panda_web.bamboo import digest
from panda_web.client import Answer, Client
from panda_web.client.drafts import Filled
from panda_web.client.log_state import LogState
from panda_web.client.own_logs import OwnLogs
from panda_web.client.store import MemoryStore
from panda_web.keys.with_cryptography import CryptographyVerifier
from panda_web.log import SignedEntry
from panda_web.messages import Field, Message, Placed, Reduced, reduce
from panda_web.messages.instance import change
from panda_web.messages.schema import FieldDefinition, Schema
from panda_web.rpc.methods import PUBLISH_ITEMS, StoredEntry
from panda_web.rpc.transport import InProcess
from tests.authors import Author
from tests.client.world import replayed
from tests.examples import examples
from tests.node.test_publish import Harness

NOTE = Schema(
    "note",
    "What several write about",
    tuple(
        FieldDefinition(name, kind, optional=True)
        for name, kind in (("a", "varchar"), ("b", "integer"), ("c", "text[]"))
    ),
    digest(b"the definition of a note that several write about").hex(),
)
NOTE_ID = str(NOTE.id)
FIELDS = st.fixed_dictionaries(
    {},
    optional={
        "a": st.sampled_from([Field("str", "x"), Field("str", "y"), Field("str[]", ())]),
        "b": st.sampled_from([Field("int", 1), Field("int", 2), Field("int[]", ())]),
        "c": st.sampled_from([Field("str[]", ("x",)), Field("str[]", ())]),
    },
).filter(bool)

CREATED = FIELDS.filter(
    lambda fields: all(field.value != () or name == "c" for name, field in fields.items())
)
"""A create says nothing of what is not there yet, but for lists, which may have no items."""


@dataclass(frozen=True)
class Said:
    """An entry with its message."""

    signed: SignedEntry
    payload: bytes

    @property
    def message(self) -> Message:
        return messages.decode(self.payload)

    @property
    def instance(self) -> str:
        return self.message.id or self.signed.hash.hex()

    @property
    def placed(self) -> Placed:
        entry = self.signed.entry
        return Placed((entry.author, entry.log_id), entry.seq_num, self.signed.hash, self.message)

    def stored(self, *, payload: bool) -> StoredEntry:
        return StoredEntry(self.signed.encoded, self.payload if payload else None)


@st.composite
def written(draw: st.DrawFn) -> list[Said]:
    """Three logs, two of them one author's, as they were written: each names what it knows of the others."""
    logs = [Author(1, 1), Author(1, 3), Author(2, 1)]
    found: list[Said] = []
    for _ in range(draw(st.integers(1, 12))):
        author = draw(st.sampled_from(logs))
        created = [each for each in found if each.message.action == "create"]
        action = draw(st.sampled_from(["create"] + ["update"] * 5 + ["delete"])) if created else "create"
        if action == "create":
            message = messages.create(NOTE_ID, draw(CREATED))
        else:
            about = draw(st.sampled_from(created)).signed.hash.hex()
            known = [each for each in found if each.instance == about and draw(st.booleans())]
            previous = tuple(
                sorted(
                    each.signed.hash.hex()
                    for each in known
                    if each.placed.log != (author.signer.author, author.log_id)
                )
            )
            message = (
                messages.update(NOTE_ID, about, draw(FIELDS), previous)
                if action == "update"
                else messages.delete(NOTE_ID, about, previous)
            )
        found.append(Said(*author.write(message)))
    return found


Shown = dict[str, tuple[dict[str, Field], int, str, bool]]
"""By the id of an instance that is not deleted: fields, the last seq num and entry, whether it was edited."""


def reduced(said: Sequence[Said]) -> dict[str, Reduced]:
    about = {each.instance: [one.placed for one in said if one.instance == each.instance] for each in said}
    found = {instance: reduce(placed) for instance, placed in about.items()}
    return {instance: one for instance, one in found.items() if one is not None}


def expected(said: Sequence[Said]) -> Shown:
    return {
        instance: (dict(one.fields), one.last.seq_num, one.last.hash.hex(), one.edited)
        for instance, one in reduced(said).items()
        if not one.deleted
    }


def of(instances: Sequence[Any]) -> Shown:
    return {one.id: (dict(one.fields), one.seq_num, one.last_entry, one.edited) for one in instances}


def step_by_step(said: Sequence[Said]) -> Shown:
    """By `change`, as a node keeps its views."""
    found: Shown = {}
    for number, each in enumerate(said, start=1):
        whole = reduced(said[:number]).get(each.instance)
        if whole is None or whole.deleted:
            found.pop(each.instance, None)
        elif each.message.action == "create" or each.instance not in found:
            standing, fields = whole.standing, whole.fields
            found[each.instance] = dict(fields), standing.seq_num, standing.last_entry.hex(), whole.edited
        elif each.placed.log == whole.create.log:
            before = reduced(said[: number - 1])[each.instance]
            standing, new = change(before.standing, each.placed)
            fields = found[each.instance][0] | dict(new)
            left = {name: field for name, field in fields.items() if field.value != ()}
            found[each.instance] = left, standing.seq_num, standing.last_entry.hex(), True
    return found


async def at_a_node(said: Sequence[Said], held: set[bytes]) -> Answer:
    """What the client shows of the view of a node to which a peer brings this, in this order."""
    node = Harness()
    await node.node.views.add(NOTE)
    left = [
        {
            "entryBytes": each.signed.encoded.hex(),
            "payloadBytes": each.payload.hex() if each.signed.hash in held else None,
        }
        for each in said
    ]
    while left:
        found = await node.connection.call(PUBLISH_ITEMS, items=left)
        missing = [item for item, one in zip(left, found, strict=True) if one.state == "path-missing"]
        assert len(missing) < len(left)
        left = missing
    client = Client(InProcess(node.node.dispatcher()), verifier=CryptographyVerifier())
    answer = await client.query(NOTE_ID, limit=1000)
    node.store.close()
    return answer


async def in_own_logs(said: Sequence[Said], *, deleted: bool) -> dict[str, Any]:
    own = OwnLogs(MemoryStore(), Author(1).signer.author)
    await own.set_only_copy(only=True)
    for log_id in (1, 3):
        mine = [each for each in said if each.placed.log == (Author(1).signer.author, log_id)]
        if mine:
            await own.append(
                LogState(log_id, NOTE_ID), [Filled(each.signed, each.payload, each.message) for each in mine]
            )
    found = await own.instances(NOTE_ID, deleted=deleted)
    return {instance: dict(fields) for instance, fields in found.items()}


@examples(1)
@given(st.data(), written())
def test_all_come_to_the_same(data: st.DataObject, said: list[Said]) -> None:
    came = data.draw(st.permutations(said))
    held = [each for each in came if data.draw(st.integers(0, 5)) > 0]
    of_held = {each.signed.hash for each in held}
    shown = expected(held)
    assert step_by_step(held) == shown, "one message after the other"
    answer = asyncio.run(at_a_node(came, of_held))
    assert (of(answer), answer.rejected) == (shown, ()), "a node's view, and the client's check of it"
    stored = [each.stored(payload=each.signed.hash in of_held) for each in came]
    instances, _ = asyncio.run(replayed(NOTE_ID, stored, CryptographyVerifier()))
    assert of(instances) == shown, "what the client evaluates itself"
    assert all(instance.verified for instance in [*answer, *instances])
    mine = [each for each in said if each.signed.entry.author == Author(1).signer.author]
    for deleted in (False, True):
        assert asyncio.run(in_own_logs(said, deleted=deleted)) == {
            instance: dict(one.fields) for instance, one in reduced(mine).items() if one.deleted == deleted
        }, "own logs"
