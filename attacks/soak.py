"""Three nodes in processes of their own are kept alike over bad lines, and killed, while others write.

What happens is random and hangs on a seed alone; when it happens hangs on the machine. At the end the lines
are good, all nodes run, and each has what was acknowledged anywhere.
"""

import contextlib
import os
import random
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx

from attacks.cuts import WAYS, Line, line
from attacks.report import Row
from tests.authors import Author
from tests.defining import definition, loose
from tests.processes import ServedNode

NODES = 3
STEPS = 300
PAUSE = 0.5
"""Seconds between steps, at most."""
PATIENCE = 120
"""Seconds until nodes that reach each other have to be alike. Whom a line lied for is left alone a while."""
SEED = 18


def run(share: float) -> Iterator[Row]:
    """One run, with the seed that `PANDA_SOAK` has, or the usual one."""
    seed = int(os.environ.get("PANDA_SOAK", SEED))
    with tempfile.TemporaryDirectory() as folder, Soak(Path(folder), seed) as soak:
        try:
            for _ in range(max(1, round(STEPS * share))):
                soak.step()
                time.sleep(soak.chance.uniform(0, PAUSE))
            broken = soak.settle()
        except (
            AssertionError,
            OSError,
            httpx.HTTPError,
        ) as error:  # whatever goes wrong, the steps that led there are what helps
            broken = f"{type(error).__name__}: {error}"
    kills = sum(each.startswith("kill") for each in soak.steps)
    if broken:
        broken = f"{broken} (seed {seed}: {'; '.join(soak.steps)})"
    yield Row(
        "nodes over bad lines",
        f"seed {seed}, {len(soak.steps)} steps, {kills} kills, {soak.written:,} entries",
        broken=broken,
    )


class Soak(contextlib.ExitStack):
    """The nodes, each with a bad line to the next one, and an author who writes at each.

    Attributes:
        steps: what happened so far.
        written: how many entries were acknowledged.
    """

    def __init__(self, folder: Path, seed: int) -> None:
        super().__init__()
        self.chance = random.Random(seed)  # noqa: S311 - it is to be the same again
        self.steps: list[str] = []
        self.nodes: list[ServedNode] = []
        self.lines: list[Line] = []
        self.schema, defined = definition(loose(n="integer", text="text"))
        self._acknowledged: dict[tuple[str, int], int] = {}
        self._authors = [[Author(1 + 2 * at + n, log_id=1 + 2 * n) for n in range(2)] for at in range(NODES)]
        self._instances: list[list[bytes]] = [[] for _ in range(2 * NODES)]
        first: ServedNode | None = None
        for at in range(NODES):
            peers = [] if first is None else ["--peer", self._line_to(self.nodes[-1], seed)]
            node = ServedNode(folder / str(at), None, *peers, heard=False)
            node.errors = folder / f"{at}.said"
            self.nodes.append(self.enter_context(node))
            first = first or node
        signed, payload = defined
        _publish(self.nodes[0], signed.encoded, payload)
        self.written = 1

    def _line_to(self, node: ServedNode, seed: int) -> str:
        chance = random.Random(seed + len(self.lines))  # noqa: S311 - it is to be the same again
        self.lines.append(self.enter_context(line(node.port, chance)))
        return self.lines[-1].url

    def step(self) -> None:
        """One random thing happens."""
        at = self.chance.randrange(NODES)
        what = self.chance.choice(("write", "write", "write", "kill or start", "line", "line"))
        if what == "line":
            at %= len(self.lines)
            way = self.chance.choice(WAYS)
            self.steps.append(f"line {at} {way}")
            self.lines[at].become(way)
        elif what == "write" and self.nodes[at].runs:
            self._write(at)
        elif self.nodes[at].runs:
            self.steps.append(f"kill {at}")
            self.nodes[at].kill()
        else:
            self.steps.append(f"start {at}")
            self.nodes[at].start()

    def _write(self, at: int) -> None:
        which = self.chance.randrange(2)
        author, instances = self._authors[at][which], self._instances[2 * at + which]
        count = self.chance.randrange(1, 20)
        self.steps.append(f"write {count} at {at}")
        for n in range(count):
            kind = self.chance.random()
            if kind < 0.6 or not instances:
                signed, payload = author.create(self.schema, n=n, text="x" * self.chance.randrange(2_000))
                instances.append(signed.hash)
            elif kind < 0.9:
                signed, payload = author.update(self.chance.choice(instances), self.schema, n=-n)
            else:
                gone = instances.pop(self.chance.randrange(len(instances)))
                signed, payload = author.delete(gone, self.schema)
            _publish(self.nodes[at], signed.encoded, payload)
            self.written += 1
            self._acknowledged[author.hex, author.log_id] = author.head.seq_num or 0

    def settle(self) -> str:
        """The lines become good and all nodes run; says in words what is not as it has to be then."""
        for each in self.lines:
            each.become("honest")
        for node in self.nodes:
            if not node.runs:
                node.start()
        until = time.monotonic() + PATIENCE
        while wrong := self._differ():
            if time.monotonic() > until:
                return wrong
            time.sleep(0.2)
        return ""

    def _differ(self) -> str:
        ends = [_ends(node) for node in self.nodes]
        for at, each in enumerate(ends):
            if missing := {log for log, end in self._acknowledged.items() if each.get(log, 0) < end}:
                return f"node {at} lacks the end of {len(missing)} logs"
        if any(each != ends[0] for each in ends):
            return "the nodes have different logs"
        views = [_view(node, self.schema) for node in self.nodes]
        if len(views[0]) != sum(map(len, self._instances)):
            return f"{len(views[0])} instances are shown"
        return "" if all(each == views[0] for each in views) else "the nodes have different views"


def _ask(node: ServedNode, method: str, **params: Any) -> Any:
    call = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
    answer = httpx.post(node.url, json=call, timeout=30).json()
    if "error" in answer:
        raise AssertionError(f"{method}: {answer['error']}")
    return answer["result"]


def _publish(node: ServedNode, entry: bytes, payload: bytes) -> None:
    _ask(node, "panda_publishEntry", entryEncoded=entry.hex(), messageEncoded=payload.hex())


def _ends(node: ServedNode) -> dict[tuple[str, int], int]:
    return {(each["author"], each["logId"]): each["seqNum"] for each in _ask(node, "panda_getLogs")["logs"]}


def _view(node: ServedNode, schema: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    after = None
    while page := _ask(node, "panda_query", schema=schema, limit=1000, after=after):
        for each in page:
            after = each["_meta"].pop("cursor")
            found[each["id"]] = each
    return found
