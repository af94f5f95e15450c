"""What a network brings: entries in any order, with gaps, forks, wrong sizes, deletes and late payloads."""

import asyncio
import contextlib
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from panda_web import messages
from panda_web.bamboo import ForkProof, Head
from panda_web.errors import StoreFailed
from panda_web.keys.with_cryptography import CryptographyVerifier
from panda_web.log import VerifiedEntry, recall, verify_paths, verify_proof
from panda_web.messages import Message, infer_all
from panda_web.messages.schema import DEFINITION, FieldDefinition, Schema, write_definition
from panda_web.node import Node, publishing
from panda_web.node.forks.trusting import NOBODY, Trust
from panda_web.node.ingest import peer, recording
from panda_web.node.rates import Rates
from panda_web.node.schemas import register
from panda_web.node.store.entries import LogRow
from panda_web.rpc import jsonrpc
from panda_web.rpc.connection import Connection
from panda_web.rpc.dispatch import Caller
from panda_web.rpc.errors import ErrorFromNode
from panda_web.rpc.forks import GET_FORK_PROOFS
from panda_web.rpc.methods import GET_ENTRY_ARGUMENTS, PUBLISH_ITEMS, QUERY, QUERY_ENTRIES, ItemOutcome
from panda_web.rpc.transport import InProcess
from tests.authors import OTHER_SCHEMA, Author
from tests.examples import examples
from tests.node.branches import DEFINED, NOTE, NOTE_ID, VOTERS, Made, expected, made, votes
from tests.node.test_publish import Harness

VERIFIER = CryptographyVerifier()

Offered = tuple[Made, bool]
"""An entry, and whether its payload comes with it."""


class Peered(Harness):
    """A node to which peers bring what they have."""

    def __init__(
        self,
        path: Path | None = None,
        clock: Callable[[], float] = time.time,
        trust: Trust | None = NOBODY,
        **limits: int,
    ) -> None:
        super().__init__(path, clock, trust=trust, **limits)
        self.publish(*DEFINED)
        asyncio.run(register(self.store, NOTE_ID))
        asyncio.run(self.node.views.add(NOTE))

    def bring(self, *items: Offered | Made) -> list[ItemOutcome]:
        """Brings some entries in one call."""
        pairs = [(item, True) if isinstance(item, Made) else item for item in items]
        found = self.call(
            PUBLISH_ITEMS,
            items=[
                {
                    "entryBytes": each.signed.encoded.hex(),
                    "payloadBytes": each.payload.hex() if with_payload else None,
                }
                for each, with_payload in pairs
            ],
        )
        assert [each.entry_hash for each in found] == [each.signed.hash.hex() for each, _ in pairs]
        return list(found)

    def states(self, logs: set[tuple[bytes, int]]) -> dict[str, str]:
        """Of all entries that are held of some logs, the states of their payloads."""
        found = {}
        for author, log_id in logs:
            for seq_num in range(1, 40):
                answer = asyncio.run(self.node.get_items(author, log_id, seq_num, seq_num, 0, 0, True))
                for item in answer["items"]:
                    assert (item["payloadBytes"] is not None) == (item["payloadState"] == "held")
                    found[item["entryHash"]] = item["payloadState"]
        return found

    def shown(self) -> dict[str, str]:
        """The notes that a query gives."""
        answer = self.call(QUERY, schema=NOTE_ID, limit=1000, proof=True)
        assert all(each["_entries"] for each in answer)
        proofs = [recall(bytes.fromhex(one["entryBytes"])) for each in answer for one in each["_entries"]]
        assert all(isinstance(each, VerifiedEntry) for each in verify_paths(proofs).values())
        return {each["id"]: each["text"] for each in answer}


def proven(node: Peered) -> list[ForkProof]:
    """What is proven against authors, each checked by itself."""
    found = [each.proof for each in node.call(GET_FORK_PROOFS)]
    assert all(asyncio.run(verify_proof(each.encode(), VERIFIER)) == each for each in found)
    return found


def offer_all(node: Peered, calls: Sequence[Sequence[Offered]]) -> None:
    """Brings everything, and again what was not verified, until nothing more is taken."""
    stored = True
    while stored:
        outcomes = [one for call in calls if call for one in node.bring(*call)]
        stored = any(one.state == "stored" for one in outcomes)
        assert {one.state for one in outcomes} <= {"stored", "held", "path-missing"}
        assert all((one.state == "path-missing") == bool(one.missing) for one in outcomes)


