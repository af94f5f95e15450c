"""Who may call a real `panda serve`, and how often."""

import json
from pathlib import Path

import httpx
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from tests.processes import ServedNode
from tests.server.strangers import ARGUMENTS, call, posted


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        ("application/json", 200),
        ("application/json; charset=utf-8", 200),
        ("APPLICATION/JSON ;charset=UTF-8", 200),
        ("application/json-rpc", 200),
        ("application/jsonrequest", 200),
        ("text/plain", 415),
        ("text/plain; application/json", 415),
        ("application/x-www-form-urlencoded", 415),
        ("multipart/form-data; boundary=x", 415),
        ("application/x-json", 415),
        ("", 415),
        (None, 415),
    ],
)
def test_only_json_is_read(content_type: str | None, status: int, shared: ServedNode) -> None:
    reply = posted(shared, content_type, Origin="https://website.example")
    assert reply.status_code == status
    if status == 415:
        assert reply.json()["error"]["data"]["reason"] == "content-type-not-json"
        assert "application/json" in reply.json()["error"]["message"]


def test_a_form_on_a_website_does_nothing(shared: ServedNode) -> None:
    """As a browser sends it: JSON in the name of a field, and what follows."""
    fields = {json.dumps(call("panda_getEntryArguments", ARGUMENTS))[:-1] + ',"x":"': '"}'}
    assert httpx.post(shared.url, data=fields).status_code == 415
    assert httpx.post(shared.url, files={"a": b"{}"}).status_code == 415


@pytest.mark.parametrize(("options", "status"), [((), 400), (("--private-network",), 200)])
def test_private_networks_are_opened_by_an_option(
    tmp_path: Path, options: tuple[str, ...], status: int
) -> None:
    headers = {
        "Origin": "https://website.example",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type",
    }
    asks = {**headers, "Access-Control-Request-Private-Network": "true"}
    with ServedNode(tmp_path, None, *options) as node:
        assert httpx.options(node.url, headers=headers).status_code == 200
        reply = httpx.options(node.url, headers=asks)
    assert reply.status_code == status
    assert reply.headers.get("Access-Control-Allow-Private-Network") == ("true" if options else None)


def test_a_rate_counts_calls_over_a_websocket_too(shared: ServedNode) -> None:
    batch = json.dumps([call("panda_getEntryArguments", ARGUMENTS, n) for n in range(61)])
    single, far = json.dumps(call("panda_getEntryArguments", ARGUMENTS, 7)), {"X-Forwarded-For": "192.0.2.50"}
    url = shared.url.replace("http:", "ws:")
    with connect(url, additional_headers=far) as link:
        link.send(batch)
        assert len(json.loads(link.recv())) == 61
        link.send(single)
        refused = json.loads(link.recv())
    assert (refused["id"], refused["error"]["data"]["reason"]) == (7, "rate-exceeded")
    assert posted(shared, "application/json", single, **far).status_code == 429
    with pytest.raises(InvalidStatus) as closed:
        connect(url, additional_headers=far)
    assert closed.value.response.status_code == 429
    assert int(closed.value.response.headers["Retry-After"]) > 0


def test_a_rate_for_each_address(tmp_path: Path) -> None:
    batch = json.dumps([call("panda_getEntryArguments", ARGUMENTS, n) for n in range(61)])
    single = json.dumps(call("panda_getEntryArguments", ARGUMENTS, 7))
    with ServedNode(tmp_path, None, "--rate", "1", "--proxy", "127.0.0.1") as node:
        far, further = {"X-Forwarded-For": "192.0.2.7"}, {"X-Forwarded-For": "192.0.2.7, 192.0.2.8"}
        assert len(posted(node, "application/json", batch, **far).json()) == 61
        refused = posted(node, "application/json", single, **far)
        assert refused.status_code == 429
        assert refused.json()["id"] == 7
        assert refused.json()["error"]["data"]["reason"] == "rate-exceeded"
        assert refused.json()["error"]["data"]["retryAfter"] == int(refused.headers["Retry-After"])
        assert posted(node, "application/json", batch, **far).json()["id"] is None
        assert "result" in posted(node, "application/json", single, **further).json()
        lines = [("Content-Type", "application/json"), ("X-Forwarded-For", "192.0.2.9"), *far.items()]
        forged = httpx.post(node.url, content=single, headers=lines)
        assert forged.status_code == 429, "what the sender wrote above the proxy's line counts for nothing"
        assert len(posted(node, "application/json", batch).json()) == 61
        assert "result" in posted(node, "application/json", single).json(), "this machine is not counted"
