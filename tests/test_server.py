"""The node over HTTP: transports, limits, CORS, the site's files, and what it does not tell."""

import asyncio
import json
import signal
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from panda_web.cli.peers import Network
from panda_web.cli.serve import Served, _listen, _run
from panda_web.keys.with_cryptography import CryptographyVerifier
from panda_web.node import Node, Store
from panda_web.rpc.errors import NodeAddressWrong
from panda_web.rpc.http import HttpTransport
from panda_web.rpc.transport import InProcess
from panda_web.server import application
from tests.contracts import transports
from tests.processes import ServedNode, free_port, mute_server

MIB = 1 << 20


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedNode]:
    site = tmp_path_factory.mktemp("site")
    (site / "index.html").write_text("<h1>page</h1>")
    (site / "index.html.br").write_bytes(b"page as brotli")
    (site / "code.mjs").write_text("export {};")
    (site / "code.wasm").write_bytes(b"\x00asm")
    (site / "packed.wasm").write_bytes(b"\x00asm")
    (site / "packed.wasm.br").write_bytes(b"as brotli")
    (site / "packed.wasm.gz").write_bytes(b"as gzip")
    for directory in ("runtime-0123456789abcdef", "runtime-other"):
        (site / directory).mkdir()
        (site / directory / "code.js").write_text("export {};")
    (site.parent / "secret.txt").write_text("secret")
    with ServedNode(tmp_path_factory.mktemp("data"), site) as node:
        yield node


def call(method: str, **params: object) -> bytes:
    return json.dumps({"jsonrpc": "2.0", "id": "1", "method": method, "params": params}).encode()


def post(
    node: ServedNode, content: Any, content_type: str = "application/json", **headers: str
) -> httpx.Response:
    headers = {"Content-Type": content_type, **headers}
    return httpx.post(node.url, content=content, headers=headers, timeout=60)


@pytest.mark.parametrize("check", transports.ALL, ids=lambda check: check.__name__)
def test_http_transport(check: object, served: ServedNode) -> None:
    async def work() -> None:
        transport = HttpTransport(served.url)
        await check(transport)  # type: ignore[operator]
        await transport.close()

    asyncio.run(work())


@pytest.mark.parametrize("check", transports.ALL, ids=lambda check: check.__name__)
def test_in_process_transport(check: object) -> None:
    transport = InProcess(Node(Store(), CryptographyVerifier(), version="0").dispatcher())
    asyncio.run(check(transport))  # type: ignore[operator]


def test_nobody_there_and_somebody_else_there(tmp_path: Path, served: ServedNode) -> None:
    async def work() -> None:
        for url in (
            "nonsense",
            "ftp://x/",
            "",
            "http://",
            "http://localhost:99999",
            "http://localhost:x/",
            "http://[/",
        ):
            with pytest.raises(NodeAddressWrong):
                HttpTransport(url)
        for url in (f"http://localhost:{free_port()}/", "http://no.such.host.invalid/"):
            transport = HttpTransport(url)
            await transports.says_when_nobody_is_there(transport)
            await transport.close()
        with mute_server() as url:
            transport = HttpTransport(url, timeout=0.2)
            await transports.says_when_it_is_silent(transport)
            await transport.close()
        transport = HttpTransport(served.url + "index.html")
        await transports.says_when_it_is_no_node(transport)
        await transport.close()

    asyncio.run(work())


def test_a_body_of_100_mib_is_refused_and_not_read(served: ServedNode) -> None:
    sent = 0

    def body() -> Iterator[bytes]:
        nonlocal sent
        for _ in range(100):
            sent += MIB
            yield bytes(MIB)

    try:
        response = post(served, body())
    except httpx.TransportError:
        pass  # the node hung up while we were still sending, as it may
    else:
        assert response.status_code == 413
        assert response.json()["error"]["data"]["reason"] == "body-too-large"
    assert sent < 100 * MIB
    assert post(served, call("panda_schemas")).status_code == 200


def test_a_body_just_above_the_limit_is_told_so(served: ServedNode) -> None:
    response = post(served, b" " * (8 * MIB + 1))
    assert response.status_code == 413
    assert response.json()["error"]["data"]["reason"] == "body-too-large"


