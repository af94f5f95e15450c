"""The client with a third tab, at a node that lies: what it says is believed nowhere else.

What must hold whatever it says, on top of what holds without it:
- at the honest node every entry arrives, also what was written at the lying one;
- no slot is signed twice, and no log is given up.
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from panda_web.bamboo import digest
from panda_web.client import Client
from panda_web.client.errors import LogDiverged
from panda_web.client.own_logs import OwnLogs
from panda_web.errors import PandaError
from panda_web.keys.with_cryptography import CryptographyVerifier
from panda_web.node import Node, Store
from panda_web.rpc import jsonrpc
from panda_web.rpc.errors import NodeUnreachable
from panda_web.rpc.transport import InProcess
from tests.client.liar import FALSE_PROOFS, REASONS
from tests.client.test_arguments import ARGUMENTS
from tests.client.test_stateful import CHANGES, KINDS, SCHEMAS, Tabs
from tests.client.world import World, checkpoint, run
from tests.examples import examples

THERE = 2
"""The tab at the lying node."""

Answer = Callable[[dict[str, Any], Any], Any]
"""What the node makes of a request and its honest answer: another answer, or an error's data."""


def refuses(reason: str, proof: str | int) -> Answer:
    """What it shows is no proof, or one of the author's own entries, of whichever slot."""

    def lie(request: dict[str, Any], world: Any) -> Any:
        sent = request["params"].get("entryEncoded", "")
        if isinstance(proof, str):
            shown = FALSE_PROOFS[proof](sent)
        else:
            all_sent = sorted(each for entries in world.sent.values() for each in entries)
            shown = all_sent[proof % len(all_sent)].hex() if all_sent else None
        return {"error": {"code": -32000, "message": "No.", "data": {"reason": reason, "entryBytes": shown}}}

    return lie


def says(result: Any) -> Answer:
    """A result that is none."""
    return lambda *_: {"result": result}


def acknowledges(request: dict[str, Any], _: Any) -> Any:
    """What it does not hold."""
    entry = bytes.fromhex(request["params"]["entryEncoded"])
    entry_hash = digest(entry).hex()
    return {"result": {"entryHash": entry_hash, "logId": 1, "seqNum": 2, "entryHashBacklink": entry_hash}}


def is_away(*_: Any) -> Any:
    """It does not answer."""
    raise NodeUnreachable("away")


LIES = {
    "panda_publishEntry": st.builds(
        refuses,
        st.sampled_from([*REASONS, "backlink-missing", "a-word-of-tomorrow"]),
        st.sampled_from(sorted(FALSE_PROOFS)) | st.integers(0, 99),
    )
    | st.sampled_from([acknowledges, is_away]),
    "panda_getEntryArguments": ARGUMENTS.map(says) | st.just(is_away),
    "panda_getItems": st.sampled_from([says({"items": [], "next": None}), is_away]),
    "panda_query": st.sampled_from([says([]), is_away]),
}


class LyingWire:
    """Carries bodies to the node that lies."""

    def __init__(self, world: "LyingWorld") -> None:
        self._world = world

    async def send(self, body: bytes) -> bytes:
        world = self._world
        world.note_sent(body)
        await checkpoint()
        value = jsonrpc.loads(body)
        if isinstance(value, list):
            replies = [self._answer(request) for request in value]
        else:
            replies = self._answer(value)
        await checkpoint()
        return jsonrpc.dumps(replies)

    def _answer(self, request: dict[str, Any]) -> dict[str, Any]:
        world = self._world
        lies = world.lies.get(request["method"], [])
        if lies:
            return {"jsonrpc": "2.0", "id": request["id"], **lies.pop(0)(request, world)}
        body = jsonrpc.dumps(request)
        answer: dict[str, Any] = jsonrpc.loads(asyncio.run(InProcess(world.liar).send(body)))
        return answer

    async def close(self) -> None:
        pass


class LyingWorld(World):
    """Another node beside the honest one.

    Attributes:
        lies: by method, what it answers to the coming calls; then it says the truth.
    """

    def __init__(self, *, locks: bool = True) -> None:
        super().__init__(locks=locks)
        self.lies: dict[str, list[Answer]] = {}
        self.learn(Store())

    def learn(self, store: Store) -> None:
        """What it holds from now on."""
        self.liar = Node(store, CryptographyVerifier(), version="0").dispatcher()

    def tab_there(self) -> Client:
        """A tab at the lying node."""

        async def sleep(_: float) -> None:
            await checkpoint()

        return Client(
            LyingWire(self),
            self.signer,
            store=self.disk,
            verifier=CryptographyVerifier(),
            lock=self.lock,
            name="liar",
            sleep=sleep,
        )


class Lied(Tabs):
    """Two tabs at an honest node, one at a lying one."""

    kind = LyingWorld
    world: LyingWorld

    def _there(self) -> bool:
        if len(self.work) == THERE:
            self.work.append(None)
            self.tabs.append(self.world.tab_there())
        return self.work[THERE] is None

    @rule(schema=st.sampled_from(SCHEMAS), kinds=KINDS)
    def create_there(self, schema: str, kinds: list[bool]) -> None:
        if self._there():
            self.work[THERE] = self._create(THERE, schema, kinds)

    @precondition(lambda self: self.written)
    @rule(how=CHANGES, pick=st.randoms(use_true_random=False))
    def change_there(self, how: str, pick: Any) -> None:
        schema, instance = pick.choice(sorted(self.written))
        if self._there() and instance not in self.unsure:
            self.work[THERE] = self._change(THERE, schema, instance, how)

    @rule()
    def flush_there(self) -> None:
        async def work() -> None:
            await self.tabs[THERE].flush()

        if self._there():
            self.work[THERE] = work()

    @rule(steps=st.integers(1, 60))
    def step_there(self, steps: int) -> None:
        self._there()
        for _ in range(steps):
            work: Coroutine[Any, Any, None] | None = self.work[THERE]
            if work is None:
                return
            try:
                work.send(None)
            except StopIteration:
                self.work[THERE] = None
            except LogDiverged as error:
                raise AssertionError("the key is in use nowhere else") from error
            except PandaError:
                self.work[THERE] = None

    @rule(lies=st.fixed_dictionaries({}, optional={name: st.lists(lie) for name, lie in LIES.items()}))
    def lie(self, lies: dict[str, list[Answer]]) -> None:
        self.world.lies = {name: list(each) for name, each in lies.items()}

    @rule()
    def liar_learns(self) -> None:
        self.world.learn(self.world.snapshot())

    def teardown(self) -> None:
        if not hasattr(self, "world"):
            return
        if len(self.work) > THERE:
            work = self.work.pop()
            if work is not None:
                work.close()
        super().teardown()
        own = OwnLogs(self.world.disk, self.world.signer.author)
        for log in run(own.logs()):
            assert not log.given_up
            assert "node" not in log.refused


Lied.TestCase.settings = examples(1.5, stateful_step_count=50)
TestLied = Lied.TestCase
