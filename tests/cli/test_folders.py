"""Which folder a command acts on: it is said, found by the node's address, never made by looking, never shared."""

import json
import signal
from pathlib import Path

import pytest

from panda_web.cli import running
from tests.cli.test_commands import fails, output, panda
from tests.processes import ServedNode, free_port

ID = "0040" + "77" * 64


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user of their own, so that no other node of this machine is found."""
    for name in ("XDG_DATA_HOME", "XDG_STATE_HOME"):
        monkeypatch.setenv(name, str(tmp_path / "home" / name))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def test_looking_makes_nothing(tmp_path: Path, home: Path) -> None:
    wrong = tmp_path / "wrong"
    there = ("--node", f"http://localhost:{free_port()}")
    for command in (("list", "--data", wrong), ("drop", ID, "--data", wrong), ("drop", ID)):
        fails("folder-missing", "schema", *command)
    fails("folder-missing", "schema", "register", ID, "--data", wrong)
    fails("node-not-here", "schema", "register", ID, *there)
    fails("node-not-here", "schema", "drop", ID, "--node", "https://node.example")
    fails("node-unreachable", "schema", "list", *there)
    fails("key-file-missing", "key", "show")
    assert not wrong.exists()
    assert not home.exists()


def test_the_folder_of_a_running_node_is_found(tmp_path: Path) -> None:
    with ServedNode(tmp_path / "node") as served:
        there = ("--node", served.url)
        done = panda("schema", "register", ID, *there)
        assert f"{tmp_path / 'node'}; a node runs on it" in done.stderr
        assert json.loads(done.stdout)["state"] == "pending"
        assert output("schema", "list", *there) == {"id": ID, "name": None, "state": "pending"}
        assert output("schema", "list", env={"PANDA_NODE": served.url})["id"] == ID
        assert panda("query", ID, env={"PANDA_NODE": served.url}).returncode == 0
        assert served.kill(signal.SIGTERM) in (0, -signal.SIGTERM)
    fails("node-not-here", "schema", "drop", ID, *there)
    done = panda("schema", "list", env={"PANDA_DATA": str(tmp_path / "node")})
    assert (json.loads(done.stdout)["id"], "no node runs on it" in done.stderr) == (ID, True)


def test_a_killed_node_leaves_nothing_that_is_believed(tmp_path: Path) -> None:
    with ServedNode(tmp_path / "node") as served:
        served.kill()
        fails("node-not-here", "schema", "register", ID, "--node", served.url)
        assert not running.is_running_on(tmp_path / "node")
        served.start()  # the lock went with the process


def test_one_node_to_a_folder(tmp_path: Path) -> None:
    data = ("--data", tmp_path / "node", "--no-browser", "--port")
    with ServedNode(tmp_path / "node"):
        fails("folder-in-use", "serve", *data, str(free_port()))
        with pytest.raises(running.FolderInUse), running.alone(tmp_path / "node"):
            pass
    with running.alone(tmp_path / "node"):
        fails("folder-in-use", "serve", *data, str(free_port()))
    (tmp_path / "file").touch()
    fails("store-failed", "serve", "--data", tmp_path / "file", "--no-browser", "--port", str(free_port()))


@pytest.mark.parametrize("record", [b"", b"{", b"[]", b'{"folder": 1}', b'{"folder": "\\u0000"}', b"\xff"])
def test_records_that_are_none(record: bytes, home: Path) -> None:
    place = running._record(2020)
    place.parent.mkdir(parents=True)
    place.write_bytes(record)
    assert running.folder_at("http://localhost:2020") is None
    for url in ("", "nonsense", "http://[", "http://localhost:x", "http://node.example:2020"):
        assert running.folder_at(url) is None
