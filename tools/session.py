"""Runs in Pyodide while a site is built (`session.mjs`): a node for a tab to speak with, and odd ends."""

import asyncio
import base64
import bisect
import collections
import contextlib
import copy
import datetime
import gc
import hashlib
import heapq
import importlib
import itertools
import json
import marshal
import math
import operator
import random
import re
import sqlite3
import struct
import time
import traceback
import unicodedata
from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from typing import Any

import js
from pyodide.ffi import JsException, to_js

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
STATEMENTS = (
    "BEGIN IMMEDIATE",
    "DELETE FROM t WHERE b > 20",
    "SAVEPOINT s",
    "UPDATE t SET c = NULL",
    "ROLLBACK TO s",
    "RELEASE s",
    "ROLLBACK",
    "SELECT count(*), max(b), group_concat(a) FROM t GROUP BY length(a)",
    "SELECT * FROM t WHERE a LIKE 'k1%' ORDER BY c DESC, b LIMIT 3",
    "INSERT INTO t VALUES ('k1', 0, 0)",
    "WITH RECURSIVE n(x) AS (VALUES(1) UNION ALL SELECT x + 1 FROM n WHERE x < 9) SELECT sum(x) FROM n",
    "SELECT nothing FROM t",
    "CREATE INDEX i ON t (b)",
    "DROP INDEX i",
    "ANALYZE",
    "VACUUM",
    "PRAGMA integrity_check",
    "INSERT OR REPLACE INTO t VALUES ('k1', 0, 0)",
    "SELECT json_extract('{\"a\": [1]}', '$.a[0]'), hex(c) FROM t",
    "EXPLAIN QUERY PLAN SELECT * FROM t WHERE b = 1",
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
    for odd in (_numbers, _texts, _containers, _bytes, _database):
        odd(said)
    await _tasks(said)
    for wrong in WRONG:
        _fails(lambda given=wrong: eval(given), said)  # type: ignore[misc] # noqa: S307 - of this file


def _numbers(said: list[str]) -> None:
    large = int("9" * 400)
    said += [str(large), hex(large * large >> 70), str(divmod(large, -(10**30))), str(pow(3, 2**70, 10**25))]
    said += [str(float(each)) for each in ("1e-320", "-1.7e308", "nan", "inf", "0.1", "123456789.123456789")]
    said += [
        f"{1 / 3:.3f} {10**20:,} {2.5e-9:g} {255:#06x} {1e22!r}",
        str(round(2.675, 2)),
        str(int(-2.5e15)),
    ]
    said += [str(math.floor(-2.5)), str(math.ceil(1e300)), str(math.log(10, 3)), str(math.sqrt(2))]
    said.append(str(sorted([3.5, -1, 2**70, True])))
    moment = datetime.datetime.fromtimestamp(1_700_000_000.5, tz=datetime.UTC)
    said += [moment.isoformat(), moment.strftime("%a, %d %b %Y"), str(moment - datetime.timedelta(days=1.5))]
    said += [time.strftime("%H:%M", time.localtime(0)), str(time.time()), str(random.random())]  # noqa: S311
    said.append(str(random.sample(range(1000), 5)))


def _texts(said: list[str]) -> None:
    text = "Straße, ΑΘΗΝΑ; 東京 🎪\ttab\r\nline\u2028more  "
    methods = (str.upper, str.lower, str.title, str.casefold, str.strip, str.swapcase, str.splitlines, repr)
    said += [str(method(text)) for method in methods]
    said += [
        text.translate({ord("ß"): "ss", 9: None}),
        text.replace("a", "b", 1),
        text.center(90),
        text.zfill(99),
    ]
    said += [str(text.partition(";")), str(text.rsplit(None, 2)), text[::-1], text.expandtabs(), ascii(text)]
    said += [operator.mod("%s %r %5.2f %d", ("a", "b", 1.5, 3)), "{0:>5}|{x[y]!s}".format("a", x={"y": 1})]
    said += [unicodedata.normalize(form, text) for form in ("NFC", "NFKD")]
    said.append(str(re.findall(r"(?i)(?P<word>\b[a-z]{2,}?\b)|[^\W\d]+(?=,)|(?<!x)\d+", text * 3)))
    said.append(re.sub(r"\s+|(a)(?:b|c)*", lambda found: found[1] or " ", text))
    said += [
        str(text.encode(encoding, "replace").decode(encoding, "ignore"))
        for encoding in ("utf-8", "utf-16", "latin-1", "ascii")
    ]
    said.append(
        json.dumps({"a": [1, 2.5, None, True, text], "b": {}}, indent=1, sort_keys=True, ensure_ascii=True)
    )
    for wrong_json in ('{"a": 1,}', '"\\ud800', "[1e999]", "nul", '{"a"'):
        _fails(lambda given=wrong_json: json.loads(given), said)  # type: ignore[misc]


def _containers(said: list[str]) -> None:
    words = [f"w{n * 7919 % 500}" for n in range(1000)]
    counts = collections.Counter(words)
    said += [str(counts.most_common(2)), str(sorted(set(words), key=lambda word: (len(word), word))[:3])]
    queue = collections.deque(words, maxlen=100)
    queue.rotate(7)
    queue.extendleft(words[:3])
    queue.remove(queue[5])
    said += [str(list(itertools.islice(reversed(queue), 3))), str(list(zip(words, queue, strict=False))[-1])]
    heap = [(len(word), word) for word in words]
    heapq.heapify(heap)
    said += [str(heapq.heappushpop(heap, (0, ""))), str(heapq.nsmallest(3, heap))]
    groups = {key: list(each) for key, each in itertools.groupby(sorted(words), key=len)}
    groups |= dict.fromkeys(range(50))  # type: ignore[arg-type]
    said += [
        str(frozenset(groups) ^ {1, 2, 99}),
        str({*words} - {*words[5:]}),
        str(list(groups.items())[::-2][:2]),
    ]
    while groups:
        groups.popitem()
    words[3:900:3] = words[1:898:3]
    del words[::2]
    words.insert(3, words.pop())
    words.sort(reverse=True)
    said += [str(bisect.bisect(sorted(words), "w3")), str(max(words, key=len)), str(sum(map(len, words)))]
    said.append(str(copy.deepcopy({"a": [1, (2, {3})]})))
    gc.collect()


def _bytes(said: list[str]) -> None:
    data = bytes(range(256)) * 9
    said += [hashlib.new(name, data).hexdigest() for name in ("sha256", "sha384", "sha512", "blake2b")]
    said += [base64.b64encode(data).decode(), data[:40].hex(" "), str(struct.unpack_from("<IqBd", data))]
    said += [str(int.from_bytes(data[:40], "little", signed=True)), str((-5).to_bytes(9, "big", signed=True))]
    buffer = bytearray(data)
    buffer[3:9] = b"x" * 100
    view = memoryview(buffer)
    view[10:20] = view[30:40]
    said += [str(view[::5].tolist()[:3]), str(view.cast("H")[3] if len(view) % 2 == 0 else view[3])]
    view.release()
    said += [
        str(buffer.find(b"\x05\x06")),
        str(data.split(b"\x00")[:2]),
        str(data.translate(None, b"abc")[:3]),
    ]


def _database(said: list[str]) -> None:
    with contextlib.closing(sqlite3.connect("/odds.db", isolation_level=None)) as database:
        database.execute("PRAGMA journal_mode=DELETE")
        database.execute("CREATE TABLE t (a TEXT PRIMARY KEY, b REAL, c BLOB) WITHOUT ROWID")
        database.executemany(
            "INSERT INTO t VALUES (?, ?, ?)", [(f"k{n}", n / 7, bytes(n)) for n in range(300)]
        )
        for statement in STATEMENTS:
            _fails(lambda given=statement: said.append(str(database.execute(given).fetchall())), said)  # type: ignore[misc]


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
