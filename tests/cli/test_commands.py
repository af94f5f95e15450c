"""The `panda` command as people run it: processes, their output, their exit codes."""

import json
import os
import re
import shlex
import stat
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from panda_web.archive.lines import HEADER
from tests.authors import SCHEMA, Author
from tests.browser.festivals import event, schedule
from tests.cli.command import command
from tests.processes import PANDA, ROOT, ServedNode, free_port
from tests.schedules import SMALL, small_talks

VECTOR = json.loads((ROOT / "tests" / "vectors" / "p2panda-0.2.1.json").read_text("utf-8"))["panda"]["logs"][
    0
]


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedNode]:
    with ServedNode(tmp_path_factory.mktemp("node")) as served:
        yield served


def panda(
    *arguments: str | Path, stdin: str = "", env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "NO_COLOR": "1", **(env or {})}
    return command([str(argument) for argument in arguments], stdin, environment)


def output(*arguments: str | Path, **more: Any) -> Any:
    done = panda(*arguments, **more)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def fails(reason: str, *arguments: str | Path, **more: Any) -> None:
    """Exit 1, nothing on standard output, one line on standard error that names the rule.

    What acts on a node's folder says which before.
    """
    done = panda(*arguments, **more)
    assert (done.returncode, done.stdout) == (1, "")
    *before, said = done.stderr.splitlines()
    assert said.startswith(f"{reason}: ")
    assert all(line.startswith("The node's data folder is ") for line in before)


def test_key(tmp_path: Path) -> None:
    made = output("key", "new", "--data", tmp_path / "new")
    assert output("key", "show", "--data", tmp_path / "new") == made
    assert len(bytes.fromhex(made["author"])) == 32
    path = Path(made["file"])
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [file.name for file in path.parent.iterdir()] == ["key.pem"]
    fails("key-file-exists", "key", "new", "--data", tmp_path / "new")
    assert output("key", "show", "--data", tmp_path / "new") == made
    fails("key-file-missing", "key", "show", "--data", tmp_path)
    path.chmod(0o640)
    fails("key-file-open", "key", "show", "--data", tmp_path / "new")
    path.chmod(0o600)
    path.write_text("nonsense")
    fails("key-file-damaged", "key", "show", "--data", tmp_path / "new")


def test_backup_and_restore(tmp_path: Path, node: ServedNode) -> None:
    """On another machine the key goes on with its log: the node is asked before anything is signed."""
    mine, there = ("--data", tmp_path / "mine"), ("--node", node.url)
    words = {"env": {"PANDA_PASSPHRASE": "correct horse"}}
    author = output("key", "new", *mine)["author"]
    schema = "0040" + "77" * 64
    first = output("publish", schema, '{"n": 1}', *mine, *there)
    backup = tmp_path / "backup.pem"
    fails("passphrase-short", "key", "backup", backup, *mine, env={"PANDA_PASSPHRASE": "short"})
    assert not backup.exists()
    assert output("key", "backup", backup, *mine, **words)["author"] == author
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    assert "ENCRYPTED" in backup.read_text()
    assert panda("key", "backup", backup, *mine, **words).returncode == 2
    theirs = ("--data", tmp_path / "theirs")
    fails("passphrase-wrong", "key", "restore", backup, *theirs, env={"PANDA_PASSPHRASE": "wrong horse"})
    assert output("key", "restore", backup, *theirs, **words)["author"] == author
    assert output("key", "restore", backup, *theirs, **words)["author"] == author, "once more"
    other = ("--data", tmp_path / "other")
    output("key", "new", *other)
    fails("key-file-exists", "key", "restore", backup, *other, **words)
    output("publish", schema, '{"n": 2}', "--update", first["id"], *theirs, *there)
    second = output("publish", schema, '{"n": 3}', *theirs, *there)
    found = [
        json.loads(line) for line in panda("query", schema, "--order-by", "n", *there).stdout.splitlines()
    ]
    assert [(item["n"], item["id"]) for item in found] == [(2, first["id"]), (3, second["id"])]
    assert {item["_meta"]["logId"] for item in found} == {1}


