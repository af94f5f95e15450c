"""Logs as a network may bring them: with forks, wrong sizes, an end that is none, and what a store must make of it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from hypothesis import strategies as st

from panda_web import messages
from panda_web.bamboo import Head, check_payload, claims, digest
from panda_web.bamboo.errors import PayloadSizeMismatch
from panda_web.log import SignedEntry, recall
from panda_web.messages import InvalidMessage, Message, Placed, infer_all, reduce
from panda_web.messages.schema import FieldDefinition, InvalidFields, Schema, write_definition
from tests.authors import OTHER_SCHEMA, Author

UNPUBLISHED = Schema(
    "note",
    "",
    (
        FieldDefinition("text", "varchar"),
        FieldDefinition("next", "relation", schema="self", optional=True, cascade=True),
    ),
)
DEFINED = Author(9, log_id=0).write(write_definition(UNPUBLISHED))
NOTE_ID = DEFINED[0].hash.hex()
NOTE = replace(UNPUBLISHED, id=NOTE_ID)


class Made(NamedTuple):
    """An entry, and the payload that its author made."""

    signed: SignedEntry
    payload: bytes

    def __repr__(self) -> str:
        entry = self.signed.entry
        links = [link.hex()[-4:] for link in (entry.backlink, entry.skiplink) if link is not None]
        message = self.message
        what = (message.action, message.id and message.id[-4:]) if message else self.payload[:20]
        place = f"{entry.author.hex()[:4]}/{entry.seq_num}{'.' * entry.end_of_log}"
        return f"<{place} {self.signed.hash.hex()[-4:]} -> {links} {what}>"

    @property
    def message(self) -> Message | None:
        """What counts of it, were it alone."""
        entry = self.signed.entry
        try:
            check_payload(entry, self.payload)
            message = messages.decode(self.payload)
            messages.check_log(entry.log_id, message)
        except (PayloadSizeMismatch, InvalidMessage):
            return None
        return message

    @property
    def place(self) -> tuple[bytes, int, int]:
        """Author, log id, seq num."""
        entry = self.signed.entry
        return entry.author, entry.log_id, entry.seq_num


KINDS = (
    "create",
    "create",
    "update",
    "update",
    "delete",
    "wrong",
    "garbage",
    "size",
    "other",
    "leads",
    "end",
)


@st.composite
def made(draw: Any, most: int = 16) -> list[Made]:
    """What two authors signed, in one log each, of which each may have branches."""
    found: list[Made] = []
    for number in (1, 2):
        author = Author(number)
        branches: list[tuple[Head, list[Made]]] = [(Head(), [])]
        for _ in range(draw(st.integers(0, most))):
            which = draw(st.integers(0, len(branches) - 1))
            head, before = branches[which]
            if before and len(branches) < 3 and draw(st.integers(0, 7)) == 0:
                upto = draw(st.integers(0, len(before) - 1))
                head = Head()
                for each in before[:upto]:
                    head = head.advance(each.signed.hash)
                branches.append((head, before[:upto]))
                which, before = len(branches) - 1, before[:upto]
            one = _next(author, head, draw(st.sampled_from(KINDS)), found, draw(st.integers(0, 30)))
            branches[which] = (head.advance(one.signed.hash), [*before, one])
            if one not in found:
                found.append(one)
    return found


def _next(author: Author, head: Head, kind: str, found: Sequence[Made], pick: int) -> Made:
    about = found[pick % len(found)].signed.hash.hex() if found else digest(b"nothing").hex()
    text = infer_all({"text": f"{kind} {pick}"})
    match kind:
        case "update":
            payload = messages.update(NOTE_ID, about, text).encode()
        case "delete":
            payload = messages.delete(NOTE_ID, about).encode()
        case "wrong":
            payload = messages.update(NOTE_ID, about, infer_all({"text": pick})).encode()
        case "garbage":
            payload = b"no message %d" % pick
        case "other":
            payload = messages.create(OTHER_SCHEMA, text).encode()
        case "leads":
            led = messages.Field("relation", about)
            payload = messages.create(NOTE_ID, {**text, "next": led}).encode()
        case _:
            payload = messages.create(NOTE_ID, text).encode()
    unsigned = head.append(
        author.signer.author, author.log_id, payload, end_of_log=kind == "end" and pick < 10
    )
    if kind == "size":
        unsigned = replace(unsigned, payload_size=len(payload) + 1)
    return Made(recall(author.sign(unsigned)), payload)


def held(offered: Iterable[Made]) -> dict[bytes, Made]:
    """Those of some entries that are verified: a path leads to entry 1 through the others."""
    found: dict[bytes, Made] = {}
    for each in sorted(offered, key=lambda one: one.signed.entry.seq_num):
        entry = each.signed.entry
        links = {link for link in (entry.backlink, entry.skiplink) if link is not None}
        if entry.seq_num == 1 or links & found.keys():
            found[each.signed.hash] = each
    return found


NEVER = 1 << 62


def forked(log: Iterable[Made]) -> int:
    """The least seq num for which the entries of a log that are held prove that its author forked it."""
    log = list(log)
    hashes: dict[int, set[bytes]] = {}
    for each in log:
        for seq_num, entry_hash in claims(each.signed.entry, each.signed.hash):
            hashes.setdefault(seq_num, set()).add(entry_hash)
    found = [seq_num for seq_num, claimed in hashes.items() if len(claimed) > 1]
    ends = [each.signed.entry.seq_num for each in log if each.signed.entry.end_of_log]
    if ends and any(each.signed.entry.seq_num > min(ends) for each in log):
        found.append(min(ends) + 1)
    return min(found, default=NEVER)


def condemned(log: Iterable[Made], with_payload: Iterable[Made]) -> int:
    """The same for whatever breaks a log: a payload of another size than was signed, too."""
    sizes = [
        each.signed.entry.seq_num
        for each in with_payload
        if len(each.payload) != each.signed.entry.payload_size
    ]
    return min([forked(log), *sizes])


@dataclass
class Expected:
    """What a node must hold, show, and prove: of each log that a fork breaks first, from where on."""

    states: dict[str, str]
    shown: dict[str, str]
    forked: dict[tuple[bytes, int], int]


def expected(offered: Mapping[Made, bool]) -> Expected:
    """What becomes of entries that are offered, each with whether its payload ever is."""
    there = held(offered)
    given = {entry_hash for entry_hash, each in there.items() if offered[each]}
    logs: dict[tuple[bytes, int], list[Made]] = {}
    for each in there.values():
        logs.setdefault(each.place[:2], []).append(each)
    broken = {
        key: condemned(log, [each for each in log if each.signed.hash in given]) for key, log in logs.items()
    }
    said = {
        entry_hash: (each, message)
        for entry_hash, each in there.items()
        if entry_hash in given and (message := each.message) is not None
    }
    deletes = {(each.place[:2], message.id) for each, message in said.values() if message.action == "delete"}
    states = {entry_hash.hex(): "held" if entry_hash in given else "never-held" for entry_hash in there}
    about: dict[tuple[tuple[bytes, int], str], list[Placed]] = {}
    for entry_hash, (each, message) in said.items():
        key = each.place[:2]
        instance = message.id or entry_hash.hex()
        if message.action != "delete" and (key, instance) in deletes:
            states[entry_hash.hex()] = "deleted"
        elif each.place[2] < broken[key] and _is_valid(message):
            about.setdefault((key, instance), []).append(Placed(key, each.place[2], entry_hash, message))
    instances = {}
    for (_, instance), placed in about.items():
        reduced = reduce(placed)
        if reduced is not None and reduced.create.hash.hex() == instance and not reduced.deleted:
            instances[instance] = reduced.fields
    gone = {
        instance
        for key, instance in deletes
        if instance is not None
        and bytes.fromhex(instance) in there
        and there[bytes.fromhex(instance)].place[:2] == key
    }
    hidden: set[str] = set()
    while more := {
        instance
        for instance, fields in instances.items()
        if instance not in hidden and "next" in fields and fields["next"].value in gone | hidden
    }:
        hidden |= more
    shown = {each: str(fields["text"].value) for each, fields in instances.items() if each not in hidden}
    parted = {key: least for key, log in logs.items() if (least := forked(log)) == broken[key] != NEVER}
    return Expected(states, shown, parted)


def _is_valid(message: Message) -> bool:
    if message.schema != NOTE_ID:
        return False
    try:
        if message.action != "delete":
            NOTE.check(message.fields, message.action)
    except InvalidFields:
        return False
    return True
