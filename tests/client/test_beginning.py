"""The first entry of a log: by two tabs at once, by a tab that stood still, with a copy of the key at work elsewhere."""

from collections.abc import Coroutine
from contextlib import suppress
from itertools import count
from typing import Any

import pytest

from panda_web.bamboo import digest
from panda_web.client import Client
from panda_web.client.own_logs import OwnLogs
from panda_web.client.store import MemoryStore
from panda_web.keys.with_cryptography import CryptographyVerifier
from tests.client.kept import texts_of
from tests.client.world import Wire, World, run

ONE, TWO = (digest(name).hex() for name in (b"one", b"two"))
FEW = 7
"""Checkpoints: a first write has more, so something happens between any two of as many."""


def step(work: Coroutine[Any, Any, Any], count: int) -> bool:
    """Lets a tab pass some checkpoints; says whether there are more."""
    try:
        for _ in range(count):
            work.send(None)
    except StopIteration:
        return False
    return True


def written(world: World, schema: str) -> list[int]:
    return sorted(instance["n"] for instance in world.instances(schema))


def copy_of(world: World) -> Client:
    """The same key in another browser."""
    return Client(
        Wire(world), world.signer, store=MemoryStore(), verifier=CryptographyVerifier(), name="node"
    )


@pytest.mark.parametrize("made", [True, False], ids=["made", "maybe-copied"])
@pytest.mark.parametrize("schemas", [(ONE, ONE), (ONE, TWO)], ids=["one-schema", "two-schemas"])
def test_two_tabs_without_locks_begin_at_once(schemas: tuple[str, str], made: bool) -> None:
    for steps in count(1):
        world = World(locks=False)
        if made:
            run(world.tab().key_made())
        slow = world.tab().create(schemas[0], {"n": 0})
        if not step(slow, steps):
            break
        run(world.tab().create(schemas[1], {"n": 1}))
        with suppress(StopIteration):
            run(slow)
        logs = [log.schema for log in run(OwnLogs(world.disk, world.signer.author).logs())]
        assert sorted(logs) == sorted({*schemas}), f"a schema has one log, after {steps}"
        assert {*written(world, ONE), *written(world, TWO)} == {0, 1}, steps
    assert steps > FEW


@pytest.mark.parametrize("crash", [True, False], ids=["crash", "pause"])
def test_copy_is_made_while_a_tab_begins(crash: bool) -> None:
    for steps in count(1):
        world = World(locks=False)
        run(world.tab().key_made())
        slow = world.tab().create(ONE, {"n": 0})
        assert step(slow, steps)
        run(world.tab().key_copied())
        if texts_of(world.disk, "entry/"):
            slow.close()
            break  # what is signed is signed: the copy must wait for it
        run(copy_of(world).create(ONE, {"n": 1}))
        if crash:
            slow.close()
            slow = world.tab().create(ONE, {"n": 0})
        run(slow)
        assert written(world, ONE) == [0, 1], steps
        assert all(len(entries) == 1 for entries in world.sent.values()), steps
    assert steps > FEW
