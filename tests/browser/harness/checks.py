"""What runs inside Pyodide: the contract suites on the browser's own parts, and what only a browser can show.

Each function takes the worker's tools and arguments that came as JSON, and gives a value that goes back as
JSON. What fails raises, and the test shows the traceback.
"""

import asyncio
import contextlib
import gc
import json
import math
import os
import weakref
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any
from unittest.mock import patch

import js
from pyodide.ffi import JsException, create_proxy

from panda_web import __version__
from panda_web.browser import loops
from panda_web.browser.broadcast import Meeting
from panda_web.browser.crypto import Crypto
from panda_web.browser.fetch import FetchTransport
from panda_web.browser.host import Host
from panda_web.browser.indexeddb import KEYS, IndexedDb, IndexedDbStore
from panda_web.browser.keyring import Keyring
from panda_web.browser.locks import WebLock
from panda_web.browser.port import PortChannel
from panda_web.browser.webcrypto import SignChain, VerifyMany, WebCryptoSigner
from panda_web.browser.websocket import WebSocketChannel, sessions
from panda_web.client import Client
from panda_web.client.store import ClientStore, MemoryStore
from panda_web.keys import Claim, Signer, Verifier
from panda_web.keys.backup import BackupImpossible
from panda_web.keys.with_pure25519 import PureSigner, PureVerifier
from panda_web.rpc.channel import Channel
from panda_web.rpc.errors import CallFailed, ConnectionEnded
from panda_web.rpc.transport import TIMEOUT, WHOLE
from tests.contracts import channels, corpus, corpus_keys, queries, signers, stores, transports, verifiers

VECTORS = Path(__file__).parents[2] / "vectors"
NODE = "http://localhost:1/"
"""An address where nothing is sent."""


@dataclass(frozen=True)
class Tools:
    """The functions of `web/worker/`."""

    sign_chain: SignChain
    verify_many: VerifyMany
    opens: Any

    def _loops(self, kind: str) -> tuple[SignChain, VerifyMany]:
        return (
            (loops.sign_chain, loops.verify_many) if kind == "loops" else (self.sign_chain, self.verify_many)
        )

    async def verifier(self, kind: str) -> Verifier:
        """As a page would have it: "webcrypto" is whatever the site composes here, "loops" the same without our
        JavaScript, or "pure25519"."""
        if kind == "pure25519":
            return PureVerifier()
        crypto = await Crypto.find(*self._loops(kind))
        assert crypto.available, "this browser should have Ed25519"
        return crypto.verifier

    async def signer(self, kind: str) -> Signer:
        """A fresh key pair of a kind."""
        return (
            PureSigner.generate()
            if kind == "pure25519"
            else await WebCryptoSigner.generate(self._loops(kind)[0])
        )


async def corpus_verdicts(tools: Tools, kind: str, *, every: int = 1) -> list[str | None]:
    """The reasons for the cases of corpus.json."""
    cases = json.loads((VECTORS / "corpus.json").read_text("utf-8"))["cases"]
    return await corpus.verdicts(await tools.verifier(kind), cases[::every])


async def key_verdicts(tools: Tools, kind: str, *, every: int = 1) -> list[str | None]:
    """The reasons for the cases of ed25519.json."""
    cases = json.loads((VECTORS / "ed25519.json").read_text("utf-8"))["cases"]
    return await corpus_keys.verdicts(await tools.verifier(kind), cases[::every])


async def signer_contract(tools: Tools, kind: str, check: str) -> None:
    """One check of the signers' contract."""
    await getattr(signers, check)(await tools.signer(kind), await tools.verifier(kind))


async def verifier_contract(tools: Tools, kind: str, check: str) -> None:
    """One check of the verifiers' contract."""
    await getattr(verifiers, check)(await tools.verifier(kind))


async def store_contract(_: Tools, check: str) -> None:
    """One check of the stores' contract, on a database of its own."""

    async def open_store() -> ClientStore:
        return IndexedDbStore(await IndexedDb.open(f"contract-{check}"))

    await getattr(stores, check)(open_store)


async def what_is_given_up_is_whole(_: Tools) -> list[str]:
    """What goes wrong in the worker where who opens or commits is cancelled at any point: it would end the worker."""
    wrong: list[str] = []
    hear = create_proxy(lambda event: wrong.append(event.message))
    js.addEventListener("error", hear)
    for turn in range(4):
        opening = asyncio.ensure_future(IndexedDb.open(f"given-up-{turn}"))
        for _step in range(turn):
            await asyncio.sleep(0)
        opening.cancel()
        await asyncio.wait([opening])
        await IndexedDbStore(await IndexedDb.open(f"given-up-{turn}")).commit({"one": "made"}, {})
    store = IndexedDbStore(await IndexedDb.open("given-up"))
    held: str | None = None
    for turn in range(20):
        commit = asyncio.ensure_future(store.commit({"one": f"{turn}", "two": f"{turn}"}, {"one": held}))
        for _step in range(turn % 4):
            await asyncio.sleep(0)
        commit.cancel()
        await asyncio.wait([commit])
        (_, held), (_, other) = await store.scan("") or [("", None), ("", None)]
        assert held == other
    await store.commit({"one": "last"}, {"one": held})
    js.removeEventListener("error", hear)
    hear.destroy()
    return wrong


