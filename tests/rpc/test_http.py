"""Whatever a server does with an answer, it ends: in time, in bytes, and with a named error."""

import asyncio
import datetime
import gzip
import ipaddress
import itertools
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from panda_web.errors import PandaError
from panda_web.rpc import transport as transport_module
from panda_web.rpc.errors import AnswerMalformed, AnswerTooLong, NodeSilent, NodeSlow, NodeUnreachable
from panda_web.rpc.http import HttpTransport
from tests.contracts import transports
from tests.rpc.lying_server import lying_server, now_and_then

REPLY = b'{"jsonrpc": "2.0", "id": "1", "result": []}'


def send(url: str, *, timeout: float = 30, whole: float = 30) -> bytes:
    """What a transport makes of the answer."""

    async def work() -> bytes:
        transport = HttpTransport(url, timeout=timeout, whole=whole)
        try:
            return await transport.send(b"{}")
        finally:
            await transport.close()

    return asyncio.run(work())


def test_answer_that_never_ends_ends_here() -> None:
    with lying_server(now_and_then) as server:

        async def work() -> None:
            transport = HttpTransport(server.url, timeout=5, whole=0.5)
            await transports.says_when_it_does_not_end(transport)
            await transport.close()

        asyncio.run(work())
    assert server.sent > 5  # the silence before each byte was short


def test_silence_in_the_middle_is_silence() -> None:
    silence = threading.Event()

    def half() -> Iterator[bytes]:
        yield b"{"
        silence.wait(5)

    with lying_server(half) as server, pytest.raises(NodeSilent, match=r"within 0\.3 s") as caught:
        send(server.url, timeout=0.3)
    silence.set()
    assert not isinstance(caught.value, NodeSlow)


def test_answer_without_end_is_read_to_the_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport_module, "MAX_ANSWER", 1 << 20)
    with (
        lying_server(lambda: itertools.repeat(b"x" * 65536)) as server,
        pytest.raises(AnswerTooLong, match="1 MiB"),
    ):
        send(server.url)
    assert server.sent < 32 << 20  # what the sockets hold, and no more


BOMB = gzip.compress(bytes(8 << 20), mtime=0)


@pytest.mark.parametrize(
    ("coding", "body", "error", "words"),
    [
        ("gzip", BOMB, AnswerTooLong, "1 MiB"),
        ("gzip, gzip", gzip.compress(BOMB, mtime=0), AnswerMalformed, "coding 'gzip, gzip'"),
        ("br", b"\x0b\x02\x80", AnswerMalformed, "coding 'br'"),
        ("deflate", b"\x78\x9c", AnswerMalformed, "coding 'deflate'"),
        ("gzip", REPLY, AnswerMalformed, "no gzip"),
        ("gzip", gzip.compress(REPLY, mtime=0)[:-1], AnswerMalformed, "not whole"),
        ("gzip", gzip.compress(REPLY, mtime=0) + BOMB, AnswerMalformed, "no gzip"),
    ],
)
def test_what_is_packed_is_unpacked_once_and_to_the_bound(
    coding: str, body: bytes, error: type[PandaError], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport_module, "MAX_ANSWER", 1 << 20)
    with (
        lying_server(lambda: iter([body]), Content_Encoding=coding) as server,
        pytest.raises(error, match=words),
    ):
        send(server.url)


@pytest.mark.parametrize("coding", ["gzip", "GZIP", "identity"])
def test_packed_answer_is_the_answer(coding: str) -> None:
    body = REPLY if coding == "identity" else gzip.compress(REPLY, mtime=0)
    pieces = [body[at : at + 7] for at in range(0, len(body), 7)]
    with lying_server(lambda: iter(pieces), Content_Encoding=coding) as server:
        assert send(server.url) == REPLY


def certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate for loopback that it signed itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    begin = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=1)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + datetime.timedelta(days=9))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False
        )
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return folder / "cert.pem", folder / "key.pem"


def test_certificate_that_nobody_trusts_is_named(tmp_path: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate(tmp_path))
    with (
        lying_server(lambda: iter([REPLY]), tls=context) as server,
        pytest.raises(NodeUnreachable, match="its certificate is none that this machine trusts"),
    ):
        send(server.url)
    assert server.sent == 0
