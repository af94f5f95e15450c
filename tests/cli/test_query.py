"""`panda query`: what is asked in words, and shown to people, programs and spreadsheets."""

import asyncio
import csv
import io
import json
import os
import pty
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import Result
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from typer.testing import CliRunner

from panda_web import Client
from panda_web.cli.main import app
from panda_web.cli.naming import Naming
from panda_web.cli.progress import Progress
from panda_web.cli.shown import fit, widths
from panda_web.client.store import MemoryStore
from panda_web.keys.with_cryptography import CryptographySigner
from panda_web.messages.schema import FieldDefinition, Schema
from tests.authors import OTHER_SCHEMA
from tests.cli.test_commands import output
from tests.client.test_records import OutOfReach
from tests.node.test_publish import Harness
from tests.processes import ROOT, ServedNode

TALK = """
name = "speech"
description = ""
[fields.title]
type = "varchar"
[fields.start]
type = "timestamp"
[fields.seats]
type = "integer"
optional = true
[fields.tags]
type = "varchar[]"
optional = true
"""
TALKS: list[dict[str, object]] = [
    {"title": "Opening", "start": "2019-08-21T10:00:00Z", "seats": 120, "tags": ["a", "b"]},
    {"title": "Main, hall", "start": "2019-08-20T10:00:00+02:00", "seats": -5},
    {"title": "=1+1", "start": "2019-08-22T10:00:00Z", "tags": ["x"]},
    {"title": "\x1b[31mred\u202e", "start": "2019-08-23T10:00:00Z", "seats": 3},
]


def publish(schema: str, *words: object) -> str:
    """Publishes something; gives the instance's id."""
    done = CliRunner().invoke(app, ["publish", schema, *map(str, words)])
    assert done.exit_code == 0, done.stderr
    return str(json.loads(done.stdout)["id"])


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """The option for a node with some talks."""
    folder = tmp_path_factory.mktemp("query")
    (folder / "talk.toml").write_text(TALK, "utf-8")
    data = ("--data", folder / "me")
    output("key", "new", *data)
    with ServedNode(folder / "node") as served:
        there = ("--node", served.url)
        output("schema", "init", "--file", folder / "talk.toml", *data, *there)
        for talk in TALKS:
            publish("speech", json.dumps(talk), *data, *there)
        for n in range(3):
            publish(OTHER_SCHEMA, json.dumps({"n": n, "word": f"{n}"}), *data, *there)
        yield there


def query(*words: str) -> Result:
    """The command in this process, which need not be started each time."""
    return CliRunner(env={"NO_COLOR": "1", "COLUMNS": "200"}).invoke(app, ["query", *words])


def titles(*words: str) -> list[str]:
    done = query("speech", "--format", "jsonl", *words)
    assert (done.exit_code, done.stderr) == (0, ""), done.stderr
    return [json.loads(line)["title"] for line in done.stdout.splitlines()]


def test_filters_and_orders_in_words(there: tuple[str, str]) -> None:
    assert titles("--filter", "start>=2019-08-21 and start<2019-08-23", "--order", "-start", *there) == [
        "=1+1",
        "Opening",
    ]
    words = 'title in ("Main, hall", Opening) and not tags exists or tags contains x'
    assert titles("--filter", words, "--order", "start", *there) == ["Main, hall", "=1+1"]
    assert titles("--filter", "seats exists", "--filter", "seats>0", "--order", "seats,start", *there) == [
        TALKS[3]["title"],
        "Opening",
    ]
    where = query(OTHER_SCHEMA, "--filter", 'n>0 and word="2"', *there)
    assert [json.loads(line)["n"] for line in where.stdout.splitlines()] == [2]


def test_a_relation_by_what_it_leads_to(there: tuple[str, str], tmp_path: Path) -> None:
    """As the festival's talks have it: `room=Curie`, and nobody has to know an id."""
    room, visit, data = tmp_path / "room.toml", tmp_path / "visit.toml", ("--data", tmp_path / "me")
    output("key", "new", *data)
    room.write_text('name = "chamber"\ndescription = ""\n[fields.name]\ntype = "varchar"\n', "utf-8")
    rooms = output("schema", "init", "--file", room, *data, *there)["id"]
    leads = f'type = "relation"\nschema = "{rooms}"\n'
    visit.write_text(f'name = "visit"\ndescription = ""\n[fields.room]\n{leads}', "utf-8")
    output("schema", "init", "--file", visit, *data, *there)
    for name in ("Curie", "Noether"):
        made = publish("chamber", json.dumps({"name": name}), *data, *there)
        publish("visit", json.dumps({"room": made}), *data, *there)
    found = query("visit", "--filter", "room=Noether", *there)
    assert [json.loads(line)["room"] for line in found.stdout.splitlines()] == [made]
    assert len(query("visit", "--filter", "room in (Curie, Noether)", *there).stdout.splitlines()) == 2
    table = query("visit", "--format", "table", "--filter", "room=Noether", *there).stdout.splitlines()
    assert (table[0].split()[0], table[2].split()[0]) == ("room", "Noether")
    nobody = query("visit", "--filter", "room=Hypatia", *there)
    assert (nobody.exit_code, "called so" in nobody.stderr) == (2, True)