def test_restoring_asks_where_else_the_key_wrote(tmp_path: Path, node: ServedNode) -> None:
    """The copy wrote to another node alone: what follows here comes behind that, and makes no fork."""
    words = {"env": {"PANDA_PASSPHRASE": "correct horse"}}
    mine, theirs, there = ("--data", tmp_path / "mine"), ("--data", tmp_path / "theirs"), ("--node", node.url)
    schema, backup = "0040" + "66" * 64, tmp_path / "backup.pem"
    output("key", "new", *mine)
    output("key", "backup", backup, *mine, **words)
    with ServedNode(tmp_path / "other") as other:
        for n in range(3):
            output("publish", schema, f'{{"n": {n}}}', *mine, "--node", other.url)
        gone = ("--peer", "http://localhost:1/")
        restored = panda("key", "restore", backup, *theirs, *there, "--peer", other.url, *gone, **words)
        assert restored.returncode == 0
        assert "http://localhost:1/ could not be asked what this key wrote there: " in restored.stderr
        assert "wait until they answer, and run this command again" in restored.stderr
        assert other.url not in restored.stderr
        again = panda("key", "restore", backup, *theirs, *there, "--peer", other.url, **words)
        assert (again.returncode, again.stderr) == (0, "")
    output("publish", schema, '{"n": 3}', *theirs, *there)
    found = panda("query", schema, "--order-by", "n", "--format", "jsonl", *there).stdout.splitlines()
    assert [(each["n"], each["_meta"]["seqNum"]) for each in map(json.loads, found)] == [
        (n, n + 1) for n in range(4)
    ]


