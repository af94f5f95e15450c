"""A node that lies: what it returns is rejected with the reason, and never shown."""

import asyncio
import copy
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from panda_web import Client, messages
from panda_web.client.asked import Asked
from panda_web.client.check import check_answer
from panda_web.keys import Claim, InvalidSignature
from panda_web.keys.with_cryptography import CryptographyVerifier
from panda_web.messages import infer_all
from panda_web.messages.schema import Schema
from panda_web.messages.schema.errors import FieldUnknown
from panda_web.rpc.errors import AnswerMalformed
from panda_web.rpc.methods import QUERY, StoredEntry
from tests.authors import OTHER_SCHEMA, SCHEMA, Author
from tests.client.world import replayed
from tests.defining import loose
from tests.examples import examples
from tests.node.test_publish import Harness

Item = dict[str, Any]
BY_N = Asked.of(SCHEMA, {}, ["n"])


@pytest.fixture(scope="module")
def honest() -> list[Item]:
    """The honest answer: three instances, the second one edited; a deleted one and another author's beside them."""
    node, author, other = Harness(), Author(1), Author(2)
    asyncio.run(node.node.views.add(replace(loose(n="integer", title="varchar"), id=SCHEMA)))
    made = [author.create(n=n, title=f"talk {n}") for n in range(4)]
    for one in made:
        node.publish(*one)
    node.publish(*author.update(made[1][0].hash, title="edited"))
    node.publish(*author.delete(made[3][0].hash))
    node.publish(*other.create(n=9))
    found = node.call(QUERY, schema=SCHEMA, orderBy=["n"], proof=True)
    assert [item["n"] for item in found] == [0, 1, 2, 9]
    return found  # type: ignore[no-any-return]


def check(items: list[Item], **equal: Any) -> tuple[list[Any], list[str]]:
    answer = asyncio.run(
        check_answer(Asked.of(SCHEMA, equal, ["n"], limit=1000), items, CryptographyVerifier())
    )
    return [instance.values.get("n") for instance in answer], [r.error.reason for r in answer.rejected]


def test_honest(honest: list[Item]) -> None:
    assert check(honest) == ([0, 1, 2, 9], [])
    answer = asyncio.run(check_answer(BY_N, honest, CryptographyVerifier()))
    assert all(instance.verified for instance in answer)
    assert [instance.edited for instance in answer] == [False, True, False, False]
    assert [instance.complete for instance in answer] == [
        True,
        False,
        True,
        True,
    ]  # a deleted one lies between
    edited = answer[1]
    assert (edited["title"], edited.log_id, edited.seq_num) == ("edited", 1, 5)
    assert answer.after == honest[-1]["_meta"]["cursor"]


class CountingVerifier(CryptographyVerifier):
    """Remembers how many claims came each time."""

    def __init__(self) -> None:
        self.asked: list[int] = []

    async def verify(self, claim: Claim) -> None:
        self.asked.append(1)
        await super().verify(claim)

    async def verify_many(self, claims: Sequence[Claim]) -> list[InvalidSignature | None]:
        self.asked.append(len(claims))
        return await super().verify_many(claims)


def test_a_whole_page_is_verified_at_once(honest: list[Item]) -> None:
    """Whatever the number of instances: each time costs a way to the browser and back."""
    verifier = CountingVerifier()
    asyncio.run(check_answer(BY_N, honest, verifier))
    entries = {entry["entryBytes"] for item in honest for entry in item["_entries"]}
    assert len(entries) > len(honest)
    assert verifier.asked == [len(entries)]

    stored = [StoredEntry.from_json(entry) for item in honest for entry in item["_entries"]]
    verifier = CountingVerifier()
    instances, rejected = asyncio.run(replayed(SCHEMA, stored, verifier))
    assert (len(instances), rejected) == (len(honest), [])
    assert verifier.asked == [len(entries)]


def change_field(item: Item) -> None:
    item["title"] = "forged"


def drop_field(item: Item) -> None:
    del item["title"]


def add_field(item: Item) -> None:
    item["price"] = 100


def change_type(item: Item) -> None:
    item["title"] = [item["title"]]


def no_proof(item: Item) -> None:
    del item["_entries"]


def proof_of_nonsense(item: Item) -> None:
    item["_entries"] = [{"entryBytes": "zz"}]


def proof_without_entries(item: Item) -> None:
    item["_entries"] = []


def no_payloads(item: Item) -> None:
    for entry in item["_entries"]:
        entry["payloadBytes"] = None


def other_id(item: Item) -> None:
    item["id"] = "0040" + "ab" * 64


