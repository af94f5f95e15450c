"""A log that one key forked, where both branches went out: noticed at the first sync, said, and not gone on with.

Two browsers have a copy of one key, and a node of their own each, which keeps what was written without a
network. So a fork cannot be prevented; the client notices it, whichever way the other branch comes.
"""

from contextlib import suppress
from dataclasses import replace

import pytest

from panda_web.client import Client
from panda_web.client.errors import LogForked
from panda_web.client.own_logs import OwnLogs
from panda_web.client.store import MemoryStore
from panda_web.keys.with_cryptography import CryptographyVerifier
from panda_web.messages import Vote
from panda_web.messages.schema import FieldDefinition, Schema
from panda_web.node import Node
from panda_web.node.forks import following
from panda_web.rpc.connection import Connection
from panda_web.rpc.forks import GET_FORK_PROOFS
from panda_web.rpc.transport import InProcess
from panda_web.rpc.within import in_process
from panda_web.sync import Platform, Replicating, Source
from tests.authors import SCHEMA, Author
from tests.client.kept import texts_of
from tests.client.test_local_first import POST, Browser, a_node, run, write
from tests.client.test_local_first import texts as texts_now
from tests.client.test_publishing import client
from tests.node.branches import Made
from tests.node.test_brought import Peered
from tests.node.test_votes import trusting, voters
from tests.sync.world import Clock


async def alike(here: Node, there: Node) -> None:
    """Two nodes exchange what they have."""
    clock, way, other = Clock(), in_process(here.dispatcher()), in_process(there.dispatcher())
    both = Replicating(
        Connection(way),
        Source("there", other, None),
        here.places,
        here.lacks,
        Platform(clock.sleep, clock),
    )
    for _ in range(2):
        await both.once()
    for each in (way, other):
        await each.close()


class Both:
    """Two browsers, and the node of all; both wrote behind the same entry while they had no network.

    Attributes:
        behind: the node.
        laptop, phone: the browsers.
        schema: of what they wrote.
        old: an instance from before.
    """

    def __init__(self) -> None:
        self.behind = a_node()
        self.laptop = Browser(self.behind)
        self.schema = str(run(self.laptop.here.define(POST)).id)
        self.old, _ = write(self.laptop, self.schema, "before", "and this")
        run(self.laptop.here.key_copied())
        run(self.laptop.behind.flush())
        self.phone = Browser(self.behind)
        run(self.phone.here.key_restored())
        run(self.phone.here.update(self.schema, self.old, {"text": "before, changed"}))
        run(self.phone.behind.flush())
        run(self.laptop.here.key_restored())
        run(self.laptop.behind.flush())
        self.catch_up(self.laptop)
        for browser, what in ((self.laptop, "laptop"), (self.phone, "phone")):
            browser.network.is_there = False
            write(browser, self.schema, f"{what} 1", f"{what} 2")
            browser.network.is_there = True

    def catch_up(self, browser: Browser) -> None:
        """Its own node gets what the node of all has."""
        run(alike(browser.node, self.behind))

    def logs(self, browser: Browser) -> dict[int, int]:
        """By log id, the place from which on a fork is known."""
        return {log.log_id: log.proven for log in run(OwnLogs(browser.store, browser.signer.author).logs())}


