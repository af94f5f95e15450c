"""docs/running-a-node.md: its proxies, its backup and its service, with the files as they stand there."""

import asyncio
import gzip
import os
import re
import shutil
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from panda_web import Client, Instance
from panda_web.keys.with_cryptography import CryptographySigner
from tests.hosts import examples, parts
from tests.hosts.programs import program, running
from tests.processes import PANDA, ROOT, ServedNode, free_port

FILES = examples.files("running-a-node.md")
SCHEMA = "0040" + "c0ffee00" * 16
MIB = 1 << 20


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedNode]:
    """A node with a small site."""
    site = tmp_path_factory.mktemp("site")
    (site / "index.html").write_text("<!doctype html><title>A site</title>")
    (site / "large.wasm").write_bytes(bytes(100_000))
    with ServedNode(tmp_path_factory.mktemp("node"), site) as served:
        yield served


# --- Proxies --------------------------------------------------------------------------------------


def nginx(work: Path, node: ServedNode, port: int) -> tuple[list[str | Path], Path]:
    """The command, and the certificate to trust."""
    pem, key = work / "node.pem", work / "node.key"
    new = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-days", "2"]
    subprocess.run([*new, *names, "-keyout", key, "-out", pem], check=True, capture_output=True)
    changes = {
        "listen 443": f"listen {port}",
        "/etc/ssl/node.example.pem": str(pem),
        "/etc/ssl/node.example.key": str(key),
        "node.example": "localhost",
        "127.0.0.1:2020": f"127.0.0.1:{node.port}",
    }
    (work / "panda.conf").write_text(examples.fill_in(FILES["panda.conf"], changes))
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    temporary = "".join(f"{kind}_temp_path {work};\n" for kind in kinds)
    user = "user root;" if os.geteuid() == 0 else ""  # else it is nobody, who may not write here
    (work / "nginx.conf").write_text(
        f"daemon off; {user} pid {work}/pid; error_log stderr;\nevents {{}}\nhttp {{\n{temporary}include {work}/panda.conf;\n}}\n"
    )
    return [program("nginx"), "-e", "stderr", "-p", work, "-c", work / "nginx.conf"], pem


def caddy(work: Path, node: ServedNode, port: int) -> tuple[list[str | Path], Path]:
    """The command, and the certificate to trust: Caddy's own authority, since nobody else vouches for localhost."""
    changes = {"node.example": f"localhost:{port}", "127.0.0.1:2020": f"127.0.0.1:{node.port}"}
    options = f"admin off\nlocal_certs\nskip_install_trust\nauto_https disable_redirects\nstorage file_system {work}\n"
    (work / "Caddyfile").write_text(f"{{\n{options}}}\n{examples.fill_in(FILES['Caddyfile'], changes)}")
    root = work / "pki" / "authorities" / "local" / "root.crt"
    return [program("caddy"), "run", "--config", work / "Caddyfile", "--adapter", "caddyfile"], root


