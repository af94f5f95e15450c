"""What a session makes of whatever the other side sends: nothing breaks, nothing hangs, nothing grows."""

import asyncio
import json
import tracemalloc
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import pytest

from panda_web.rpc.channel import Channel
from panda_web.rpc.dispatch import Caller
from panda_web.rpc.errors import AnswerMalformed, ConnectionEnded, ErrorFromNode, NodeSilent, RateExceeded
from panda_web.rpc.session import Bounds, Session
from panda_web.rpc.within import pair
from panda_web.strict_json import MAX_DEPTH
from tests.contracts.channels import Own, Served, reason_of


class Raw:
    """The other side of a channel, which says what it likes."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel

    async def say(self, message: object) -> None:
        await self.channel.send(message if isinstance(message, bytes) else json.dumps(message).encode())

    async def hear(self) -> Any:
        return json.loads(await self.channel.receive())

    async def ask(self, message: object) -> Any:
        """The error's reason, or the result, of what comes next; with the id."""
        await self.say(message)
        came = await self.hear()
        return came["id"], came["error"]["data"]["reason"] if "error" in came else came["result"]


@asynccontextmanager
async def talking(bounds: Bounds | None = None, **more: Any) -> AsyncIterator[tuple[Raw, Session]]:
    there, here = pair()
    async with Session(here, Served().dispatcher(), bounds=bounds, **more) as session:
        yield Raw(there), session


def call(request_id: object, method: str, **params: object) -> dict[str, object]:
    return {"jsonrpc": "2.0", "id": request_id, "method": method, "params": params}


def test_what_is_no_request_is_answered_and_the_session_goes_on() -> None:
    async def run() -> None:
        async with talking(Bounds(message=1000)) as (raw, _):
            deep = (
                b'{"jsonrpc":"2.0","id":7,"method":"echo","params":'
                + b"[" * MAX_DEPTH
                + b"]" * MAX_DEPTH
                + b"}"
            )
            for message, request_id, reason in (
                (b"{", None, "parse-error"),
                (b"\xff", None, "parse-error"),
                (deep, 7, "parse-error"),
                (b'{"jsonrpc":"2.0","id":8,"method":"' + b"x" * 1000, 8, "body-too-large"),
                (b"[]", None, "invalid-request"),
                (b"1", None, "invalid-request"),
                ({"id": 3}, 3, "invalid-request"),
                (call({}, "echo"), None, "invalid-request"),
                (call("a", "none"), "a", "method-not-found"),
                (call("a", "close"), "a", "method-not-found"),
                (call("b", "echo", colour=1), "b", "invalid-params"),
                (call(None, "echo", value=1), None, 1),
                (call(1.5, "echo", value=2), 1.5, 2),
            ):
                assert await raw.ask(message) == (request_id, reason), message

    asyncio.run(run())


def test_replies_that_nobody_waits_for_and_cancels_of_what_is_done_are_passed_over() -> None:
    async def run() -> None:
        async with talking() as (raw, session):
            for message in (
                {"jsonrpc": "2.0", "id": "1", "result": 1},
                {"jsonrpc": "2.0", "id": None, "result": 1},
                {"jsonrpc": "2.0", "id": {}, "error": 1},
                {"id": 5, "result": 1, "error": {}},
                {"jsonrpc": "2.0", "method": "cancel", "params": {"id": "x"}},
                {"jsonrpc": "2.0", "method": "cancel", "params": ["x"]},
                {"jsonrpc": "2.0", "method": "cancel"},
                {"jsonrpc": "2.0", "method": "progress", "params": {"id": "1"}},
                {"jsonrpc": "2.0", "method": "no such notification"},
                [{"jsonrpc": "2.0", "method": "echo"}, {"jsonrpc": "2.0", "id": "1", "result": 1}],
            ):
                await raw.say(message)
            assert await raw.ask(call(1, "echo", value=1)) == (1, 1)
            await raw.say({"jsonrpc": "2.0", "method": "cancel", "params": {"id": 1}})
            assert await raw.ask(call(1, "echo", value=2)) == (1, 2)  # an id that is free again
            assert session.ended is None

    asyncio.run(run())


def test_an_id_in_use_is_refused_and_cancelling_ends_what_had_not_begun() -> None:
    async def run() -> None:
        async with talking() as (raw, _):
            await raw.say(call(1, "wait"))
            assert await raw.ask(call(1, "echo")) == (1, "id-in-use")
            assert await raw.ask({"jsonrpc": "2.0", "method": "cancel", "params": {"id": 1}}) == (
                1,
                "cancelled",
            )
            assert await raw.ask(call(1, "waiting")) == (1, 0)

    asyncio.run(run())


def test_calls_under_way_are_bounded() -> None:
    async def run() -> None:
        async with talking(Bounds(calls=3)) as (raw, _):
            for request_id in range(3):
                await raw.say(call(request_id, "wait"))
            assert await raw.ask(call(3, "echo")) == (3, "too-many-calls")
            await raw.say([call(4, "echo"), call(5, "echo")])
            assert [(await raw.hear())["id"] for _ in range(2)] == [4, 5]
            await raw.say({"jsonrpc": "2.0", "method": "cancel", "params": {"id": 1}})
            assert (await raw.hear())["id"] == 1
            assert await raw.ask(call(3, "echo", value=3)) == (3, 3)

    asyncio.run(run())


