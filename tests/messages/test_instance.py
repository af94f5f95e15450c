"""What an instance is: the same whatever came first, and what one more message makes of it."""

from collections.abc import Sequence
from random import Random
from typing import Literal

from hypothesis import given
from hypothesis import strategies as st

from panda_web import messages
from panda_web.bamboo import digest
from panda_web.messages import Field, Message, Placed, Reduced, reduce
from panda_web.messages.instance import Standing, change
from tests.examples import examples

SCHEMA, INSTANCE = digest(b"schema").hex(), digest(b"instance")
VALUES = [Field("str", "x"), Field("int", 1), Field("int", 2), Field("str[]", ("x",)), Field("str[]", ())]
FIELDS = st.dictionaries(st.sampled_from("abcd"), st.sampled_from(VALUES), min_size=1)


def anybody(message: Placed, create: Placed) -> bool:
    return True


@st.composite
def histories(draw: st.DrawFn, logs: str = "AAB", most: int = 9) -> list[Placed]:
    """What several logs say of one instance, as it was written: each knows some of what was there before."""
    written = [Placed("A", draw(st.integers(1, 3)), INSTANCE, messages.create(SCHEMA, draw(FIELDS)))]
    for number in range(draw(st.integers(0, most))):
        log = draw(st.sampled_from(logs))
        seq_num = max((each.seq_num for each in written if each.log == log), default=0)
        known = draw(st.sets(st.integers(0, number), max_size=3))
        previous = tuple(sorted(written[n].hash.hex() for n in known if written[n].log != log))
        action: Literal["update", "delete"] = "delete" if draw(st.integers(0, 9)) == 9 else "update"
        fields = draw(FIELDS) if action == "update" else {}
        message = Message(action, SCHEMA, INSTANCE.hex(), fields, previous)
        written.append(Placed(log, seq_num + draw(st.integers(1, 3)), digest(b"%d" % number), message))
    return written


@st.composite
def arrivals(draw: st.DrawFn, logs: str = "AAB", most: int = 9) -> list[Placed]:
    """Some of it, in any order."""
    written = draw(histories(logs, most))
    draw(st.randoms(use_true_random=False)).shuffle(written)
    return written[draw(st.integers(0, 2)) :]


def is_after(held: Sequence[Placed], later: Placed, earlier: Placed) -> bool:
    """As the rules say it: one step after the other, along logs and `previous`."""
    steps = {
        each.hash: [
            one
            for one in held
            if (one.log == each.log and one.seq_num < each.seq_num) or one.hash.hex() in each.message.previous
        ]
        for each in held
    }
    reached, ahead = set(), [later]
    while ahead:
        for one in steps[ahead.pop().hash]:
            if one.hash not in reached:
                reached.add(one.hash)
                ahead.append(one)
    return earlier.hash in reached


def last_of(held: Sequence[Placed], some: Sequence[Placed]) -> Placed:
    free = [one for one in some if not any(is_after(held, other, one) for other in some)]
    return max(free, key=lambda one: one.hash)


@examples(3)
@given(arrivals("AABC"))
def test_rules_for_several_logs(held: list[Placed]) -> None:
    reduced = reduce(held, anybody)
    create = next((each for each in held if each.hash == INSTANCE), None)
    if create is None:
        assert reduced is None
        return
    assert reduced is not None
    assert (reduced.create, reduced.passed_over) == (create, ())
    others = [each for each in held if each is not create]
    assert reduced.deleted == any(each.message.action == "delete" for each in others)
    assert reduced.last == (last_of(others, others) if others else create)
    assert reduced.edited == bool(others)
    assert list(reduced.fields) == sorted(reduced.fields)
    for name in "abcd":
        setters = [each for each in others if name in each.message.fields]
        said = create.message.fields.get(name)
        if setters:
            said = last_of(others, setters).message.fields[name]
            assert reduced.setters[name] == last_of(others, setters)
        assert reduced.fields.get(name) == (None if said is None or said.value == () else said)


@given(arrivals("AABC"), st.randoms(use_true_random=False))
def test_the_order_of_arrival_says_nothing(held: list[Placed], random: Random) -> None:
    for counts in (anybody, messages.counts):
        before = plain(reduce(held, counts))
        random.shuffle(held)
        assert plain(reduce(held, counts)) == before


