"""What a node takes in, and what it refuses: each refusal with its reason, nothing stored, the node answering."""

import asyncio
import sqlite3
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from panda_web import log, messages
from panda_web.bamboo import Head, digest
from panda_web.errors import StoreFailed
from panda_web.keys.with_cryptography import CryptographyVerifier
from panda_web.messages import SYSTEM_LOGS, Field, infer_all
from panda_web.messages.schema import FieldDefinition, Schema, write_definition
from panda_web.node import Node
from panda_web.node.forks.trusting import NOBODY, Trust
from panda_web.node.ingest import Limits
from panda_web.node.store import database
from panda_web.rpc.connection import Connection
from panda_web.rpc.errors import ErrorFromNode
from panda_web.rpc.methods import GET_ENTRY_ARGUMENTS, PUBLISH_ENTRY, QUERY_ENTRIES, Published
from panda_web.rpc.transport import InProcess
from tests.authors import OTHER_SCHEMA, SCHEMA, Author
from tests.sqlite import Store


class Harness:
    """A node in this process."""

    def __init__(
        self,
        path: Path | None = None,
        clock: Callable[[], float] = time.time,
        trust: Trust | None = NOBODY,
        **limits: int,
    ) -> None:
        self.store = Store(path, clock=clock)
        self.node = Node(
            self.store, CryptographyVerifier(), version="0", limits=Limits(**limits), trust=trust
        )
        self.connection = Connection(InProcess(self.node.dispatcher()))

    def call(self, method: Any, **params: Any) -> Any:
        return asyncio.run(self.connection.call(method, **params))

    def publish(self, entry: log.SignedEntry | bytes, payload: bytes) -> Published:
        encoded = entry if isinstance(entry, bytes) else entry.encoded
        found = self.call(PUBLISH_ENTRY, entryEncoded=encoded.hex(), messageEncoded=payload.hex())
        assert isinstance(found, Published)
        return found

    def refuses(self, entry: log.SignedEntry | bytes, payload: bytes, reason: str) -> None:
        """The entry is refused for this reason, and nothing changed."""
        before = self.dump()
        with pytest.raises(ErrorFromNode) as refused:
            self.publish(entry, payload)
        assert refused.value.reason == reason
        assert len(str(refused.value)) > 20
        assert self.dump() == before

    def dump(self) -> list[str]:
        """Everything that is stored."""
        return list(self.store.sqlite.iterdump())


@pytest.fixture
def node() -> Harness:
    return Harness()


def test_a_log_of_100_entries(node: Harness) -> None:
    author = Author()
    for number in range(1, 101):
        signed, payload = author.create(n=number)
        published = node.publish(signed, payload)
        assert published.entry_hash == signed.hash.hex()
        following = author.head.append(author.signer.author, 1, b"")
        assert published.next.seq_num == number + 1 == following.seq_num
        assert published.next.backlink == signed.hash.hex()
        assert published.next.skiplink == (following.skiplink.hex() if following.skiplink else None)


def test_publishing_again_succeeds_whenever(node: Harness) -> None:
    author = Author()
    first, payload = author.create()
    node.publish(first, payload)
    before = node.dump()
    assert node.publish(first, payload).next.seq_num == 2
    assert node.dump() == before
    node.publish(*author.delete(first.hash))
    before = node.dump()
    assert node.publish(first, payload).next.seq_num == 3
    assert node.dump() == before, "a deleted payload does not come back"


def test_a_taken_seq_num_is_refused_and_forgotten(node: Harness) -> None:
    author, double = Author(), Author()
    held, payload = author.create(n=1)
    node.publish(held, payload)
    other = double.create(n=2)
    node.refuses(*other, "seq-num-taken")
    with pytest.raises(ErrorFromNode) as refused:
        node.publish(*other)
    assert refused.value.data["node"]["entryBytes"] == held.encoded.hex(), "the proof comes with it"
    node.publish(*author.create(n=3))


