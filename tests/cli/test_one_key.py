"""A key's logs in a terminal: set back to an earlier state, killed at work, and in use in two places."""

import asyncio
import json
import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from panda_web.rpc.connection import Connection
from panda_web.rpc.forks import GET_FORK_PROOFS, ForkedLog
from panda_web.rpc.http import HttpTransport
from tests.authors import SCHEMA
from tests.cli.command import killed
from tests.cli.test_commands import fails, output, panda
from tests.processes import ServedNode


@pytest.fixture
def node(tmp_path: Path) -> Iterator[ServedNode]:
    with ServedNode(tmp_path / "node") as served:
        yield served


def forks(node: ServedNode) -> Sequence[ForkedLog]:
    async def ask() -> Sequence[ForkedLog]:
        transport = HttpTransport(node.url)
        try:
            return await Connection(transport).call(GET_FORK_PROOFS)
        finally:
            await transport.close()

    return asyncio.run(ask())


def numbers(node: ServedNode) -> list[int]:
    lines = panda("query", SCHEMA, "--order-by", "n", "--node", node.url).stdout.splitlines()
    return [json.loads(line)["n"] for line in lines]


def said(n: int) -> str:
    return json.dumps({"n": n})


@pytest.mark.parametrize("flushed", [True, False], ids=["flushed", "written"])
def test_a_folder_that_is_set_back_to_an_earlier_state(
    tmp_path: Path, node: ServedNode, flushed: bool
) -> None:
    """Its log goes on behind what the node has; or a write that comes before that is told to be lost."""
    me, there = ("--data", tmp_path / "me"), ("--node", node.url)
    output("key", "new", *me)
    old = output("publish", SCHEMA, said(1), *me, *there)["id"]
    shutil.copytree(tmp_path / "me", tmp_path / "backup")
    for n in (2, 3):
        output("publish", SCHEMA, said(n), *me, *there)
    shutil.rmtree(tmp_path / "me")
    shutil.copytree(tmp_path / "backup", tmp_path / "me")
    if flushed:
        assert output("flush", *me, *there) == {"sent": 0}
    else:
        done = panda("publish", SCHEMA, said(4), *me, *there)
        assert done.returncode == 1
        assert "log-diverged: " in done.stderr
        assert '{"n": 4}. Write that again' in done.stderr
    output("publish", SCHEMA, said(4), *me, *there)
    output("publish", SCHEMA, said(5), "--update", old, *me, *there)
    assert numbers(node) == [2, 3, 4, 5]
    assert forks(node) == []
    output("publish", SCHEMA, "--delete", old, *me, *there)
    assert numbers(node) == [2, 3, 4]


def test_killed_at_any_moment(tmp_path: Path, node: ServedNode) -> None:
    """Between signing and storing, and between storing and sending: no slot is signed twice."""
    me, there = ["--data", str(tmp_path / "me")], ["--node", node.url]
    output("key", "new", *me)
    output("publish", SCHEMA, said(0), *me, *there)
    for n in range(1, 13):
        killed(["publish", SCHEMA, said(n), *me, *there], {**os.environ}, 0.02 * n)
    output("flush", *me, *there)
    output("publish", SCHEMA, said(13), *me, *there)
    found = numbers(node)
    assert len(set(found)) == len(found), "nothing is there twice"
    assert {0, 13} <= set(found)
    assert forks(node) == []
    assert output("flush", *me, *there) == {"sent": 0}


def test_one_key_in_two_folders(tmp_path: Path, node: ServedNode) -> None:
    """They wrote at two nodes: noticed with the first command that speaks to the other one, and said."""
    mine, theirs = ("--data", tmp_path / "mine"), ("--data", tmp_path / "theirs")
    with ServedNode(tmp_path / "other") as other:
        here, there = ("--node", node.url), ("--node", other.url)
        output("key", "new", *mine)
        old, more = (output("publish", SCHEMA, said(n), *mine, *here)["id"] for n in (1, 2))
        assert output("flush", *mine, *there) == {"sent": 2}
        shutil.copytree(tmp_path / "mine", tmp_path / "theirs")
        output("publish", SCHEMA, said(3), *mine, *here)
        output("publish", SCHEMA, said(4), *theirs, *there)
        fails("log-forked", "flush", *mine, *there)
        assert forks(other)[0].proof.position == 3
        assert numbers(other) == [1, 2]
        shown = panda("key", "show", *mine)
        assert shown.returncode == 0
        assert "log-forked: Log 1 is forked at entry 3" in shown.stderr
        assert 'Write again what should be seen: the create with {"n": 3}' in shown.stderr
        assert panda("key", "show", *theirs).stderr == ""
        fails("log-forked", "flush", *theirs, *there)
        for folder, n in ((mine, 5), (theirs, 6)):
            output("publish", SCHEMA, said(n), *folder, *there)
            fails("log-forked", "publish", SCHEMA, said(9), "--update", old, *folder, *there)
        output("publish", SCHEMA, "--delete", old, *mine, *there)
        output("publish", SCHEMA, "--delete", more, *theirs, *there)
        assert numbers(other) == [5, 6]
        assert output("flush", *mine, *here)["sent"] > 0
        assert forks(node)[0].proof.position == 3
        assert numbers(node) == [2, 5], "each brings what it wrote"
