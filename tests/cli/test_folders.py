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
        while not panda("schema", "list", *there).stdout:
            pass  # the node has not noticed yet
        assert output("schema", "list", *there) == {"id": ID, "name": None, "state": "pending"}
        assert output("schema", "list", env={"PANDA_NODE": served.url})["id"] == ID
        assert panda("query", ID, env={"PANDA_NODE": served.url}).returncode == 0
        assert served.kill(signal.SIGTERM) in (0, -signal.SIGTERM)
    fails("node-not-here", "schema", "drop", ID, *there)
    done = panda("schema", "list", env={"PANDA_DATA": str(tmp_path / "node")})
    assert (json.loads(done.stdout)["id"], "no node runs on it" in done.stderr) == (ID, True)


def test_two_nodes_on_one_port(tmp_path: Path) -> None:
    """Each listens on an address of its own; a name that may lead to either leads to no folder."""
    one, two, wide = tmp_path / "one", tmp_path / "two", tmp_path / "wide"
    with (
        running.alone(one),
        running.alone(two),
        running.alone(wide),
        running.known_by("127.0.0.1", 2020, one),
    ):
        assert running.folder_at("http://localhost:2020") == one
        with running.known_by("::1", 2020, two), running.known_by("0.0.0.0", 2021, wide):
            assert running.folder_at("http://127.0.0.1:2020") == one
            assert running.folder_at("http://[::1]:2020") == two
            assert running.folder_at("http://localhost:2020") is None
            assert running.folder_at("http://127.0.0.2:2021") == wide, "an address of this machine"
            assert running.folder_at("http://192.0.2.1:2021") is None, "one of another machine"


def test_what_is_given_goes_before_a_variable(tmp_path: Path) -> None:
    """A node is named, and it is its folder that the command acts on, wherever the variables lead."""
    with ServedNode(tmp_path / "node") as served, ServedNode(tmp_path / "other") as other:
        done = panda(
            "schema", "register", ID, "--node", served.url, env={"PANDA_DATA": str(tmp_path / "other")}
        )
        assert f"{tmp_path / 'node'}; a node runs on it" in done.stderr
        listed = panda("schema", "list", "--data", tmp_path / "node", env={"PANDA_NODE": other.url})
        assert json.loads(listed.stdout)["id"] == ID
        both = panda("schema", "register", ID, "--node", served.url, "--data", tmp_path / "other")
        assert (both.returncode, "--node or --data" in both.stderr) == (2, True)


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
    place = running._record("127.0.0.1", 2020)
    place.parent.mkdir(parents=True)
    place.write_bytes(record)
    assert running.folder_at("http://localhost:2020") is None
    for url in ("", "nonsense", "http://[", "http://localhost:x", "http://node.example:2020"):
        assert running.folder_at(url) is None


def test_a_proxy_is_an_address(tmp_path: Path) -> None:
    """A name would match no caller, and nobody would be counted."""
    done = panda("serve", "--no-browser", "--data", str(tmp_path / "data"), "--proxy", "localhost")
    assert done.returncode == 2
    assert "is no IP address" in " ".join(done.stderr.split())
    assert not (tmp_path / "data").exists()
