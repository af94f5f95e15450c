"""Logs as a network may bring them: with forks, wrong sizes, an end that is none, and what a store must make of it."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, NamedTuple

from hypothesis import strategies as st

from panda_web import messages
from panda_web.bamboo import Head, check_payload, claims, digest
from panda_web.bamboo.errors import PayloadSizeMismatch
from panda_web.log import SignedEntry, recall
from panda_web.messages import FORK_VOTE_LOG, InvalidMessage, Message, Placed, Vote, infer_all, reduce
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


VOTERS = (3, 4, 5)


@st.composite
def votes(draw: Any, entries: Sequence[Made]) -> list[Made]:
    """Votes about what two authors signed: most of them about places at which their logs fork."""
    said: dict[tuple[bytes, int, int], set[bytes]] = {}
    for each in entries:
        for seq_num, claimed in claims(each.signed.entry, each.signed.hash):
            said.setdefault((*each.place[:2], seq_num), set()).add(claimed)
    forks = [(place, each) for place, hashes in said.items() if len(hashes) > 1 for each in sorted(hashes)]
    about = forks or [(place, each) for place, hashes in said.items() for each in sorted(hashes)]
    found: list[Made] = []
    for number in VOTERS if about else ():
        voter, mine = Author(number, log_id=FORK_VOTE_LOG), [b""]
        for _ in range(draw(st.integers(0, 3))):
            place, chosen = draw(st.sampled_from(about))
            if mine[-1] and draw(st.integers(0, 5)) == 0:
                written = voter.delete(mine.pop(), messages.FORK_VOTE)
            else:
                written = voter.write(Vote(*place, chosen).message())
                mine.append(written[0].hash)
            found.append(Made(*written))
    return found


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


Choose = Callable[[int], bytes | None]
"""The hash of the entry to follow where a log breaks; None for none."""


def standing(log: Iterable[Made], with_payload: Iterable[Made], choose: Choose) -> list[Made]:
    """Of the entries of a log those that stand, if at each place where it breaks one is chosen."""
    left, there = list(log), list(with_payload)
    upto = 0
    while (position := condemned(left, [each for each in there if each in left])) != NEVER:
        chosen = choose(position) if position > upto else None
        if chosen is None:
            return [each for each in left if each.place[2] < position]
        by_hash = {each.signed.hash: each for each in left}

        def leads(one: Made, by_hash: Mapping[bytes, Made] = by_hash, at: int = position) -> set[bytes]:
            said = [*claims(one.signed.entry, one.signed.hash)]
            found = {claimed for seq_num, claimed in said if seq_num == at}
            linked = (
                by_hash[claimed] for seq_num, claimed in said[1:] if seq_num > at and claimed in by_hash
            )
            return found.union(*map(leads, linked))

        chain = [each for each in left if each.place[2] >= position and leads(each) == {chosen}]
        below = chain
        while below:
            linked_to = {link for one in below for _, link in claims(one.signed.entry, one.signed.hash)}
            below = [
                each
                for each in left
                if each.place[2] > position and each.signed.hash in linked_to and each not in chain
            ]
            chain += below
        left = [each for each in left if each.place[2] < position or each in chain]
        upto = position
    return left


@dataclass
class Expected:
    """What a node must hold, show, and prove: of each log that a fork breaks first, from where on."""

    states: dict[str, str]
    shown: dict[str, str]
    forked: dict[tuple[bytes, int], int]


def expected(offered: Mapping[Made, bool], voters: Collection[bytes] = (), quorum: int = 1) -> Expected:
    """What becomes of entries that are offered, each with whether its payload ever is.

    Args:
        offered: the entries.
        voters: whose votes count.
        quorum: how many of them must agree.
    """
    there = held(offered)
    given = {entry_hash for entry_hash, each in there.items() if offered[each]}
    logs: dict[tuple[bytes, int], list[Made]] = {}
    for each in there.values():
        logs.setdefault(each.place[:2], []).append(each)
    payloads = {key: [each for each in log if each.signed.hash in given] for key, log in logs.items()}
    broken = {key: condemned(log, payloads[key]) for key, log in logs.items()}
    votes = _votes(payloads, broken, voters)
    counting = {
        each.signed.hash
        for key, log in logs.items()
        for each in standing(log, payloads[key], partial(_chosen, votes, quorum, key))
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
        elif entry_hash in counting and _is_valid(message):
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


def _votes(
    payloads: Mapping[tuple[bytes, int], Sequence[Made]],
    broken: Mapping[tuple[bytes, int], int],
    voters: Collection[bytes],
) -> dict[tuple[bytes, int, int], list[bytes]]:
    """Which entries voters vote for in the end, by author, log id and seq num."""
    found: dict[tuple[bytes, int, int], list[bytes]] = {}
    for voter in voters:
        mine = [each for each in payloads.get((voter, FORK_VOTE_LOG), ()) if each.message]
        gone = {each.message.id for each in mine if each.message and each.message.action == "delete"}
        last: dict[tuple[bytes, int, int], bytes] = {}
        for each in sorted(mine, key=lambda one: one.place[2]):
            vote = messages.read_vote(each.message) if each.message else None
            counts = each.place[2] < broken[voter, FORK_VOTE_LOG] and each.signed.hash.hex() not in gone
            if vote is not None and counts:
                last[vote.author, vote.log_id, vote.seq_num] = vote.entry
        for place, chosen in last.items():
            found.setdefault(place, []).append(chosen)
    return found


def _chosen(
    votes: Mapping[tuple[bytes, int, int], Sequence[bytes]],
    quorum: int,
    log: tuple[bytes, int],
    position: int,
) -> bytes | None:
    here = votes.get((*log, position), ())
    most = max(map(here.count, here), default=0)
    best = {each for each in here if here.count(each) == most}
    return best.pop() if len(best) == 1 and most >= quorum else None


def _is_valid(message: Message) -> bool:
    if message.schema != NOTE_ID:
        return False
    try:
        if message.action != "delete":
            NOTE.check(message.fields, message.action)
    except InvalidFields:
        return False
    return True
