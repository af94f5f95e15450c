"""What a node says about the next entry: whatever it is, other nodes take what was signed on the strength of it."""

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from panda_web.bamboo import digest
from panda_web.client.arguments import MAX_GAP
from panda_web.client.errors import LogNotProven, NodeContradictsItself
from panda_web.client.log_state import LogState
from panda_web.client.own_logs import MAX_LOG_ID, OwnLogs
from panda_web.client.store import MemoryStore
from panda_web.errors import PandaError
from panda_web.messages import SYSTEM_LOGS
from panda_web.messages.schema import FieldDefinition, Schema
from tests.authors import OTHER_SCHEMA, SCHEMA, Author
from tests.client.kept import texts_of
from tests.client.test_publishing import Patched, client, numbers, run
from tests.examples import examples
from tests.node.test_publish import Harness

AUTHOR = Author(1).signer.author
THIRD = digest(b"a third schema").hex()
LATER = digest(b"a later schema").hex()
HASHES = st.sampled_from([digest(b"invented").hex(), digest(b"invented too").hex()])
LOG_IDS = st.sampled_from(
    [0, 1, 2, 3, 4, 5, 7, MAX_GAP - 1, MAX_GAP + 1, MAX_GAP + 9, MAX_LOG_ID, MAX_LOG_ID + 2, 2**31 - 1]
)


def said(
    log_id: int, seq_num: int, backlink: str | None = None, skiplink: str | None = None
) -> dict[str, Any]:
    """As it goes over the wire."""
    return {
        "logId": log_id,
        "seqNum": seq_num,
        "entryHashBacklink": backlink,
        "entryHashSkiplink": skiplink,
    }


ARGUMENTS = st.builds(said, LOG_IDS, st.just(1)) | st.builds(
    said, LOG_IDS, st.sampled_from([1, 2, 4, 5, 13, 2**31 - 1]), st.none() | HASHES, st.none() | HASHES
)
LIES = st.lists(ARGUMENTS, min_size=6, max_size=8)
"""What the node says when it is asked for the next entry, one time after the other; then it says the truth."""


class Liar(Patched):
    """A node that takes entries as it should, and lies about what comes next."""

    def __init__(self, node: Harness, lies: list[dict[str, Any]], *, hides: bool = False) -> None:
        super().__init__(node)
        self._lies = list(lies)
        self._hides = hides

    def answer(self, method: str, result: Any) -> Any:
        if method == "panda_getEntryArguments" and self._lies:
            return self._lies.pop(0)
        if method == "panda_getItems" and self._hides:
            return {"items": [], "next": None}
        return result


def twin(node: Harness) -> Harness:
    """Another node that holds the same."""
    copy = Harness()
    node.store.sqlite.backup(copy.store.sqlite)
    return copy


@examples(3)
@given(lies=LIES, made=st.booleans(), known=st.booleans(), refused=st.booleans(), hides=st.booleans())
def test_no_lie_leads_to_what_an_honest_node_refuses(
    lies: list[dict[str, Any]], made: bool, known: bool, refused: bool, hides: bool
) -> None:
    node, store = Harness(), MemoryStore()
    if made:
        run(client(node, store).key_made())
    old = run(client(node, store).create_many(SCHEMA, [{"n": n} for n in range(4)]))[0].id if known else None
    liar = Liar(twin(node), lies, hides=hides)
    own = OwnLogs(store, AUTHOR)
    if known and refused:  # so that another log is asked for
        state = run(own.get(1))
        assert state is not None
        run(own.begin(LogState(**{**_fields(state), "forked": 4})))
    kept = 0
    for schema in (SCHEMA, OTHER_SCHEMA, SYSTEM_LOGS[4], SCHEMA, THIRD):
        with suppress(PandaError):
            run(client(liar, store, name="liar").create(schema, {"n": 9}))
            kept += 1
    if old is not None:
        with suppress(PandaError):
            run(client(liar, store, name="liar").update(SCHEMA, old, {"n": 8}))
            kept += 1
    for log in run(own.logs()):
        assert log.log_id <= 8 * MAX_GAP
        assert (log.schema == SYSTEM_LOGS[4]) == (log.log_id % 2 == 0)

    run(client(node, store).flush())
    assert run(client(node, store).pending()) == 0
    for schema in (SCHEMA, LATER):
        assert run(client(node, store).create(schema, {"n": 10})).acknowledged
    schemas = (SCHEMA, OTHER_SCHEMA, THIRD, LATER, SYSTEM_LOGS[4])
    shown = [n for schema in schemas for n in numbers(node, schema)]
    assert len([n for n in shown if n in (8, 9)]) == kept
    assert shown.count(10) == 2


