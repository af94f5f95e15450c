"""Three nodes in a row, and a browser at each end, are kept alike over bad lines while all of them write.

Nodes are killed, tabs closed and loaded anew, browsers go offline, and the lines refuse, swallow, delay,
double and truncate. What happens is random and hangs on a seed alone; when it happens hangs on the machine.
At the end the lines are good, everything runs, and each node and tab shows exactly what was written anywhere.
"""

import contextlib
import random
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import playwright.sync_api

from attacks.cuts import WAYS, Line, line
from attacks.ends import End
from attacks.report import Row
from tests.authors import Author
from tests.browser.api import bare_website
from tests.browsers import Browsers, available, static_server
from tests.defining import definition, loose
from tests.processes import ServedNode
from tools.static_site import build_site

NODES = 3
ENGINES = ("chromium", "firefox")
"""The browsers at the ends of the row."""
STEPS = 300
PAUSE = 0.5
PATIENCE = 120
"""Seconds until all that reach each other have to be alike. Whom a line lied for is left alone a while."""
SEED = 18

AT_NODES = ("write", "write", "write", "kill or start", "line", "line")
AT_ENDS = ("enter", "enter", "enter", "reload", "close or open", "offline or online")
"""What happens at nodes and lines, and what in browsers; what stands there more often happens more often."""

Values = dict[str, object]


def run(share: float, steps: int = STEPS, seed: int = SEED) -> Iterator[Row]:
    """One run, with those browsers that are on this machine."""
    engines = [each for each in ENGINES if each in available()]
    browsers = Browsers()
    try:
        with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
            site = Path(folder) / "site"
            build_site(site, packed=False)
            website = stack.enter_context(static_server(bare_website(site, Path(folder) / "website")))
            ends = [lambda node, engine=each: End(browsers, engine, website.url, node) for each in engines]
            yield over(Path(folder), max(1, round(steps * share)), seed, ends)
    finally:
        browsers.close()


def over(
    folder: Path, steps: int, seed: int, ends: Sequence[Callable[[str], End]] = (), pause: float = PAUSE
) -> Row:
    """One run of some steps.

    Args:
        folder: for the data of the nodes.
        steps: how many.
        seed: what happens hangs on it.
        ends: give the browsers, by the addresses of their nodes: of the first one, and then of the last one.
        pause: seconds between steps, at most.
    """
    with Soak(folder, seed, ends) as soak:
        try:
            for _ in range(steps):
                soak.step()
                time.sleep(soak.chance.uniform(0, pause))
            broken = soak.settle()
        except (
            AssertionError,
            OSError,
            httpx.HTTPError,
            playwright.sync_api.Error,
        ) as error:  # whatever goes wrong, the steps that led there are what helps
            broken = f"{type(error).__name__}: {error}"
    kills = sum(each.startswith("kill") for each in soak.steps)
    if broken:
        broken = f"{broken} (seed {seed}: {'; '.join(soak.steps)})"
    where = " and ".join(end.name.title() for end in soak.ends) or "no browser"
    return Row(
        "nodes and browsers over bad lines",
        f"seed {seed}, {len(soak.steps)} steps, {kills} kills, {soak.written:,} entries, {where}",
        broken=broken,
    )


