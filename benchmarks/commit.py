"""A durable commit of what one publish writes, in databases of 0, 10 and 100 MB: ours in a tab, and others.

All do the same work on the same disk: SQLite as the node of a site has it (Python, on files of the origin);
PGlite and wa-sqlite, on files of the origin too, in the same page; and SQLite in this machine's Python with
the same settings. They take turns, so that a busy disk hits each.
"""

import contextlib
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.committing import Committed
from benchmarks.report import Peer, Result, Samples
from panda_web.node.store.settings import Settings, connect
from tests.browser.api import Module
from tests.browser.python import Python
from tests.browser.sites import frozen_harness_site
from tests.browsers import Browsers, available, static_server
from tests.hosts import parts

HERE = Path(__file__).resolve().parent
SIZES = (0, 10, 100)
"""Megabytes."""
ROW = 1000
"""Bytes that a filled row takes in the database, with its indexes: about."""
TURN = 50
"""Transactions in each turn."""
ROUNDS = 15
WARM_UP = 3
MOST_MS = 0.3
"""A commit in Chromium, of the median turn."""
FLAT = 1.5
"""A commit in a larger database may take so many times what one takes in an empty one."""

SQLITE_TABLES = (
    """CREATE TABLE entries (hash BLOB PRIMARY KEY, author BLOB NOT NULL, seq INTEGER NOT NULL,
    entry BLOB NOT NULL, payload BLOB NOT NULL, UNIQUE (author, seq))""",
    "CREATE TABLE instances (id BLOB PRIMARY KEY, title TEXT NOT NULL, seats INTEGER NOT NULL)",
    "CREATE TABLE changes (number INTEGER PRIMARY KEY, id BLOB NOT NULL)",
)
SQLITE_WRITES = (
    "INSERT INTO entries VALUES (?, ?, ?, ?, ?)",
    "INSERT INTO instances VALUES (?, ?, ?)",
    "INSERT INTO changes (id) VALUES (?)",
)
POSTGRES_TABLES = (
    """CREATE TABLE entries (hash BYTEA PRIMARY KEY, author BYTEA NOT NULL, seq BIGINT NOT NULL,
    entry BYTEA NOT NULL, payload BYTEA NOT NULL, UNIQUE (author, seq))""",
    "CREATE TABLE instances (id BYTEA PRIMARY KEY, title TEXT NOT NULL, seats BIGINT NOT NULL)",
    "CREATE TABLE changes (number BIGSERIAL PRIMARY KEY, id BYTEA NOT NULL)",
)
POSTGRES_WRITES = (
    "INSERT INTO entries VALUES ($1, $2, $3, $4, $5)",
    "INSERT INTO instances VALUES ($1, $2, $3)",
    "INSERT INTO changes (id) VALUES ($1)",
)
NOTES = [
    f"Milliseconds a transaction, of {TURN} one after the other, from BEGIN to the end of COMMIT; in turns.",
    "A transaction writes an entry of 250 bytes with a payload of 500, an instance and a change: three rows.",
    "Checkpoints come in some turns, as they come: they are what the greatest values are.",
    "Each has its database in files of the same disk; the browser's profile is in a folder, as a user's is.",
    "Native and wa-sqlite: WAL, synchronous=FULL, locking_mode=EXCLUSIVE, as ours. PGlite as it comes.",
]


def run(site: Path, browsers: Browsers) -> tuple[list[Result], list[str]]:
    """Measures, in each browser that has files for an origin and is on this machine."""
    results: list[Result] = []
    said: list[str] = []
    with tempfile.TemporaryDirectory() as scratch:
        www = _website(site, Path(scratch) / "www")
        for name in ("chromium", "firefox"):
            if name in available():
                profile = Path(scratch) / name
                results += _in_browser(browsers, name, www, profile, said)
    return results, [*NOTES, *dict.fromkeys(said)]


def _website(site: Path, out: Path) -> Path:
    """Python with what is measured, and the peers beside it."""
    frozen_harness_site(site, out, HERE / "page_tab.py", HERE / "committing.py")
    for script in (HERE / "pages" / "commit").iterdir():
        shutil.copy(script, out)
    pins = HERE / "npm.json"
    shutil.copytree(parts.npm_package("@electric-sql/pglite", pins) / "dist", out / "pglite")
    shutil.copytree(parts.npm_package("wa-sqlite", pins), out / "wa-sqlite")
    return out


@dataclass(frozen=True, slots=True)
class Database:
    """One of those that are measured.

    Attributes:
        name: whose it is.
        fill: takes the statements that put rows in; gives bytes.
        turn: milliseconds a transaction, of so many.
        filling: makes such statements, of the numbers of rows from and below.
    """

    name: str
    fill: Callable[[Sequence[str]], int]
    turn: Callable[[int], float]
    filling: Callable[[int, int], list[str]]


