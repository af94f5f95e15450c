"""The contract suites and the corpora inside Pyodide, in three engines: equal verdicts, equal promises."""

import gzip
import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.browser.mirrors import mirror
from tests.browser.python import Python
from tests.browser.sites import TESTS
from tests.browsers import Browsers, StaticServer
from tests.contracts import channels, signers, stores, transports, verifiers
from tests.processes import ServedNode, free_port, mute_server
from tests.rpc.lying_server import lying_server, now_and_then

pytestmark = pytest.mark.every_engine


@pytest.fixture(scope="module")
def python(engine: str, browsers: Browsers, harness: StaticServer) -> Iterator[Python]:
    with browsers.tab(engine) as tab:
        yield Python(tab, harness.url)


def test_tasks_get_a_lock_in_the_order_in_which_they_asked(python: Python) -> None:
    """So that what a page writes last stands. A new worker of Chromium queues its second request behind others.

    It is the first test, so the worker is new.
    """
    assert python.run("tasks_take_turns", count=50) == list(range(50))


def test_callbacks_run_in_order_and_timers_when_they_are_due(python: Python) -> None:
    assert python.run("callbacks_and_timers") == {
        "called": ["first", "last", "asked for by the first"],
        "rang": ["overdue", "first", "second", "third"],
        "told": ["on purpose"],
    }


def test_messages_come_in_between_turns(python: Python) -> None:
    assert python.run("messages_between_turns", count=1_000) < 1_000


def test_the_browser_keeps_no_timers_that_were_cancelled(python: Python) -> None:
    """Each would be there for its whole time, with all that it holds."""
    asked = python.run("asked_of_the_browser", count=500)
    assert asked["timers"] - asked["cancelled"] <= 1
    assert asked["timers"] <= 3


def reasons(vectors: str) -> dict[str, str | None]:
    cases = json.loads((TESTS / "vectors" / vectors).read_text("utf-8"))["cases"]
    return {case["name"]: case["reason"] for case in cases}


def assert_equal_verdicts(verdicts: list[str | None], vectors: str) -> None:
    wanted = reasons(vectors)
    assert dict(zip(wanted, verdicts, strict=True)) == wanted


def test_corpus_with_webcrypto(python: Python) -> None:
    assert_equal_verdicts(python.run("corpus_verdicts", kind="webcrypto"), "corpus.json")


def test_keys_corpus_with_webcrypto(python: Python) -> None:
    assert_equal_verdicts(python.run("key_verdicts", kind="webcrypto"), "ed25519.json")


@pytest.mark.engines("chromium")
def test_corpus_with_pure25519(python: Python) -> None:
    assert_equal_verdicts(python.run("corpus_verdicts", kind="pure25519"), "corpus.json")


@pytest.mark.engines("chromium")
def test_keys_corpus_with_pure25519_on_a_sample(python: Python) -> None:
    verdicts = python.run("key_verdicts", kind="pure25519", every=20)
    assert verdicts == list(reasons("ed25519.json").values())[::20]


KINDS = ("webcrypto", "loops", pytest.param("pure25519", marks=pytest.mark.one_engine))


