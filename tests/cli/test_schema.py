"""`panda schema` as people run it."""

import asyncio
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from panda_web.cli.serve import Building
from panda_web.messages.schema import DEFINITION, schema_from_toml
from panda_web.rpc.connection import Connection
from panda_web.rpc.http import HttpTransport
from panda_web.rpc.methods import PUBLISH_ENTRY
from tests.authors import Author
from tests.cli.test_commands import fails, output, panda
from tests.processes import ServedNode

ROOM = """
name = "room"
description = "Where talks are held\\nwith a second line, and \\u202e \\U000e0041 \\u009b in it"
[fields.name]
type = "varchar"
validation = "[A-Z].*"
[fields.beside]
type = "relation"
schema = "self"
optional = true
"""


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedNode]:
    with ServedNode(tmp_path_factory.mktemp("node")) as served:
        yield served


def test_init_and_show(tmp_path: Path, node: ServedNode) -> None:
    data, there = ("--data", tmp_path / "me"), ("--node", node.url)
    output("key", "new", *data)
    file = tmp_path / "room.toml"
    file.write_text(ROOM, "utf-8")
    made = output("schema", "init", "--file", file, *data, *there)
    assert made == {"id": made["id"], "name": "room", "acknowledged": True}
    again = panda("schema", "init", "--file", file, *data, *there)
    assert (json.loads(again.stdout), again.returncode) == (made, 0)
    assert "before" in again.stderr
    shown = panda("schema", "show", made["id"], *there)
    assert not re.search("[\u202e\U000e0041\x9b]", shown.stdout)
    assert schema_from_toml(shown.stdout) == schema_from_toml(ROOM)


def test_a_node_that_is_gone(tmp_path: Path) -> None:
    data = ("--data", tmp_path / "me")
    output("key", "new", *data)
    served = ServedNode(tmp_path / "node")
    there = ("--node", served.url)
    (tmp_path / "a.toml").write_text(ROOM, "utf-8")
    (tmp_path / "b.toml").write_text(ROOM.replace('"room"', '"hall"'), "utf-8")
    fails("node-unreachable", "schema", "init", "--file", tmp_path / "a.toml", *data, *there)
    with served:
        output("schema", "init", "--file", tmp_path / "a.toml", *data, *there)
    kept = panda("schema", "init", "--file", tmp_path / "b.toml", *data, *there)
    made = json.loads(kept.stdout)
    assert (kept.returncode, made["acknowledged"]) == (3, False)
    assert "kept" in kept.stderr
    with served:
        assert output("flush", *data, *there) == {"sent": 1}
        assert panda("schema", "show", made["id"], *there).returncode == 0


def test_files_and_ids_that_are_none(tmp_path: Path, node: ServedNode) -> None:
    data, there = ("--data", tmp_path), ("--node", node.url)
    file = tmp_path / "schema.toml"

    def refused(content: bytes, reason: str) -> None:
        file.write_bytes(content)
        fails(reason, "schema", "init", "--file", file, *data, *there)

    refused(b"", "definition-key-missing")
    refused(b"name = ", "definition-not-toml")
    refused(b"\xff\xfe", "not-text")
    refused(ROOM.replace("varchar", "string").encode(), "schema-type-unknown")
    refused(ROOM.replace("[A-Z].*", r"(a").encode(), "pattern-malformed")
    refused(ROOM.encode(), "key-file-missing")
    assert panda("schema", "init", "--file", tmp_path / "missing", *data, *there).returncode == 2
    fails("schema-name-unknown", "schema", "show", "cellar", *there)
    assert panda("schema", "show", "room", *there).stdout.startswith('name = "room"')
    fails("schema-not-found", "schema", "show", "0040" + "77" * 64, *there)


# -- the node's side -----------------------------------------------------------------------------------


def until_refused(reason: str, *arguments: str | Path) -> None:
    """A running node notices what is registered beside it."""
    for _ in range(100):
        done = panda(*arguments)
        if done.returncode == 1:
            assert done.stderr.startswith(f"{reason}: ")
            return
    raise AssertionError("the node notices nothing")


def publish_unchecked(url: str, schema: str, **fields: object) -> None:
    """As a client does that does not know the schema."""

    async def work() -> None:
        signed, payload = Author().create(schema, **fields)
        connection = Connection(HttpTransport(url))
        await connection.call(PUBLISH_ENTRY, entryEncoded=signed.encoded.hex(), messageEncoded=payload.hex())
        await connection.close()

    asyncio.run(work())


