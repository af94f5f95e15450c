"""`panda_reconcile`, and waiting for what changes: what a node says of where its logs end."""

import asyncio
from typing import Any

import pytest

from panda_web.negentropy import NOTHING, Ids, Reconciling
from panda_web.node.answer import reconciled
from panda_web.rpc.connection import Connection
from panda_web.rpc.errors import ErrorFromNode
from panda_web.rpc.heads import MAX_RECONCILE, LogHead
from panda_web.rpc.methods import GET_LOGS, PUBLISH_ENTRY, PUBLISH_ITEMS, RECONCILE
from panda_web.rpc.within import in_process
from tests.authors import OTHER_SCHEMA, SCHEMA, Author
from tests.node.test_publish import Harness


def lacking(node: Harness, ours: set[bytes] | None = None, **more: Any) -> set[LogHead]:
    """The logs that somebody lacks who holds these ids."""
    reconciling = Reconciling(Ids(ours or ()))
    message: bytes | None = reconciling.begin()
    while message is not None:
        message = reconciling.go_on(node.call(RECONCILE, message=message.hex(), **more).message)
    ids = [each.hex() for each in reconciling.need]
    return set(node.call(RECONCILE, message=NOTHING.hex(), lacking=ids, **more).heads)


def test_it_says_where_logs_end_as_they_are_listed() -> None:
    node = Harness()
    assert lacking(node) == set()
    for number in range(1, 50):
        author = Author(number)
        node.publish(*author.create())
        if number % 3 == 0:
            node.publish(*author.create())
    listed = set(node.call(GET_LOGS, limit=1000).logs)
    assert lacking(node) == listed
    node.publish(*author.create())
    assert lacking(node, {each.id for each in listed}) == {
        each for each in node.call(GET_LOGS, limit=1000).logs if each.author == author.signer.author
    }


def test_many_changes_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reconciled, "MOST_CHANGED", 3)
    node = Harness()
    for number in range(1, 20):
        node.publish(*Author(number).create())
        if number % 6 == 0:
            assert lacking(node) == set(node.call(GET_LOGS, limit=1000).logs)


def test_only_some_authors_and_schemas() -> None:
    node = Harness()
    one, other = Author(1), Author(2)
    node.publish(*one.create())
    node.publish(*other.create(OTHER_SCHEMA))
    assert {each.author for each in lacking(node, authors=[one.hex])} == {one.signer.author}
    assert {each.author for each in lacking(node, schemas=[OTHER_SCHEMA])} == {other.signer.author}
    assert lacking(node, schemas=[OTHER_SCHEMA], authors=[one.hex]) == set()


def test_what_nobody_has_is_left_out() -> None:
    node = Harness()
    node.publish(*Author(1).create())
    assert node.call(RECONCILE, message=NOTHING.hex(), lacking=["ab" * 32, "cd"]).heads == []


@pytest.mark.parametrize(
    ("message", "reason"), [("50", "reconcile-malformed"), ("61" * (MAX_RECONCILE + 1), "invalid-params")]
)
def test_what_is_refused(message: str, reason: str) -> None:
    node = Harness()
    with pytest.raises(ErrorFromNode) as refused:
        node.call(RECONCILE, message=message)
    assert refused.value.reason == reason or refused.value.node_code == -32602


def test_of_several_in_a_slot_the_least_is_told_whatever_came_first() -> None:
    """So two nodes that hold the same say the same."""
    entries = [Author(1).create(n=n) for n in (1, 2)]
    found = []
    for order in (entries, entries[::-1]):
        node = Harness()
        items = [
            {"entryBytes": signed.encoded.hex(), "payloadBytes": payload.hex()} for signed, payload in order
        ]
        node.call(PUBLISH_ITEMS, items=items)
        found.append((node.call(GET_LOGS).logs, lacking(node)))
    assert found[0] == found[1]
    assert found[0][0][0].entry_hash == min(signed.hash.hex() for signed, _ in entries)


def test_over_a_session_it_is_waited_for_what_changes() -> None:
    async def work() -> None:
        node = Harness()
        way = in_process(node.node.dispatcher())
        session = Connection(way)
        cursor = (await session.call(GET_LOGS)).cursor
        waiting = asyncio.create_task(session.call(GET_LOGS, since=cursor, wait=30))
        for_others = asyncio.create_task(session.call(GET_LOGS, since=cursor, wait=1, schemas=[OTHER_SCHEMA]))
        await asyncio.sleep(0.05)
        assert not waiting.done()
        signed, payload = Author(1).create(SCHEMA)
        await session.call(PUBLISH_ENTRY, entryEncoded=signed.encoded.hex(), messageEncoded=payload.hex())
        assert [each.seq_num for each in (await waiting).logs] == [1]
        nothing = await for_others
        assert nothing.logs == []
        assert (await session.call(GET_LOGS, since=nothing.cursor)).logs == []
        await way.close()

    asyncio.run(work())


def test_elsewhere_it_is_answered_at_once() -> None:
    node = Harness()
    cursor = node.call(GET_LOGS).cursor
    assert node.call(GET_LOGS, since=cursor, wait=30).logs == []