async def transport_contract(
    _: Tools, check: str, url: str, *, timeout: float = TIMEOUT, whole: float = WHOLE
) -> None:
    """One check of the transports' contract."""
    transport = FetchTransport(url, timeout=timeout, whole=whole)
    try:
        await getattr(transports, check)(transport)
    finally:
        await transport.close()


# -- connections ---------------------------------------------------------------------------------


async def closed_connection_is_forgotten(tools: Tools) -> None:
    """The worker keeps nothing of a connection that ended: no key, no storage, and nothing that is under way."""
    channel = js.MessageChannel.new()
    host = Host(tools.sign_chain, tools.verify_many)
    gone = weakref.ref(host.connect(channel.port2))
    for message in (
        {"id": 1, "method": "open", "params": {"version": __version__, "node": NODE}},
        {"id": 2, "method": "flush"},
        {"method": "close"},
    ):
        channel.port1.postMessage(json.dumps({"jsonrpc": "2.0", **message}))
    async with asyncio.timeout(20):
        while gone() is not None:
            await asyncio.sleep(0.05)
            gc.collect()


@contextlib.asynccontextmanager
async def _met(name: str) -> AsyncIterator[channels.Ends]:
    """Two ends that found each other under a name."""
    met: asyncio.Future[Channel] = asyncio.get_running_loop().create_future()
    serving = asyncio.create_task(Meeting(name, WebLock()).serve(met.set_result))
    try:
        ours = await Meeting(name, WebLock()).reach()
        yield ours, await met
    finally:
        serving.cancel()
        await asyncio.wait([serving])


async def channel_contract(
    _: Tools, check: str, mirror: str | None = None, meeting: str | None = None
) -> None:
    """One check of the channels' contract, or of the sessions', on two ends.

    Args:
        check: its name.
        mirror: an address that ties two WebSockets together.
        meeting: where two tabs meet; where both are None, the ends are those of a MessageChannel.
    """
    if meeting is not None:
        async with _met(meeting) as made:
            await _contract(check, made)
        return
    if mirror is not None:
        sockets = WebSocketChannel(js.WebSocket.new(mirror)), WebSocketChannel(js.WebSocket.new(mirror))
        assert await asyncio.gather(*(socket.opened() for socket in sockets)) == [True, True]
        await _contract(check, sockets)
        return
    ports = js.MessageChannel.new()
    await _contract(check, (PortChannel(ports.port1), PortChannel(ports.port2)))


async def _contract(check: str, made: channels.Ends) -> None:
    work = getattr(channels, check)
    if work in channels.CHANNELS:
        await work(made)
        return
    async with channels.session_on(made) as (session, own):
        await (work(session) if work in channels.CALLS else work(session, own))


async def more_than_is_read(_: Tools, mirror: str) -> list[str]:
    """What a channel says to whoever sends what nobody reads, and to who reads it then."""
    one, other = (WebSocketChannel(js.WebSocket.new(mirror), unread=100_000) for _ in range(2))
    assert [await one.opened(), await other.opened()] == [True, True]
    said = []
    try:
        for _ in range(3):
            await one.send(b"x" * 50_000)
        await one.receive()
    except ConnectionEnded as error:
        said.append(error.cause)
    try:
        await other.receive()
    except ConnectionEnded as error:
        said.append(error.cause)
    return said


async def no_websocket(_: Tools, url: str) -> str:
    """Why there is no session with a node."""
    try:
        await sessions(FetchTransport(url)).session()
    except CallFailed as error:
        return error.reason
    return ""


# -- a node in the tab -----------------------------------------------------------------------------


async def queries_in_the_tab(tools: Tools, seed: int, queries_asked: int) -> bool:
    """Random queries, as the seed has them, at a node in the tab and in Python; gives that all was compared."""
    host = Host(tools.sign_chain, tools.verify_many)
    crypto = await host.crypto()
    draw = Random(seed)
    local = await host.local()
    assert local.disk.kind == "memory"
    signer = await WebCryptoSigner.generate(tools.sign_chain)
    async with Client(local.peer(), signer, store=MemoryStore(), verifier=crypto.verifier) as panda:
        table = queries.Table(await panda.define(queries.EACH_TYPE), [panda])
        await table.fill(draw, 10)
        async with Client(local.peer(), verifier=crypto.verifier) as stranger:
            await queries.give_the_same_pages([panda, stranger], table, draw, queries_asked)
    await local.close()
    return True