def test_registering_while_the_node_runs(tmp_path: Path) -> None:
    data, mine = ("--data", tmp_path / "node"), ("--data", tmp_path / "me")
    output("key", "new", *mine)
    file = tmp_path / "room.toml"
    file.write_text(ROOM, "utf-8")
    with ServedNode(tmp_path / "node") as served:
        there = ("--node", served.url)
        room = output("schema", "init", "--file", file, *mine, *there)["id"]
        fails("pattern-not-matched", "publish", room, '{"name": "hall"}', *mine, *there)
        output("publish", room, '{"name": "Cellar"}', *mine, *there)
        registered = output("schema", "register", room, *data)
        assert (registered["name"], registered["state"], registered["waitsFor"]) == ("room", "registered", [])
        assert output("schema", "register", room, *data) == registered
        until_refused("field-unknown", "query", room, "--order-by", "colour", *there)
        output("publish", room, '{"name": "Hall"}', *mine, *there)
        assert output("schema", "list", *data) == registered
        dropped = output("schema", "drop", room, *data)
        assert dropped == {"id": room, "name": "room", "state": "dropped"}
        fails("schema-not-registered", "schema", "drop", room, *data)
    assert panda("schema", "list", *data).stdout == ""


def test_a_schema_by_its_name_and_views_of_it(tmp_path: Path) -> None:
    data, mine = ("--data", tmp_path / "node"), ("--data", tmp_path / "me")
    output("key", "new", *mine)
    file = tmp_path / "event.toml"
    file.write_text('name = "event"\ndescription = ""\n[fields.at]\ntype = "timestamp"\n', "utf-8")
    with ServedNode(tmp_path / "node") as served:
        there = ("--node", served.url)
        event = output("schema", "init", "--file", file, *mine, *there)["id"]
        fails("timestamp-malformed", "publish", event, '{"at": "soon"}', *mine, *there)
        output("schema", "drop", event, *data)
        for _ in range(100):
            if panda("query", "event", *there).returncode:
                break
        publish_unchecked(served.url, event, at="soon")
        times = [f"2026-08-01T{hour:02}:00:00+{zone:02}:00" for hour, zone in ((11, 4), (10, 2), (9, 0))]
        for at in times:
            output("publish", event, json.dumps({"at": at}), *mine, *there)
        fails("schema-name-unknown", "query", "event", *there)
        output("schema", "register", event, *data)
        for _ in range(100):
            done = panda("query", "event", "--order-by", "at", *there)
            if done.returncode == 0 and "soon" not in done.stdout:
                break
        shown = [json.loads(line)["at"] for line in done.stdout.splitlines()]
        assert shown == times  # as moments: 7, 8 and 9 o'clock in UTC
        same = panda("query", "event", "--filter", "at=2026-08-01T08:00:00Z", *there).stdout.splitlines()
        assert [json.loads(line)["at"] for line in same] == [times[1]]


def test_progress_of_a_view_is_told_once_a_second(capsys: pytest.CaptureFixture[str]) -> None:
    now = 0.0
    told = Building(lambda: now)
    one, other = (replace(schema_from_toml(ROOM), id="0040" + digit * 128) for digit in "12")
    for tenth in range(25):
        now = tenth / 10
        told(one, tenth * 1000, 24_000)
    told(other, 0, 5)
    now += 0.9
    told(other, 5, 5)
    assert capsys.readouterr().err.splitlines() == [
        "Building the view of 'room': 10,000 of 24,000 messages.",
        "Building the view of 'room': 20,000 of 24,000 messages.",
    ]
    now += 0.2
    told(other, 5, 5)
    assert capsys.readouterr().err == "Building the view of 'room': 5 of 5 messages; now its indexes.\n"


def test_a_node_for_registered_schemas_only(tmp_path: Path) -> None:
    data, mine = ("--data", tmp_path / "node"), ("--data", tmp_path / "me")
    output("key", "new", *mine)
    file = tmp_path / "room.toml"
    file.write_text(ROOM, "utf-8")
    with ServedNode(tmp_path / "node", None, "--schemas", "registered") as served:
        there = ("--node", served.url)
        pending = output("schema", "register", "0040" + "77" * 64, *data)
        assert (pending["name"], pending["state"], pending["definition"]) == (None, "pending", None)
        room = output("schema", "init", "--file", file, *mine, *there)["id"]
        fails("schema-not-registered", "publish", room, '{"name": "Hall"}', *mine, *there)
        fails("schema-not-registered", "query", room, *there)
        fails("schema-pending", "publish", pending["id"], '{"name": "Hall"}', *mine, *there)
        output("schema", "register", room, *data)
        for _ in range(100):
            if panda("publish", room, '{"name": "Hall"}', *mine, *there).returncode == 0:
                break
        assert output("query", room, *there)["name"] == "Hall"


def test_registrations_that_are_none(tmp_path: Path) -> None:
    data = ("--data", tmp_path)
    with ServedNode(tmp_path):
        pass  # it makes its folder
    fails("schema-name-unknown", "schema", "register", "room", *data)
    fails("system-schema", "schema", "register", DEFINITION.id or "", *data)
    fails("schema-not-registered", "schema", "drop", "0040" + "77" * 64, *data)
    fails("schema-name-unknown", "schema", "drop", "\x1b[2J", *data)
    assert panda("schema", "list", *data).stdout == ""
    assert panda("serve", "--schemas", "none", *data).returncode == 2
    (tmp_path / "node.db").write_bytes(b"noise" * 1000)
    fails("store-failed", "schema", "register", "0040" + "77" * 64, *data)
    fails("store-failed", "schema", "list", *data)