def test_a_skipped_seq_num(node: Harness) -> None:
    author = Author()
    first, second, third = author.write_many([messages.create(SCHEMA, infer_all({"n": n})) for n in range(3)])
    node.refuses(*second, "backlink-missing")
    node.publish(*first)
    node.refuses(*third, "backlink-missing")
    node.publish(*second)
    node.publish(*third)


def test_wrong_links(node: Harness) -> None:
    author = Author()
    made = author.write_many([messages.create(SCHEMA, infer_all({"n": n})) for n in range(3)])
    for one in made:
        node.publish(*one)
    payload = made[0][1]
    good = author.head.append(author.signer.author, 1, payload)
    node.refuses(author.sign(replace(good, backlink=digest(b"else"))), payload, "backlink-mismatch")
    node.refuses(author.sign(replace(good, skiplink=digest(b"else"))), payload, "skiplink-mismatch")
    node.publish(author.sign(good), payload)


def test_after_the_end_of_a_log(node: Harness) -> None:
    author = Author()
    payload = messages.create(SCHEMA, infer_all({"n": 1})).encode()
    last = author.sign(Head().append(author.signer.author, 1, payload, end_of_log=True))
    node.publish(last, payload)
    author.head = Head().advance(digest(last))
    node.refuses(*author.create(), "after-end-of-log")


def test_payloads_that_are_not_the_announced_ones(node: Harness) -> None:
    author = Author()
    signed, payload = author.create()
    node.refuses(signed, payload + b"\x00", "payload-hash-mismatch")
    node.refuses(signed, b"", "payload-hash-mismatch")
    wrong = author.sign(replace(Head().append(author.signer.author, 1, payload), payload_size=1))
    node.refuses(wrong, payload, "payload-size-mismatch")
    node.publish(signed, payload)


def test_a_log_keeps_its_schema(node: Harness) -> None:
    author = Author()
    node.publish(*author.create())
    node.refuses(*author.create(OTHER_SCHEMA), "log-schema-mismatch")


def test_a_schema_may_have_several_logs_and_gaps_between_log_ids(node: Harness) -> None:
    for log_id in (1, 7, 3):
        node.publish(*Author(log_id=log_id).create())
    assert node.call(GET_ENTRY_ARGUMENTS, author=Author().hex, schema=SCHEMA).log_id == 1
    assert node.call(GET_ENTRY_ARGUMENTS, author=Author().hex, schema=OTHER_SCHEMA).log_id == 5


def test_an_ended_log_is_not_offered(node: Harness) -> None:
    author = Author()
    payload = messages.create(SCHEMA, infer_all({"n": 1})).encode()
    node.publish(author.sign(Head().append(author.signer.author, 1, payload, end_of_log=True)), payload)
    offered = node.call(GET_ENTRY_ARGUMENTS, author=author.hex, schema=SCHEMA)
    assert (offered.log_id, offered.seq_num) == (3, 1)


def test_a_log_id_at_the_end_of_the_range_leaves_the_others(node: Harness) -> None:
    node.publish(*Author(log_id=2**31 - 1).create())
    assert node.call(GET_ENTRY_ARGUMENTS, author=Author().hex, schema=OTHER_SCHEMA).log_id == 1
    node.publish(*Author(log_id=1).create(OTHER_SCHEMA))
    assert node.call(GET_ENTRY_ARGUMENTS, author=Author().hex, schema=digest(b"third").hex()).log_id == 3


def test_only_the_author_changes_an_instance_and_only_in_its_log(node: Harness) -> None:
    author, other, elsewhere = Author(1), Author(2), Author(1, log_id=3)
    created, payload = author.create()
    node.publish(created, payload)
    node.refuses(*other.update(created.hash, n=2), "instance-unknown")
    node.publish(*Author(2).create())
    node.publish(*elsewhere.create())
    node.refuses(*elsewhere.update(created.hash, n=2), "instance-unknown")
    node.refuses(*elsewhere.__class__(2).update(created.hash, n=2), "seq-num-taken")


def test_an_update_of_nothing(node: Harness) -> None:
    author = Author()
    node.refuses(*author.update(digest(b"nothing"), n=1), "instance-unknown")


