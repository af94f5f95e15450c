"""The client's promises at an early node: the same crashes, lost and doubled requests, tabs and lags as elsewhere."""

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule

from panda_web.client.errors import NodeLags
from tests.client.test_stateful import TABS, Tabs
from tests.client.world import World
from tests.examples import examples
from tests.interop.aquadoggo import Aquadoggo
from tests.interop.served import InProcessAquadoggo


class EarlyDispatcher:
    """Stands where a present-day node has its dispatcher."""

    def __init__(self, node: Aquadoggo) -> None:
        self._wire = InProcessAquadoggo(node)

    async def handle(self, body: bytes) -> bytes:
        return await self._wire.send(body)


class EarlyWorld(World):
    """A world with an early node."""

    def new_node(self) -> None:
        self.restore(Aquadoggo())

    def snapshot(self) -> Any:
        return self.node.copy()

    def restore(self, copy: Any) -> None:
        self.node = copy
        self.dispatcher = EarlyDispatcher(copy)  # type: ignore[assignment]


class EarlyTabs(Tabs):
    """Two tabs at an early node."""

    world: EarlyWorld
    kind = EarlyWorld

    @rule(tab=TABS, steps=st.integers(1, 40))
    def step(self, tab: int, steps: int) -> None:
        try:
            Tabs.step(self, tab, steps)
        except NodeLags:
            self.work[tab] = (
                None  # it fell back more than once under a call, for which many requests are needed
            )

    @invariant()
    def no_connection_ends_without_an_answer(self) -> None:
        if hasattr(self, "world"):
            assert not self.world.node.ended


EarlyTabs.TestCase.settings = examples(2, stateful_step_count=40)
TestEarlyTabs = EarlyTabs.TestCase