def plain(reduced: Reduced | None) -> object:
    if reduced is None:
        return None
    passed_over = sorted(each.hash for each in reduced.passed_over)
    return reduced.fields, reduced.setters, reduced.last, reduced.deleted, passed_over


@given(arrivals("AAB"))
def test_only_the_log_of_the_create_counts(held: list[Placed]) -> None:
    """Until there are persons. What others say is told apart, and changes nothing."""
    own = [each for each in held if each.log == "A"]
    reduced, alone = reduce(held), reduce(own)
    if reduced is None or alone is None:
        assert (reduced, alone) == (None, None)
        return
    assert (reduced.fields, reduced.last, reduced.deleted) == (alone.fields, alone.last, alone.deleted)
    strangers = [each for each in held if each.log == "B"]
    assert [each for each in reduced.passed_over if each.log == "B"] == strangers


@given(arrivals("AAB"))
def test_what_a_proof_rests_on_gives_the_same_fields(held: list[Placed]) -> None:
    """What was set and set anew can be left out."""
    reduced = reduce(held)
    if reduced is not None and not reduced.deleted:
        places = reduced.standing.rests_on
        proven = reduce(each for each in held if each.log == "A" and each.seq_num in places)
        assert proven is not None
        assert proven.fields == reduced.fields


@examples(3)
@given(arrivals("AAAB", 12))
def test_one_message_after_the_other_comes_to_the_same(arrived: list[Placed]) -> None:
    standing: Standing | None = None
    fields: dict[str, Field] = {}
    for number, came in enumerate(arrived, start=1):
        held = [each for each in arrived[:number] if each.log == "A"]
        match came.message.action:
            case "create":
                whole = reduce(held)
                assert whole is not None
                standing, fields = whole.standing, dict(whole.fields)
            case "update" if standing is not None and came.log == "A":
                standing, new = change(standing, came)
                fields |= new
                fields = {name: field for name, field in fields.items() if field.value != ()}
        now = reduce(arrived[:number])
        if now is None:
            assert standing is None
        elif not now.deleted:
            assert (standing, fields) == (now.standing, now.fields)


def test_a_chain_of_devices() -> None:
    """The third device has seen the second's edit only; that one had seen the first's, so it is after both."""
    create = Placed("A", 1, INSTANCE, messages.create(SCHEMA, {"a": Field("int", 0)}))

    def says(log: str, seq_num: int, value: int, name: bytes, *previous: Placed) -> Placed:
        known = tuple(sorted(each.hash.hex() for each in previous))
        message = messages.update(SCHEMA, INSTANCE.hex(), {"a": Field("int", value)}, known)
        return Placed(log, seq_num, digest(name), message)

    first = says("A", 2, 1, b"first")
    second = says("B", 1, 2, b"second", first)
    third = says("C", 7, 3, b"third", second)
    for held in ([create, first, second, third], [third, second, first, create]):
        reduced = reduce(held, anybody)
        assert reduced is not None
        assert (reduced.fields, reduced.last) == ({"a": Field("int", 3)}, third)
    # Without the second nothing leads from the third to the first: the greater hash decides.
    reduced = reduce([create, first, third], anybody)
    assert reduced is not None
    assert reduced.last == max(first, third, key=lambda one: one.hash)


def test_a_long_chain_through_two_logs_is_gone_through_once() -> None:
    """Whoever writes it decides in which order it comes, too."""
    compared = 0

    class Log:
        def __eq__(self, other: object) -> bool:
            nonlocal compared
            compared += 1
            return self is other

        def __hash__(self) -> int:
            return id(self)

    logs, length = (Log(), Log()), 300
    create = messages.create(SCHEMA, {"a": Field("int", 0)})
    chain = [Placed(logs[0], 1, INSTANCE, create)]
    for n in range(1, length):
        update = Message("update", SCHEMA, INSTANCE.hex(), {"a": Field("int", n)}, (chain[-1].hash.hex(),))
        chain.append(Placed(logs[n % 2], n + 1, digest(b"%d" % n), update))
    reduced = reduce(reversed(chain), anybody)
    assert reduced is not None
    assert reduced.fields == {"a": Field("int", length - 1)}
    assert compared < 10 * length