def id_that_is_none(item: Item) -> None:
    item["id"] = 7


def no_id(item: Item) -> None:
    del item["id"]


def flip_signature(item: Item) -> None:
    entry = own(item)
    entry["entryBytes"] = entry["entryBytes"][:-40] + flip(entry["entryBytes"][-40:])


def flip_author(item: Item) -> None:
    entry = own(item)
    entry["entryBytes"] = entry["entryBytes"][:10] + flip(entry["entryBytes"][10:])


def cut_entry(item: Item) -> None:
    entry = own(item)
    entry["entryBytes"] = entry["entryBytes"][:-2]


def flip_payload(item: Item) -> None:
    entry = own(item)
    entry["payloadBytes"] = entry["payloadBytes"][:-1] + flip(entry["payloadBytes"][-1:])


def own(item: Item) -> Any:
    return next(entry for entry in item["_entries"] if entry["payloadBytes"])


def flip(text: str) -> str:
    return ("0" if text[0] != "0" else "1") + text[1:]


LIES: list[tuple[Callable[[Item], None], str | None]] = [
    (change_field, "proof-mismatch"),
    (drop_field, "proof-mismatch"),
    (add_field, "proof-mismatch"),
    (change_type, "proof-mismatch"),
    (no_proof, "proof-incomplete"),
    (proof_of_nonsense, "proof-incomplete"),
    (proof_without_entries, "proof-incomplete"),
    (no_payloads, "proof-incomplete"),
    (other_id, "proof-incomplete"),
    (id_that_is_none, "proof-incomplete"),
    (no_id, "proof-incomplete"),
    (flip_signature, "signature-mismatch"),
    (flip_author, None),  # another key: what is wrong with it hangs on the key
    (cut_entry, "entry-truncated"),
    (flip_payload, "payload-hash-mismatch"),
]


@pytest.mark.parametrize(("lie", "reason"), LIES, ids=lambda value: getattr(value, "__name__", ""))
def test_lies(lie: Callable[[Item], None], reason: str | None, honest: list[Item]) -> None:
    items = copy.deepcopy(honest)
    lie(items[2])
    shown, reasons = check(items)
    assert shown == [0, 1, 9]
    assert reasons == [reason] if reason else len(reasons) == 1


def test_a_hidden_update_cannot_be_noticed_but_a_hidden_create_is(honest: list[Item]) -> None:
    items = copy.deepcopy(honest)
    create, update = (entry for entry in items[1]["_entries"] if entry["payloadBytes"])
    items[1]["_entries"].remove(update)
    items[1]["title"] = "talk 1"
    assert check(items) == ([0, 1, 2, 9], [])
    items[1]["_entries"] = [update]
    assert check(items) == ([0, 2, 9], ["proof-incomplete"])
    assert create


class Talks(Author):
    """An author of three talks, who writes about them in turn, and a node that shows what it likes."""

    def __init__(self) -> None:
        super().__init__(7)
        self.made = [self.create(n=n, title="", room="") for n in range(3)]
        self.log = [(n, {"n": n, "title": "", "room": ""}) for n in range(3)]

    def change(self, n: int, fields: dict[str, str]) -> None:
        self.made.append(self.update(self.made[n][0].hash, **fields))
        self.log.append((n, {**fields}))

    def state(self, n: int, seq_nums: Sequence[int]) -> dict[str, object]:
        """What a talk is by these entries."""
        fields: dict[str, object] = {}
        for seq_num in seq_nums:
            if self.log[seq_num - 1][0] == n:
                fields |= self.log[seq_num - 1][1]
        return fields

    def item(self, n: int, shown: Sequence[int]) -> Item:
        """A talk with the payloads of these entries of its own, and the rest of the log as links."""
        own = {seq_num for seq_num in shown if self.log[seq_num - 1][0] == n}
        entries = [
            {"entryBytes": signed.encoded.hex(), "payloadBytes": payload.hex() if at in own else None}
            for at, (signed, payload) in enumerate(self.made, 1)
        ]
        return {**self.state(n, shown), "id": self.made[n][0].hash.hex(), "_meta": {}, "_entries": entries}

    def answer(self, listed: Sequence[int], shown: Sequence[int]) -> list[Any]:
        """What the client makes of these talks."""
        items = [self.item(n, shown) for n in listed]
        answer = asyncio.run(check_answer(BY_N, items, CryptographyVerifier()))
        assert not answer.rejected
        return list(answer)


