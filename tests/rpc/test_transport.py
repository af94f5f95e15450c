"""What a server in front of a node answers in its place is told for what it is, on both wires alike."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from panda_web.errors import PandaError
from panda_web.rpc.errors import AnswerMalformed, NodeDown, NodeOverloaded, RequestTooLarge
from panda_web.rpc.transport import read_answer

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