@st.composite
def offers(draw: Any) -> tuple[dict[Made, bool], list[list[list[Offered]]]]:
    """What is offered, each with whether its payload ever is; and two ways to bring it: calls of items."""
    entries = draw(made())
    entries += draw(votes(entries))
    left_out = draw(st.sets(st.integers(0, 40), max_size=6))
    offered = {each: draw(st.integers(0, 5)) > 0 for n, each in enumerate(entries) if n not in left_out}
    ways = []
    for _ in range(2):
        items = list(offered.items())
        items += [(each, False) for each, payload in offered.items() if payload and draw(st.booleans())]
        items = draw(st.permutations(items))
        cuts = sorted(draw(st.sets(st.integers(0, len(items)), max_size=5)))
        ways.append([items[a:b] for a, b in zip([0, *cuts], [*cuts, len(items)], strict=True)])
    return offered, ways


@examples(1)
@given(offers(), st.sets(st.sampled_from(VOTERS)), st.integers(1, 2))
def test_what_is_held_is_a_function_of_what_came(
    given_: tuple[dict[Made, bool], list[list[list[Offered]]]],
    voters: set[int],
    quorum: int,
) -> None:
    """Not of the order, nor of what came with what; and it is what the rules say of all of it together."""
    offered, ways = given_
    logs = {each.place[:2] for each in offered}
    keys = frozenset(Author(each).signer.author for each in voters)
    want = expected(offered, keys, quorum)
    answers = []
    for calls in ways:
        node = Peered(trust=Trust(keys, quorum))
        offer_all(node, calls)
        asyncio.run(node.node.count_anew())
        assert node.states(logs) == want.states
        assert node.shown() == want.shown
        answers.append((node.call(QUERY_ENTRIES, schema=OTHER_SCHEMA), proven(node)))
        least = {(each.author, each.log_id): each.position for each in reversed(answers[-1][1])}
        assert least == want.forked
        node.store.close()
    assert answers[0] == answers[1]


def log_of(count: int, number: int = 1) -> list[Made]:
    """A log of creates."""
    author = Author(number)
    return [Made(*each) for each in author.write_many([note(n) for n in range(count)])]


def note(n: int) -> Message:
    return messages.create(NOTE_ID, infer_all({"text": f"note {n}"}))


@pytest.mark.parametrize("payloads", [True, False])
def test_whoever_brings_what_is_missing_comes_to_the_end(payloads: bool) -> None:
    """Entry 100 is verified with a logarithmic number of others, of which the node says what they are."""
    log, node = log_of(100), Peered()
    asked = [100]
    while (outcome := node.bring(*((log[n - 1], payloads) for n in asked))[-1]).state == "path-missing":
        assert outcome.missing == sorted(outcome.missing)
        assert not set(outcome.missing) & set(asked)
        asked = [*outcome.missing, *asked]
    assert outcome.state == "stored"
    assert len(asked) < 15
    items = asyncio.run(node.node.get_items(log[0].place[0], 1, 100, 100, 255, 0, True))["items"]
    assert len(items) == len(asked)
    assert len(node.shown()) == (len(asked) if payloads else 0)
    arguments = node.call(GET_ENTRY_ARGUMENTS, author=Author(1).hex, schema=NOTE_ID)
    assert (arguments.log_id, arguments.seq_num) == ((1, 101) if payloads else (3, 1))


def test_what_is_no_entry_of_its_author_is_kept_out() -> None:
    log, node = log_of(3), Peered()
    other = log_of(3, number=2)
    forged = bytearray(log[0].signed.encoded)
    forged[-1] ^= 1
    items = [
        {"entryBytes": bytes(forged).hex(), "payloadBytes": log[0].payload.hex()},
        {"entryBytes": "00", "payloadBytes": None},
        {"entryBytes": log[0].signed.encoded.hex(), "payloadBytes": log[1].payload.hex()},
    ]
    found = node.call(PUBLISH_ITEMS, items=items)
    assert [(each.state, each.reason) for each in found] == [
        ("invalid", "signature-mismatch"),
        ("invalid", "entry-truncated"),
        ("invalid", "payload-hash-mismatch"),
    ]
    assert node.states({log[0].place[:2]}) == {}
    # A path through another log is none.
    author = Author(1)
    author.head = Head(1, {1: other[0].signed.hash})
    stray = Made(*author.write(note(9)))
    assert [each.state for each in node.bring(other[0], stray)] == ["stored", "invalid"]


