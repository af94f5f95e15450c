"""Nodes that lie to a client, who comes to no harm.

No slot is signed twice, everything arrives at an honest node, nothing is shown that its author did not sign,
and what never ends, ends.
"""

import asyncio
import copy
import gzip
import random
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from attacks.report import Row
from panda_web import messages
from panda_web.client.asked import Asked
from panda_web.client.check import check_answer
from panda_web.errors import PandaError
from panda_web.keys.with_cryptography import CryptographyVerifier
from panda_web.messages import infer_all
from panda_web.query import Query
from panda_web.rpc.http import HttpTransport
from panda_web.rpc.jsonrpc import read_replies
from panda_web.rpc.methods import QUERY
from tests.authors import Author
from tests.client.test_check import LIES
from tests.client.test_stateful_lies import Lied
from tests.defining import define
from tests.node.test_publish import Harness
from tests.rpc.lying_server import lying_server, now_and_then

SECONDS = 20.0
"""For each of the first two kinds of lies."""

Item = dict[str, Any]


class Counted(Lied):
    """Tabs at an honest node and at a lying one; says how much was done."""

    steps = 0
    worlds = 0

    def check_invariants(self, *args: Any, **named: Any) -> None:
        """After each step: no slot was signed twice."""
        Counted.steps += 1
        super().check_invariants(*args, **named)

    def teardown(self) -> None:
        """At the end: everything is at the honest node, once."""
        Counted.worlds += 1
        super().teardown()


def about_logs(share: float) -> Row:
    """Lies about the next entry, false refusals, false acknowledgements, in any order with crashes."""
    Counted.steps = Counted.worlds = 0
    most = settings(max_examples=5, stateful_step_count=50, deadline=None, database=None, derandomize=False)
    end, broken = time.monotonic() + SECONDS * share, ""
    while time.monotonic() < end and not broken:
        try:
            run_state_machine_as_test(Counted, settings=most)
        except Exception as error:  # noqa: BLE001 - that is what is looked for
            broken = f"{type(error).__name__}: {str(error)[:300]}"
    return Row("lies about logs", f"{Counted.steps:,} steps at {Counted.worlds:,} nodes", broken=broken)


def about_instances(share: float) -> Row:
    """Values that nobody signed, entries that are not whole, proofs of something else."""
    node, made = Harness(), {}
    schema = define(node, n="integer", title="text", number="integer")
    for number in range(1, 5):
        author = Author(number)
        for n in range(3):
            signed, payload = author.create(schema, n=n, title=f"talk {n}", number=number)
            node.publish(signed, payload)
            states = [{"n": n, "title": f"talk {n}", "number": number}]
            if n:
                node.publish(
                    *author.write(messages.update(schema, signed.hash.hex(), infer_all({"n": 100 + n})))
                )
                states.append({**states[0], "n": 100 + n})
            made[signed.hash.hex()] = states
    honest = node.call(QUERY, schema=schema, proof=True)
    draw = random.Random()  # noqa: S311 - no secret
    verifier = CryptographyVerifier()
    lies = shown = 0
    end = time.monotonic() + SECONDS * share
    while time.monotonic() < end:
        items = copy.deepcopy(honest)
        for _ in range(draw.randrange(1, 8)):
            lie(draw.choice(items), draw.choice(items), draw)
            lies += 1
        for instance in asyncio.run(check_answer(Asked({}, Query(schema)), items, verifier)):
            shown += 1
            if dict(instance.values) not in made.get(instance.id, []):
                return Row("lies about instances", f"{lies:,} lies", broken=f"shown: {dict(instance.values)}")
    return Row("lies about instances", f"{lies:,} lies, {shown:,} instances shown")


def lie(item: Item, other: Item, draw: random.Random) -> None:
    """Changes an instance of an answer, or mixes it with another one."""
    kind = draw.randrange(5)
    if kind == 0:
        change, _ = draw.choice(LIES)
        # Another lie may have taken away what this one is about.
        with suppress(KeyError, StopIteration, TypeError, AttributeError, IndexError):
            change(item)
    elif kind == 1:
        item["_entries"] = copy.deepcopy(other.get("_entries"))
    elif kind == 2:
        item["_entries"] = (item.get("_entries") or []) + copy.deepcopy(other.get("_entries") or [])
        draw.shuffle(item["_entries"])
    elif kind == 3 and item.get("_entries"):
        item["_entries"].pop(draw.randrange(len(item["_entries"])))
    else:
        item["id"], item["n"] = other.get("id"), other.get("n")


def _padded(piece: bytes, size: int) -> Callable[[], Iterator[bytes]]:
    body = b'{"jsonrpc": "2.0", "id": "1", "result": [' + piece * (size // len(piece)) + b"0]}"
    return lambda: iter([body])


def without_end(share: float) -> Iterator[Row]:
    """Answers that go on for ever, or are more than they look."""
    mib = 1 << 20
    many = max(1, round(63 * share))
    bomb = gzip.compress(b" " * (many * 16 * mib), 9)
    kinds: dict[str, tuple[Callable[[], Iterator[bytes]], str]] = {
        "an answer of a byte now and then": (now_and_then, ""),
        "an answer of 63 MiB of `[],`": (_padded(b"[],", 63 * mib), ""),
        f"an answer of {len(bomb) >> 10} KiB that are {many * 16} MiB": (
            lambda: iter([bomb]),
            "gzip",
        ),
        "an answer packed twice": (lambda: iter([gzip.compress(bomb)]), "gzip, gzip"),
    }
    for name, (chunks, packed) in kinds.items():
        with lying_server(chunks, Content_Encoding=packed or "identity") as server:
            yield Row(name, "1 answer", broken=asyncio.run(_ends(server.url)))


async def _ends(url: str) -> str:
    transport = HttpTransport(url, timeout=1, whole=1)
    try:
        found = read_replies(await transport.send(b"{}"), ["1"])
    except PandaError:
        return ""
    except Exception as error:  # noqa: BLE001 - that is what is looked for
        return f"{type(error).__name__}: {str(error)[:300]}"
    finally:
        await transport.close()
    return "" if isinstance(found[0], PandaError) else "it is taken"


def run(share: float) -> Iterator[Row]:
    """Each kind of lie, for some seconds."""
    yield about_logs(share)
    yield about_instances(share)
    yield from without_end(share)