def test_how_many(there: tuple[str, str]) -> None:
    assert query("speech", "--count", *there).stdout == "4\n"
    assert query("speech", "--count", "--filter", "seats exists and seats<100", *there).stdout == "2\n"
    assert query("speech", "--count", "--watch", *there).exit_code == 2


@contextmanager
def closing_by_force(process: subprocess.Popen[str]) -> Iterator[None]:
    """Nobody waits for it in the end, whatever became of the test."""
    try:
        yield
    finally:
        process.kill()


def test_watching(there: tuple[str, str], tmp_path: Path) -> None:
    """First all that there is, then each change as it comes, until Ctrl+C."""
    data = ("--data", tmp_path / "me")
    output("key", "new", *data)
    # Whoever runs the tests beside other things may have them ignore Ctrl+C, and a process inherits that.
    heard = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
    command = [sys.executable, "-c", f"{heard}; from panda_web.cli.main import main; main()"]
    asked = ("query", "speech", "--watch", "--filter", "seats>=100", "--order", "seats", *there)
    with (
        subprocess.Popen([*command, *asked], cwd=ROOT, stdout=subprocess.PIPE, text=True) as process,
        closing_by_force(process),
    ):
        assert process.stdout is not None

        def told() -> tuple[str, str, int]:
            line = json.loads(process.stdout.readline())  # type: ignore[union-attr]
            return line["_change"], line["title"], line["seats"]

        assert told() == ("", "Opening", 120)
        talk = {"title": "Late", "start": "2019-08-24T10:00:00Z", "seats": 100}
        made = publish("speech", json.dumps(talk), *data, *there)
        assert told() == ("added", "Late", 100)
        publish("speech", '{"seats": 101}', "--update", made, *data, *there)
        assert told() == ("changed", "Late", 101)
        publish("speech", '{"seats": 99}', "--update", made, *data, *there)
        assert told() == ("gone", "Late", 101)  # as it was last among them
        publish("speech", "--delete", made, *data, *there)
        process.send_signal(signal.SIGINT)
        assert (process.wait(60), process.stdout.read()) == (130, "")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("titel=a", "no field 'titel'"),
        ("seats=many", "whole number"),
        ("title=Main hall", "quotes"),
        ("start>=yesterday", "not a timestamp"),
    ],
)
def test_what_is_wrong_with_a_filter(there: tuple[str, str], words: str, told: str) -> None:
    done = query("speech", "--filter", words, *there)
    assert done.exit_code == 2
    (line,) = done.stderr.splitlines()
    assert told in line
    assert " ▸ " in line, "the place is marked"
    assert done.stdout == ""


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--watch", "--limit", "3"), "--watch does not go with --limit: it prints all that there are"),
        (("--watch", "--all"), "--watch does not go with --all"),
        (("--watch", "--after", "x"), "--watch does not go with --after"),
        (("--watch", "--format", "csv"), "--watch does not go with --format csv"),
        (("--count", "--watch"), "--watch does not go with --count"),
        (("--count", "--limit", "3"), "--count does not go with --limit: it prints a number"),
        (("--count", "--format", "json"), "--count does not go with --format"),
        (("--count", "--order", "start"), "--count does not go with --order-by"),
        (("--count", "--select", "title"), "--count does not go with --select"),
        (("--all", "--limit", "3"), "--all does not go with --limit"),
    ],
)
def test_options_that_do_not_go_together(there: tuple[str, str], words: tuple[str, ...], told: str) -> None:
    done = query("speech", *words, *there)
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.startswith(told)


@pytest.mark.parametrize(("format", "shown"), [("jsonl", ""), ("json", "[]\n"), ("table", ""), ("csv", None)])
def test_nothing_is_said(there: tuple[str, str], format: str, shown: str | None) -> None:
    done = query("speech", "--filter", "title=nothing", "--format", format, *there)
    assert (done.exit_code, done.stderr) == (0, "There is nothing.\n")
    assert shown is None or done.stdout == shown


def test_json_and_what_is_selected(there: tuple[str, str]) -> None:
    asked = ("speech", "--order", "start", *there)
    whole = json.loads(query(*asked, "--format", "json").stdout)
    assert [each["title"] for each in whole] == ["Main, hall", "Opening", "=1+1", TALKS[3]["title"]]
    picked = json.loads(
        query(*asked, "--format", "json", "--select", "title,id", "--select", "author").stdout
    )
    assert list(picked[0]) == ["title", "id", "author"]
    assert picked[0]["author"] == whole[0]["_meta"]["author"]
    nothing = query(*asked, "--format", "json", "--filter", "title=nothing")
    assert (json.loads(nothing.stdout), nothing.exit_code) == ([], 0)
    assert query(*asked, "--select", "titel").exit_code == 2