def test_an_id_is_a_create_not_an_update(node: Harness) -> None:
    author = Author()
    created = author.create()
    node.publish(*created)
    updated = author.update(created[0].hash, n=2)
    node.publish(*updated)
    node.refuses(*author.update(updated[0].hash, n=3), "instance-unknown")


def test_nothing_follows_a_delete(node: Harness) -> None:
    author = Author()
    created = author.create()
    node.publish(*created)
    node.publish(*author.delete(created[0].hash))
    head = author.head
    node.refuses(*author.update(created[0].hash, n=2), "instance-deleted")
    author.head = head
    node.refuses(*author.delete(created[0].hash), "instance-deleted")
    author.head = head
    node.publish(*author.create())


def test_system_logs(node: Harness) -> None:
    definition = SYSTEM_LOGS[0]
    author = Author(log_id=0)
    venue = Schema("venue", "Where it is", (FieldDefinition("name", "text"),))
    node.publish(*author.write(write_definition(venue)))
    arguments = node.call(GET_ENTRY_ARGUMENTS, author=author.hex, schema=SYSTEM_LOGS[4])
    assert (arguments.log_id, arguments.seq_num) == (4, 1)
    node.refuses(*author.delete(digest(b"x"), definition), "system-log-create-only")
    node.refuses(*Author(log_id=1).create(definition), "system-log-mismatch")
    node.refuses(*Author(log_id=2).create(SCHEMA), "system-log-mismatch")


def test_numbers_that_the_wire_does_not_carry(node: Harness) -> None:
    node.refuses(*Author(log_id=2**31 + 1).create(), "number-too-large")
    node.publish(*Author(log_id=2**31 - 1).create())


def test_a_message_of_more_than_a_mebibyte(node: Harness) -> None:
    node.refuses(*Author().write(bytes(messages.MAX_SIZE + 1)), "payload-too-large")
    size = (
        messages.MAX_SIZE - len(messages.create(SCHEMA, {"f": Field("str", "x" * 70_000)}).encode()) + 70_000
    )
    node.publish(*Author().write(messages.create(SCHEMA, {"f": Field("str", "x" * size)})))


def test_entry_arguments_store_nothing(node: Harness) -> None:
    before = node.dump()
    for schema in (SCHEMA, OTHER_SCHEMA):
        arguments = node.call(GET_ENTRY_ARGUMENTS, author=Author().hex, schema=schema)
        assert (arguments.log_id, arguments.seq_num) == (1, 1)
    assert node.dump() == before


def test_a_database_that_does_not_obey(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    node = Harness(tmp_path / "node.db")
    author = Author()
    node.publish(*author.create())
    held = author.create()
    monkeypatch.setattr(database, "PATIENCE", 1)
    other = sqlite3.connect(tmp_path / "node.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(ErrorFromNode) as refused:
        node.publish(*held)
    assert refused.value.reason == "store-failed"
    assert refused.value.may_pass
    other.execute("ROLLBACK")
    other.close()
    node.publish(*held)
    node.store.close()


def test_an_error_in_reading_is_named(node: Harness) -> None:
    node.publish(*Author().create())
    node.store.sqlite.execute("ALTER TABLE log_schemas RENAME TO gone")
    with pytest.raises(ErrorFromNode) as refused:
        node.call(QUERY_ENTRIES, schema=SCHEMA)
    assert refused.value.reason == "store-failed"


def test_a_data_folder_opens_again(tmp_path: Path) -> None:
    node = Harness(tmp_path / "deep" / "node.db")
    author = Author()
    node.publish(*author.create())
    node.store.close()
    again = Harness(tmp_path / "deep" / "node.db")
    again.publish(*author.create())
    again.store.sqlite.execute("PRAGMA user_version=99")
    again.store.close()
    with pytest.raises(StoreFailed, match="newer version"):
        Store(tmp_path / "deep" / "node.db")


def test_a_database_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "node.db").write_bytes(b"noise" * 1000)
    with pytest.raises(StoreFailed):
        Store(tmp_path / "node.db")