def test_more_calls_of_ones_own_wait_for_their_turn() -> None:
    async def run() -> None:
        async with talking(Bounds(calls=2)) as (raw, session):
            calls = [asyncio.ensure_future(session.call("m", {"n": n})) for n in range(4)]
            first, second = await raw.hear(), await raw.hear()
            await raw.say({"jsonrpc": "2.0", "id": second["id"], "result": "second"})
            third = await raw.hear()
            assert [each["params"]["n"] for each in (first, second, third)] == [0, 1, 2]
            assert await calls[1] == "second"

    asyncio.run(run())


async def flood(session: Session, text: str) -> None:
    while True:
        session.notify("hear", {"words": text})
        await asyncio.sleep(0)


async def listen(raw: Raw) -> None:
    while True:
        await raw.hear()


@pytest.mark.parametrize("large", [False, True])
def test_who_does_not_read_is_cut_off(large: bool) -> None:
    async def run() -> None:
        bounds = Bounds(queued=10, queued_bytes=200_000)
        async with talking(bounds) as (raw, session):
            opened = asyncio.ensure_future(session.call("m", {}))
            text = "x" * (100_000 if large else 1)
            with pytest.raises(ConnectionEnded, match="does not read"):
                await flood(session, text)
            assert await reason_of(opened) == "connection-ended"
            assert session.ended is not None
            assert session.ended.reason == "messages-not-read"
            await session.close()
            with pytest.raises(ConnectionEnded, match="messages-not-read"):
                await listen(raw)

    asyncio.run(run())


def test_what_was_sent_is_kept_by_nobody() -> None:
    """A thousand sessions kept an answer of megabytes each, until the next one."""

    async def run() -> None:
        async with talking() as (raw, session):
            tracemalloc.start()
            try:
                before, _ = tracemalloc.get_traced_memory()
                session.notify("hear", {"words": "x" * (8 << 20)})
                await raw.channel.receive()
                await asyncio.sleep(0.01)
                after, _ = tracemalloc.get_traced_memory()
            finally:
                tracemalloc.stop()
            assert after - before < 1 << 20

    asyncio.run(run())


def test_a_message_that_is_never_taken_ends_the_session() -> None:
    async def run() -> None:
        async with talking(Bounds(unread=0.01)) as (raw, session):
            for _ in range(20):  # more than the channel holds
                session.notify("hear", {"words": ""})
            while session.ended is None:  # noqa: ASYNC110 - nobody is told but those who call
                await asyncio.sleep(0.01)
            assert session.ended.reason == "messages-not-read"
            assert raw is not None

    asyncio.run(run())


def test_what_cannot_be_read_ends_all_that_could_have_been_answered_by_it() -> None:
    async def run() -> None:
        async with talking() as (raw, session):
            for said, error in (
                (b"{", AnswerMalformed),
                (b'{"jsonrpc":"2.0","id":"x","result":1,"error":1}', AnswerMalformed),
                (
                    b'{"jsonrpc":"2.0","id":null,"error":{"message":"?","data":{"reason":"rate-exceeded"}}}',
                    ErrorFromNode,
                ),
            ):
                calls = [asyncio.ensure_future(session.call("m", {})) for _ in range(2)]
                for _ in calls:
                    await raw.hear()
                await raw.say(said)
                for each in calls:
                    with pytest.raises(error):
                        await each
                if said == b"{":
                    assert (await raw.hear())["error"]["data"]["reason"] == "parse-error"
            assert session.ended is None

    asyncio.run(run())


def test_a_call_has_an_end_in_time() -> None:
    async def run() -> None:
        async with talking(Bounds(patience=0.01)) as (raw, session):
            with pytest.raises(NodeSilent, match="did not answer within"):
                await session.call("m", {})
            asked, cancelled = await raw.hear(), await raw.hear()
            assert cancelled["method"] == "cancel"
            assert cancelled["params"] == {"id": asked["id"]}

    asyncio.run(run())


def test_a_caller_is_entered_for_each_request_and_may_refuse_it() -> None:
    async def run() -> None:
        gone = asyncio.Event()

        @contextmanager
        def caller() -> Iterator[Caller]:

            def charge(calls: int) -> None:
                if calls > 1:
                    raise RateExceeded("Too many.")

            yield Caller(charge=charge)
            gone.set()

        async with talking(caller=caller) as (raw, _):
            assert await raw.ask(call(1, "echo", value=1)) == (1, 1)
            await gone.wait()  # once the answer was taken
            assert await raw.ask([call(2, "echo"), call(3, "echo")]) == (2, "rate-exceeded")
            assert (await raw.hear())["id"] == 3

    asyncio.run(run())


def test_handlers_of_this_side_are_of_no_concern_to_a_session_without_them() -> None:
    async def run() -> None:
        there, here = pair()
        async with Session(here):
            assert await Raw(there).ask(call(1, "answer", question=1)) == (1, "method-not-found")
        assert Own().heard == []

    asyncio.run(run())