def test_update_that_is_held_back_in_the_middle_makes_it_incomplete() -> None:
    """By the signatures that are shown the talk is as the author wrote it, and it never was."""
    talks = Talks()
    for fields in ({"title": "Bread", "room": "Kitchen"}, {"title": "Nuclear fusion"}, {"room": "Lab"}):
        talks.change(0, fields)
    (honest, *_) = talks.answer([0, 1, 2], [1, 2, 3, 4, 5, 6])
    assert (honest.complete, honest.verified) == (True, True)
    (mixed, *_) = talks.answer([0, 1, 2], [1, 2, 3, 4, 6])
    assert (mixed["title"], mixed["room"]) == ("Bread", "Lab")
    assert (mixed.complete, mixed.verified) == (False, True)
    assert mixed.to_json()["_meta"]["complete"] is False  # type: ignore[index,call-overload]
    (alone,) = talks.answer([0], [1, 2, 3, 4, 5, 6])
    assert not alone.complete  # nobody shows what the entries between say


@given(st.data())
def test_what_is_complete_was_so_at_its_last_entry(data: st.DataObject) -> None:
    """Whatever a node holds back: of entries, of talks."""
    talks = Talks()
    change = st.dictionaries(st.sampled_from(["title", "room"]), st.sampled_from("abc"), min_size=1)
    for n, fields in data.draw(st.lists(st.tuples(st.integers(0, 2), change), max_size=5)):
        talks.change(n, fields)
    every = range(1, len(talks.made) + 1)
    shown = sorted({1, 2, 3} | data.draw(st.sets(st.sampled_from(every))))
    listed = data.draw(st.lists(st.integers(0, 2), min_size=1, unique=True))
    for instance in talks.answer(listed, shown):
        if instance.complete:
            assert instance.values == talks.state(instance["n"], range(1, instance.seq_num + 1))


def test_one_instance_shown_three_times(honest: list[Item]) -> None:
    assert check([honest[0]] * 3) == ([0], ["proof-mismatch"] * 2)


def test_a_deleted_instance_that_is_shown(honest: list[Item]) -> None:
    author = Author(3)
    created = author.create(n=5)
    deleted = author.delete(created[0].hash)
    entries = [{"entryBytes": s.encoded.hex(), "payloadBytes": p.hex()} for s, p in (created, deleted)]
    item = {"id": created[0].hash.hex(), "n": 5, "_meta": {}, "_entries": entries}
    assert check([item]) == ([], ["proof-mismatch"])


def test_entries_about_something_else(honest: list[Item]) -> None:
    items = copy.deepcopy(honest)
    items[0]["_entries"] += items[2]["_entries"]
    assert check(items) == ([1, 2, 9], ["proof-incomplete"])


def test_entries_of_another_instance(honest: list[Item]) -> None:
    items = copy.deepcopy(honest)
    items[0]["_entries"] = items[2]["_entries"]
    assert check(items) == ([1, 2, 9], ["proof-incomplete"])


def test_the_author_is_who_signed_whatever_the_node_says(honest: list[Item]) -> None:
    items = copy.deepcopy(honest)
    for item in items:
        item["_meta"] |= {"author": "77" * 32, "logId": 7, "seqNum": 7, "lastEntry": "0040" + "77" * 64}

    def places(items: list[Item]) -> list[tuple[str, int, int]]:
        answer = asyncio.run(check_answer(BY_N, items, CryptographyVerifier()))
        return [(instance.author, instance.log_id, instance.seq_num) for instance in answer]

    assert places(items) == places(honest)


THINGS = replace(loose(n="integer", title="varchar"), id=SCHEMA)


def asked(order: Sequence[str] = ("n",), known: Schema | None = THINGS, **more: Any) -> Asked:
    return Asked.of(SCHEMA, more.pop("filter", {}), order, known=known, **more)


def reasons(asked: Asked, items: list[Item]) -> list[str]:
    answer = asyncio.run(check_answer(asked, items, CryptographyVerifier()))
    assert len(answer) + len(answer.rejected) == len(items)
    return [rejected.error.reason for rejected in answer.rejected]


def test_the_order_is_held_to_what_was_asked(honest: list[Item]) -> None:
    by_id = sorted(honest, key=lambda item: item["id"])
    assert reasons(asked(), honest) == []
    assert reasons(asked(), [honest[1], honest[0], honest[2], honest[3]]) == ["order-mismatch"]
    assert reasons(asked(["-n"]), honest[::-1]) == []
    assert reasons(asked(["-n"]), honest) == ["order-mismatch"] * 3
    assert reasons(asked(()), by_id) == reasons(asked((), None), by_id) == []
    assert reasons(asked((), None), by_id[::-1]) == ["order-mismatch"] * 3
    assert reasons(asked(known=None), by_id) == [], "what the fields are is not known, nor their order"