@pytest.mark.parametrize("proxy", [nginx, caddy])
def test_proxy(
    proxy: Callable[[Path, ServedNode, int], tuple[list[str | Path], Path]],
    node: ServedNode,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    port = free_port()
    command, trusted = proxy(tmp_path, node, port)
    url = f"https://localhost:{port}/"
    with (tmp_path / "log").open("wb") as log, running(command, port, log):
        monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
        asyncio.run(write_and_read(url))
        with httpx.Client(verify=ssl.create_default_context(cafile=trusted), timeout=60) as web:
            origin = {"Origin": "https://elsewhere.example", "Content-Type": "application/json"}
            call = b'{"jsonrpc":"2.0","id":1,"method":"panda_discover"}'
            answer = web.post(url, content=call.ljust(8 * MIB), headers=origin)
            assert answer.status_code == 200, "a body of the node's own limit passes"
            assert answer.headers.get_list("access-control-allow-origin") == ["*"]
            assert answer.headers["strict-transport-security"] == "max-age=31536000"
            assert web.post(url, content=call.ljust(8 * MIB + 1), headers=origin).status_code == 413
            asked = {
                "Access-Control-Request-Method": "POST",
                "Access-Control-Request-Headers": "content-type",
            }
            assert web.options(url, headers=origin | asked).status_code == 200
            page = web.get(url)
            assert page.headers.get_list("content-security-policy")[0].startswith("default-src 'none'")
            module = web.get(url + "large.wasm", headers={"Accept-Encoding": "gzip"})
            assert (module.headers["content-type"], module.headers["content-encoding"]) == (
                "application/wasm",
                "gzip",
            )
            assert len(module.content) == 100_000 > len(gzip.compress(module.content))
            assert module.headers.get_list("access-control-allow-origin") == ["*"]


async def write_and_read(url: str) -> None:
    """Writes and reads through a proxy, in batches too."""
    async with Client(url, CryptographySigner.generate()) as panda:
        await panda.create_many(SCHEMA, [{"title": "x" * 2000, "seats": number} for number in range(500)])
        assert all(
            talk.verified
            for talk in await panda.query(SCHEMA, filter={"author": panda.author or ""}, limit=500)
        )


# --- Backup ---------------------------------------------------------------------------------------


def test_backup_while_it_runs(tmp_path: Path) -> None:
    if not shutil.which("sqlite3"):
        parts.lack("sqlite3 is not on this machine")
    data, copy = tmp_path / "data", tmp_path / "copy"
    copy.mkdir()
    changes = {
        "/var/lib/panda/node.db": str(data / "node.db"),
        "/var/backups/panda.db": str(copy / "node.db"),
    }
    begun, over = threading.Event(), threading.Event()
    written: list[str] = []

    async def write(url: str) -> None:
        async with Client(url, CryptographySigner.generate()) as panda:
            rows = [{"text": "x" * 5000, "number": number} for number in range(1000)]
            written.extend(one.id for one in await panda.create_many(SCHEMA, rows))
            while not over.is_set():
                written.append((await panda.create(SCHEMA, {"number": len(written)})).id)
                begun.set()

    with ServedNode(data) as node:
        writer = threading.Thread(target=lambda: asyncio.run(write(node.url)))
        writer.start()
        try:
            assert begun.wait(60)
            before = list(written)
            subprocess.run(["sh", "-e", "-c", examples.fill_in(FILES["backup.sh"], changes)], check=True)
            during = len(written) - len(before)
        finally:
            over.set()
            writer.join()
    with ServedNode(copy) as restored:
        found = [talk.id for talk in asyncio.run(read(restored.url))]
    assert set(before) <= set(found) <= set(written)
    print(f"{during} entries were published while {len(before)} were copied")


async def read(url: str) -> list[Instance]:
    """All instances, each verified."""
    async with Client(url) as panda:
        answer = await panda.query(SCHEMA).all()
    assert not answer.rejected
    assert all(talk.verified for talk in answer)
    return list(answer)


# --- Options and service --------------------------------------------------------------------------


def test_options_are_those_of_the_command() -> None:
    told = subprocess.run(
        [*PANDA, "serve", "--help"], capture_output=True, text=True, cwd=ROOT, check=True
    ).stdout
    text = (examples.DOCS / "running-a-node.md").read_text("utf-8")
    offered = set(re.findall(r"--[a-z-]+", told)) - {"--help", "--browser", "--payloads"}
    assert set(re.findall(r"^\| `(--[a-z-]+)`", text, re.MULTILINE)) == offered
    assert set(re.findall(r"--[a-z-]+", FILES["panda.service"])) <= offered


def test_service_is_one_that_systemd_takes(tmp_path: Path) -> None:
    if not shutil.which("systemd-analyze"):
        parts.lack("systemd-analyze is not on this machine")
    unit = tmp_path / "panda.service"
    unit.write_text(FILES["panda.service"].replace("/opt/panda-web/.venv/bin/panda", sys.executable))
    result = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True)
    assert str(unit) not in result.stderr and result.returncode == 0, result.stderr