def test_quotas_rates_and_choices_hold_for_peers_too() -> None:
    log = log_of(8)
    full = Peered(author_bytes=8_000)
    found = full.bring(*log)
    assert [each.state for each in found[:2]] == ["stored", "stored"]
    assert {(each.state, each.reason) for each in found[4:]} <= {
        ("refused", "author-quota-reached"),
        ("path-missing", "backlink-missing"),
    }
    node = Harness()
    chosen = Node(
        node.store, CryptographyVerifier(), version="0", policy="registered", rates=Rates(0.1, "", "")
    )
    node.connection = Connection(InProcess(chosen.dispatcher()))

    def bring(*items: Offered) -> list[str | None]:
        return [each.reason or each.state for each in Peered.bring(node, *items)]  # type: ignore[arg-type]

    assert bring((log[0], True), (log[1], False)) == ["schema-not-registered", "backlink-missing"]
    assert bring((Made(*DEFINED), True)) == ["stored"], "system logs are taken always"
    asyncio.run(register(node.store, NOTE_ID))
    assert bring((log[0], False)) == ["schema-not-registered"], "nobody knows of what schema it is"
    assert bring((log[0], False), (log[1], True)) == ["stored", "stored"]
    assert bring((log[2], True), *((each, True) for each in log[3:]))[-1] == "rate-exceeded"


def test_a_broken_log_is_not_gone_on_with_but_for_deletes() -> None:
    node, author, fork = Peered(), Author(1), Author(1)
    first = Made(*author.write(note(1)))
    fork.head = author.head
    node.publish(*first)
    node.publish(*author.write(note(2)))
    assert len(node.shown()) == 2
    second = Made(*fork.write(note(3)))
    node.refuses(*second, "seq-num-taken")
    (outcome,) = node.bring(second)
    assert outcome.state == "stored"
    assert node.shown() == {first.signed.hash.hex(): "note 1"}
    assert node.call(GET_ENTRY_ARGUMENTS, author=author.hex, schema=NOTE_ID).log_id == 3
    later = author.write(note(4))
    node.refuses(*later, "log-condemned")
    (outcome,) = node.bring(Made(*later))
    assert (outcome.state, outcome.reason) == ("stored", "log-condemned")
    node.publish(*author.delete(first.signed.hash, NOTE_ID))
    assert node.shown() == {}


def test_an_author_is_refused_what_would_break_their_log() -> None:
    """A slot in a gap is taken by the entry that others link to, held or not."""
    log, node, author = log_of(13), Peered(), Author(1)
    assert [each.state for each in node.bring(*log[:8], log[12])] == ["stored"] * 9
    for each in log[:8]:
        author.head = author.head.advance(each.signed.hash)
    end = author.head.append(author.signer.author, 1, log[8].payload, end_of_log=True)
    node.refuses(author.sign(end), log[8].payload, "after-end-of-log")
    for each in log[8:11]:
        node.publish(*each)
        author.head = author.head.advance(each.signed.hash)
    with pytest.raises(ErrorFromNode) as refused:
        node.publish(*author.write(note(99)))
    assert refused.value.reason == "seq-num-taken"
    assert refused.value.data["node"]["entryBytes"] == log[12].signed.encoded.hex(), "the proof comes with it"
    node.publish(*log[11])
    assert len(node.shown()) == 13


@pytest.mark.parametrize("breaks", ["payloads", "fork"])
def test_nobody_is_told_to_begin_a_system_log_again(breaks: str) -> None:
    """There is no other one to begin, so an author who believed it would fork their own."""
    node, author, other = Peered(), Author(1, log_id=0), Author(1, log_id=0)

    def definition(name: str) -> Message:
        return write_definition(Schema(name, "", (FieldDefinition("text", "varchar"),)))

    log = [Made(*author.write(definition(name))) for name in ("a", "b")]
    node.bring(*((each, breaks == "fork") for each in log))
    if breaks == "fork":
        assert [each.state for each in node.bring(Made(*other.write(definition("c"))))] == ["stored"]
    arguments = node.call(GET_ENTRY_ARGUMENTS, author=author.hex, schema=DEFINITION.id)
    assert (arguments.log_id, arguments.seq_num) == (0, 3)
    assert arguments.backlink == log[1].signed.hash.hex()