def test_a_page_lies_behind_its_cursor(honest: list[Item]) -> None:
    cursors = [item["_meta"]["cursor"] for item in honest]
    assert reasons(asked(after=cursors[0]), honest[1:]) == []
    assert reasons(asked(after=cursors[1]), honest) == ["order-mismatch"] * 2
    assert reasons(asked(after="of another kind"), honest) == []


def test_no_more_than_the_limit(honest: list[Item]) -> None:
    assert reasons(asked(limit=4), honest) == []
    assert reasons(asked(limit=1), honest) == ["limit-mismatch"] * 3


def test_operators_are_held_too(honest: list[Item]) -> None:
    for known in (THINGS, None):
        assert reasons(asked(filter={"n": {"gte": 1}}, known=known), honest) == ["filter-mismatch"]
        assert (
            reasons(asked(filter={"not": {"title": {"ne": "edited"}}}, known=known), honest)
            == ["filter-mismatch"] * 3
        )
    with pytest.raises(FieldUnknown):
        asked(filter={"titel": "x"})


class Answering:
    """A node that gives the same result to every call."""

    def __init__(self, result: object) -> None:
        self._result = result

    async def send(self, body: bytes) -> bytes:
        call = json.loads(body)
        return json.dumps({"jsonrpc": "2.0", "id": call["id"], "result": self._result}).encode()


@pytest.mark.parametrize("result", [5, None, {"instances": []}, [5], "x", [[]]], ids=str)
def test_an_answer_that_is_none(result: object) -> None:
    with pytest.raises(AnswerMalformed):
        asyncio.run(Client(Answering(result)).query(SCHEMA))


def test_an_update_of_another_author(honest: list[Item]) -> None:
    items = copy.deepcopy(honest)
    signed, payload = Author(2).update(bytes.fromhex(items[0]["id"]), title="by somebody else")
    items[0]["_entries"].append({"entryBytes": signed.encoded.hex(), "payloadBytes": payload.hex()})
    items[0]["title"] = "by somebody else"
    assert check(items) == ([1, 2, 9], ["proof-incomplete"])


def test_another_schema(honest: list[Item]) -> None:
    signed, payload = Author(4).create(OTHER_SCHEMA, n=5)
    entries = [{"entryBytes": signed.encoded.hex(), "payloadBytes": payload.hex()}]
    item = {"id": signed.hash.hex(), "n": 5, "_meta": {}, "_entries": entries}
    assert check([item]) == ([], ["proof-incomplete"])


def test_what_was_not_asked_for(honest: list[Item]) -> None:
    assert check(honest, n=1) == ([1], ["filter-mismatch"] * 3)
    assert check(honest, author=Author(2).hex) == ([9], ["filter-mismatch"] * 3)
    assert check(honest, id=honest[0]["id"]) == ([0], ["filter-mismatch"] * 3)


def test_without_the_links_it_is_signed_but_not_verified(honest: list[Item]) -> None:
    item = copy.deepcopy(honest[2])
    answer = asyncio.run(check_answer(BY_N, [item], CryptographyVerifier()))
    assert [instance.verified for instance in answer] == [False]


def test_links_that_contradict_each_other(honest: list[Item]) -> None:
    """An entry whose skiplink leads to the wrong place, as the fourth vector of p2panda-js 0.2.1 has it."""
    author = Author(5)
    made = [author.create(n=n) for n in range(3)]
    payload = messages.create(SCHEMA, infer_all({"n": 3})).encode()
    unsigned = author.head.append(author.signer.author, 1, payload)
    wrong = type(unsigned)(
        unsigned.author, 1, 4, made[1][0].hash, unsigned.backlink, len(payload), unsigned.payload_hash
    )
    encoded = author.sign(wrong)
    entries = [{"entryBytes": s.encoded.hex(), "payloadBytes": None} for s, _ in made]
    entries.append({"entryBytes": encoded.hex(), "payloadBytes": payload.hex()})
    from panda_web.bamboo import digest

    item = {"id": digest(encoded).hex(), "n": 3, "_meta": {}, "_entries": entries}
    assert check([item]) == ([], ["link-seq-num-mismatch"])


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["id", "_entries", "_meta", "entryBytes", "payloadBytes", "n"]), inner
        )
    ),
    max_leaves=8,
)


@examples(2)
@given(st.lists(st.dictionaries(st.sampled_from(["id", "_entries", "_meta", "n"]), JSON), max_size=4))
def test_noise_is_rejected_without_a_fault(items: list[Item]) -> None:
    shown, reasons = check(items)
    assert shown == []
    assert len(reasons) == len(items)
