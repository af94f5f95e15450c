"""Calls of a batch that are begun together: answered in their places, in the order that a client may rely on."""

import asyncio
import json
from collections.abc import Sequence
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from panda_web import messages
from panda_web.keys.with_cryptography import CryptographyVerifier
from panda_web.messages import infer_all
from panda_web.node import Node
from panda_web.rpc import dispatch
from panda_web.rpc.dispatch import Dispatcher
from panda_web.rpc.methods import METHODS
from tests.authors import SCHEMA, Author
from tests.sqlite import Store


class Recorder:
    """Handlers that note when they begin and end, and take a turn in between."""

    def __init__(self) -> None:
        self.under_way: list[str] = []
        self.seen: list[tuple[str, ...]] = []
        self.begun: list[str] = []

    async def publish(self, entry_encoded: bytes, message_encoded: bytes) -> str:
        return await self._note("publish", entry_encoded.hex())

    async def query_entries(self, schema: str, everything: bool) -> str:
        return await self._note("query", schema)

    async def _note(self, kind: str, argument: str) -> str:
        self.begun.append(argument)
        self.under_way.append(kind)
        self.seen.append(tuple(self.under_way))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        self.under_way.remove(kind)
        return argument

    def ask(self, calls: Sequence[object]) -> Any:
        handlers = {"panda_publishEntry": self.publish, "panda_queryEntries": self.query_entries}
        dispatcher = Dispatcher(METHODS, handlers, together={"panda_publishEntry"})
        return json.loads(asyncio.run(dispatcher.handle(json.dumps(calls).encode())))


def call(number: int, kind: str) -> object:
    if kind == "nonsense":
        return number
    body = {"jsonrpc": "2.0", "id": number}
    if kind == "query":
        return {**body, "method": "panda_queryEntries", "params": {"schema": f"0040{number:0128x}"}}
    params = {"entryEncoded": f"{number:04x}", "messageEncoded": "00" if kind == "publish" else "no hex"}
    return {**body, "method": "panda_publishEntry", "params": params}


KINDS = st.sampled_from(["publish", "publish", "publish", "query", "wrong", "nonsense"])


@given(st.lists(KINDS, min_size=1, max_size=40))
def test_every_mixture(kinds: list[str]) -> None:
    recorder = Recorder()
    answers = recorder.ask([call(number, kind) for number, kind in enumerate(kinds)])
    assert [answer["id"] for answer in answers] == [
        None if kind == "nonsense" else number for number, kind in enumerate(kinds)
    ]
    done = [(number, kind) for number, kind in enumerate(kinds) if kind in ("publish", "query")]
    assert [int(argument[-4:], 16) for argument in recorder.begun] == [number for number, _ in done]
    for number, kind in done:
        assert int(answers[number]["result"][-4:], 16) == number, kind
    assert all(len(set(under_way)) == 1 for under_way in recorder.seen), (
        "a query sees the publishes before it"
    )
    assert all(under_way.count("query") <= 1 for under_way in recorder.seen)


def test_no_more_than_so_many(monkeypatch: Any) -> None:
    monkeypatch.setattr(dispatch, "MAX_TOGETHER", 3)
    recorder = Recorder()
    recorder.ask([call(number, "publish") for number in range(10)])
    assert max(map(len, recorder.seen)) == 3


def test_a_batch_of_a_log() -> None:
    """In one go, in order; what is read in the same batch sees what was published before it."""
    author = Author()
    store = Store()
    written = author.write_many([messages.create(SCHEMA, infer_all({"n": n})) for n in range(150)])
    calls: list[Any] = [
        {
            "jsonrpc": "2.0",
            "id": number,
            "method": "panda_publishEntry",
            "params": {"entryEncoded": signed.encoded.hex(), "messageEncoded": payload.hex()},
        }
        for number, (signed, payload) in enumerate(written)
    ]
    ask = {
        "jsonrpc": "2.0",
        "id": "q",
        "method": "panda_getEntryArguments",
        "params": {"author": author.hex, "schema": SCHEMA},
    }
    commits: list[str] = []
    store.sqlite.set_trace_callback(lambda sql: commits.append(sql) if sql == "COMMIT" else None)
    dispatcher = Node(store, CryptographyVerifier(), version="0").dispatcher()
    body = json.dumps([*calls[:40], ask, *calls[40:], ask]).encode()
    answers = json.loads(asyncio.run(dispatcher.handle(body)))
    assert [answer["result"]["seqNum"] for answer in answers] == [
        *range(2, 42),
        41,
        *range(42, 152),
        151,
    ]
    assert len(commits) <= 4
    store.close()
