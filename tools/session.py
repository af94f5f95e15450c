"""Runs in Pyodide while a site is built (`session.mjs`): a node for a tab to speak with, and odd ends."""

import asyncio
import contextlib
import importlib
import marshal
import traceback
from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from typing import Any

import js
from pyodide.ffi import JsException, to_js

from panda_web.browser import frozen
from panda_web.browser.crypto import Crypto
from panda_web.browser.port import PortChannel
from panda_web.node import Node, Store
from panda_web.rpc.session import Session
from panda_web.rpc.transport import InProcess

node: Any = None
sessions: list[Any] = []
# What fails, each in its own way.
WRONG = (
    "1 // 0",
    'int("x")',
    'float("1,5")',
    "math.exp(1000)",
    'b"\\xff\\xfe\\x80".decode()',
    '"\\ud800".encode()',
    '"a" + 1',
    '"x".index("y")',
    '{}["a"]',
    "[][1]",
    "None.a",
    "hash([])",
    "next(iter(()))",
    'bytes.fromhex("0g")',
    'base64.b64decode("a")',
    'struct.unpack("<I", b"")',
    "js.nothing.more",
    'js.JSON.parse("{")',
    "js.Object.new().a",
)


async def begin(sign_chain: Any, verify_many: Any) -> None:
    """Makes it."""
    global node
    crypto = await Crypto.find(sign_chain, verify_many)
    node = Node(Store(), crypto.verifier, version="0")


async def answer(body: Any) -> Any:
    """What it answers over HTTP."""
    return to_js(await InProcess(node.dispatcher()).send(body.to_bytes()))


def meet(port: Any) -> None:
    """A session with it."""
    sessions.append(Session(PortChannel(port), node.dispatcher()).start())


def wake() -> None:
    """Imports all that sleeps: what cannot be imported in a tab fails here, and no visitor meets it."""
    codes, seldom = marshal.loads(Path("/asleep").read_bytes())  # noqa: S302 - of tools/asleep.py
    for name in (*codes, *seldom):
        importlib.import_module(name)


async def odds() -> None:
    """What Python does now and then, by no path of a usual visit: failures above all."""
    said: list[str] = []
    await _tasks(said)
    _fails(frozen.missing, said)
    for wrong in WRONG:
        _fails(lambda given=wrong: eval(given), said)  # type: ignore[misc] # noqa: S307 - of this file


async def _tasks(said: list[str]) -> None:
    async def waits(seconds: float) -> float:
        await asyncio.sleep(seconds)
        return seconds

    async def series() -> AsyncGenerator[int]:
        try:
            for number in range(9):
                yield number
        finally:
            said.append("over")

    said.append(str(await asyncio.gather(waits(0.02), waits(0.01))))
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(0.01):
            await waits(9)
    task = asyncio.ensure_future(waits(9))
    await asyncio.sleep(0)
    task.cancel()
    done, _ = await asyncio.wait([task, asyncio.ensure_future(waits(0.01))])
    said.append(str([each.cancelled() for each in done]))
    with contextlib.suppress(ExceptionGroup):
        async with asyncio.TaskGroup() as group:
            group.create_task(waits(9))
            group.create_task(asyncio.wait_for(waits(9), 0.01))
    async with contextlib.aclosing(series()) as numbers:
        async for number in numbers:
            if number:
                break
    given = {"a": [1, 2.5, None, "text", {"b": b"bytes"}], "c": True}
    there = to_js(given, dict_converter=js.Object.fromEntries)
    said += [str(there.to_py()), str(len(js.Object.keys(there))), str(there == there.a), str(dir(there)[:1])]
    said += [
        str([*there.a]),
        str(there.a[1]),
        repr(there),
        str("a" in there.to_py()),
        str(there.a.to_py()[3]),
    ]
    with contextlib.suppress(JsException):
        await js.Promise.reject(js.Error.new("on purpose"))


def _fails(work: Callable[[], object], said: list[str]) -> None:
    try:
        work()
    except Exception as error:  # noqa: BLE001 - whatever it is, it is what is wanted
        said += [traceback.format_exc(), repr(error)]