def test_a_client_that_stops_in_the_middle(served: ServedNode) -> None:
    with socket.create_connection(("localhost", served.port)) as client:
        client.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{")
    assert post(served, call("panda_schemas")).json()["result"] == []


def test_bad_json_is_answered_as_json(served: ServedNode) -> None:
    response = post(served, b"{nonsense")
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    assert response.json()["error"]["code"] == -32700


def test_a_notification_has_no_answer(served: ServedNode) -> None:
    response = post(served, b'{"jsonrpc":"2.0","method":"panda_schemas"}')
    assert (response.status_code, response.content) == (204, b"")


def test_any_origin_may_call_without_credentials(served: ServedNode) -> None:
    preflight = httpx.options(
        served.url,
        headers={
            "Origin": "https://festival.example",
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "content-type",
        },
    )
    assert preflight.status_code == 200
    assert preflight.headers["access-control-allow-origin"] == "*"
    response = post(served, call("panda_schemas"), Origin="https://festival.example")
    assert response.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in response.headers


def test_files_of_the_site(served: ServedNode) -> None:
    page = httpx.get(served.url)
    assert page.text == "<h1>page</h1>"
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert httpx.get(served.url + "code.mjs").headers["content-type"] == "text/javascript"
    assert httpx.get(served.url + "code.wasm").headers["content-type"] == "application/wasm"
    again = httpx.get(
        served.url + "code.mjs", headers={"If-None-Match": httpx.get(served.url + "code.mjs").headers["etag"]}
    )
    assert again.status_code == 304
    assert httpx.get(served.url + "missing").status_code == 404
    for method in ("PUT", "DELETE", "PATCH"):
        assert httpx.request(method, served.url).status_code == 405


def test_what_is_named_by_its_content_may_be_kept_for_ever(served: ServedNode) -> None:
    def kept(path: str) -> str | None:
        return httpx.get(served.url + path).headers.get("cache-control")

    assert kept("runtime-0123456789abcdef/code.js") == "public, max-age=31536000, immutable"
    assert {kept(path) for path in ("", "code.mjs", "runtime-other/code.js")} == {"no-cache"}
    assert kept("runtime-0123456789abcdef/missing.js") is None


@pytest.mark.parametrize("path", ["../secret.txt", "%2e%2e/secret.txt", "..%2fsecret.txt", "/etc/passwd"])
def test_nothing_outside_of_the_site(path: str, served: ServedNode) -> None:
    with socket.create_connection(("localhost", served.port)) as client:
        client.sendall(f"GET /{path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        answer = b""
        while part := client.recv(65536):
            answer += part
    assert b" 404 " in answer.split(b"\r\n")[0]
    assert b"secret" not in answer


@pytest.mark.parametrize(
    ("accepted", "encoding"),
    [
        ("gzip, deflate, br, zstd", "br"),
        ("gzip;q=1.0, identity; q=0.5", "gzip"),
        ("br;q=0, GZIP", "gzip"),
        ("br;q=0,gzip; q=0.0", None),
        ("identity", None),
        ("", None),
        (";;,=,br x,\u00fc", None),
    ],
)
def test_files_that_lie_there_compressed(accepted: str, encoding: str | None, served: ServedNode) -> None:
    body = {"br": b"as brotli", "gzip": b"as gzip", None: b"\x00asm"}[encoding]
    headers = {"Accept-Encoding": accepted.encode("latin-1")}
    with httpx.stream("GET", f"{served.url}packed.wasm", headers=headers) as answer:
        assert b"".join(answer.iter_raw()) == body
        assert answer.headers.get("Content-Encoding") == encoding
        assert answer.headers["Content-Length"] == str(len(body))
        assert answer.headers["Content-Type"] == "application/wasm"
        assert "Accept-Encoding" in answer.headers["Vary"]
    again = {**headers, "If-None-Match": answer.headers["ETag"]}
    assert httpx.get(f"{served.url}packed.wasm", headers=again).status_code == 304
    other = {"Accept-Encoding": "identity" if encoding else "br", "If-None-Match": answer.headers["ETag"]}
    with httpx.stream("GET", f"{served.url}packed.wasm", headers=other) as answer:
        assert answer.status_code == 200


def test_the_page_is_sent_compressed_as_a_page(served: ServedNode) -> None:
    with httpx.stream("GET", served.url, headers={"Accept-Encoding": "br"}) as answer:
        assert b"".join(answer.iter_raw()) == b"page as brotli"
        assert answer.headers["Content-Type"] == "text/html; charset=utf-8"


def test_answers_are_not_held_back() -> None:
    """What asyncio asks before it turns Nagle's algorithm off: head and body would be 40 ms apart."""
    with _listen("127.0.0.1", 0) as listener:
        assert listener.proto == socket.IPPROTO_TCP


@pytest.mark.parametrize(
    ("how", "raised"), [(signal.SIGINT, KeyboardInterrupt), (signal.SIGTERM, asyncio.CancelledError)]
)
def test_the_end_waits_for_what_was_taken_in(
    tmp_path: Path, how: signal.Signals, raised: type[BaseException]
) -> None:
    """Also when it comes as uvicorn lets it come: by the signal, once more, after the last answer."""
    finished = []

    class Server:
        started = False

        async def serve(self, **_: object) -> None:
            self.started = True
            await asyncio.sleep(0.1)
            signal.raise_signal(how)
            await asyncio.sleep(0)

    class Busy(Node):
        async def finish(self) -> None:
            await super().finish()
            finished.append("all")

    async def run() -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            node = Busy(Store(), CryptographyVerifier(), version="0")
            served = Served("here", tmp_path, open_browser=False)
            await _run(Server(), node, listener, served, Network())  # type: ignore[arg-type]

    before = {each: signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)}
    signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored where tests run in the background
    try:
        with pytest.raises(raised):
            asyncio.run(run())
        assert signal.getsignal(signal.SIGTERM) == before[signal.SIGTERM]
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
    assert finished == ["all"]


def test_a_node_without_a_site(tmp_path: Path) -> None:
    with ServedNode(tmp_path) as node:
        assert "JSON-RPC" in httpx.get(node.url).text
        assert node.kill(signal.SIGINT) in (0, -signal.SIGINT, 130)


def test_health(tmp_path: Path) -> None:
    store = Store(tmp_path / "node.db")
    node = Node(store, CryptographyVerifier(), version="7")

    async def work() -> None:
        app = httpx.ASGITransport(application(node.dispatcher(), None, node.health))
        async with httpx.AsyncClient(transport=app, base_url="http://node") as client:
            found = await client.get("/health")
            assert (found.status_code, found.json()) == (200, {"status": "ok", "version": "7"})
            assert found.headers["Cache-Control"] == "no-store"
            head = await client.head("/health")
            assert (head.status_code, head.content) == (200, b"")
            assert (await client.post("/health", content=b"{}")).status_code == 405
            store.close()
            broken = await client.get("/health")
            assert (broken.status_code, broken.json()) == (
                503,
                {"status": "failed", "reason": "store-failed"},
            )

    asyncio.run(work())
