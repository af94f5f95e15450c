"""Branches of a forked log: what stands with an entry that was chosen."""

from collections.abc import Sequence

import pytest

from panda_web.bamboo import Branches, Entry, Followed, Head, branches, decode, digest
from tests.authors import Author

Named = dict[str, tuple[Entry, bytes]]


class Log:
    """A log whose entries have names.

    Attributes:
        entries: by name.
    """

    def __init__(self) -> None:
        self.author = Author(1)
        self.entries: Named = {}
        self._heads = {"": Head()}

    def write(self, names: str, behind: str = "", *, ends: bool = False) -> None:
        """Entries of one letter each, the first one behind another."""
        for name in names:
            head = self._heads[behind]
            unsigned = head.append(self.author.signer.author, 1, name.encode(), end_of_log=ends)
            encoded = self.author.sign(unsigned)
            self.entries[name] = decode(encoded), digest(encoded)
            self._heads[name] = head.advance(digest(encoded))
            behind = name

    def follow(self, position: int, chosen: str, held: str, unsound: str = "") -> tuple[str, Followed]:
        """What stands of what is held, by name; of the entries that are chosen each is for its own place."""
        found = Branches()
        from_there = [name for name in held if self.entries[name][0].seq_num >= position]
        order = sorted(from_there, key=lambda name: (self.entries[name][0].seq_num, self.entries[name][1]))
        for name in order:
            found.add(*self.entries[name], sound=name not in unsound)
        choices = {self.entries[name][0].seq_num: self.entries[name][1] for name in chosen}
        steps = found.follow(position, choices.get)
        while True:
            try:
                next(steps)
            except StopIteration as stopped:
                followed: Followed = stopped.value
                return "".join(order[number] for number in followed.entries), followed


@pytest.fixture
def log() -> Log:
    """Behind `b` it forks into `cdefgh` and `CDEFGHI`; behind `d` the first one forks again, into `xy`."""
    made = Log()
    made.write("abcdefgh")
    made.write("CDEFGHI", behind="b")
    made.write("xy", behind="d")
    return made


@pytest.mark.parametrize(
    ("chosen", "held", "stands"),
    [
        ("", "abcdefghCDEFGHIxy", ""),
        ("C", "abcdefghCDEFGHIxy", "CDEFGHI"),
        ("c", "abcdefghCDEFGHIxy", "cd"),
        ("ce", "abcdefghCDEFGHIxy", "cdefgh"),
        ("cx", "abcdefghCDEFGHIxy", "cdxy"),
        ("Cx", "abcdefghCDEFGHIxy", "CDEFGHI"),
        ("c", "abcdefghCDEFGHI", "cdefgh"),
        ("c", "abdefghCDEFGHI", "defgh"),
        ("c", "abcfghCDEFGHI", "c"),
        ("e", "abcdefghCDEFGHIxy", ""),
    ],
)
def test_what_is_chosen_stands_with_what_leads_to_it(log: Log, chosen: str, held: str, stands: str) -> None:
    assert log.follow(3, chosen, held)[0] == stands


def test_a_fork_behind_a_fork_is_named_with_two_entries_that_prove_it(log: Log) -> None:
    _, found = log.follow(3, "c", "abcdefghCDEFGHIxy")
    first, second = found.partings
    assert (first.position, first.followed, first.halves) == (3, log.entries["c"][1], None)
    assert (second.position, second.followed) == (5, None)
    order = sorted("cdefghCDEFGHIxy", key=lambda name: (log.entries[name][0].seq_num, log.entries[name][1]))
    assert {order[number] for number in second.halves or ()} == {"e", "x"}


def test_what_its_author_broke_without_a_fork_stands_no_more(log: Log) -> None:
    assert log.follow(3, "ce", "abcdefghCDEFGHIxy", unsound="f")[0] == "cde"
    assert log.follow(3, "c", "abcCD", unsound="c")[0] == ""
    assert log.follow(3, "C", "abcCD", unsound="c")[0] == "CD"


def test_an_end_ends_its_own_branch() -> None:
    made = Log()
    made.write("abc")
    made.write("D", behind="c", ends=True)
    made.write("EF", behind="D")
    made.write("def", behind="c")
    assert made.follow(4, "d", "abcdefDEF")[0] == "def"
    stands, found = made.follow(4, "D", "abcdefDEF")
    assert stands == "D"
    assert [each.position for each in found.partings] == [4, 5]
    assert made.follow(4, "DE", "abcdefDEF")[0] == "D", "nobody goes on behind an end"


def test_others_have_their_turn(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(branches, "PAUSE", 2)
    found = Branches()
    for name in sorted("cdefghCDEFGHI", key=lambda each: log.entries[each][0].seq_num):
        found.add(*log.entries[name])
    paused: Sequence[None] = [*found.follow(3, {3: log.entries["c"][1]}.get)]
    assert len(paused) > 10
