"""What a node drops by its own rules: whichever, in whatever order, and whatever comes again."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from panda_web import messages
from panda_web.keys.with_cryptography import CryptographyVerifier
from panda_web.log import VerifiedEntry, recall, verify_paths
from panda_web.messages import infer_all
from panda_web.node import Node
from panda_web.node.dropping import (
    InstanceNotHeld,
    Keeping,
    Rule,
    SchemaInUse,
    Sweep,
    Swept,
    allow,
    refuse,
    sweeping,
)
from panda_web.node.dropping.rules import RuleValueWrong
from panda_web.node.groups import Groups
from panda_web.node.slices import Pace
from panda_web.node.store.days import DAY
from panda_web.rpc.connection import Connection
from panda_web.rpc.errors import ErrorFromNode
from panda_web.rpc.methods import GET_ENTRY_ARGUMENTS, GET_ITEMS, GET_REMOVED
from panda_web.rpc.transport import InProcess
from tests.authors import OTHER_SCHEMA, Author
from tests.examples import examples
from tests.node.branches import DEFINED, NOTE_ID, Made, expected, made
from tests.node.test_brought import Peered
from tests.node.test_erasing import found, mark
from tests.node.waiting import until

WORDS = "Not in this house."


class House(Peered):
    """A node whose administrator drops things."""

    def __init__(self, path: Path | None = None, drops: tuple[Rule, ...] = ()) -> None:
        self.now = 20_000.0 * DAY
        super().__init__(path, lambda: self.now)
        if drops:
            self.node = Node(self.store, CryptographyVerifier(), version="0", drops=drops)
            self.connection = Connection(InProcess(self.node.dispatcher()))

    def drop(self, words: str | None = None, *, dry: bool = False, **rule: Any) -> Swept:
        return asyncio.run(Sweep(self.store, Rule(**rule), words, dry=dry).run(Groups(self.store), AT_ONCE))

    def keep(self, **what: Any) -> Swept:
        return asyncio.run(Keeping(self.store, **what).run(Groups(self.store), AT_ONCE))

    def refuse(self, author: bytes, words: str = WORDS) -> Swept:
        return asyncio.run(refuse(self.store, author, words, Groups(self.store), AT_ONCE))

    def allow(self, author: bytes) -> None:
        asyncio.run(allow(self.store, author, Groups(self.store)))

    def removed(self, *instances: bytes, authors: tuple[str, ...] = ()) -> Any:
        return self.call(GET_REMOVED, instances=[each.hex() for each in instances], authors=[*authors])


async def _at_once(_: float) -> None:
    """No rest: nobody else wants a turn."""


AT_ONCE = Pace(_at_once, seconds=0.0)
"""Each slice has one instance."""


def texts(count: int, author: Author | None = None, size: int = 1) -> list[Made]:
    """Notes, each with its mark."""
    author = author or Author(1)
    return [
        Made(*author.write(messages.create(NOTE_ID, infer_all({"text": mark(n) * size}))))
        for n in range(count)
    ]


# -- each rule -----------------------------------------------------------------------------------------


def test_an_instance_goes_with_all_that_was_said_of_it() -> None:
    node, author = House(), Author(1)
    first, second = texts(2, author)
    update = Made(*author.update(first.signed.hash, NOTE_ID, text="changed"))
    node.bring(first, second, update)
    assert node.drop("It is old.", dry=True, instance=first.signed.hash).payloads == 2
    assert len(node.shown()) == 2
    swept = node.drop("It is old.", instance=first.signed.hash)
    assert swept == Swept(1, 2, len(first.payload) + len(update.payload))
    assert node.shown() == {second.signed.hash.hex(): mark(1)}
    states = node.states({first.place[:2]})
    assert [states[each.signed.hash.hex()] for each in (first, second, update)] == [
        "dropped",
        "held",
        "dropped",
    ]
    (removed,) = node.removed(first.signed.hash, second.signed.hash).instances
    assert (removed.id, removed.state, removed.words) == (first.signed.hash.hex(), "dropped", "It is old.")
    assert removed.author.hex() == author.hex
    with pytest.raises(InstanceNotHeld):
        node.drop(instance=b"\0\x40" + b"x" * 64)


def test_a_rule_has_all_of_its_conditions() -> None:
    node = House()
    one, other = texts(3), texts(3, Author(2), 3)
    foreign = Made(*Author(3).create(OTHER_SCHEMA, text=mark(9) * 20))
    node.bring(*one, *other, foreign)
    assert node.drop(author=other[0].place[0], larger_than=1 << 20) == Swept()
    assert node.drop(schema=OTHER_SCHEMA).instances == 1
    assert node.drop(schema=NOTE_ID, larger_than=len(one[0].payload)).instances == 3
    assert node.shown() == {each.signed.hash.hex(): mark(n) for n, each in enumerate(one)}
    assert node.drop(author=one[0].place[0]).instances == 3
    assert node.shown() == {}


def test_older_than() -> None:
    """An entry carries no time: what counts is when it came here, and that of its instance which came last."""
    node, author = House(), Author(1)
    first, second = texts(2, author)
    node.bring(first, second)
    node.now += 10 * DAY
    update = Made(*author.update(second.signed.hash, NOTE_ID, text="young"))
    node.bring(update)
    assert node.drop(older_than=11) == Swept()
    assert node.drop(older_than=9).instances == 1
    assert node.shown() == {second.signed.hash.hex(): "young"}
    node.now += 12 * DAY
    node.bring(*texts(1, Author(2)))
    assert node.drop(older_than=9).payloads == 2
    assert len(node.shown()) == 1
    node.now -= 1000 * DAY  # a clock that is set back makes nothing older
    assert node.drop(older_than=1) == Swept()


def test_an_earlier_versions_entries_came_when_it_was_upgraded(tmp_path: Path) -> None:
    from tests.node.earlier import folder

    path = tmp_path / "node.db"
    folder(path, 3, [Author(2).create()])
    node = House(path)
    days = node.store.days
    assert days.came_before(1) == 0, "nobody knows how old they are"
    assert node.drop(older_than=1) == Swept()


def test_definitions_that_are_in_use_stay() -> None:
    node = House()
    definition = Made(*DEFINED)
    with pytest.raises(SchemaInUse):
        node.drop(instance=definition.signed.hash)
    node.refuse(definition.place[0])
    assert node.states({definition.place[:2]}) == {NOTE_ID: "held"}
    node.bring(*texts(1))
    assert len(node.shown()) == 1


def test_deletes_stay_and_go_on() -> None:
    node, author = House(), Author(1)
    first, second = texts(2, author)
    node.bring(first, second)
    delete = Made(*author.delete(first.signed.hash, NOTE_ID))
    node.bring(delete)
    node.drop(author=first.place[0])
    late = Made(*author.delete(second.signed.hash, NOTE_ID))
    room = node.store.room.shown()
    node.publish(*late)
    assert node.store.room.shown() == room - 1
    states = node.states({first.place[:2]})
    assert [states[each.signed.hash.hex()] for each in (first, second, delete, late)] == [
        "deleted",
        "deleted",
        "held",
        "held",
    ]
    assert {each.state for each in node.removed(first.signed.hash, second.signed.hash).instances} == {
        "deleted"
    }


# -- coming back ---------------------------------------------------------------------------------------


def test_it_comes_back_when_it_is_wanted_again() -> None:
    node, author = House(), Author(1)
    first, second = texts(2, author)
    node.bring(first, second)
    before = node.shown()
    room = node.store.room.of_author(first.place[0]), node.store.room.shown()
    node.drop(author=first.place[0])
    (outcome,) = node.bring(first)
    assert (outcome.state, outcome.reason) == ("held", "payload-dropped")
    update = Made(*author.update(first.signed.hash, NOTE_ID, text="changed"))
    node.refuses(*update, "payload-dropped")
    (outcome,) = node.bring(update)
    assert (outcome.state, outcome.reason) == ("stored", "payload-dropped")
    assert node.shown() == {}
    assert node.keep(author=first.place[0]) == Swept(2, 3)
    assert set(node.states({first.place[:2]}).values()) == {"never-held"}
    assert node.shown() == {}
    assert [each.state for each in node.bring(update, first, second)] == ["stored"] * 3
    assert node.shown() == {**before, first.signed.hash.hex(): "changed"}
    assert node.store.room.shown() == room[1]
    node.publish(*author.delete(first.signed.hash, NOTE_ID))
    assert node.store.room.shown() == room[1] - 1


def test_an_update_that_comes_alone_after_a_create_was_kept_again_is_no_instance() -> None:
    node, author = House(), Author(1)
    (first,) = texts(1, author)
    node.bring(first)
    node.drop(instance=first.signed.hash)
    node.keep(instance=first.signed.hash)
    update = Made(*author.update(first.signed.hash, NOTE_ID, text="changed"))
    node.refuses(*update, "instance-unknown")


# -- a policy ------------------------------------------------------------------------------------------


def test_a_policy_drops_what_comes_and_what_grows_old() -> None:
    small = len(texts(1)[0].payload)
    node = House(drops=(Rule(larger_than=small), Rule(older_than=5)))
    author = Author(1)
    first, second = texts(2, author)
    node.bring(first, second)
    large = Made(*author.update(first.signed.hash, NOTE_ID, text=mark(7) * 9))
    node.refuses(*large, "payload-dropped")
    (outcome,) = node.bring(large)
    assert (outcome.state, outcome.reason) == ("stored", "payload-dropped")
    assert node.shown() == {second.signed.hash.hex(): mark(1)}, "an old version is none"
    node.now += 6 * DAY
    asyncio.run(node.node.sweep())
    assert node.shown() == {}
    node.bring(*texts(1, Author(2)))
    assert len(node.shown()) == 1


def test_a_node_that_runs_follows_its_policy() -> None:
    node = House()
    node.bring(*texts(3))
    ruled = Node(node.store, CryptographyVerifier(), version="0", drops=(Rule(schema=NOTE_ID),))

    async def work() -> None:
        watching = asyncio.create_task(ruled.watch(0.01))
        last = texts(3)[2].signed.hash
        await until(lambda: node.store.entries.payload_of(last) is None)
        watching.cancel()
        await asyncio.wait([watching])
        await ruled.finish()

    asyncio.run(work())
    assert node.shown() == {}


# -- house rules ---------------------------------------------------------------------------------------


def test_an_author_is_refused_with_the_words_of_the_house() -> None:
    node, author = House(), Author(1)
    log = texts(3, author)
    node.bring(*log[:2], *texts(1, Author(2)))
    assert node.refuse(log[0].place[0], f"  {WORDS}\n") == Swept(
        2, 2, sum(len(each.payload) for each in log[:2])
    )
    assert len(node.shown()) == 1
    for call in (
        lambda: node.publish(*log[2]),
        lambda: node.call(GET_ENTRY_ARGUMENTS, author=author.hex, schema=NOTE_ID),
    ):
        with pytest.raises(ErrorFromNode) as refused:
            call()
        assert refused.value.reason == "author-refused"
        assert WORDS in str(refused.value)
        assert refused.value.data["node"] == {"author": author.hex, "words": WORDS}
    outcomes = node.bring(log[0], (log[1], False), log[2])
    assert [(each.state, each.reason) for each in outcomes] == [
        ("held", "payload-dropped"),
        ("held", None),
        ("refused", "author-refused"),
    ]
    removed = node.removed(log[0].signed.hash, log[2].signed.hash, authors=(author.hex, Author(2).hex))
    assert [(each.state, each.words) for each in removed.instances] == [("dropped", WORDS)]
    assert [(each.author.hex(), each.words) for each in removed.authors] == [(author.hex, WORDS)]
    node.publish(*log[0])  # it is there already
    node.allow(log[0].place[0])
    assert [each.reason for each in node.bring(*log)] == ["payload-dropped", "payload-dropped", None]
    assert len(node.shown()) == 2
    node.keep(author=log[0].place[0])
    node.bring(*log)
    assert len(node.shown()) == 4


def test_whoever_is_refused_is_not_asked_for_what_they_lack() -> None:
    """Else a peer would bring it in vain, again and again."""
    node = House()
    log = texts(9)
    node.refuse(log[0].place[0])
    (outcome,) = node.bring(log[8])
    assert (outcome.state, outcome.reason, outcome.missing) == ("refused", "author-refused", [])


@pytest.mark.parametrize("words", ["", " ", "x" * 201, "a\x00b", "\x1b[31m"])
def test_words_are_words(words: str) -> None:
    node = House()
    with pytest.raises(RuleValueWrong):
        node.refuse(bytes(32), words)


# -- bytes ---------------------------------------------------------------------------------------------


def test_the_bytes_are_gone_from_the_files(tmp_path: Path) -> None:
    """With the acknowledgement, from the views too; the log still verifies."""
    path = tmp_path / "node.db"
    node, author = House(path), Author(1)
    log = texts(60, author)
    node.bring(*log)
    node.bring(*texts(1, Author(2), 3))
    assert found(path, range(60)) == [*range(60)]
    for each in log[1:40]:
        node.drop(instance=each.signed.hash)
    assert found(path, range(60)) == [0, *range(40, 60)]
    node.refuse(log[0].place[0])
    assert found(path, range(60)) == [0], "it is the other author's"
    items = node.call(GET_ITEMS, author=author.hex, logId=1, start=1, end=-1).entries
    assert {each.state for each in items} == {"dropped"}
    entries = [recall(each.entry) for each in items]
    assert len(entries) == 60
    assert all(isinstance(each, VerifiedEntry) for each in verify_paths(entries).values())
    assert list(node.store.sqlite.execute("PRAGMA integrity_check")) == [("ok",)]
    node.store.close()
    assert found(path, range(60)) == [0]


def test_a_payload_that_is_not_kept_never_is_in_the_files(tmp_path: Path) -> None:
    path = tmp_path / "node.db"
    node = House(path, drops=(Rule(schema=NOTE_ID),))
    node.bring(*texts(20))
    assert found(path, range(20)) == []
    node.store.close()


# -- all of it -----------------------------------------------------------------------------------------


Step = tuple[str, int]


@st.composite
def histories(draw: Any) -> tuple[list[Made], list[Step]]:
    """What was signed, and what happens: some of it is brought, dropped, or kept again."""
    entries = draw(made(8))
    kinds = st.sampled_from(["bring", "bring", "bare", "drop", "large", "author", "keep", "all"])
    return entries, draw(st.lists(st.tuples(kinds, st.integers(0, 40)), max_size=30))


@contextmanager
def small_slices() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sweeping, "PAGE", 2)
        yield


@examples(1)
@given(histories())
def test_a_view_is_what_is_held_whatever_was_dropped(history: tuple[list[Made], list[Step]]) -> None:
    """In whatever order, and whatever comes again. What is dropped stays away; its log verifies."""
    entries, steps = history
    node = House()
    logs = {each.place[:2] for each in entries}
    by_hash = {each.signed.hash.hex(): each for each in entries}
    with small_slices():
        for kind, pick in steps:
            if not entries:
                break
            one = entries[pick % len(entries)]
            subject = _subject(one)
            before = node.states(logs)
            match kind:
                case "bring":
                    node.bring(*entries[: pick % len(entries) + 1])
                case "all":
                    node.bring(*entries)
                case "bare":
                    node.bring((one, False))
                case "drop":
                    with suppress(InstanceNotHeld):
                        node.drop(instance=bytes.fromhex(subject))
                case "large":
                    node.drop(larger_than=150 + pick)
                case "author":
                    node.drop(author=one.place[0])
                case "keep":
                    if pick % 2:
                        node.keep(author=one.place[0])
                    else:
                        node.keep(instance=bytes.fromhex(subject))
            after = node.states(logs)
            _check(node, entries, by_hash, before, after, kept=kind == "keep")
    node.store.close()


def _subject(one: Made) -> str:
    message = one.message
    return (message.id if message is not None else None) or one.signed.hash.hex()


def _check(
    node: House,
    entries: list[Made],
    by_hash: dict[str, Made],
    before: dict[str, str],
    after: dict[str, str],
    *,
    kept: bool,
) -> None:
    assert before.keys() <= after.keys()
    for entry_hash, state in before.items():
        now = after[entry_hash]
        match state:
            case "dropped":  # only a delete of its author, or whoever wants it back, changes that
                assert now in ("dropped", "deleted") or (kept and now == "never-held")
            case "deleted":
                assert now == "deleted"
            case "held":
                assert now in ("held", "dropped", "deleted")
    want = expected(
        {
            each: after.get(each.signed.hash.hex()) == "held"
            for each in entries
            if each.signed.hash.hex() in after
        }
    )
    assert node.shown() == want.shown
    for entry_hash, state in after.items():
        # An old version is not shown as if it were the last: of an instance all goes, or nothing.
        if state == "dropped":
            one = by_hash[entry_hash]
            others = [
                each for each in entries if (each.place[:2], _subject(each)) == (one.place[:2], _subject(one))
            ]
            states = {after.get(each.signed.hash.hex()) for each in others if not _deletes(each)}
            assert "held" not in states
    for author in {each.place[0] for each in entries}:
        assert node.store.room.of_author(author) >= 0
    (deletable,) = node.store.sqlite.execute(
        "SELECT count(*) FROM entries WHERE hash = instance AND state IN (0, 2)"
    ).fetchone()
    assert node.store.room.shown() == deletable


def _deletes(one: Made) -> bool:
    return one.message is not None and one.message.action == "delete"
