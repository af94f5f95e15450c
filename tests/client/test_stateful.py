"""The client under crashes at any await, power cuts, lost and doubled requests, two tabs, a node that lags or refuses.

What must hold whatever happens:
- for no slot do two different entries ever leave the client;
- a message that is bound to its slot is kept and sent for this one alone;
- what was acknowledged is on the node in the end, and so is what was kept;
- nothing is there twice.
"""

from collections.abc import Coroutine
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from panda_web.bamboo import digest
from panda_web.client import Written
from panda_web.client.errors import InstanceNotOwn, MessageRefused, StoreConflict
from panda_web.rpc.errors import CallFailed
from tests.client.world import World, bound, run
from tests.examples import examples

SCHEMAS = [digest(name).hex() for name in (b"one", b"two")]
TABS = st.sampled_from([0, 1])
KINDS = st.lists(st.booleans(), min_size=1, max_size=5)
"""New instances: for each, whether its message is bound to its slot."""
CHANGES = st.sampled_from(["update", "bound", "delete"])


class Tabs(RuleBasedStateMachine):
    """Two tabs at work, one step at a time."""

    kind: type[World] = World

    @initialize(locks=st.booleans(), made=st.booleans(), picky=st.booleans())
    def begin(self, locks: bool, made: bool, picky: bool) -> None:
        self.world = self.kind(locks=locks)
        self.world.picky = picky
        if made:
            run(self.world.tab().key_made())
        self.tabs = [self.world.tab(), self.world.tab()]
        self.work: list[Coroutine[Any, Any, None] | None] = [None, None]
        self.serial = 0
        self.snapshots = [self.world.snapshot()]
        # (schema, id) → serial number that it must show, None once deleted
        self.written: dict[tuple[str, str], int | None] = {}
        # serial numbers of operations that may or may not have taken effect: they crashed
        self.attempted: dict[int, str] = {}
        self.unsure: set[str] = set()

    # -- operations, each a coroutine that is stepped ---------------------------------------------

    def _create(self, tab: int, schema: str, kinds: list[bool]) -> Coroutine[Any, Any, None]:
        serials = [self._next(schema) for _ in kinds]
        rows = [bound(n) if is_bound else {"n": n} for n, is_bound in zip(serials, kinds, strict=True)]

        async def work() -> None:
            done = await self.tabs[tab].create_many(schema, rows)
            for written, n in zip(done, serials, strict=True):
                self._note(schema, written, n)

        return work()

    def _change(self, tab: int, schema: str, instance: str, how: str) -> Coroutine[Any, Any, None]:
        n = self._next(schema)
        self.unsure.add(instance)

        async def work() -> None:
            if how == "delete":
                written = await self.tabs[tab].delete(schema, instance)
            else:
                fields = bound(n) if how == "bound" else {"n": n}
                written = await self.tabs[tab].update(schema, instance, fields)
            self._note(schema, written, None if how == "delete" else n)

        return work()

    def _next(self, schema: str) -> int:
        self.serial += 1
        self.attempted[self.serial] = schema
        return self.serial

    def _note(self, schema: str, written: Written, n: int | None) -> None:
        self.written[schema, written.id] = n
        self.unsure.discard(written.id)

    # -- rules ------------------------------------------------------------------------------------

    @rule(tab=TABS, schema=st.sampled_from(SCHEMAS), kinds=KINDS)
    def create(self, tab: int, schema: str, kinds: list[bool]) -> None:
        if self.work[tab] is None:
            self.work[tab] = self._create(tab, schema, kinds)

    @precondition(lambda self: self.written)
    @rule(tab=TABS, how=CHANGES, pick=st.randoms(use_true_random=False))
    def change(self, tab: int, how: str, pick: Any) -> None:
        schema, instance = pick.choice(sorted(self.written))
        if self.work[tab] is None and instance not in self.unsure:
            self.work[tab] = self._change(tab, schema, instance, how)

    @rule(tab=TABS)
    def flush(self, tab: int) -> None:
        async def work() -> None:
            await self.tabs[tab].flush()

        if self.work[tab] is None:
            self.work[tab] = work()

    @rule(tab=TABS, steps=st.integers(1, 40))
    def step(self, tab: int, steps: int) -> None:
        for _ in range(steps):
            work = self.work[tab]
            if work is None:
                return
            try:
                work.send(None)
            except StopIteration:
                self.work[tab] = None
            except (CallFailed, StoreConflict):
                self.work[tab] = None  # told to the user, who knows that it may have been kept
            except MessageRefused:
                self.work[tab] = None  # by a flush, of what was written before: it is there, and told
            except InstanceNotOwn:
                self.work[tab] = None  # deleted by the other tab in the meantime

    @rule(tab=TABS)
    def crash(self, tab: int) -> None:
        work = self.work[tab]
        if work is not None:
            work.close()
        self.work[tab] = None
        self.tabs[tab] = self.world.tab()

    @rule()
    def cut_power(self) -> None:
        for tab in (0, 1):
            self.crash(tab)
        self.world.disk.cut_power()

    @rule(faults=st.lists(st.sampled_from(["none", "lose request", "lose reply", "double"]), max_size=6))
    def weather(self, faults: list[str]) -> None:
        self.world.faults = list(faults)

    @rule()
    def remember_node(self) -> None:
        self.snapshots.append(self.world.snapshot())

    @rule(pick=st.randoms(use_true_random=False))
    def node_falls_back(self, pick: Any) -> None:
        if self.written or not self.attempted:  # not in the middle of the very first question
            self.world.restore(pick.choice(self.snapshots))
            self.snapshots = [self.world.snapshot(), *self.snapshots[:3]]

    @invariant()
    def no_slot_twice(self) -> None:
        if hasattr(self, "world"):
            assert all(len(entries) == 1 for entries in self.world.sent.values())

    def teardown(self) -> None:
        if not hasattr(self, "world"):
            return
        self.world.faults, self.world.picky = [], False
        for tab in (0, 1):
            self.crash(tab)
        # One more write in each log brings the node up to date, however far it lags.
        client = self.world.tab()
        run(client.flush())  # what was written at another node may be in another log
        for schema in set(self.attempted.values()):
            (written,) = run(client.create_many(schema, [{"n": 0}]))
            assert written.acknowledged
            self.written[schema, written.id] = 0
        assert run(client.pending()) == 0
        self.no_slot_twice()
        assert self.world.misplaced() == []
        for schema in SCHEMAS:
            shown = {instance["id"]: instance["n"] for instance in self.world.instances(schema)}
            for (about, instance), n in self.written.items():
                if about == schema and instance not in self.unsure:
                    assert shown.get(instance) == n
            assert len(set(shown.values())) == len(shown), "something is there twice"
            assert set(shown.values()) <= {0, *self.attempted}
            own = run(client.own(schema))
            assert {instance: fields["n"].value for instance, fields in own.items()} == shown


Tabs.TestCase.settings = examples(1.5, stateful_step_count=40)
TestTabs = Tabs.TestCase