# -- locks -----------------------------------------------------------------------------------------


async def _lock_queue(name: str) -> tuple[int, int]:
    """How many hold a lock, and how many wait for it."""
    state = await js.navigator.locks.query()
    count = [sum(lock.name == name for lock in group) for group in (state.held, state.pending)]
    return count[0], count[1]


async def _queue_becomes(name: str, wanted: tuple[int, int]) -> None:
    while await _lock_queue(name) != wanted:  # noqa: ASYNC110 - the browser does not tell
        await asyncio.sleep(0.01)


async def holders_exclude_one_another(_: Tools) -> list[str]:
    """The order in which five tasks go through one lock."""
    said: list[str] = []
    lock = WebLock()

    async def work(number: int) -> None:
        async with lock("exclusive"):
            said.append(f"{number} in")
            await asyncio.sleep(0.01)
            said.append(f"{number} out")

    await asyncio.gather(*(work(number) for number in range(5)))
    assert await _lock_queue("exclusive") == (0, 0)
    return said


async def tasks_take_turns(_: Tools, count: int) -> list[int]:
    """The order in which so many tasks, one begun after the other, got one lock."""
    got: list[int] = []
    lock = WebLock()

    async def work(number: int) -> None:
        async with lock("turns"):
            got.append(number)

    tasks = []
    for number in range(count):
        tasks.append(asyncio.create_task(work(number)))
        await asyncio.sleep(0)
    await asyncio.gather(*tasks)
    return got


async def callbacks_and_timers(_: Tools) -> dict[str, list[str]]:
    """The order in which callbacks and timers ran, with an error and something cancelled among them."""
    called: list[str] = []
    rang: list[str] = []
    told: list[str] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, about: told.append(str(about["exception"])))

    def fail() -> None:
        raise ValueError("on purpose")

    def first() -> None:
        called.append("first")
        loop.call_soon(called.append, "asked for by the first")

    now = loop.time()
    try:
        for seconds, name in ((0.03, "third"), (0.01, "first"), (0.02, "second"), (-1.0, "overdue")):
            loop.call_at(now + seconds, rang.append, name)
        loop.call_later(0.015, rang.append, "cancelled").cancel()
        loop.call_later(math.inf, rang.append, "never")
        loop.call_soon(first)
        loop.call_soon(fail)
        loop.call_soon(called.append, "cancelled").cancel()
        loop.call_soon(called.append, "last")
        await asyncio.sleep(0.04)
    finally:
        loop.set_exception_handler(None)
    return {"called": called, "rang": rang, "told": told}


async def messages_between_turns(_: Tools, count: int) -> int:
    """After how many turns, of so many, a task that never waits saw a message that was posted before."""
    came: list[Any] = []
    channel = js.MessageChannel.new()
    listener = create_proxy(came.append)
    channel.port1.onmessage = listener
    channel.port2.postMessage("here")
    turns = 0
    while not came and turns < count:
        await asyncio.sleep(0)
        turns += 1
    channel.port1.close()
    listener.destroy()
    return turns


async def asked_of_the_browser(_: Tools, count: int) -> dict[str, int]:
    """How often it is asked for something, by so many futures and timers that are done with at once."""
    asked = {"timers": 0, "cancelled": 0}
    set_timeout, clear_timeout = js.setTimeout, js.clearTimeout

    def counted(name: str, function: Any) -> Any:
        def call(what: Any, *milliseconds: float) -> Any:
            asked[name] += milliseconds != (0,)  # in WebKit a turn is such a timer, too
            return function(what, *milliseconds)

        return create_proxy(call)

    async def done(future: "asyncio.Future[None]") -> None:
        async with asyncio.timeout(300):
            await future

    js.setTimeout, js.clearTimeout = (
        counted("timers", set_timeout),
        counted("cancelled", clear_timeout),
    )
    try:
        for _ in range(count):
            future = asyncio.get_running_loop().create_future()
            asyncio.get_running_loop().call_soon(future.set_result, None)
            await done(future)
    finally:
        js.setTimeout, js.clearTimeout = set_timeout, clear_timeout
    return asked


async def take_lock(_: Tools, name: str) -> str:
    """Waits for a lock that the page holds too."""
    async with WebLock()(name):
        return "taken"


