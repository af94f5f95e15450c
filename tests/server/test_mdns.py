"""`panda serve --mdns`: nodes in one local network, each a network of the kernel's own, find each other."""

import asyncio
import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from panda_web.cli.places import database_path
from panda_web.keys.with_cryptography import CryptographyVerifier
from panda_web.node import Node, Store
from tests.authors import Author
from tests.processes import PANDA, ROOT

PATIENCE = 240
"""Seconds until something counts as hanging."""

INSIDE = ("-U", "-n", "--preserve-credentials")


@dataclass(frozen=True, slots=True)
class Machine:
    """A network of its own, at one end of a cable.

    Attributes:
        pid: of the process that holds it.
        address: of its end of the cable.
    """

    pid: int
    address: str

    def inside(self, *command: str) -> list[str]:
        """A command that runs there."""
        return ["nsenter", "-t", str(self.pid), *INSIDE, *command]


def _does(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, timeout=PATIENCE)


def _is_ready(pid: int) -> bool:
    """Whether a process has a network that is not ours."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/ns/net").readlink() != Path("/proc/self/ns/net").readlink()
    return False


@pytest.fixture
def two_machines() -> Iterator[tuple[Machine, Machine]]:
    """Two networks, with a cable between them and nothing else."""
    if not all(map(shutil.which, ("unshare", "nsenter", "ip"))):
        pytest.skip("unshare, nsenter and ip are needed: Linux with util-linux and iproute2")
    first = subprocess.Popen(["unshare", "-rn", "sleep", f"{4 * PATIENCE}"], stderr=subprocess.DEVNULL)
    holders = [first]
    try:
        until(lambda: _is_ready(first.pid) or first.poll() is not None)
        if first.poll() is not None:
            pytest.skip("this user may not make networks here")
        enter = ["nsenter", "-t", str(first.pid), "-U", "--preserve-credentials"]
        second = subprocess.Popen([*enter, "unshare", "-n", "sleep", f"{4 * PATIENCE}"])
        holders.append(second)
        until(lambda: _is_ready(second.pid))
        one, other = (Machine(each.pid, f"192.168.77.{n}") for n, each in enumerate(holders, 1))
        cable = [
            "ip",
            "link",
            "add",
            "cable",
            "type",
            "veth",
            "peer",
            "name",
            "cable",
            "netns",
            str(other.pid),
        ]
        _does(*one.inside(*cable))
        for each in (one, other):
            for what in (
                ["link", "set", "lo", "up"],
                ["addr", "add", f"{each.address}/24", "dev", "cable"],
                ["link", "set", "cable", "up"],
            ):
                _does(*each.inside("ip", *what))
        yield one, other
    finally:
        for each in holders:
            each.kill()
            each.wait()


def until(is_so: Callable[[], object]) -> None:
    ends = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < ends
        time.sleep(0.05)


def written(data: Path, author: Author, count: int) -> None:
    """Entries that a node holds from before."""
    data.mkdir()
    with closing(Store(database_path(data))) as store:

        async def write() -> None:
            node = Node(store, CryptographyVerifier(), version="0")
            for signed, payload in [author.create(n=n) for n in range(count)]:
                await node.publish_entry(signed.encoded, payload)
            await node.finish()

        asyncio.run(write())


def serves(machine: Machine, data: Path, *options: str) -> subprocess.Popen[bytes]:
    command = [*PANDA, "serve", "--port", "2020", "--data", str(data), "--no-browser", "--mdns", *options]
    env = {**os.environ, "PYTHONPATH": str(ROOT), "XDG_STATE_HOME": str(data)}
    return subprocess.Popen(machine.inside(*command), stdout=subprocess.DEVNULL, env=env, cwd=ROOT)


def peers_of(data: Path) -> list[dict[str, object]]:
    said = subprocess.run([*PANDA, "peers", "--data", str(data)], capture_output=True, check=True, cwd=ROOT)
    return [json.loads(line) for line in said.stdout.splitlines()]


def held(data: Path) -> int:
    with closing(Store(database_path(data))) as store:
        logs = [store.entries.log(Author(n).signer.author, 1) for n in (1, 2)]
        return sum(each.seq_num for each in logs if each is not None)


def test_they_find_each_other_and_have_the_same(
    two_machines: tuple[Machine, Machine], tmp_path: Path
) -> None:
    datas = [tmp_path / "one", tmp_path / "other"]
    for n, data in enumerate(datas):
        written(data, Author(n + 1), n + 2)
    serving = [
        serves(machine, data, "--host", "0.0.0.0") for machine, data in zip(two_machines, datas, strict=True)
    ]
    try:
        until(lambda: [held(data) for data in datas] == [5, 5])
        # What was brought is noted before anything is sent.
        until(lambda: any(each["brought"] and each["sent"] for data in datas for each in peers_of(data)))
        (found,) = (each for data in datas for each in peers_of(data))
        assert found["by"] == "--mdns"
        assert found["url"] in {f"http://{each.address}:2020/" for each in two_machines}
        assert {found["brought"], found["sent"]} == {2, 3}
        # Whoever goes says so, and is a peer no more.
        caller = next(n for n, data in enumerate(datas) if peers_of(data))
        gone = serving[1 - caller]
        gone.send_signal(signal.SIGTERM)
        gone.wait(timeout=PATIENCE)
        until(lambda: not peers_of(datas[caller]))
    finally:
        for each in serving:
            each.kill()
            each.wait()


def test_who_is_not_reached_by_others_is_told_to_nobody_and_finds_them(
    two_machines: tuple[Machine, Machine], tmp_path: Path
) -> None:
    quiet, open_ = tmp_path / "quiet", tmp_path / "open"
    written(open_, Author(1), 3)
    serving = [serves(two_machines[0], quiet), serves(two_machines[1], open_, "--host", "0.0.0.0")]
    try:
        until(lambda: database_path(quiet).exists() and any(each["brought"] == 3 for each in peers_of(quiet)))
        assert peers_of(open_) == []
    finally:
        for each in serving:
            each.kill()
            each.wait()