@pytest.mark.parametrize("check", signers.CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("kind", KINDS)
def test_signer_contract(python: Python, kind: str, check: Any) -> None:
    python.run("signer_contract", kind=kind, check=check.__name__)


@pytest.mark.parametrize("check", verifiers.CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("kind", KINDS)
def test_verifier_contract(python: Python, kind: str, check: Any) -> None:
    python.run("verifier_contract", kind=kind, check=check.__name__)


@pytest.mark.parametrize("check", [*stores.ALL, *stores.DURABLE], ids=lambda check: check.__name__)
def test_store_contract(python: Python, check: Any) -> None:
    python.run("store_contract", check=check.__name__)


@pytest.mark.parametrize("check", transports.ALL, ids=lambda check: check.__name__)
def test_transport_contract_across_origins(python: Python, empty_node: ServedNode, check: Any) -> None:
    python.run("transport_contract", check=check.__name__, url=empty_node.url)


@pytest.fixture(scope="module")
def mirrored(engine: str) -> Iterator[str]:
    """An address that ties two WebSockets together."""
    with mirror() as url:
        yield url


CHANNELS = (*channels.CHANNELS, *channels.SESSIONS, *channels.CALLS)


@pytest.mark.parametrize("check", CHANNELS, ids=lambda check: check.__name__)
def test_channel_contract_over_message_ports(python: Python, check: Any) -> None:
    python.run("channel_contract", check=check.__name__)


@pytest.mark.parametrize("check", CHANNELS, ids=lambda check: check.__name__)
def test_channel_contract_over_websockets(python: Python, mirrored: str, check: Any) -> None:
    python.run("channel_contract", check=check.__name__, mirror=f"{mirrored}{check.__name__}")


@pytest.mark.parametrize("check", CHANNELS, ids=lambda check: check.__name__)
def test_channel_contract_between_tabs(python: Python, check: Any) -> None:
    python.run("channel_contract", check=check.__name__, meeting=check.__name__)


def test_a_websocket_ends_where_more_comes_than_is_read(python: Python, mirrored: str) -> None:
    told = python.run("more_than_is_read", mirror=f"{mirrored}unread")
    assert told == ["The other side closed it (messages-not-read).", "More came than was read."]


def test_no_websocket_where_no_node_is(python: Python, harness: StaticServer) -> None:
    """A browser does not say why: whether somebody is there at all is asked over HTTP."""
    assert python.run("no_websocket", url=harness.url) == "answer-malformed"
    assert python.run("no_websocket", url=f"http://localhost:{free_port()}/") == "node-unreachable"


@pytest.mark.engines("chromium")
def test_queries_of_a_node_in_the_tab(python: Python) -> None:
    """Pyodide's SQLite is another one than the server's: the same pages, of the same random queries."""
    assert python.run("queries_in_the_tab", seed=7, queries_asked=150)


def test_transport_where_nobody_listens(python: Python) -> None:
    url = f"http://localhost:{free_port()}/"
    python.run("transport_contract", check="says_when_nobody_is_there", url=url)


def test_transport_where_somebody_listens_and_never_answers(python: Python) -> None:
    with mute_server() as url:
        python.run("transport_contract", check="says_when_it_is_silent", url=url, timeout=0.5)


def test_transport_where_an_answer_does_not_end(python: Python) -> None:
    with lying_server(now_and_then) as server:
        python.run(
            "transport_contract", check="says_when_it_does_not_end", url=server.url, timeout=5, whole=0.5
        )


def test_transport_where_a_small_answer_becomes_a_large_one(python: Python) -> None:
    """Browsers unpack codings within each other; what comes out of them is counted."""
    bomb = gzip.compress(gzip.compress(bytes(80 << 20)))
    with lying_server(lambda: iter([bomb]), Content_Encoding="gzip, gzip") as server:
        python.run("transport_contract", check="says_when_it_is_too_long", url=server.url)


def test_transport_where_no_node_is(python: Python, harness: StaticServer) -> None:
    python.run("transport_contract", check="says_when_it_is_no_node", url=harness.url)


def test_holders_of_a_lock_exclude_one_another(python: Python) -> None:
    said = python.run("holders_exclude_one_another")
    assert said == [f"{number} {word}" for number in range(5) for word in ("in", "out")]


def test_lock_of_the_page_keeps_the_worker_out(python: Python) -> None:
    python.page("takeLock", "shared")
    python.start("take_lock", name="shared")
    python.tab.wait_for("async () => (await import('./harness.js')).isWaitedFor('shared')")
    python.page("giveLock")
    assert python.result() == "taken"


def test_what_is_given_up_is_whole(python: Python) -> None:
    assert python.run("what_is_given_up_is_whole") == []


def test_closed_connection_is_forgotten(python: Python) -> None:
    python.run("closed_connection_is_forgotten")


def test_cancelled_waiter_leaves_the_queue(python: Python) -> None:
    python.run("cancelled_waiter_leaves_the_queue")


def test_lock_is_given_back_after_an_error(python: Python) -> None:
    python.run("lock_is_given_back_after_an_error")


def test_simultaneous_first_starts_end_with_one_key_that_survives_a_reload(python: Python) -> None:
    authors = python.run("authors_of_simultaneous_starts", count=4)
    assert len(set(authors)) == 1
    python.load()
    assert python.run("key_pair")["author"] == authors[0]


def test_no_seed_is_drawn_that_a_browser_refuses(python: Python) -> None:
    python.run("signs_with_the_key_of_an_unlucky_draw")


@pytest.mark.parametrize("webcrypto", [True, False])
@pytest.mark.parametrize("outcome", ["saved", "declined"])
def test_seed_waits_for_a_decision(python: Python, outcome: str, webcrypto: bool) -> None:
    python.run("seed_waits_for_a_decision", outcome=outcome, webcrypto=webcrypto)


def test_key_of_an_older_version_goes_on(python: Python) -> None:
    python.run("key_of_an_older_version_goes_on")


def test_private_key_cannot_be_exported(python: Python) -> None:
    pair = python.run("key_pair")
    assert pair["kind"] == "webcrypto"
    assert pair["extractable"] is False
    assert pair["refused"] == ["pkcs8", "jwk", "raw"]
    assert pair["usages"] == ["sign"]
