"""What `build.py attack` runs, in a tiny size: each part runs, counts, and says so when a promise breaks."""

import asyncio
import contextlib
import os
import signal
import sqlite3
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from attacks import __main__ as program
from attacks import crowd, filled, fuzz, kill, lie, live, soak, stall
from attacks.cuts import Line
from attacks.report import Row, table
from attacks.wire import Stranger
from panda_web.errors import PandaError
from panda_web.keys.with_cryptography import CryptographyVerifier
from panda_web.node import Node
from panda_web.rpc.connection import Connection
from panda_web.rpc.methods import QUERY_ENTRIES, SCHEMAS
from panda_web.rpc.table import Method
from panda_web.rpc.transport import InProcess
from tests.authors import SCHEMA
from tests.processes import ServedNode
from tests.sqlite import Store

TINY = 0.01


def held(rows: Iterator[Row]) -> list[Row]:
    found = list(rows)
    assert [row.verdict for row in found] == ["held"] * len(found)
    return found


def test_fuzz() -> None:
    rows = held(fuzz.run(TINY))
    assert [row.what for row in rows][:2] == ["mutated entries", "mutated messages, signed"]


def test_fuzz_finds_an_unnamed_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """And a verdict of the node that is not the client's."""

    def read(data: bytes) -> object:
        raise ZeroDivisionError

    async def publish(self: Node, entry_encoded: bytes, message_encoded: bytes) -> None:
        raise PandaError("no")

    monkeypatch.setattr(fuzz, "read_schedule", read)
    monkeypatch.setattr(Node, "publish_entry", publish)
    broken = {row.what: row.broken for row in fuzz.run(TINY)}
    assert "ZeroDivisionError" in broken["mutated schedule files"]
    assert "the node takes it: False, the client: True" in broken["mutated entries"]
    assert broken["mutated JSON bodies"].startswith("what was not changed is refused")
    assert not broken["mutated schema texts"]


def test_kill() -> None:
    (row,) = held(kill.run(TINY))
    assert row.much.startswith("1 rounds, ")


def test_kill_finds_what_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kill, "stored", lambda _: set())
    (row,) = kill.run(TINY)
    assert "acknowledged entries are gone" in row.broken


def test_lie() -> None:
    assert len(held(lie.run(TINY))) == 6


def test_lie_finds_what_nobody_signed(monkeypatch: pytest.MonkeyPatch) -> None:
    class Shown:
        id, values = "0040", {"n": 666}

    async def check(*_: object) -> Sequence[Shown]:
        return [Shown()]

    monkeypatch.setattr(lie, "check_answer", check)
    assert "666" in lie.about_instances(TINY).broken


@pytest.mark.parametrize("name", ["nothing", "idle connections", "8 MiB of brackets"])
def test_stall(name: str, tmp_path: Path) -> None:
    """Times are not looked at here: other tests run beside it."""
    row = stall.under(name, stall.ATTACKS[name], tmp_path, 0.1)
    assert not row.broken
    assert row.wait is not None and row.wait > 0


class Unhurried(Stranger):
    """Has time for as much as is asked of it, and only then looks at the clock."""

    asked = 0

    def goes_on(self) -> bool:
        self.asked += 1
        return self.asked <= crowd.COUNT or super().goes_on()


