"""From schedule files to talks, and their import; the real programme where it is at hand."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from panda_web.client import Client
from panda_web.client.lock import ProcessLock
from panda_web.client.store import MemoryStore
from panda_web.keys.with_cryptography import CryptographySigner, CryptographyVerifier
from panda_web.rpc.transport import InProcess
from panda_web.schedule import TALK_SCHEMA, NotASchedule, import_talks, read_schedule
from tests.node.test_publish import Harness
from tests.schedules import SMALL, small_talks

CAMP = Path(__file__).resolve().parent.parent.parent / "shared" / "data" / "camp2019-schedule.json"


def lists(talks: list[Any]) -> list[dict[str, Any]]:
    return [{name: list(v) if isinstance(v, tuple) else v for name, v in talk.items()} for talk in talks]


def by_guid(talks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(talks, key=lambda talk: talk["guid"])


def test_mapping() -> None:
    read = read_schedule(json.dumps(SMALL()).encode())
    assert by_guid(lists(read)) == by_guid(small_talks())


def test_a_byte_order_mark_and_double_events() -> None:
    assert len(read_schedule(b"\xef\xbb\xbf" + json.dumps(SMALL(3)).encode())) == 3
    schedule = SMALL(3)
    rooms = schedule["schedule"]["conference"]["days"][0]["rooms"]
    rooms["Main hall"] += rooms["Main hall"]
    assert len(read_schedule(json.dumps(schedule).encode())) == 3


@pytest.mark.parametrize(
    "content",
    [
        b"", b"{", b"[]", b"null", b"7", b'"text"', b"\x89PNG\r\n\x1a\n", b"\xff\xfe", b"[" * 100_000, b"{}",
        b'{"schedule": 1}', b'{"schedule": {"conference": {"days": []}}}', b'{"schedule": {"conference": {"days": 7}}}',
        b'{"schedule": {"conference": {"days": [{"rooms": []}]}}}',
        b'{"schedule": {"conference": {"days": [{"rooms": {"a": [1]}}]}}}',
        b'{"schedule": {"conference": {"days": [{"rooms": {"a": [{"title": "no guid"}]}}]}}}',
        b'{"schedule": {"conference": {"days": [{"rooms": {"a": [{"guid": 7}]}}]}}}',
        b'{"schedule": {"conference": {"days": [{"rooms": {"a": [{"guid": "g", "title": []}]}}]}}}',
        b'{"schedule": {"conference": {"days": [{"rooms": {"a": [{"guid": "\\ud800"}]}}]}}}',
        b'{"schedule": {"conference": {"days": [{"rooms": {"a": [{"guid": "g", "persons": [1]}]}}]}}}',
        b'{"schedule": {"conference": {"days": [{"rooms": {"a": [{"guid": "g", "persons": [{"public_name": 1}]}]}}]}}}',
        b"1" * 10_000,
    ],
)  # fmt: skip
def test_what_is_no_schedule(content: bytes) -> None:
    with pytest.raises(NotASchedule) as refused:
        read_schedule(content)
    assert len(str(refused.value)) > 20


NAMES = st.sampled_from(
    ["schedule", "conference", "days", "rooms", "guid", "title", "persons", "public_name", "date"]
)
JSON = st.recursive(
    st.none() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=10,
)


@given(JSON)
def test_noise_is_a_named_error(value: Any) -> None:
    for content in (value, {"schedule": {"conference": {"days": [{"rooms": {"a": [value]}}]}}}):
        try:
            talks = read_schedule(json.dumps(content).encode())
        except NotASchedule:
            continue
        assert all(isinstance(talk["guid"], str) for talk in talks)


async def imported(data: bytes, node: Harness) -> tuple[list[dict[str, Any]], list[tuple[int, int]]]:
    """What the node shows after an import, and the progress that was told."""
    panda = Client(
        InProcess(node.node.dispatcher()),
        CryptographySigner.generate(),
        store=MemoryStore(),
        verifier=CryptographyVerifier(),
    )
    told: list[tuple[int, int]] = []
    talks = read_schedule(data)
    done = await import_talks(panda, talks, lambda n, total: told.append((n, total)))
    assert (done.published, done.skipped, done.total) == (len(talks), 0, len(talks))
    again = await import_talks(panda, talks, lambda *_: None)
    assert (again.published, again.skipped) == (0, len(talks))
    answer = await panda.query_all(TALK_SCHEMA)
    assert not answer.rejected
    assert all(instance.verified for instance in answer)
    return lists([instance.values for instance in answer]), told


def test_import() -> None:
    found, told = asyncio.run(imported(json.dumps(SMALL(30)).encode(), Harness()))
    assert by_guid(found) == by_guid(small_talks(30))
    assert told[0] == (0, 30)
    assert told[-1] == (30, 30)
    assert told == sorted(told)


def test_two_tabs_import_at_once_and_an_emptied_node_gets_all() -> None:
    async def work() -> None:
        node, signer, store = Harness(), CryptographySigner.generate(), MemoryStore()
        lock = ProcessLock()

        def tab(at: Harness) -> Client:
            transport = InProcess(at.node.dispatcher())
            return Client(transport, signer, store=store, lock=lock, verifier=CryptographyVerifier())

        talks = read_schedule(json.dumps(SMALL(30)).encode())
        done = await asyncio.gather(*(import_talks(tab(node), talks, lambda *_: None) for _ in range(2)))
        assert sorted(one.published for one in done) == [0, 30]
        assert len(await tab(node).query_all(TALK_SCHEMA)) == 30
        emptied = Harness()
        assert (await import_talks(tab(emptied), talks, lambda *_: None)).published == 0
        assert len(await tab(emptied).query_all(TALK_SCHEMA)) == 30

    asyncio.run(work())


def test_a_deleted_talk_comes_back_only_when_imported_again() -> None:
    async def work() -> None:
        node = Harness()
        panda = Client(
            InProcess(node.node.dispatcher()), CryptographySigner.generate(), verifier=CryptographyVerifier()
        )
        talks = read_schedule(json.dumps(SMALL(5)).encode())
        await import_talks(panda, talks, lambda *_: None)
        first = (await panda.query(TALK_SCHEMA))[0]
        await panda.update(TALK_SCHEMA, first.id, {"title": "mine now"})
        assert (await import_talks(panda, talks, lambda *_: None)).published == 0
        await panda.delete(TALK_SCHEMA, first.id)
        assert (await import_talks(panda, talks, lambda *_: None)).published == 1

    asyncio.run(work())


@pytest.mark.skipif(not CAMP.exists(), reason=f"NOT TESTED WITH THE REAL PROGRAMME: no {CAMP}")
def test_the_real_programme() -> None:
    found, _ = asyncio.run(imported(CAMP.read_bytes(), Harness()))
    names = {"date": "start", "type": "kind"}
    wanted = [
        "guid",
        "title",
        "subtitle",
        "abstract",
        "description",
        "date",
        "duration",
        "room",
        "track",
        "type",
        "language",
        "url",
    ]
    expected = []
    for day in json.loads(CAMP.read_text("utf-8"))["schedule"]["conference"]["days"]:
        for events in day["rooms"].values():
            for event in events:
                talk = {names.get(name, name): event[name] for name in wanted if event[name]}
                if event["persons"]:
                    talk["persons"] = [person["public_name"] for person in event["persons"]]
                expected.append(talk)
    assert len(found) == 79
    assert by_guid(found) == by_guid(expected)
