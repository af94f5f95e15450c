"""What a node reads for entries that follow each other: counted, not timed."""

import asyncio

from panda_web import messages
from panda_web.keys.with_cryptography import CryptographyVerifier
from panda_web.messages import infer_all
from panda_web.messages.schema import schema_from_dict, write_definition
from panda_web.node import Node
from panda_web.node.groups import MOST
from panda_web.rpc.methods import StoredEntry
from tests.authors import SCHEMA, Author
from tests.sqlite import Store

COUNT = 64
TALK = schema_from_dict({"name": "talk", "description": "", "fields": {"title": {"type": "varchar"}}})


def test_what_was_read_with_the_entry_before_is_not_read_again() -> None:
    """A log, its links, its author, and what else is said of an instance that nobody can have known of."""
    store = Store()
    node = Node(store, CryptographyVerifier(), version="0")
    ((definition, payload),) = Author(2, log_id=0).write_many([write_definition(TALK)])
    schema = definition.hash.hex()
    talks = [messages.create(schema, infer_all({"title": f"talk {number}"})) for number in range(COUNT)]
    written = [StoredEntry(signed.encoded, payload) for signed, payload in Author().write_many(talks)]
    statements: list[str] = []

    async def bring() -> int:
        await node.publish_items([StoredEntry(definition.encoded, payload)])
        await node.keep_views()
        store.sqlite.set_trace_callback(statements.append)
        await node.publish_items(written)
        store.sqlite.set_trace_callback(None)
        found = await node.query(schema, {}, [], COUNT, None, proof=False, count=True)
        await node.finish()
        return int(found["count"])

    assert asyncio.run(bring()) == COUNT
    assert len([each for each in statements if each.startswith("SELECT")]) < 3 * COUNT


def test_what_comes_in_one_call_is_committed_as_often_as_it_fills_a_transaction() -> None:
    store = Store()
    node = Node(store, CryptographyVerifier(), version="0")
    talks = [messages.create(SCHEMA, infer_all({"title": f"talk {number}"})) for number in range(COUNT)]
    written = [StoredEntry(signed.encoded, payload) for signed, payload in Author().write_many(talks)]
    statements: list[str] = []

    async def bring() -> None:
        store.sqlite.set_trace_callback(statements.append)
        await node.publish_items(written)
        await node.finish()

    asyncio.run(bring())
    assert statements.count("COMMIT") == COUNT / MOST