@pytest.fixture(params=[60.0, 0.0], ids=["counted-at-once", "counted-later"])
def both(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Both:
    """What counts of a forked log a node finds out as it comes, or where that takes long, as on a busy machine, later."""
    monkeypatch.setattr(following, "AT_ONCE_SECONDS", request.param)
    return Both()


def texts(node: Node, schema: str) -> list[str]:
    """What a node shows once it has done what was left for later."""
    run(node.count_anew())
    return texts_now(node, schema)


def position_at(node: Node) -> int:
    """The place from which on a node knows a fork; 0 for none."""
    proofs = run(Connection(InProcess(node.dispatcher())).call(GET_FORK_PROOFS))
    return min((each.proof.position for each in proofs), default=0)


def meet(both: Both) -> None:
    """All nodes exchange what the author wrote, by the clients alone."""
    for _ in range(2):
        for browser in (both.laptop, both.phone):
            with suppress(LogForked):
                run(browser.behind.flush())
            run(browser.here.notice())


def shown(both: Both) -> list[list[str]]:
    return [texts(node, both.schema) for node in (both.behind, both.laptop.node, both.phone.node)]


def test_noticed_at_the_first_sync_without_another_write(both: Both) -> None:
    """By the second one where the other branch holds its slots, by the first one since its node can prove it."""
    assert run(both.laptop.behind.flush()) == 2
    assert both.logs(both.laptop)[1] == 0
    with pytest.raises(LogForked, match="Log 1 is forked at entry 4") as told:
        run(both.phone.behind.flush())
    assert [each["fields"] for each in told.value.data["messages"]] == [
        {"text": "phone 1"},
        {"text": "phone 2"},
    ]
    assert (told.value.data["logId"], told.value.data["seqNum"]) == (1, 4)
    with pytest.raises(LogForked, match="laptop 2"):
        run(both.laptop.behind.flush())
    for browser in (both.laptop, both.phone):
        assert run(browser.behind.flush()) == 0, "it is told once"
        assert run(browser.behind.pending()) == 0
        assert not run(browser.here.notice()), "it is known"
        assert position_at(browser.node) == 4, "the proof went there"
        assert [each.data["seqNum"] for each in run(browser.here.forks())] == [4]
    assert shown(both) == [["and this", "before, changed"]] * 3


def test_what_is_written_then_goes_into_a_new_log_and_is_shown_everywhere(both: Both) -> None:
    meet(both)
    before = [texts_of(each.store, "entry/") for each in (both.laptop, both.phone)]
    for browser, what in ((both.laptop, "laptop 3"), (both.phone, "phone 3")):
        write(browser, both.schema, what)
        run(browser.behind.flush())
    for browser in (both.laptop, both.phone):
        both.catch_up(browser)
    assert shown(both) == [["and this", "before, changed", "laptop 3", "phone 3"]] * 3
    for browser, entries in zip((both.laptop, both.phone), before, strict=True):
        more = {key.split("/")[2] for key in texts_of(browser.store, "entry/").keys() - entries}
        assert more == {f"{3:010}"}, "no more of the log that is forked"
        own = run(browser.here.own(both.schema))
        assert not {"laptop 1", "phone 1"} & {str(each["text"].value) for each in own.values()}


def test_what_was_written_before_can_be_deleted_and_not_changed(both: Both) -> None:
    """A delete counts on each branch, at every node. A change would count on none, so it is not signed."""
    meet(both)
    for browser in (both.laptop, both.phone):
        entries = texts_of(browser.store, "entry/")
        with pytest.raises(LogForked, match="Nothing was signed"):
            run(browser.here.update(both.schema, both.old, {"text": "after"}))
        assert texts_of(browser.store, "entry/") == entries
    assert run(both.laptop.here.delete(both.schema, both.old)).acknowledged
    (other,) = [each for each in run(both.phone.here.query(both.schema)) if each["text"] == "and this"]
    assert run(both.phone.here.delete(both.schema, other.id)).error is None
    for browser in (both.laptop, both.phone):
        run(browser.behind.flush())
        assert run(browser.behind.pending()) == 0
    assert texts(both.behind, both.schema) == []
    for browser in (both.laptop, both.phone):
        both.catch_up(browser)
    assert shown(both) == [[], [], []]


@pytest.mark.parametrize("of_all", [True, False], ids=["by-the-node-of-all", "by-a-peer"])
def test_the_other_branch_comes_to_the_node_of_this_browser(both: Both, of_all: bool) -> None:
    """By whatever way, and before anything is sent: nothing is published into that log any more."""
    if of_all:
        run(both.laptop.behind.flush())
        both.catch_up(both.phone)
    else:
        run(alike(both.phone.node, both.laptop.node))
    assert run(both.phone.here.notice())
    assert "phone 2" in str(run(both.phone.here.forks())[0])
    write(both.phone, both.schema, "phone 3")
    with suppress(LogForked):
        run(both.phone.behind.flush())
    assert "phone 3" in texts(both.behind, both.schema)
    run(both.phone.behind.flush())
    assert position_at(both.behind) == 4, "the proof goes with the branch"


def test_what_was_signed_before_it_was_known_is_told_to_who_signed_it(both: Both) -> None:
    meet(both)
    fresh = Client(
        InProcess(both.behind.dispatcher()),
        both.laptop.signer,
        store=MemoryStore(),
        verifier=CryptographyVerifier(),
        name="elsewhere",
    )
    run(fresh.create(both.schema, {"text": "by a third copy"}))
    assert texts(both.behind, both.schema) == ["and this", "before, changed", "by a third copy"]


def test_a_log_for_which_there_is_no_other(both: Both) -> None:
    """Definitions: what would count nowhere is not signed, and the rest goes on."""
    room, hall, stage = (
        Schema(name, "A place", (FieldDefinition("name", "varchar"),)) for name in ("room", "hall", "stage")
    )
    yard = run(both.phone.here.define(replace(room, name="yard")))
    meet(both)
    both.catch_up(both.laptop)
    for browser, schema in zip((both.laptop, both.phone), (room, hall), strict=True):
        run(browser.here.key_made())  # as it would be without a copy
        browser.network.is_there = False
        run(browser.here.define(schema))
        browser.network.is_there = True
    meet(both)
    for browser in (both.laptop, both.phone):
        assert both.logs(browser)[0] == 3
        with pytest.raises(LogForked, match="Go on with a new key"):
            run(browser.here.define(stage))
    write(both.laptop, both.schema, "laptop 3")
    assert run(both.laptop.here.schema_named("yard")).id == yard.id


def test_of_a_log_that_forks_again_on_the_branch_that_is_followed_the_first_place_counts() -> None:
    (voter,) = voters(1)
    node, store, other, later = (
        Peered(trust=trusting(voter)),
        MemoryStore(),
        Author(1),
        [Author(1), Author(1)],
    )
    panda = client(node, store)
    mine = [bytes.fromhex(run(panda.create(SCHEMA, {"n": n})).entry_hash) for n in range(3)]
    for author, upto in ((other, 1), (later[0], 3), (later[1], 3)):
        for each in mine[:upto]:
            author.head = author.head.advance(each)
    vote = Vote(other.signer.author, 1, 2, mine[1]).message()
    node.bring(Made(*other.create(n=9)), Made(*voter.write(vote)))
    node.bring(*(Made(*each.create(n=n)) for n, each in enumerate(later)))
    places = [(each.fork.position, each.followed is not None) for each in run(panda.forked(other.hex, 1))]
    assert places == [(2, True), (4, False)]
    with suppress(LogForked):
        run(panda.flush())
    assert [each.data["seqNum"] for each in run(panda.forks())] == [2]
