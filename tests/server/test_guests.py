"""Which connections stay: by steps of a clock, with connections that only say what they do."""

from panda_web.server.guests import Guests


class Clock:
    seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


class Fake:
    """A connection: idle, or waited for, or worked for."""

    def __init__(self, state: str = "idle", visitor: str | None = None, late: float = 1e9) -> None:
        self.state = state
        self.visitor = visitor
        self.since = 0.0
        self.late = late
        self.ended = False

    def idle(self) -> bool:
        return self.state == "idle"

    def waited_for(self) -> bool:
        return self.state in ("idle", "waited for")

    def overdue(self, now: float) -> bool:
        return now > self.late

    def end(self) -> None:
        self.ended = True


def test_whoever_is_idle_longest_makes_room() -> None:
    guests = Guests(most=3, clock=Clock())
    works, first, second, third, fourth = Fake("worked for"), Fake(), Fake(), Fake(), Fake()
    for guest in (works, first, second):
        guests.enter(guest)
    guests.moved(first)  # so the second is idle for longer
    guests.enter(third)
    assert (first.ended, second.ended, len(guests)) == (False, True, 3)
    guests.enter(fourth)
    assert (first.ended, works.ended, len(guests)) == (True, False, 3)


def test_then_whoever_keeps_the_node_waiting_and_then_the_oldest() -> None:
    guests = Guests(most=3, clock=Clock())
    older, works, slow = Fake("worked for"), Fake("worked for"), Fake("waited for")
    late, later = Fake("worked for"), Fake("worked for")
    for guest in (older, works, slow, late):
        guests.enter(guest)
    assert [guest.ended for guest in (older, works, slow, late)] == [False, False, True, False]
    guests.enter(later)
    assert [guest.ended for guest in (older, works, late, later)] == [True, False, False, False]
    assert len(guests) == 3


def test_one_visitor_has_a_share() -> None:
    guests = Guests(most=10, share=2, clock=Clock())
    mine, other = [Fake(visitor="a") for _ in range(3)], Fake(visitor="b")
    local = [Fake() for _ in range(5)]
    for guest in (*mine, other, *local):
        guests.enter(guest)
    assert [guest.ended for guest in (*mine, other, *local)] == [True] + [False] * 8
    for guest in mine:
        guest.state = "worked for"
    guests.enter(Fake(visitor="a"))
    assert [guest.ended for guest in (*mine, other, *local)] == [True, True] + [False] * 7


def test_whoever_takes_too_long_is_ended() -> None:
    clock = Clock()
    guests = Guests(clock=clock)
    soon, late = Fake("worked for", late=5), Fake(late=20)
    guests.enter(soon)
    guests.enter(late)
    clock.seconds = 10
    guests.look()
    assert (soon.ended, late.ended) == (True, False)


def test_who_has_left_does_not_come_back() -> None:
    guests = Guests(clock=Clock())
    guest = Fake()
    guests.enter(guest)
    guests.leave(guest)
    guests.moved(guest)  # what it asked for was answered after all
    assert len(guests) == 0
