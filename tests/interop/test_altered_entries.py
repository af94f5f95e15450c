"""Altered copies of signed entries, which an early node takes from anybody: no log is gone on with on one.

All go through `panda_publishEntry`, as a stranger would send them.
"""

from collections.abc import Callable

import pytest

from panda_web.bamboo import Head, digest
from panda_web.client.errors import LogNotProven, SlotBlocked
from panda_web.client.store import MemoryStore
from panda_web.rpc import jsonrpc
from tests.authors import OTHER_SCHEMA, SCHEMA, Author
from tests.client.kept import texts_of
from tests.client.test_publishing import client as other_client
from tests.interop.aquadoggo import Aquadoggo
from tests.interop.served import InProcessAquadoggo
from tests.interop.test_early_node import LossyWire, client, run
from tests.node.test_publish import Harness

ALTERATIONS = {
    "trailing": lambda encoded: encoded + b"\x00",
    "tag-02": lambda encoded: b"\x02" + encoded[1:],
    "tag-ff": lambda encoded: b"\xff" + encoded[1:] + b"more",
}


@pytest.fixture(params=ALTERATIONS.values(), ids=ALTERATIONS)
def alter(request: pytest.FixtureRequest) -> Callable[[bytes], bytes]:
    return request.param  # type: ignore[no-any-return]


def take(node: Aquadoggo, encoded: bytes, payload: bytes) -> None:
    """What anybody may send there, and the node takes."""
    params = {"entryEncoded": encoded.hex(), "messageEncoded": payload.hex()}
    reply = jsonrpc.loads(node.answer(jsonrpc.dumps(jsonrpc.call("1", "panda_publishEntry", params))))
    assert reply["result"]["entryHashBacklink"] == digest(encoded).hex()


@pytest.mark.parametrize("length", [1, 2, 4, 5])
def test_a_restored_key_does_not_build_on_one(alter: Callable[[bytes], bytes], length: int) -> None:
    """Its hash stands in the node's arguments, and was signed by nobody."""
    node, author = Aquadoggo(), Author()
    for n in range(1, length + 1):
        signed, payload = author.create(n=n)
        take(node, alter(signed.encoded) if n == length else signed.encoded, payload)
    wire, store = InProcessAquadoggo(node), MemoryStore()
    with pytest.raises(LogNotProven, match="another node"):
        run(client(wire, store).create(SCHEMA, {"n": 9}))
    assert not texts_of(store, "entry/")
    assert not [body for body in wire.bodies if body["method"] == "panda_publishEntry"]


def test_a_log_that_was_built_on_one_is_not_gone_on_with(alter: Callable[[bytes], bytes]) -> None:
    """As versions before this one did."""
    node, author = Aquadoggo(), Author()
    signed, payload = author.create(n=1)
    altered = alter(signed.encoded)
    take(node, altered, payload)
    author.head = Head(1, {1: digest(altered)})
    signed, payload = author.create(n=2)
    take(node, signed.encoded, payload)
    with pytest.raises(LogNotProven):
        run(client(InProcessAquadoggo(node), MemoryStore()).create(SCHEMA, {"n": 9}))


def test_a_blocked_author_is_told_and_goes_to_another_node(alter: Callable[[bytes], bytes]) -> None:
    node, author = Aquadoggo(), Author()
    wire, store = InProcessAquadoggo(node), MemoryStore()
    run(client(wire, store).create(SCHEMA, {"n": 1}))
    author.create(n=1)
    signed, payload = author.create(n=2)
    take(node, alter(signed.encoded), payload)
    for _ in range(2):
        blocked = run(client(wire, store).create(SCHEMA, {"n": 2}))
        assert isinstance(blocked.error, SlotBlocked)
        assert "another node" in str(blocked.error)
    present = Harness()
    assert run(other_client(present, store, name="present").flush()) == 3
    assert len(run(other_client(present).query(SCHEMA).all())) == 3


def test_what_waits_behind_a_blocked_entry_is_kept_and_other_logs_go_on(
    alter: Callable[[bytes], bytes],
) -> None:
    """The first entry of a log was signed where nobody answered; a stranger has an altered copy there first."""
    node, store, author = Aquadoggo(), MemoryStore(), Author()
    wire = LossyWire(node)
    panda = client(wire, store)
    run(panda.key_made())
    wire.gone = True
    for n in range(1, 4):
        assert not run(panda.create(SCHEMA, {"n": n})).acknowledged
    wire.gone = False
    signed, payload = author.create(n=1)
    take(node, alter(signed.encoded), payload)
    with pytest.raises(SlotBlocked, match="nothing can follow"):
        run(panda.flush())
    assert isinstance(run(panda.create(SCHEMA, {"n": 3})).error, SlotBlocked)
    assert run(panda.pending()) == 4
    assert run(panda.create(OTHER_SCHEMA, {"n": 4})).acknowledged
    answer = run(client(wire, MemoryStore()).query(SCHEMA).all())
    assert (len(answer), len(answer.rejected)) == (0, 1)


def test_a_node_that_lost_an_entry_and_took_an_altered_copy_of_it(alter: Callable[[bytes], bytes]) -> None:
    node, store, author = Aquadoggo(), MemoryStore(), Author()
    run(client(node, store).create(SCHEMA, {"n": 1}))
    older = node.copy()
    run(client(node, store).create(SCHEMA, {"n": 2}))
    author.create(n=1)
    signed, payload = author.create(n=2)
    take(older, alter(signed.encoded), payload)
    blocked = run(client(older, store).create(SCHEMA, {"n": 3}))
    assert isinstance(blocked.error, SlotBlocked)
    assert "entry 3 of log 1: it holds an altered copy of entry 2" in str(blocked.error)
    assert run(client(node, store).flush()) == 1