def _in_browser(browsers: Browsers, name: str, www: Path, profile: Path, said: list[str]) -> Iterator[Result]:
    with (
        contextlib.ExitStack() as ends,
        tempfile.TemporaryDirectory() as folder,
        static_server(www) as server,
        browsers.killable(name, profile) as tab,
    ):
        python = Python(tab, server.url)
        filled, empty = (_ours(python, each) for each in ("filled", "empty"))
        native = connect(Path(folder) / "native.db", Settings(exclusive=True, temporary_in_memory=True))
        ends.callback(native.close)
        committed = Committed(native, SQLITE_TABLES, SQLITE_WRITES)
        peers = Module(tab, "peers.js")
        others = [
            Database("native SQLite", committed.fill, committed.turn, _sqlite_rows),
            _peer(peers, "wa-sqlite", SQLITE_TABLES, SQLITE_WRITES, _sqlite_rows, said),
            _peer(peers, "pglite", POSTGRES_TABLES, POSTGRES_WRITES, _postgres_rows, said),
        ]
        there = 0
        for size in SIZES:
            rows = size * 1_000_000 // ROW
            if rows > there:
                sizes = [each.fill(each.filling(there, rows)) / 1e6 for each in (filled, *others)]
                said.append(f"{size} MB: {min(sizes):.0f} to {max(sizes):.0f} MB, as each of them stores it.")
                there = rows
            mine, without, *theirs = _turns((filled, empty, *others))
            compared = [Peer(each.name, found) for each, found in zip(others, theirs, strict=True)]
            if size:
                compared.insert(0, Peer("panda-web, empty", without, FLAT))
            limit = MOST_MS if name == "chromium" else None
            yield Result(f"{name.capitalize()}, {size} MB", "ms", mine, tuple(compared), limit)


def _ours(python: Python, name: str) -> Database:
    kind = python.run("open_database", name=name, create=SQLITE_TABLES, insert=SQLITE_WRITES)
    if kind != "opfs":
        raise LookupError(f"This browser gives no files, but {kind}.")
    return Database(
        "panda-web",
        lambda statements: python.run("fill", name=name, statements=statements),
        lambda count: python.run("turn", name=name, count=count),
        _sqlite_rows,
    )


def _peer(
    ask: Module,
    who: str,
    create: Sequence[str],
    insert: Sequence[str],
    filling: Callable[[int, int], list[str]],
    said: list[str],
) -> Database:
    version = _version(who)
    what: Any = ask("ask", who, "open", {"create": create, "insert": insert})
    said.append(f"{version}: {what}.")
    return Database(
        version,
        lambda statements: ask("ask", who, "fill", statements),
        lambda count: ask("ask", who, "turn", count),
        filling,
    )


def _version(who: str) -> str:
    names = {"pglite": "@electric-sql/pglite"}
    return f"{who} {parts.pinned(names.get(who, who), HERE / 'npm.json')}".replace("pglite", "PGlite")


def _turns(databases: Sequence[Database]) -> list[Samples]:
    found: list[list[float]] = [[] for _ in databases]
    for number in range(WARM_UP + ROUNDS):
        for database, values in zip(databases, found, strict=True):
            took = database.turn(TURN)
            if number >= WARM_UP:
                values.append(round(took, 3))
    return [Samples.of(values) for values in found]


def _sqlite_rows(start: int, end: int) -> list[str]:
    numbers = f"(WITH RECURSIVE n (i) AS (VALUES ({start}) UNION ALL SELECT i + 1 FROM n LIMIT {end - start})"
    source = f"FROM {numbers} SELECT i FROM n)"
    return [
        f"INSERT INTO entries SELECT randomblob(34), x'01', i, randomblob(250), randomblob(500) {source}",
        f"INSERT INTO instances SELECT randomblob(34), 'talk ' || i, i {source}",
        f"INSERT INTO changes (id) SELECT randomblob(34) {source}",
    ]


def _postgres_rows(start: int, end: int) -> list[str]:
    numbers = f" FROM generate_series({start}, {end - 1}) AS i"
    key = "substr(sha512(i::text::bytea), 1, 34)"
    once = "sha512(i::text::bytea)"
    entry, payload = (" || ".join([once] * times) for times in (4, 8))
    return [
        f"INSERT INTO entries SELECT {key}, '\\x01', i, {entry}, {payload}{numbers}",
        f"INSERT INTO instances SELECT {key}, 'talk ' || i, i{numbers}",
        f"INSERT INTO changes (id) SELECT {key}{numbers}",
    ]
