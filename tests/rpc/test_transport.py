"""What a server in front of a node answers in its place is told for what it is, on both wires alike."""

import gzip
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from panda_web.errors import PandaError
from panda_web.rpc import transport as transport_module
from panda_web.rpc.errors import AnswerMalformed, AnswerTooLong, NodeDown, NodeOverloaded, RequestTooLarge
from panda_web.rpc.transport import Body, read_answer

URL = "https://node.example/"
HTML = b"<html><title>502 Bad Gateway</title></html>"


@pytest.mark.parametrize(
    ("status", "retry_after", "error", "words"),
    [
        (413, None, RequestTooLarge, "8 MiB"),
        (429, "30", NodeOverloaded, "in 30 seconds"),
        (429, "0", NodeOverloaded, "in a second"),
        (503, "600", NodeOverloaded, "in 10 minutes"),
        (503, "86400", NodeOverloaded, "in 24 hours"),
        (503, "Wed, 21 Oct 2026 07:28:00 GMT", NodeOverloaded, "after Wed, 21 Oct 2026 07:28:00 GMT"),
        (503, "<b>soon</b>", NodeOverloaded, "in a few minutes"),
        (502, None, NodeDown, "in a few minutes"),
        (504, None, NodeDown, "status 504"),
    ],
)
@pytest.mark.parametrize("body", [HTML, b"", b'{"message": "slow down"}'])
def test_status_of_a_proxy_is_told(
    status: int, retry_after: str | None, error: type[PandaError], words: str, body: bytes
) -> None:
    with pytest.raises(error, match=words):
        read_answer(URL, status, retry_after, body)


@pytest.mark.parametrize("status", [200, 413, 429, 502, 503, 504])
def test_answer_of_a_node_is_its_answer(status: int) -> None:
    body = b'{"jsonrpc": "2.0", "id": null, "error": {}}'
    assert read_answer(URL, status, "30", body) == body


@given(
    status=st.integers(100, 599), retry_after=st.none() | st.text(max_size=40), body=st.binary(max_size=40)
)
def test_whatever_comes_is_a_body_or_a_named_error(status: int, retry_after: str | None, body: bytes) -> None:
    try:
        assert read_answer(URL, status, retry_after, body) == body
    except (NodeDown, NodeOverloaded, RequestTooLarge, AnswerMalformed) as error:
        assert len(str(error)) < 300


@given(
    data=st.binary(max_size=300),
    packed=st.booleans(),
    torn=st.booleans(),
    piece=st.integers(1, 50),
    most=st.integers(0, 300),
)
def test_body_is_whole_and_bounded_or_a_named_error(
    data: bytes, packed: bool, torn: bool, piece: int, most: int
) -> None:
    sent = gzip.compress(data) if packed else data
    if torn:
        sent = sent[: len(sent) // 2]
    with mock.patch.object(transport_module, "MAX_ANSWER", most):
        try:
            body = Body(URL, "gzip" if packed else "")
            for at in range(0, len(sent), piece):
                body.add(sent[at : at + piece])
            whole = body.whole()
        except AnswerTooLong:
            assert max(len(data), len(sent)) > most
        except AnswerMalformed:
            assert packed and torn
        else:
            assert len(whole) <= most
            assert whole == (sent if torn and not packed else data)
