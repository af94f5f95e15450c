"""A node decides what is in a page, and not whether there is an end."""

import asyncio
import itertools
import json
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from panda_web import Client
from panda_web.client import answers
from panda_web.client import pages as pages_module
from panda_web.client.check import Answer, Instance, Rejected
from panda_web.client.errors import PagesEndless, ProofIncomplete
from panda_web.client.pages import MAX_BARREN, pages
from panda_web.keys.with_cryptography import CryptographySigner, CryptographyVerifier
from panda_web.messages.schema import FieldDefinition, Schema
from panda_web.rpc.transport import InProcess
from tests.authors import SCHEMA
from tests.node.test_publish import Harness

CURSORS = st.none() | st.sampled_from("abc") | st.uuids().map(str)


def instance(id: str) -> Instance:
    return Instance(id, SCHEMA, {}, "", 1, 1, 1, "", edited=False, verified=True, complete=True, cursor=None)


def answer(ids: list[str], rejected: int, after: str | None) -> Answer:
    bad = tuple(Rejected("", ProofIncomplete("")) for _ in range(rejected))
    return Answer(tuple(map(instance, ids)), bad, after)


ANSWERS = st.builds(
    answer, st.lists(st.sampled_from("0123456789"), max_size=3, unique=True), st.integers(0, 2), CURSORS
)


@given(given_pages=st.lists(ANSWERS, min_size=1, max_size=8), most=st.integers(1, 60))
def test_whatever_a_node_gives_it_ends_and_nothing_comes_twice(given_pages: list[Answer], most: int) -> None:
    """The pages come round and round; each way that they could go on for ever is an end."""
    asked = 0

    async def query(_: str | None) -> Answer:
        nonlocal asked
        asked += 1
        return given_pages[asked % len(given_pages)]

    async def work() -> list[str]:
        return [each.id async for page in pages(query) for each in page]

    with mock.patch.object(pages_module, "MAX_PAGES", most):
        try:
            found = asyncio.run(work())
        except PagesEndless:
            assert asked == most or asked > MAX_BARREN
        else:
            assert len(found) == len(set(found))
    assert asked <= most
    assert asked <= 10 + MAX_BARREN + 1  # ten instances there are, and pages without a new one are counted


def test_new_instances_for_ever_end_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages_module, "MAX_PAGES", 30)
    numbers = itertools.count()

    async def query(_: str | None) -> Answer:
        number = next(numbers)
        return answer([str(number)], 0, str(number))

    found: list[str] = []

    async def work() -> None:
        async for page in pages(query):
            found.extend(each.id for each in page)

    with pytest.raises(PagesEndless, match="30 pages"):
        asyncio.run(work())
    assert found == [str(number) for number in range(30)]


class Endless(InProcess):
    """A node that answers each query with something that is no instance, and always has a page more."""

    asked = 0

    async def send(self, body: bytes) -> bytes:
        request = json.loads(body)
        if request["method"] != "panda_query":
            return await super().send(body)
        self.asked += 1
        item = {"id": SCHEMA, "_meta": {"cursor": f"page {self.asked}"}, "_entries": []}
        return json.dumps({"jsonrpc": "2.0", "id": request["id"], "result": [item]}).encode()


@pytest.fixture
def endless() -> Endless:
    return Endless(Harness().node.dispatcher())


def test_reading_at_a_node_without_end_ends(endless: Endless) -> None:
    async def work() -> None:
        async with Client(endless, verifier=CryptographyVerifier()) as panda:
            with pytest.raises(PagesEndless):
                await panda.query(SCHEMA).all()

    asyncio.run(work())
    assert endless.asked == MAX_BARREN + 1


def test_defining_at_a_node_without_end_ends(endless: Endless) -> None:
    """Nothing is signed: the node might hold what another copy of the key has defined."""
    schema = Schema("talk", "", (FieldDefinition("title", "text"),))

    async def work() -> int:
        signer = CryptographySigner(bytes(32))
        async with Client(endless, signer, verifier=CryptographyVerifier()) as panda:
            await panda.key_restored()
            with pytest.raises(PagesEndless):
                await panda.define(schema)
            return await panda.pending()

    assert asyncio.run(work()) == 0
    assert endless.asked == MAX_BARREN + 1


def test_a_query_is_awaited_or_iterated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "MAX_LIMIT", 4)
    node = InProcess(Harness().node.dispatcher())

    async def work() -> None:
        async with Client(node, CryptographySigner(bytes(32)), verifier=CryptographyVerifier()) as panda:
            await panda.create_many(SCHEMA, [{"n": n} for n in range(10)])
            asked = panda.query(SCHEMA, order_by=["n"])
            assert "await" in repr(asked), "who forgets it in a console is told"
            assert len(await asked.all()) == 10
            for _ in range(2):  # each time anew
                assert [each["n"] async for each in asked] == list(range(10))
            assert [len(page) async for page in asked.pages()] == [4, 4, 2, 0]
            assert asked.rejected == []
            assert [each["n"] for each in await asked] == list(range(10))
            some = panda.query(SCHEMA, order_by=["-n"], limit=6)
            assert [each["n"] async for each in some] == [9, 8, 7, 6, 5, 4]
            assert [each["n"] for each in await asyncio.create_task(some)] == [9, 8, 7, 6, 5, 4]
            behind = (await panda.query(SCHEMA, order_by=["n"], limit=7)).after
            assert [each["n"] async for each in panda.query(SCHEMA, order_by=["n"], after=behind)] == [
                7,
                8,
                9,
            ]

    asyncio.run(work())


def test_what_is_not_sound_is_told_beside_what_is_iterated(endless: Endless) -> None:
    async def work() -> None:
        asked = Client(endless, verifier=CryptographyVerifier()).query(SCHEMA)
        with pytest.raises(PagesEndless):
            assert [each async for each in asked] == []
        assert len(asked.rejected) == MAX_BARREN + 1

    asyncio.run(work())
