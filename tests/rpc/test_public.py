"""Addresses that others name: only public ones are called, and at the number that was looked at."""

import asyncio
import ipaddress
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from panda_web.rpc.connection import Connection
from panda_web.rpc.http import HttpTransport
from panda_web.rpc.methods import SCHEMAS
from panda_web.rpc.public import NodeNotPublic, is_public, looked_up, public_address
from panda_web.rpc.websocket import over_websocket
from tests.examples import examples
from tests.processes import ServedNode

# Sources: RFC 1918, 3927, 4193, 4291, 6598, 6890, 6052, 3056, 4380; how other parsers read numbers.
PRIVATE = [
    "https://127.0.0.1/",
    "https://10.0.0.1/",
    "https://172.16.5.5/",
    "https://192.168.1.1/",
    "https://169.254.169.254/",
    "https://100.64.0.1/",
    "https://0.0.0.0/",
    "https://255.255.255.255/",
    "https://224.0.0.1/",
    "https://240.0.0.1/",
    "https://[::1]/",
    "https://[::]/",
    "https://[fe80::1]/",
    "https://[fe80::1%25eth0]/",
    "https://[fc00::1]/",
    "https://[fec0::1]/",
    "https://[ff0e::1]/",
    "https://[::ffff:10.0.0.1]/",
    "https://[64:ff9b::a00:1]/",
    "https://[2002:a00:1::]/",
    "https://[2001:0:a00:1::]/",
    "https://2130706433/",
    "https://0x7f.0.0.1/",
    "https://0177.0.0.1/",
    "https://127.1/",
    "https://localhost/",
    "https://a.localhost/",
    "https://printer/",
    "https://printer.local/",
    "https://db.internal/",
    "https://router.home.arpa/",
    "https://nas.lan/",
]
ODD = [
    "http://node.example/",
    "wss://node.example/",
    "https://",
    "https:///x",
    "",
    "node.example",
    "https://name:word@node.example/",
    "https://@node.example/",
    "https://node.example/?to=https://10.0.0.1",
    "https://node.example/#x",
    "https://node.example/a/../b",
    "https://node.example/%2e%2e/",
    "https://node.example:22/",
    "https://node.example:0/",
    "https://node.example:99999/",
    "https://node.example:x/",
    "https://node..example/",
    "https://-node.example/",
    "https://node.example\\@10.0.0.1/",
    "https://node.example\n/",
    "https://nöde.example/",
    f"https://{'a' * 64}.example/",
    f"https://node.example/{'a' * 200}",
]


@pytest.mark.parametrize("address", [*PRIVATE, *ODD])
def test_nobody_is_called_there(address: str) -> None:
    assert public_address(address) is None


@pytest.mark.parametrize(
    ("address", "known_as"),
    [
        ("https://node.example", "https://node.example/"),
        ("https://NODE.example:443/", "https://node.example/"),
        ("https://node.example:2020/p2p", "https://node.example:2020/p2p/"),
        ("https://xn--nde-una.example/", "https://xn--nde-una.example/"),
        ("https://1.1.1.1/", "https://1.1.1.1/"),
        ("https://[2606:4700::1111]/", "https://[2606:4700::1111]/"),
    ],
)
def test_one_address_has_one_form(address: str, known_as: str) -> None:
    assert public_address(address) == known_as
    assert public_address(known_as) == known_as


@given(
    st.text(max_size=80) | st.text("htps:/@[].0123456789abcdefx%#?\\", max_size=60).map("https://".__add__)
)
@examples(4)
def test_what_is_called_is_in_its_one_form(text: str) -> None:
    found = public_address(text)
    assert found is None or public_address(found) == found


@given(st.ip_addresses())
@examples(4)
def test_an_address_is_public_where_the_one_in_it_is(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    if isinstance(address, ipaddress.IPv4Address):
        assert is_public(ipaddress.ip_address(f"::ffff:{address}")) == is_public(address)
    if is_public(address):
        assert not (
            address.is_private or address.is_loopback or address.is_link_local or address.is_multicast
        )


async def connections_at(port_of: list[int], came: asyncio.Event) -> asyncio.Server:
    async def note(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        came.set()
        writer.close()

    server = await asyncio.start_server(note, "127.0.0.1", 0)
    port_of.append(server.sockets[0].getsockname()[1])
    return server


def test_a_name_that_leads_into_this_machine_is_not_connected_to() -> None:
    """`localhost` stands for a public name that leads there: what counts is where it leads."""

    async def run() -> None:
        ports: list[int] = []
        came = asyncio.Event()
        async with await connections_at(ports, came):
            for url in (f"http://localhost:{ports[0]}/", f"http://127.0.0.1:{ports[0]}/"):
                transport = HttpTransport(url, allowed=is_public)
                sessions = over_websocket(f"ws{url.removeprefix('http')}", is_public)
                for way in (Connection(transport), Connection(sessions)):
                    with pytest.raises(NodeNotPublic, match="private network"):
                        await way.call(SCHEMAS)
                    await way.close()
            await asyncio.sleep(0.05)
        assert not came.is_set()

    asyncio.run(run())


def test_what_is_allowed_is_called_at_the_number_that_was_looked_at(tmp_path: Path) -> None:
    """And the node hears the name: a server with several sites needs it."""

    async def run(url: str) -> None:
        looked: list[str] = []

        def allowed(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
            looked.append(str(address))
            return address.is_loopback

        for way in (
            Connection(HttpTransport(url, allowed=allowed)),
            Connection(over_websocket(f"ws{url.removeprefix('http')}", allowed)),
        ):
            looked.clear()
            assert await way.call(SCHEMAS) == []
            assert "127.0.0.1" in looked
            await way.close()

    with ServedNode(tmp_path / "node") as node:
        asyncio.run(run(node.url))


def test_a_name_that_leads_nowhere() -> None:
    with suppress(OSError):
        asyncio.run(looked_up("https://nowhere.invalid/", is_public))
        raise AssertionError