def test_data_folder_follows_the_platform(tmp_path: Path) -> None:
    made = output("key", "new", env={"HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path / "share")})
    assert tmp_path in Path(made["file"]).parents


def test_publish_and_query(tmp_path: Path, node: ServedNode) -> None:
    data = ("--data", tmp_path)
    there = ("--node", node.url)
    author = output("key", "new", *data)["author"]
    created = output("publish", SCHEMA, '{"title": "Opening", "n": 1}', *data, *there)
    assert created["acknowledged"]
    output("publish", SCHEMA, "-", "--update", created["id"], *data, *there, stdin='{"n": 2}')
    found = output(
        "query", SCHEMA, "--filter", f"author={author}", "--filter", "n=2", "--order-by", "-n", *there
    )
    assert (found["title"], found["n"], found["id"]) == ("Opening", 2, created["id"])
    assert found["_meta"]["author"] == author
    assert (found["_meta"]["verified"], found["_meta"]["complete"]) == (True, True)
    thing = tmp_path / "thing.toml"
    thing.write_text('name = "thing"\ndescription = ""\n[fields.n]\ntype = "integer"\n', "utf-8")
    things = output("schema", "init", "--file", thing, *data, *there)["id"]
    first = output("publish", things, '{"n": 1}', *data, *there)
    output("publish", things, '{"n": 7}', *data, *there)
    output("publish", things, '{"n": 3}', "--update", first["id"], *data, *there)
    assert panda("query", things, *there).stderr == ""
    alone = panda("query", things, "--filter", "n=3", *there)  # nobody shows what lies between
    assert (alone.returncode, "Changed, and incomplete: 1." in alone.stderr) == (0, True)
    output("publish", SCHEMA, "--delete", created["id"], *data, *there)
    assert panda("query", SCHEMA, "--filter", f"id={created['id']}", *there).stdout == ""
    fails("instance-not-own", "publish", SCHEMA, '{"n": 3}', "--update", created["id"], *data, *there)
    fails("field-type-ambiguous", "publish", SCHEMA, '{"n": null}', *data, *there)
    fails("schema-name-unknown", "publish", "nonsense", '{"n": 1}', *data, *there)
    assert panda("publish", SCHEMA, "[]", *data, *there).returncode == 2
    assert panda("publish", SCHEMA, *data, *there).returncode == 2
    twice = panda("publish", SCHEMA, "-", *data, *there, stdin='{"title": "A", "title": "B"}')
    assert (twice.returncode, "'title' twice" in twice.stderr) == (2, True)


def test_a_node_that_is_gone_and_comes_back(tmp_path: Path) -> None:
    data = ("--data", tmp_path / "me")
    output("key", "new", *data)
    served = ServedNode(tmp_path / "node")
    there = ("--node", served.url)
    fails("node-unreachable", "publish", SCHEMA, '{"n": 0}', *data, *there)
    with served:
        output("publish", SCHEMA, '{"n": 1}', *data, *there)
        served.kill()
        kept = panda("publish", SCHEMA, '{"n": 2}', *data, *there)
        assert kept.returncode == 3
        assert not json.loads(kept.stdout)["acknowledged"]
        assert "kept" in kept.stderr
        served.start()
        assert output("flush", *data, *there) == {"sent": 1}
        output("publish", SCHEMA, '{"n": 3}', *data, *there)
        found = panda("query", SCHEMA, "--order-by", "n", *there).stdout.splitlines()
    assert [json.loads(line)["n"] for line in found] == [1, 2, 3]


def test_import_and_kill_9(tmp_path: Path) -> None:
    """The node dies in the middle; whatever was acknowledged is there, and nothing is there twice."""
    data = ("--data", tmp_path / "me")
    output("key", "new", *data)
    schedule = tmp_path / "schedule.json"
    schedule.write_text(json.dumps(SMALL(60)), "utf-8")
    served = ServedNode(tmp_path / "node")
    there = ("--node", served.url)
    with served:
        importing = [*PANDA, "festival", "import", str(schedule), *map(str, data), *there]
        with subprocess.Popen(
            importing, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE
        ) as importing:
            for _ in range(3000):
                if panda_count(tmp_path / "node" / "node.db") > 8:
                    break
                time.sleep(0.01)
            served.kill()
            importing.communicate(timeout=120)
        assert importing.returncode in (0, 3), "done, or signed and kept"
        before = panda_count(tmp_path / "node" / "node.db")
        assert before > 8
        served.start()
        done = output("festival", "import", schedule, *data, *there)
        assert done["total"] == 60
        found = [
            json.loads(line) for line in panda("query", "talk", "--limit", "1000", *there).stdout.splitlines()
        ]
        again = output("festival", "import", schedule, *data, *there)
        nothing = {"published": 0, "updated": 0, "withdrawn": 0, "unchanged": 60, "leftOut": [], "total": 60}
        assert again == nothing
        listed = panda("query", "room", *there).stdout.splitlines()
        rooms = {room["id"]: room["name"] for room in map(json.loads, listed)}
    assert len(rooms) == len(set(rooms.values())) == 2
    for item in found:
        assert item.pop("_meta")["verified"]
        item.pop("id")
        item["room"] = rooms[item["room"]]
    assert sorted(found, key=lambda talk: talk["guid"]) == sorted(
        small_talks(60), key=lambda talk: str(talk["guid"])
    )


def test_import_of_a_newer_version(tmp_path: Path) -> None:
    """What would change is told, and nothing is done; then it is."""
    data = ("--data", tmp_path / "me")
    output("key", "new", *data)
    file = tmp_path / "schedule.json"

    def write(*events: dict[str, Any]) -> None:
        file.write_text(json.dumps(schedule(*events)), "utf-8")

    with ServedNode(tmp_path / "node", None, "--festival") as served:
        there = ("--node", served.url)
        write(event(1), event(2), event(3))
        assert output("festival", "import", file, *data, *there)["published"] == 3
        write(event(1, title="Another"), event(2, duration="1 h"), event(4))
        told = panda("festival", "import", file, "--dry-run", *data, *there)
        plan = json.loads(told.stdout)
        assert {name: plan[name] for name in ("new", "changed", "withdrawn", "deleted", "unchanged")} == {
            "new": ["Talk 4"],
            "changed": [
                {"talk": "Another", "fields": ["title"]},
                {"talk": "Talk 2", "fields": ["duration"]},
            ],
            "withdrawn": ["Talk 3"],
            "deleted": [],
            "unchanged": 0,
        }
        assert "1 talk is published and not in the file: --withdraw deletes it." in told.stderr
        assert "left out: Talk 2: duration: '1 h' is not a length of time" in told.stderr
        assert len(panda("query", "talk", *there).stdout.splitlines()) == 3
        done = output("festival", "import", file, "--withdraw", *data, *there)
        assert done.keys() == {"published", "updated", "withdrawn", "unchanged", "leftOut", "total"}
        assert [done[name] for name in ("published", "updated", "withdrawn", "unchanged", "total")] == [
            1,
            2,
            1,
            0,
            3,
        ]
        titles = {json.loads(line)["title"] for line in panda("query", "talk", *there).stdout.splitlines()}
        assert titles == {"Another", "Talk 2", "Talk 4"}


def panda_count(database: Path) -> int:
    """Entries that are committed, read beside the running node."""
    import sqlite3

    if not database.exists():
        return 0
    connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    try:
        return int(connection.execute("SELECT count(*) FROM entries").fetchone()[0])
    except sqlite3.OperationalError:
        return 0
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"[" * 100_000, "not-a-schedule"),
        (b"BEGIN:VCALENDAR", "schedule-format-unread"),
        (b'{"schedule": {"conference": {"days": []}}}', "schedule-empty"),
        (HEADER, "schedule-is-archive"),
    ],
)
def test_import_of_what_is_no_schedule(content: bytes, reason: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(content)
    fails(reason, "festival", "import", tmp_path / "file", "--data", tmp_path)
    assert panda("festival", "import", tmp_path / "missing", "--data", tmp_path).returncode == 2


def test_inspect() -> None:
    vector = VECTOR["encodedEntries"][3]
    shown = output("entry", "inspect", vector["entryBytes"], "--payload", vector["payloadBytes"])
    assert shown["author"] == vector["author"]
    assert (shown["logId"], shown["seqNum"]) == (1, 4)
    assert shown["entryHash"] == vector["entryHash"]
    assert shown["payloadHash"] == vector["payloadHash"]
    assert shown["payloadSize"] == len(vector["payloadBytes"]) // 2
    assert shown["backlink"] == VECTOR["encodedEntries"][2]["entryHash"]
    assert shown["skiplink"] == VECTOR["encodedEntries"][1]["entryHash"]
    assert vector["entryBytes"].endswith(shown["signature"])
    assert shown["message"]["fields"]["message"] == {"type": "str", "value": "Let's try that again."}


def test_inspect_of_what_is_not_valid() -> None:
    signed, payload = Author().create()
    entry = signed.encoded.hex()
    fails("not-hex", "entry", "inspect", "xyz")
    fails("not-hex", "entry", "inspect", entry, "--payload", "xyz")
    fails("entry-truncated", "entry", "inspect", entry[:-2])
    fails("entry-trailing-bytes", "entry", "inspect", entry + "00")
    fails(
        "signature-mismatch",
        "entry",
        "inspect",
        entry[:200] + ("0" if entry[200] != "0" else "1") + entry[201:],
    )
    fails("payload-hash-mismatch", "entry", "inspect", entry, "--payload", payload.hex() + "00")


def test_output_that_is_cut_off_and_terminals_that_are_old(node: ServedNode, tmp_path: Path) -> None:
    data, there = ("--data", tmp_path), ("--node", node.url)
    output("key", "new", *data)
    schema = "0040" + "55" * 64
    output(
        "publish",
        schema,
        "-",
        *data,
        *there,
        stdin=json.dumps({"s": "🐼 \u202e\u061c\u200b\x1b[2J\x9b" + "x" * 200_000}),
    )
    shown = panda("query", schema, *there)
    assert not re.search("[\x1b\x9b\u202e\u061c\u200b]", shown.stdout)
    assert json.loads(shown.stdout)["s"].startswith("🐼 \u202e\u061c\u200b\x1b[2J\x9bx")
    assert panda("query", schema, *there, env={"PYTHONIOENCODING": "latin-1"}).returncode == 0
    piped = f"{shlex.join([*PANDA, 'query', schema, '--node', node.url])} | head -c 10"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    cut = subprocess.run(
        ["bash", "-o", "pipefail", "-c", piped], capture_output=True, env=environment, check=False
    )
    assert (cut.returncode, cut.stderr) == (0, b"")


def test_serve_says_what_is_wrong(tmp_path: Path, node: ServedNode) -> None:
    fails("port-taken", "serve", "--port", str(node.port), "--data", tmp_path, "--no-browser")
    fails("site-missing", "serve", "--port", str(free_port()), "--data", tmp_path, "--site", tmp_path)
    (tmp_path / "node.db").write_bytes(b"noise" * 1000)
    fails("store-failed", "serve", "--port", str(free_port()), "--data", tmp_path, "--no-browser")


def test_what_a_talk_cannot_hold_is_refused_before_it_is_signed(node: ServedNode, tmp_path: Path) -> None:
    data, there = ("--data", tmp_path), ("--node", node.url)
    output("key", "new", *data)
    fails("timestamp-malformed", "publish", "talk", '{"title": "A", "start": "soon"}', *data, *there)
    talk = output("publish", "talk", '{"title": "A", "start": "2026-08-01T10:00:00Z"}', *data, *there)
    (found,) = panda("query", "talk", "--filter", f"id={talk['id']}", *there).stdout.splitlines()
    assert json.loads(found)["title"] == "A"
