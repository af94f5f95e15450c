"""Documents say what is so: their Python examples run, their links lead somewhere, the list of reasons is whole."""

import ast
import json
import re
import shlex
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from panda_web import negentropy, strict_json
from panda_web.archive import exporting, importing, lines
from panda_web.cli import mdns
from panda_web.cli.main import app
from panda_web.client import collecting, drawn, forks, live_records, pages, picture, typed
from panda_web.errors import DiskFull
from panda_web.messages import message
from panda_web.node import groups, indexing, ingest, publishing, rates, turns
from panda_web.node import lacks as node_lacks
from panda_web.node.answer import including, instances, items, listing, proof, reconciled, replayable
from panda_web.node.dropping import rules, sweeping
from panda_web.node.forks import proving
from panda_web.node.ingest import peer
from panda_web.node.live import followed, looking, share
from panda_web.node.live import live as lives
from panda_web.node.schemas import registry, states
from panda_web.node.store import changes, indexes, reading, room
from panda_web.node.store import peers as kept_peers
from panda_web.query import matching
from panda_web.query import reading as asked
from panda_web.rpc import (
    dispatch,
    heads,
    inbox,
    jsonrpc,
    methods,
    outgoing,
    pauses,
    public,
    removed,
    session,
    transport,
    websocket,
)
from panda_web.rpc import forks as rpc_forks
from panda_web.rpc import peers as rpc_peers
from panda_web.rpc import queries as rpc_queries
from panda_web.rpc import wish as rpc_wish
from panda_web.rpc.errors import (
    AuthorQuotaReached,
    DiskBudgetReached,
    NodeFull,
    QueryTooExpensive,
    RateExceeded,
    TooManyQueries,
)
from panda_web.server import answer, body, budget, connection, guests, packing
from panda_web.server import socket as server_socket
from panda_web.sync import (
    bringing,
    carrying,
    comparing,
    defining,
    filling,
    hearing,
    offering,
    peers,
    places,
    pulling,
    pushing,
    replicating,
    rounds,
    source,
    voting,
    wants,
)
from panda_web.sync import lacks as sync_lacks
from panda_web.sync import listing as sync_listing
from tests.processes import ServedNode
from tests.test_layers import APPS, FILES

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
EXAMPLES = [
    pytest.param(code, id=f"{document.name}-{number}")
    for document in DOCUMENTS
    for number, code in enumerate(re.findall(r"```python\n(.*?)```", document.read_text("utf-8"), re.DOTALL))
]


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedNode]:
    with ServedNode(tmp_path_factory.mktemp("node")) as served:
        yield served