async def cancelled_waiter_leaves_the_queue(_: Tools) -> None:
    """A task that is cancelled while it waits is gone at once; the next one in the queue gets the lock."""
    name = "cancelled"
    entered = asyncio.Event()

    async def wait() -> None:
        async with WebLock()(name):  # as in another tab
            entered.set()

    async with WebLock()(name):
        doomed = asyncio.create_task(wait())
        await _queue_becomes(name, (1, 1))
        doomed.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await doomed
        assert doomed.cancelled()
        await _queue_becomes(name, (1, 0))
        assert not entered.is_set()
        patient = asyncio.create_task(wait())
        await _queue_becomes(name, (1, 1))
    await patient
    assert entered.is_set()
    assert await _lock_queue(name) == (0, 0)


async def lock_is_given_back_after_an_error(_: Tools) -> None:
    """What is raised inside comes out, and the lock is free."""
    for error in (ValueError("mine"), asyncio.CancelledError()):
        try:
            async with WebLock()("error"):
                raise error
        except BaseException as caught:  # noqa: BLE001 - looked at
            assert caught is error
        assert await _lock_queue("error") == (0, 0)


# -- the key pair ----------------------------------------------------------------------------------


async def authors_of_simultaneous_starts(tools: Tools, count: int) -> list[str | None]:
    """The authors of some clients of this site that are opened at the same moment."""
    opened = await asyncio.gather(
        *(Host(tools.sign_chain, tools.verify_many).site(NODE) for _ in range(count))
    )
    return [one.client.author for one in opened]


async def signs_with_the_key_of_an_unlucky_draw(tools: Tools) -> None:
    """`os.urandom` first gives a seed that WebKitGTK refuses, as it does once in 256 times."""
    draws, fresh = iter([bytes(32), b"\0" + bytes(range(1, 32))]), os.urandom
    with patch("os.urandom", lambda count: next(draws, None) or fresh(count)):
        signer = await WebCryptoSigner.generate(tools.sign_chain)
    await PureVerifier().verify(Claim(signer.author, await signer.sign(b"x"), b"x"))


async def seed_waits_for_a_decision(tools: Tools, outcome: str, *, webcrypto: bool) -> None:
    """It survives a new start, no script can have the key that it is wrapped under, and then both are gone."""
    name = f"seed-{outcome}-{webcrypto}"

    async def start() -> tuple[Keyring, Signer]:
        keyring = Keyring(await IndexedDb.open(name), tools.sign_chain, webcrypto)
        return keyring, await keyring.signer()

    async def stored() -> Any:
        return await (await IndexedDb.open(name)).get(KEYS, "copy")

    first, signer = await start()
    assert first.made_now
    keyring, again = await start()
    other_tab, _ = await start()
    assert again.author == signer.author
    assert (keyring.made_now, keyring.can_back_up, keyring.copy) == (False, True, "waiting")
    kept = (await stored()).wrapped
    assert not kept.key.extractable
    assert sorted(kept.key.usages) == ["decrypt", "encrypt"]
    pem = await keyring.back_up("a long passphrase")
    restored, _ = await Keyring(await IndexedDb.open(f"{name}-new"), tools.sign_chain, webcrypto).read(
        pem, "a long passphrase"
    )
    assert restored.author == signer.author
    await keyring.settle(outcome)  # type: ignore[arg-type]
    assert not hasattr(await stored(), "wrapped")
    for one in (keyring, other_tab, (await start())[0]):
        try:
            await one.back_up("a long passphrase")
        except BackupImpossible:
            assert (one.can_back_up, one.copy) == (False, outcome)
        else:
            raise AssertionError


async def key_of_an_older_version_goes_on(tools: Tools) -> None:
    """Beside which nothing waits."""
    database = await IndexedDb.open("seed-older")
    keyring = Keyring(database, tools.sign_chain, webcrypto=True)
    signer = await keyring.signer()
    await database.commit(KEYS, {"copy": None}, lambda _: True, [])
    older = Keyring(database, tools.sign_chain, webcrypto=True)
    assert (await older.signer()).author == signer.author
    assert (older.can_back_up, older.copy) == (False, None)
    await older.settle("declined")
    assert older.copy is None


async def key_pair(tools: Tools) -> dict[str, Any]:
    """This site's author, and what scripts may do with its private key."""
    opened = await Host(tools.sign_chain, tools.verify_many).site(NODE)
    record = await (await IndexedDb.open()).get(KEYS, "author")
    refused: Sequence[str] = []
    for form in ("pkcs8", "jwk", "raw"):
        try:
            await js.crypto.subtle.exportKey(form, record.key)
        except JsException:
            refused = [*refused, form]
    return {
        "author": opened.client.author,
        "kind": opened.client.signer.kind if opened.client.signer else None,
        "extractable": record.key.extractable,
        "refused": refused,
        "usages": list(record.key.usages),
    }