@pytest.mark.parametrize("name", crowd.ATTACKS)
def test_crowd(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All of them get in; how soon is not looked at here."""
    monkeypatch.setattr(crowd, "COUNT", 30)
    monkeypatch.setattr(stall, "Stranger", Unhurried)
    monkeypatch.setattr(stall, "MOST_WAIT", 1e9)
    row = stall.under(name, crowd.ATTACKS[name], tmp_path, 0.1, "--proxy", "127.0.0.1", all_calls=True)
    assert not row.broken
    assert row.much.startswith("30 times; a publish ")
    assert "a query " in row.much


@pytest.mark.parametrize("name", ["cursors of nonsense", "changes that nobody reads"])
def test_live(name: str, tmp_path: Path) -> None:
    """Who follows is answered, and is told of what somebody publishes meanwhile."""
    row = stall.under(name, live.ATTACKS[name], tmp_path, 0.02)
    assert not row.broken
    assert row.much


@pytest.mark.parametrize(
    "fill",
    [each.fill for each in stall.ATTACKS.values() if each.fill is not None],
    ids=lambda each: each.__name__,
)
def test_what_a_node_is_filled_with_is_whole(fill: stall.Fill, tmp_path: Path) -> None:
    """So the node answers what the attack asks, and is not stalled by an error."""
    fill(tmp_path, 0.0001)
    with contextlib.closing(sqlite3.connect(tmp_path / "node.db")) as database:
        (rows,) = database.execute("SELECT count(*) FROM logs").fetchone()
        assert rows > 0
        assert database.execute("PRAGMA foreign_key_check").fetchone() is None


def test_a_filled_node_has_all_the_work_of_answering(tmp_path: Path) -> None:
    """Not of finding that there is nothing, and none of it fails."""
    listed, lost = tmp_path / "listed", tmp_path / "lost"
    filled.junk_schemas(listed, 0.0001)
    filled.not_replayable(lost, 0.0001)
    asked: list[tuple[Path, Method[Any], dict[str, Any], int]] = [
        (listed, SCHEMAS, {}, 33),
        (lost, QUERY_ENTRIES, {"schema": SCHEMA, "everything": True}, 2),
    ]
    for folder, method, params, much in asked:
        with contextlib.closing(Store(folder / "node.db")) as store:
            node = Node(store, CryptographyVerifier(), version="0")
            connection = Connection(InProcess(node.dispatcher()))
            assert len(asyncio.run(connection.call(method, **params))) == much


def test_stall_finds_who_waits(tmp_path: Path) -> None:
    """A node that is stopped for a second and more."""

    def stop(stranger: Stranger) -> None:
        os.kill(started[0].pid, signal.SIGSTOP)
        time.sleep(1.3)
        os.kill(started[0].pid, signal.SIGCONT)

    started: list[ServedNode] = []
    begin = ServedNode.start

    def start(self: ServedNode) -> ServedNode:
        started.append(self)
        return begin(self)

    with patch.object(ServedNode, "start", start):
        row = stall.under("stopped", stall.Attack(stop), tmp_path, TINY)
    assert "others wait for more than 1000 ms" in row.verdict


def test_the_table_says_what_broke(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [Row("one", "7 times", 12.3, 80.5), Row("other", "1,000 inputs", 1001, 513, "lost")]
    assert table(rows).splitlines() == [
        "what was tried  how much      worst wait, ms  memory, MiB",
        "one             7 times                   12           80  held",
        "other           1,000 inputs           1,001          513  " + rows[1].verdict,
    ]
    monkeypatch.setattr(program, "PARTS", {"good": lambda _: iter(rows[:1]), "bad": lambda _: iter(rows[1:])})
    assert rows[1].verdict == "BROKEN: lost; others wait for more than 1000 ms; more than 512 MiB of memory"
    assert program.main(["good"]) == 0
    assert program.main([]) == 1
    assert "bad: other: BROKEN" in capsys.readouterr().out
    assert program.main(["ugly"]) == 1
    assert "there is no attack ugly; there are good, bad." in capsys.readouterr().err


def test_steps_and_seed_of_the_soak_are_options(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[tuple[float, int, int]] = []

    def run(share: float, steps: int, seed: int) -> Iterator[Row]:
        given.append((share, steps, seed))
        yield Row("soak", "")

    monkeypatch.setattr(program, "PARTS", {"soak": run})
    assert program.main([]) == 0
    assert program.main(["soak", "--steps", "7", "--seed=3"], 0.5) == 0
    assert given == [(1, soak.STEPS, soak.SEED), (0.5, 7, 3)]
    for wrong in ("0", "-3", "many"):
        with pytest.raises(SystemExit):
            program.main(["soak", "--steps", wrong])


def test_soak_finds_what_did_not_arrive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And says by which steps it came to that. That it holds is shown in tests/browser/test_network.py."""
    monkeypatch.setattr(Line, "become", lambda self, _: self.close())
    monkeypatch.setattr(soak, "PATIENCE", 1)
    monkeypatch.setattr(soak, "WAYS", ("refuses",))
    row = soak.over(tmp_path, 9, soak.SEED)
    assert "lacks the end of" in row.broken
    assert f"(seed {soak.SEED}: " in row.broken
