"""`panda export` and `panda import` as people run them: a node into a file, and the file into another node, that runs or not."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from panda_web.archive.lines import HEADER
from tests.authors import SCHEMA
from tests.browser.festivals import event, schedule
from tests.cli.test_commands import fails, output, panda
from tests.processes import ServedNode


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedNode]:
    folder = tmp_path_factory.mktemp("node")
    with ServedNode(folder) as served:
        mine = ("--data", folder / "me", "--node", served.url)
        output("key", "new", *mine[:2])
        for n in range(3):
            output("publish", SCHEMA, json.dumps({"n": n}), *mine)
        yield served


def test_from_a_node_that_runs_into_one_that_runs_and_into_a_folder(node: ServedNode, tmp_path: Path) -> None:
    file, again, other = tmp_path / "all", tmp_path / "again", tmp_path / "other"
    made = output("export", file, "--node", node.url)
    assert made == {"file": str(file), "logs": 1, "entries": 3, "payloads": 3}
    assert [each.name for each in tmp_path.iterdir()] == ["all"]
    with ServedNode(other) as served:
        taken = output("import", file, "--node", served.url)
        assert (taken["entries"], taken["stored"], taken["untaken"]) == (3, 3, [])
        assert output("import", file, "--data", other)["held"] == 3
    output("export", again, "--data", other)
    assert again.read_bytes() == file.read_bytes()
    output("export", again, "--data", other)
    piped = panda("export", "-", "--data", other)
    assert piped.stdout.encode() == file.read_bytes()
    assert "no node runs on it" in piped.stderr
    assert output("import", "-", "--data", other, stdin=piped.stdout)["held"] == 3


def test_what_is_wrong_is_said_and_nothing_is_overwritten(node: ServedNode, tmp_path: Path) -> None:
    there = ("--node", node.url)
    file, cut, other = tmp_path / "all", tmp_path / "cut", tmp_path / "other"
    output("export", file, *there)
    cut.write_bytes(file.read_bytes()[:-30])
    done = panda("import", cut, *there)
    assert (done.returncode, json.loads(done.stdout)["held"]) == (1, 2)
    assert done.stderr.startswith("archive-incomplete: ")
    other.write_text("my diary")
    fails("file-taken", "export", other, *there)
    assert other.read_text() == "my diary"
    done = panda("import", other, *there)
    assert (done.returncode, done.stderr.split(":")[0]) == (1, "not-an-archive")
    assert "festival" not in done.stderr
    other.write_text(json.dumps(schedule(event(1))))
    done = panda("import", other, *there)
    assert done.returncode == 1
    assert "`panda festival import FILE`" in done.stderr
    fails("file-failed", "export", tmp_path / "no" / "folder", *there)
    fails("file-failed", "import", tmp_path / "nothing", *there)
    fails("folder-missing", "export", file, "--data", tmp_path)
    fails("node-unreachable", "export", file, "--node", "http://localhost:1")
    assert file.read_bytes().startswith(HEADER)
    assert not list(tmp_path.glob("*.part"))
    assert panda("export", file, *there, "--data", tmp_path).returncode == 2


def test_what_is_not_taken_in_is_named(node: ServedNode, tmp_path: Path) -> None:
    file = tmp_path / "all"
    output("export", file, "--node", node.url)
    lines = file.read_bytes().splitlines(keepends=True)
    lines[2] = lines[2].replace(b'"}', b'00"}')
    file.write_bytes(b"".join(lines))
    with ServedNode(tmp_path / "other") as other:
        done = panda("import", file, "--node", other.url)
    assert (done.returncode, json.loads(done.stdout)["stored"]) == (1, 1)
    assert done.stderr.splitlines()[0] == "Line 3 was not taken in: invalid (payload-hash-mismatch)."