@pytest.mark.parametrize("code", EXAMPLES)
def test_python_examples_run(
    code: str,
    node: ServedNode,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    code = code.replace("http://localhost:2020", node.url.rstrip("/"))
    for _ in range(2):  # people run an example again
        exec(compile(code, "example", "exec"), {"__name__": "__main__"})
        assert capsys.readouterr().out, "an example shows something"


def test_a_newcomer_finds_in_the_terminal_what_the_example_published(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The lines of the README one after the other, on the node that it starts, and all of them again."""
    readme = (ROOT / "README.md").read_text("utf-8")
    (example,) = re.findall(r"```python\n(.*?)```", readme, re.DOTALL)
    asked = [shlex.split(line)[1:] for line in re.findall(r"`(panda query [^`]*)`", readme)]
    assert asked
    monkeypatch.chdir(tmp_path)
    with ServedNode(tmp_path / "node", None, "--festival") as served:
        code = compile(example.replace("http://localhost:2020", served.url.rstrip("/")), "README", "exec")
        for times in (1, 2):
            exec(code, {"__name__": "__main__"})
            capsys.readouterr()
            for words in asked:
                ends = [word for word in words if word != "--watch"]
                done = CliRunner().invoke(app, [*ends, "--node", served.url])
                assert (done.exit_code, done.stderr, len(done.stdout.splitlines())) == (0, "", times)


@pytest.mark.parametrize("module", ["panda_web/__init__.py", "panda_web/browser/__init__.py"])
def test_what_a_docstring_imports_is_there(module: str) -> None:
    """The first thing that a reader of the package tries."""
    words = ast.get_docstring(ast.parse((ROOT / module).read_text("utf-8")), clean=False) or ""
    example = textwrap.dedent(re.search(r"^ *from .*", words, re.MULTILINE | re.DOTALL)[0])  # type: ignore[index]
    code = ast.parse(example)
    imported = [node for node in code.body if isinstance(node, ast.ImportFrom)]
    exec(compile(ast.Module(imported, []), module, "exec"), names := {})
    used = {
        node.id for node in ast.walk(code) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
    }
    assert imported
    assert {name for name in used if name[0].isupper()} <= names.keys()


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", document.read_text("utf-8")):
        if target.startswith(("https://", "http://")):
            continue
        name, _, heading = target.partition("#")
        path = document.parent / name if name else document
        assert path.exists(), target
        assert not heading or heading in headings(path), target


def headings(document: Path) -> set[str]:
    """What links may name of a document."""
    text = re.sub(r"^```.*?^```$", "", document.read_text("utf-8"), flags=re.DOTALL | re.MULTILINE)
    found = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", each.lower()).replace(" ", "-") for each in found}


def reasons() -> str:
    """The list of reasons, as docs/reasons.md must have it."""
    rows = {}
    for path in (*FILES, *APPS):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            for reason in reason_of(node):
                meaning = (ast.get_docstring(node) or "").split("\n\n")[0].replace("\n", " ")  # type: ignore[arg-type]
                rows[reason] = f"| `{reason}` | {meaning} |"
    return "\n".join(rows[reason] for reason in sorted(rows))


def reason_of(node: ast.AST) -> Iterator[str]:
    """The word of an error class, where the node is one."""
    for statement in node.body if isinstance(node, ast.ClassDef) else ():
        match statement:
            case ast.Assign([ast.Name("reason")], ast.Constant(str(word))):
                yield word


def test_every_reason_is_listed() -> None:
    text = (ROOT / "docs" / "reasons.md").read_text("utf-8")
    assert reasons() in text, "run: python tests/test_docs.py"


LIMITS = ingest.Limits()
BOUNDS: dict[str, tuple[float, ...]] = {
    "a request's body, of one call or a batch": (dispatch.MAX_BODY,),
    "values in a body": (strict_json.MAX_PARTS, strict_json.MAX_DEPTH, jsonrpc.MAX_DIGITS),
    "the time for a request's head": (connection.HEAD_SECONDS, connection.MAX_HEAD, connection.MAX_FIELDS),
    "the time for a body to arrive": (body.FIRST_SECONDS, body.MIN_SPEED, body.SMALL, body.SECONDS),
    "pieces (chunks, reads) of a body, and frames": (connection.FREE_PIECES, connection.PIECE),
    "sent behind a request": (connection.MAX_BEHIND, connection.MAX_WAITING),
    "bodies and messages that arrive": (body.BUDGET, body.SMALL, budget.PATIENCE),
    "answers that are made": (answer.BUDGET, answer.PIECE),
    "an answer that goes in gzip": (packing.LEAST,),
    "the time in which something of an answer": (connection.ANSWER_SECONDS,),
    "connections at once": (guests.MAX_CONNECTIONS,),
    "connections of one address": (guests.SHARE,),
    "fields of a message": (message.MAX_FIELDS, message.MAX_FIELD_NAME),
    "`previous` entries of a message": (message.MAX_PREVIOUS,),
    "calls in a batch": (dispatch.MAX_BATCH, dispatch.BATCH_SECONDS, dispatch.MAX_ANSWER),
    "calls of one session": (session.MAX_CALLS,),
    "messages that came over a WebSocket": (server_socket.QUEUED,),
    "subscriptions of one session": (
        share.OF_SESSION,
        share.OF_VISITOR,
        share.OF_ALL,
        share.VALUES,
        share.MAX_FILTER,
    ),
    "changes that are looked at together": (
        looking.PAGE,
        looking.MAX_LOOK,
        looking.MAX_TOLD,
        followed.MAX_RECENT,
    ),
    "changes by which a subscription may be behind": (lives.MOST_BEHIND, lives.OFTEN),
    "messages of a session": (outgoing.MAX_QUEUED, outgoing.MAX_QUEUED_BYTES, outgoing.UNREAD_SECONDS),
    "schemas without a view in an answer": (methods.MAX_LIMIT, methods.DEFAULT_LIMIT),
    "definitions in such an answer": (listing.MAX_DEFINITIONS, states.MOST_LACKS),
    "schemas that are registered by themselves": (registry.MOST_OF_AUTHOR, registry.MOST_BY_THEMSELVES),
    "indexes of a view that queries caused": (
        indexes.MOST_INDEXES,
        indexes.MOST_OF_ALL,
        indexes.MOST_FIELDS,
        indexes.MOST_ROWS,
        indexing.PAUSE,
        indexing.PAUSE_OF_FAULT // 60,
    ),
    "instances in the answer": (methods.MAX_LIMIT, methods.DEFAULT_LIMIT),
    "an answer to a query": (instances.MAX_ANSWER, instances.MAX_READ),
    "the proof of one instance": (proof.MAX_PROOF,),
    "comparisons of a filter": (asked.MAX_COMPARISONS, asked.MAX_DEPTH, asked.MAX_VALUES),
    "names to order by": (rpc_queries.MAX_ORDER, rpc_queries.MAX_SELECT, asked.MAX_CURSOR),
    "paths of `include`": (asked.MAX_INCLUDES, asked.MAX_HOPS, including.MAX_FOLLOWED),
    "texts are ordered by": (matching.ORDERED,),
    "logs in an answer": (methods.MAX_LIMIT, methods.DEFAULT_LIMIT, changes.LOOKED_AT, heads.MAX_NAMED),
    "seconds that `panda_getLogs` waits": (
        heads.MAX_WAIT,
        heads.MAX_RECONCILE,
        negentropy.MAX_MESSAGE,
        reconciled.MOST_CHANGED,
    ),
    "instances, and authors, in a call of `panda_getRemoved`": (removed.MAX_ASKED, removed.MAX_WORDS),
    "a policy file": (rules.MAX_POLICY, rules.MOST_RULES, sweeping.SWEEPS),
    "an answer to `panda_getItems`": (items.MAX_ANSWER, rpc_wish.MAX_RANGES),
    "entries in a call of `panda_publishItems`": (methods.MAX_ITEMS,),
    "condemned logs that are looked at": (proving.LOOKED_AT,),
    "entries for one place of a log": (peer.MOST_IN_SLOT,),
    "an answer to `panda_queryEntries`": (replayable.MAX_ANSWER, replayable.MAX_READ, replayable.MOST_READ),
    "reading for one call": (reading.MAX_SECONDS, reading.MAX_STEPS // 1_000_000),
    "calls that read at the same time": (
        turns.READINGS,
        turns.MOST_WAITING,
        1000 * reading.AT_ONCE_SECONDS,
        reading.TRIED,
        reading.TRIED_A_SECOND,
    ),
    "messages that are checked": (publishing.CAPACITY * groups.BYTES,),
    "addresses, and authors": (rates.MAX_BUCKETS,),
    "what one author may take": (LIMITS.author_bytes, room.ENTRY_ROOM, room.PAYLOAD_ROOM),
    "what all may take": (LIMITS.all_bytes,),
    "an answer |": (transport.MAX_ANSWER,),
    "an answer of a node that is kept alike": (
        transport.MAX_OF_PEER,
        session.OF_A_PEER.message,
        jsonrpc.PEER_PARTS,
    ),
    "what a node sends over a WebSocket and nobody asked for": (session.MAX_UNASKED,),
    "the time for an answer": (transport.TIMEOUT, transport.WHOLE),
    "a WebSocket whose": (websocket.PING_SECONDS, websocket.CLOSE_SECONDS),
    "instances that the records of a page lead to": (live_records.MOST_RELATED,),
    "logs that a browser keeps up to date since": (voting.MOST_VOTED, voting.MOST_LOOKED_AT),
    "forked logs that are asked for at once": (forks.PAGE, forks.MOST_PLACES, rpc_forks.MOST_VOTES),
    "entries of a log that are drawn at once": (picture.MOST, picture.USUAL, drawn.LANES, drawn.LONGEST),
    "schemas of one name that are looked at": (typed.MOST_ALIKE,),
    "instances that one subscription keeps": (collecting.MOST_KEPT,),
    "told to a client and not taken yet": (inbox.MOST_WAITING, inbox.MAX_WAITING_BYTES),
    "a rest after news of a peer that were none": (replicating.LONGEST_IDLE, pauses.LONGEST_PAUSE),
    "pauses between attempts to reach a node": (pauses.LONGEST_PAUSE, pauses.ASK_SECONDS),
    "schemas that are brought from other nodes": (wants.MOST_WANTS,),
    "instances that are fetched together": (source.PAGE, source.LISTED, places.MAX_CURSOR),
    "entries that are taken in together": (
        offering.BATCH,
        offering.BATCH_BYTES,
        offering.MOST_WAITED * offering.RATE_SECONDS,
    ),
    "what a node gives that is nothing": (
        filling.MOST_INVALID,
        filling.MOST_USELESS,
    ),
    "a node that is left alone": (
        rounds.FIRST_DROPPED,
        rounds.LONGEST_DROPPED,
        rounds.FIRST_ALONE,
        rounds.LONGEST_ALONE,
    ),
    "what a peer says is new": (
        hearing.MOST_VAIN,
        hearing.MOST_VAIN_PAGES,
        hearing.MOST_LOST,
        hearing.LOST_SECONDS,
        hearing.MOST_HEARD,
    ),
    "entries that link one": (source.MAX_PATH,),
    "messages of one comparison": (comparing.MOST_MESSAGES, comparing.MOST_LACKING),
    "what a peer gives that is nothing": (carrying.MOST_INVALID, carrying.MOST_EMPTY),
    "peers that others told of": (peers.MOST_TOLD, peers.MOST_OF_ONE, peers.MOST_NEAR),
    "peers in an answer to `panda_getPeers`": (
        rpc_peers.MOST_PEERS,
        public.MAX_ADDRESS,
        kept_peers.MOST_PEERS,
        peers.MOST_GIVEN_UP,
    ),
    "services in the local network": (mdns.MOST_ASKED,),
    "logs that are brought from a peer": (carrying.AT_ONCE, pushing.MOST_KNOWN),
    "logs that a peer names in one list": (sync_listing.MOST_LOGS, sync_listing.MOST_PAGES),
    "stretches of logs of which is remembered": (sync_lacks.MOST_SPANS, pulling.MOST_ASKED),
    "what is looked at together for what a node lacks": (node_lacks.LOOKED_AT, node_lacks.BARE),
    "authors, or schemas, that a node wishes by name": (heads.MAX_NAMED, defining.MOST_DEFINED),
    "looked through for deletes": (source.MOST_TAILS, bringing.MOST_SUSPECTS),
    "a line of an archive": (lines.MAX_HEADER, importing.MOST_INVALID, importing.MOST_NAMED),
    "logs that are exported": (exporting.MOST_LOGS, exporting.PIECE, exporting.FEW),
    "pages of one answer": (pages.MAX_PAGES, pages.MAX_BARREN),
}
"""How the lines of the tables of limits begin, and what stands in them."""


@pytest.mark.parametrize("line", BOUNDS)
def test_limits_are_those_of_the_code(line: str) -> None:
    text = (ROOT / "docs" / "running-a-node.md").read_text("utf-8")
    (found,) = re.findall(rf"^\| {re.escape(line)}.*$", text, re.MULTILINE)
    for bound in BOUNDS[line]:
        assert any(re.search(rf"(?<![\d,]){form}(?![\d,]*\d| [KMG]iB)", found) for form in forms(bound)), (
            bound
        )


def forms(bound: float) -> Iterator[str]:
    """How people read a number."""
    yield f"{bound:,.0f}"
    for unit, size in (("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30)):
        if bound % size == 0:
            yield f"{bound / size:,.0f} {unit}"


def test_the_page_has_a_heading_for_a_node_that_takes_no_more() -> None:
    reasons = json.loads((ROOT / "web" / "texts" / "en.json").read_text("utf-8"))["reasons"]
    for error in (
        AuthorQuotaReached,
        DiskBudgetReached,
        DiskFull,
        NodeFull,
        QueryTooExpensive,
        RateExceeded,
        TooManyQueries,
    ):
        assert reasons[error.reason]["title"]


def test_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text("utf-8").splitlines()) <= 90


def test_files_that_are_named_are_there() -> None:
    """In documents, and in comments too. What is elsewhere is named with its place, and no longer where it was."""
    named = re.compile(
        r"(?<![\w./-])(?:panda_web|apps|web|tools|docs|attacks|benchmarks)/[\w./-]+\.(?:py|js|mjs|ts|md)\b"
    )
    code = [path for top in ("panda_web", "apps", "web", "tools") for path in (ROOT / top).rglob("*.*")]
    found = 0
    for path in (*DOCUMENTS, *code):
        if path.suffix in (".md", ".py", ".js", ".mjs", ".ts"):
            for name in named.findall(path.read_text("utf-8")):
                assert (ROOT / name).is_file(), f"{path.relative_to(ROOT)} names {name}"
                found += 1
    assert found > 20


if __name__ == "__main__":
    head = "# Reasons\n\nThe stable words in `error.data.reason`, in `PandaError.reason`, and before the sentence of a failed command. Made by `python tests/test_docs.py`.\n\n| reason | what is wrong |\n| --- | --- |\n"
    (ROOT / "docs" / "reasons.md").write_text(head + reasons() + "\n", "utf-8")
