"""The built site on web servers that know nothing of it, below a path: its own page, and embedded elsewhere."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.browsers import Browsers, Tab
from tests.embedding.websites import Websites, call, strict, write_pages
from tests.processes import ServedNode, free_port
from tools.static_site import runtime


@contextmanager
def running(command: list[str | Path], port: int) -> Iterator[None]:
    """A server as a process, while it is needed."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        end = time.monotonic() + 30
        while True:
            assert process.poll() is None, "the server ended"
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                assert time.monotonic() < end, "the server does not listen"
                time.sleep(0.05)
        yield
    finally:
        process.terminate()
        process.wait(30)


@pytest.fixture(scope="module")
def nginx(tmp_path_factory: pytest.TempPathFactory) -> str:
    """nginx: the one that is installed, or Debian's, unpacked beside the tests."""
    if found := shutil.which("nginx", path=f"{os.environ['PATH']}{os.pathsep}/usr/sbin"):
        return found
    scratch = tmp_path_factory.mktemp("nginx")
    for package in ("nginx", "nginx-core") if shutil.which("apt-get") and shutil.which("dpkg") else ():
        got = subprocess.run(["apt-get", "download", package], cwd=scratch, capture_output=True, check=False)
        for archive in scratch.glob("*.deb") if got.returncode == 0 else ():
            subprocess.run(["dpkg", "-x", archive, scratch], check=True)
        program = scratch / "usr" / "sbin" / "nginx"
        if (
            program.exists()
            and subprocess.run([program, "-v"], capture_output=True, check=False).returncode == 0
        ):
            return str(program)
    words = "NOT TESTED BEHIND NGINX: it is not on this machine, and apt-get does not give it"
    if os.environ.get("CI") == "true":
        pytest.fail(words)
    pytest.skip(words)


@pytest.mark.skipif(os.name == "nt", reason="nginx comes from Debian")
def test_nginx_with_wrong_types(
    tab: Tab, nginx: str, host: ServedNode, site: Path, websites: Websites, tmp_path: Path
) -> None:
    """What the worker fetches may come as text: it is checked by its hash, and handed over as what it is."""
    port = free_port()
    text = Path(__file__).with_name("nginx.conf").read_text("utf-8")
    for word, value in {"SCRATCH": str(tmp_path), "SITE": str(site), "PORT": str(port)}.items():
        text = text.replace(word, value)
    (tmp_path / "nginx.conf").write_text(text, "utf-8")
    with running([nginx, "-e", tmp_path / "error.log", "-p", tmp_path, "-c", tmp_path / "nginx.conf"], port):
        url = f"http://127.0.0.1:{port}/some/where/"
        wasm = f"{runtime(site).name}/pyodide.asm.wasm"
        assert tab_type(tab, url, wasm) == "text/plain"
        tab.goto(websites.open(url, site, strict(url, host.url)) + "checked.html")
        assert call(tab, "cycle", {"node": host.url})["life"] == [["one", True], ["two", True], None]
        tab.goto(f"{url}?node={host.url}")
        tab.wait_for("() => document.documentElement.dataset.state === 'ready'", timeout=300)


def tab_type(tab: Tab, url: str, name: str) -> str:
    tab.goto(url)
    return str(
        tab.evaluate(
            "async (name) => (await fetch(name, { method: 'HEAD' })).headers.get('Content-Type')", name
        )
    )


def test_pythons_own_server(browsers: Browsers, host: ServedNode, site: Path, tmp_path: Path) -> None:
    """Without any header of ours: the site's page, and another page of the same origin."""
    port = free_port()
    shutil.copytree(site, tmp_path / "www" / "some" / "where", copy_function=os.link)
    write_pages(tmp_path / "www", "some/where", site)
    command: list[str | Path] = [sys.executable, "-m", "http.server", "--bind", "127.0.0.1", "--directory"]
    with running([*command, tmp_path / "www", str(port)], port), browsers.tab("chromium") as tab:
        tab.goto(f"http://127.0.0.1:{port}/tag.html")
        assert call(tab, "cycle", {"node": host.url})["life"] == [["one", True], ["two", True], None]
        tab.goto(f"http://127.0.0.1:{port}/some/where/?node={host.url}")
        tab.wait_for("() => document.documentElement.dataset.state === 'ready'", timeout=300)
