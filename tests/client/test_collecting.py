"""What pages and changes make, in any order and told again: what a query of the last state gives."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from panda_web.bamboo import digest
from panda_web.client import Instance, Rejected
from panda_web.client.collecting import Changed, Collected
from panda_web.client.errors import ProofMismatch, SubscriptionTooLarge
from panda_web.client.rejections import MOST_REJECTED
from panda_web.messages import Field
from panda_web.query import Query, matches, page, read_query
from tests.authors import SCHEMA
from tests.examples import examples

IDS = [digest(bytes((number,))).hex() for number in range(8)]


def instance(number: int, version: int, fields: dict[str, Any]) -> Instance:
    values = {name: Field("int" if isinstance(v, int) else "str", v) for name, v in fields.items()}
    last = digest(bytes((number, version))).hex()
    return Instance(
        IDS[number], SCHEMA, values, "00" * 32, 1, 0, version, last, version > 0, True, True, None
    )


FIELDS = st.fixed_dictionaries(
    {}, optional={"n": st.integers(0, 2), "text": st.sampled_from(["", "a", "b", "\U0001f43c"])}
)
EVENTS = st.one_of(
    st.tuples(st.just("write"), st.integers(0, 7), st.one_of(st.none(), FIELDS)),
    st.tuples(st.just("deliver"), st.integers(1, 4)),
    st.tuples(st.just("again"), st.integers(0, 7)),
    st.tuples(st.just("lose")),
    st.tuples(st.just("page")),
    st.tuples(st.just("tell")),
)
QUERIES = st.tuples(
    st.sampled_from([{}, {"n": 1}, {"text": {"gte": "a"}}, {"not": {"n": 1}}]),
    st.lists(st.sampled_from(["n", "-n", "text", "-text"]), max_size=2, unique_by=lambda key: key.strip("-")),
)


class Node:
    """What a node may say: pages of the present state, and what changed, late and more than once."""

    def __init__(self, query: Query) -> None:
        self.query = query
        self.there: dict[int, Instance] = {}
        self.versions = 0
        self.changed: list[int] = []

    def write(self, number: int, fields: dict[str, Any] | None) -> None:
        self.versions += 1
        self.there.pop(number, None)
        if fields is not None:
            self.there[number] = instance(number, self.versions, fields)
        self.changed.append(number)

    def state(self, number: int) -> Instance | None:
        found = self.there.get(number)
        return found if found is not None and matches(self.query.filter, found) else None

    def pages(self, size: int) -> list[list[Instance]]:
        found = [each for each, _ in page(self.there.values(), self.query)]
        return [found[at : at + size] for at in range(0, len(found), size)]


class Kept:
    """Whoever keeps what they are told, and nothing else."""

    def __init__(self) -> None:
        self.instances: dict[str, Instance] = {}
        self.told: Changed | None = None

    def take(self, told: Changed | None) -> None:
        if told is None:
            return
        self.told = told
        for each in told.changes:
            known = self.instances.pop(each.id, None)
            if each.instance is None:
                assert known is not None, "what goes was there"
            else:
                assert (known is None) == (each.kind == "added"), each.kind
                assert known is None or known != each.instance, "nothing is told twice"
                self.instances[each.id] = each.instance
        assert len({each.id for each in told.changes}) == len(told.changes)
        assert {each.id: each for each in told.instances} == self.instances


@examples(2)
@given(QUERIES, st.lists(EVENTS, max_size=30), st.integers(1, 3))
def test_whatever_comes_in_whatever_order_it_ends_as_a_query_does(
    asked: tuple[dict[str, Any], list[str]], events: list[tuple[Any, ...]], size: int
) -> None:
    query = read_query(SCHEMA, asked[0], asked[1], 1000, None)
    node, collected, kept = Node(query), Collected(query), Kept()
    waiting: list[list[Instance]] = []  # pages of one look, which is under way
    behind = False

    def deliver(most: int) -> None:
        some, node.changed = node.changed[:most], node.changed[most:]
        for number in some:
            collected.change(IDS[number], node.state(number))

    def one_page() -> None:
        nonlocal behind
        if not behind:
            collected.begin()
            waiting[:], behind = node.pages(size), True
        elif waiting:
            collected.answer(waiting.pop(0))
        else:
            collected.end()
            behind = False

    one_page()
    for name, *values in [*events, ("tell",)]:
        match name:
            case "write":
                node.write(*values)
            case "deliver" if not behind:
                deliver(*values)
            case "again" if not behind:
                collected.change(IDS[values[0]], node.state(values[0]))
            case "lose":  # the place is lost, and with it what was not delivered: all pages come anew
                node.changed.clear()
                behind = False
                one_page()
            case "page":
                one_page()
            case "tell" if not behind:
                kept.take(collected.tell())
    while behind:
        one_page()
    deliver(len(node.changed))
    kept.take(collected.tell())
    expected = [each for each, _ in page(node.there.values(), query)]
    assert list(collected.instances) == expected
    assert kept.told is not None
    assert kept.instances == {each.id: each for each in expected}


def test_more_than_may_be_kept() -> None:
    collected = Collected(read_query(SCHEMA, {}, (), 1000, None), most=2)
    collected.begin()
    with pytest.raises(SubscriptionTooLarge, match="Narrow the filter"):
        collected.answer([instance(number, 0, {"n": 1}) for number in range(3)])


def test_what_fails_the_checks_is_kept_up_to_a_bound_and_counted() -> None:
    collected = Collected(read_query(SCHEMA, {}, (), 1000, None))
    wrong = ProofMismatch("The node shows other values than the author signed.")
    collected.begin()
    for look in range(20):
        collected.answer([], [Rejected(f"{look} {number}", wrong) for number in range(99)])
    collected.end()
    told = collected.tell()
    assert told is not None
    assert len(told.rejected) == MOST_REJECTED
    assert told.rejected_count == 20 * 99


def test_nothing_is_told_before_the_last_page_was_there() -> None:
    collected = Collected(read_query(SCHEMA, {}, (), 1000, None))
    collected.begin()
    collected.answer([instance(1, 0, {"n": 1})])
    assert collected.tell() is None
    collected.end()
    assert collected.tell() is not None


def test_what_is_known_of_something_that_fails_the_checks_stays() -> None:
    collected = Collected(read_query(SCHEMA, {}, (), 1000, None))
    one = instance(1, 0, {"n": 1})
    collected.begin()
    collected.answer([one])
    collected.end()
    collected.tell()
    collected.begin()
    rejected = Rejected(one.id, ProofMismatch("The node shows other values than the author signed."))
    collected.answer([], [rejected])
    collected.end()
    told = collected.tell()
    assert told is not None
    assert (told.changes, told.instances, told.rejected) == ((), (one,), (rejected,))
    collected.change(one.id, replace(one, complete=False))
    assert collected.tell() is None, "what is shown is the same"