def test_csv_is_no_formula_and_no_escape(there: tuple[str, str]) -> None:
    done = query("speech", "--format", "csv", "--order", "start", *there)
    rows = list(csv.reader(io.StringIO(done.stdout)))
    assert rows[0] == ["title", "start", "seats", "tags", "author", "id"]
    assert [row[:4] for row in rows[1:]] == [
        ["Main, hall", "2019-08-20T10:00:00+02:00", "-5", ""],  # a number is no formula
        ["Opening", "2019-08-21T10:00:00Z", "120", "a, b"],
        ["'=1+1", "2019-08-22T10:00:00Z", "", "x"],
        ["\\u001b[31mred\u202e", "2019-08-23T10:00:00Z", "3", ""],
    ]
    assert "1 texts begin as formulas" in done.stderr


def test_all_pages_and_no_more_than_asked(there: tuple[str, str]) -> None:
    assert len(titles("--limit", "2000", *there)) == 4
    some = query("speech", "--limit", "3", *there)
    assert len(some.stdout.splitlines()) == 3
    assert "There are more" in some.stderr


def test_a_table_in_a_terminal(there: tuple[str, str]) -> None:
    """What a terminal shows, 60 cells wide: no colours of strangers, nothing wider than the terminal."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-c", "from panda_web.cli.main import main; main()"]
    with subprocess.Popen(
        [*command, "query", "speech", "--order", "start", *there],
        cwd=ROOT,
        env=os.environ | {"COLUMNS": "60", "LINES": "20"},
        stdout=theirs,
        stderr=subprocess.PIPE,
    ):
        os.close(theirs)
        shown = b""
        with os.fdopen(ours, "rb") as terminal:
            while True:
                try:
                    part = terminal.read1(4096)  # type: ignore[attr-defined]
                except OSError:  # the other end is closed
                    break
                if not part:
                    break
                shown += part
    head, line, *rows = shown.decode().replace("\r", "").splitlines()
    assert head.split() == ["title", "start", "seats", "tags", "author", "id"]
    assert set(line) == {"─", " "}
    assert len(rows) == 4
    assert rows[0].startswith("Main, hall")
    assert re.search(r"  +-5  .*\n.*  +120  ", "\n".join(rows[:2])), "numbers stand at the right"
    assert all(cell_len(row) <= 60 for row in rows)
    assert "\x1b" not in shown.decode()
    assert "\u202e" not in shown.decode()


@given(
    cells=st.lists(st.lists(st.text("ab日本", max_size=90), min_size=3, max_size=3), min_size=1, max_size=4),
    most=st.integers(20, 200),
)
def test_columns_fit(cells: list[list[str]], most: int) -> None:
    found = widths(cells, most)
    assert sum(found) + 2 * 2 <= most
    assert all(
        cell_len(fit(cell, width)) == width for line in cells for cell, width in zip(line, found, strict=True)
    )


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_progress_is_for_who_waits_before_a_terminal() -> None:
    async def work(stream: io.StringIO, patience: float) -> str:
        async with Progress("instances", stream, patience) as progress:
            progress.count = 1234
            await asyncio.sleep(0.01)
        return stream.getvalue()

    assert asyncio.run(work(io.StringIO(), 0)) == ""
    assert asyncio.run(work(Terminal(), 60)) == ""
    assert asyncio.run(work(Terminal(), 0)) == "\r\x1b[K1,234 instances …\r\x1b[K"


def test_who_watches_hears_what_things_are_called_now() -> None:
    """And waits for a node that is away, as for what changes."""

    async def work() -> None:
        node = OutOfReach(Harness().node.dispatcher())
        panda = Client(node, CryptographySigner(bytes(32)), store=MemoryStore())
        room = await panda.define(Schema("chamber", "", (FieldDefinition("name", "varchar"),)))
        leads = FieldDefinition("room", "relation", schema=room.id)
        visit = await panda.define(Schema("visit", "", (leads,)))
        made = (await panda.create(str(room.id), {"name": "Curie"})).id
        once, again = Naming(panda), Naming(panda, patient=True)
        for naming in (once, again):
            await naming.learn(visit, [{"room": made}])
            assert naming.names == {made: "Curie"}
        await panda.update(str(room.id), made, {"name": "Noether"})
        node.cut = True
        learning = asyncio.create_task(again.learn(visit, [{"room": made}]))
        await once.learn(visit, [{"room": made}])
        await asyncio.sleep(0)
        node.cut = False
        await learning
        assert (once.names, again.names) == ({made: "Curie"}, {made: "Noether"})

    asyncio.run(work())