def _fields(state: LogState) -> dict[str, Any]:
    return {name: getattr(state, name) for name in LogState.__slots__}


def test_a_log_is_taken_over_as_far_as_it_is_shown(node: Harness) -> None:
    """That it holds four entries is no entry."""
    lie = said(1, 5, digest(b"invented").hex())
    store = MemoryStore()
    for schema in (SCHEMA, OTHER_SCHEMA):
        with pytest.raises(LogNotProven):
            run(client(Liar(node, [lie]), store).create(schema, {"n": 1}))
    assert texts_of(store) == {}
    assert run(client(node, store).create(SCHEMA, {"n": 1})).acknowledged


def test_a_log_of_another_schema_is_not_taken_over(node: Harness) -> None:
    """Every entry of it is shown, and signed; only a message says what it is for."""
    run(client(node).create(OTHER_SCHEMA, {"n": 1}))
    kept = run(client(node).create_many(SCHEMA, [{"n": n} for n in range(5)]))
    lie = run(node.node.get_entry_arguments(AUTHOR, SCHEMA))
    store = MemoryStore()
    with pytest.raises(NodeContradictsItself, match="no message of it"):
        run(client(Liar(node, [lie]), store).create(THIRD, {"n": 1}))
    for written in kept:
        run(client(node).delete(SCHEMA, written.id))
    assert run(client(node, store).create(SCHEMA, {"n": 6})).acknowledged, "a delete says it too"


@pytest.mark.parametrize("seq_num", [1, 2])
def test_the_second_answer_is_checked_as_the_first(node: Harness, seq_num: int) -> None:
    """A user's message was signed into a system log, and numbers were used up that way."""
    store = MemoryStore()
    run(client(node, store).create(SCHEMA, {"n": 1}))
    for log_id in (4, 2**31 - 1, MAX_GAP + 99):
        link = digest(b"invented").hex() if seq_num == 2 else None
        lies = [said(1, 1), said(log_id, seq_num, link)]
        with pytest.raises(NodeContradictsItself):
            run(client(Liar(node, lies), store).create(OTHER_SCHEMA, {"n": 1}))
    assert run(client(node, store).create(OTHER_SCHEMA, {"n": 1})).acknowledged
    assert sorted(log.log_id for log in run(OwnLogs(store, AUTHOR).logs())) == [1, 3]


def test_numbers_that_were_used_up_by_an_earlier_version_lock_nobody_out(node: Harness) -> None:
    store = MemoryStore()
    run(client(node, store).create(SCHEMA, {"n": 1}))
    own = OwnLogs(store, AUTHOR)
    for log_id in (2**31 - 1, MAX_LOG_ID):
        run(own.begin(LogState(log_id, digest(str(log_id).encode()).hex())))
    for schema in (OTHER_SCHEMA, THIRD):
        assert run(client(node, store).create(schema, {"n": 1})).acknowledged
    assert [log.log_id for log in run(own.logs())] == [1, 3, 5, MAX_LOG_ID, 2**31 - 1]


def test_definitions_go_into_their_log_whatever_is_said(node: Harness) -> None:
    room = Schema("room", "Where talks are held", (FieldDefinition("name", "varchar"),))
    for log_id in (1, 2, 4):
        with pytest.raises(NodeContradictsItself):
            run(client(Liar(node, [said(log_id, 1)]), MemoryStore()).define(room))


@pytest.fixture
def node() -> Harness:
    return Harness()