class Soak(contextlib.ExitStack):
    """The nodes, each with a bad line to the one before it, an author who writes at each, and the browsers.

    Attributes:
        steps: what happened so far.
        written: how many entries were acknowledged.
        ends: the browsers.
    """

    def __init__(self, folder: Path, seed: int, ends: Sequence[Callable[[str], End]] = ()) -> None:
        super().__init__()
        self.chance = random.Random(seed)  # noqa: S311 - it is to be the same again
        self.steps: list[str] = []
        self.nodes: list[ServedNode] = []
        self.lines: list[Line] = []
        self.ends: list[End] = []
        self.schema, defined = definition(loose(n="integer", text="text"))
        self._wanted: dict[str, Values] = {}
        self._acknowledged: dict[tuple[str, int], int] = {}
        self._authors = [[Author(1 + 2 * at + n, log_id=1 + 2 * n) for n in range(2)] for at in range(NODES)]
        self._instances: list[list[bytes]] = [[] for _ in range(2 * NODES)]
        self._offline: set[int] = set()
        try:
            for at in range(NODES):
                peers = ["--peer", self._line_to(self.nodes[-1], seed)] if self.nodes else []
                node = ServedNode(folder / str(at), None, *peers, heard=False)
                node.errors = folder / f"{at}.said"
                self.nodes.append(self.enter_context(node))
            signed, payload = defined
            _publish(self.nodes[0], signed.encoded, payload)
            self.written = 1
            for end, node in zip(ends, (self.nodes[0], self.nodes[-1]), strict=False):
                self.ends.append(self.enter_context(end(self._line_to(node, seed))))
        except BaseException:
            self.close()
            raise

    def _line_to(self, node: ServedNode, seed: int) -> str:
        chance = random.Random(seed + len(self.lines))  # noqa: S311 - it is to be the same again
        self.lines.append(self.enter_context(line(node.port, chance)))
        return self.lines[-1].url

    def step(self) -> None:
        """One random thing happens."""
        what = self.chance.choice(AT_NODES + AT_ENDS if self.ends else AT_NODES)
        if what in AT_ENDS:
            self._at_end(what, self.chance.randrange(len(self.ends)))
        elif what == "line":
            at = self.chance.randrange(len(self.lines))
            way = self.chance.choice(WAYS)
            self.steps.append(f"line {at} {way}")
            self.lines[at].become(way)
        else:
            self._at_node(what, self.chance.randrange(NODES))

    def _at_node(self, what: str, at: int) -> None:
        if what == "write" and self.nodes[at].runs:
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
        for _ in range(count):
            kind, values = self._what(bool(instances))
            if kind == "create":
                signed, payload = author.create(self.schema, **values)
                instances.append(signed.hash)
                self._wanted[signed.hash.hex()] = values
            elif kind == "update":
                instance = self.chance.choice(instances)
                signed, payload = author.update(instance, self.schema, **values)
                self._wanted[instance.hex()] |= values
            else:
                gone = instances.pop(self.chance.randrange(len(instances)))
                signed, payload = author.delete(gone, self.schema)
                del self._wanted[gone.hex()]
            _publish(self.nodes[at], signed.encoded, payload)
            self.written += 1
            self._acknowledged[author.hex, author.log_id] = author.head.seq_num or 0

    def _what(self, some: bool) -> tuple[str, Values]:
        """What is written next by somebody who has instances, or none yet."""
        kind = self.chance.random()
        number = self.chance.randrange(1 << 30)
        if kind < 0.6 or not some:
            return "create", {"n": number, "text": "x" * self.chance.randrange(2_000)}
        return ("update", {"n": -number}) if kind < 0.9 else ("delete", {})

    def _at_end(self, what: str, at: int) -> None:
        end = self.ends[at]
        if not end.opened:
            self.steps.append(f"open {end.name}")
            end.open()
        elif what == "enter":
            count = self.chance.randrange(1, 6)
            self.steps.append(f"enter {count} in {end.name}")
            for _ in range(count):
                self._enter(end)
        elif what == "reload":
            self.steps.append(f"reload {end.name}")
            self._offline.discard(at)
            end.open()
        elif what == "close or open":
            self.steps.append(f"close {end.name}")
            self._offline.discard(at)
            end.close_tab()
        else:
            self._offline ^= {at}
            self.steps.append(f"{end.name} is {'offline' if at in self._offline else 'online'}")
            end.offline(there_is_none=at in self._offline)

    def _enter(self, end: End) -> None:
        kind, values = self._what(bool(end.ids))
        if kind == "create":
            self._wanted[end.create(self.schema, values)] = values
        elif kind == "update":
            instance = self.chance.choice(end.ids)
            end.update(self.schema, instance, values)
            self._wanted[instance] |= values
        else:
            instance = self.chance.choice(end.ids)
            end.delete(self.schema, instance)
            del self._wanted[instance]
        self.written += 1

    def settle(self) -> str:
        """The lines become good and everything runs; says in words what is not as it has to be then."""
        for each in self.lines:
            each.become("honest")
        for node in self.nodes:
            if not node.runs:
                node.start()
        for end in self.ends:
            end.offline(there_is_none=False)
            if not end.opened:
                end.open()
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
        if any(each != views[0] for each in views):
            return "the nodes have different views"
        shown = {"the nodes": views[0]} | {end.name: end.view(self.schema) for end in self.ends}
        for who, view in shown.items():
            if wrong := _otherwise(view, self._wanted):
                return f"{who}: {wrong}"
        return ""


def _otherwise(view: dict[str, Any], wanted: dict[str, Values]) -> str:
    """What a view has otherwise than it was written, in words."""
    if lacking := wanted.keys() - view.keys():
        return f"{len(lacking)} instances are not shown, such as {min(lacking)}"
    if more := view.keys() - wanted.keys():
        return f"{len(more)} instances are shown that are not there, such as {min(more)}"
    for each, values in wanted.items():
        if any(view[each].get(name) != value for name, value in values.items()):
            return f"{each} has not the values that were written last"
    return ""


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