def branches_of(
    log: Sequence[Message], other: Sequence[Message], log_id: int
) -> tuple[list[Made], list[Made]]:
    """Three entries and a fourth, and another fourth with all that is built on it."""
    one, two = Author(1, log_id=log_id), Author(1, log_id=log_id)
    trunk = [Made(*each) for each in one.write_many(log[:3])]
    two.head = one.head
    return [*trunk, Made(*one.write(log[3]))], [Made(*each) for each in two.write_many(other)]


def test_whoever_goes_on_with_a_branch_is_told_what_it_links_to() -> None:
    """Entry 13 links to entry 4, of which the one on another branch came first."""
    first, second = branches_of([note(n) for n in range(4)], [note(n) for n in range(10, 18)], 1)
    node, author = Peered(), Author(1)
    for each in (*first[:3], *second):
        author.head = author.head.advance(each.signed.hash)
    node.bring(*first)
    node.bring(*second)
    told = node.publish(*author.delete(first[0].signed.hash, NOTE_ID)).next
    assert (told.seq_num, told.skiplink) == (13, second[0].signed.hash.hex())


def test_whoever_goes_on_with_a_forked_system_log_is_told_one_branch() -> None:
    definitions = [
        write_definition(Schema(name, "", (FieldDefinition("text", "varchar"),))) for name in "abcdefghijklm"
    ]
    first, second = branches_of(definitions[:4], definitions[4:], 0)
    node = Peered()
    node.bring(*first)
    node.bring(*second)
    told = node.call(GET_ENTRY_ARGUMENTS, author=Author(1).hex, schema=DEFINITION.id)
    links = [each.signed.hash.hex() for each in (second[8], second[0])]
    assert [told.seq_num, told.backlink, told.skiplink] == [13, *links]


def test_so_many_branches_are_kept_and_what_proves_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peer, "MOST_IN_SLOT", 3)
    node, author = Peered(), Author(1)
    log = []
    for n in range(6):
        head = author.head
        log.append((head, Made(*author.write(note(n)))))
    node.bring(*(each for _, each in log))

    def another(seq_num: int, n: int) -> ItemOutcome:
        author.head = log[seq_num - 1][0]
        return node.bring(Made(*author.write(note(n))))[0]

    assert [another(5, n).state for n in (10, 11)] == ["stored", "stored"]
    refused = another(5, 13)
    assert (refused.state, refused.reason) == ("refused", "log-condemned")
    assert another(3, 14).state == "stored", "it condemns the log from an earlier entry on"
    assert len(node.shown()) == 2


def test_each_item_counts_as_a_call() -> None:
    node, charged = Harness(), []
    items = [{"entryBytes": "00", "payloadBytes": None}] * 7
    body = jsonrpc.dumps(
        {"jsonrpc": "2.0", "id": 1, "method": "panda_publishItems", "params": {"items": items}}
    )
    asyncio.run(node.node.dispatcher().handle(body, Caller(charge=charged.append)))
    assert charged == [7]


@examples(0.3)
@given(made(), st.integers(0, 8))
def test_a_crash_between_leaves_what_is_sound(entries: list[Made], ends: int) -> None:
    """Some of a call is stored, in order; the rest is taken when it is brought again."""
    node, want = Peered(), expected(dict.fromkeys(entries, True))
    logs = {each.place[:2] for each in entries}
    real, recorded = recording.record, 0

    def record(*args: Any, **more: Any) -> LogRow:
        nonlocal recorded
        recorded += 1
        log_row = real(*args, **more)
        if recorded > ends:
            raise StoreFailed("the disk is gone")
        return log_row

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(publishing, "SLICE", 2)
        patch.setattr(recording, "record", record)
        if entries:
            with contextlib.suppress(ErrorFromNode):
                node.bring(*entries)
    assert node.states(logs).keys() <= want.states.keys()
    offer_all(node, [[(each, True) for each in entries]])
    assert node.states(logs) == want.states
    assert node.shown() == want.shown
    node.store.close()
