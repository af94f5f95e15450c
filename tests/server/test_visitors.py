"""Whom a limit counts a connection or a request for."""

import pytest

from panda_web.server.visitors import visitor


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("127.0.0.1", None),
        ("127.8.8.8", None),
        ("::1", None),
        ("::ffff:127.0.0.1", None),
        ("nonsense", None),
        (None, None),
    ],
)
def test_an_address(address: str | None, counted: str | None) -> None:
    assert visitor(address) == counted
    assert visitor(address, None, "198.51.100.1") == counted, "a header that anybody can send says nothing"
    assert visitor(address, "192.0.2.99", "198.51.100.1") == counted


@pytest.mark.parametrize("proxy", ["127.0.0.1", "::1", "192.0.2.99"])
@pytest.mark.parametrize(
    ("forwarded", "counted"),
    [
        ("198.51.100.1", "198.51.100.1"),
        ("203.0.113.1, 198.51.100.1", "198.51.100.1"),
        ("203.0.113.1,[2001:db8::1]", "2001:db8::/64"),
        ("127.0.0.1", None),
        ("198.51.100.1, unknown", None),
        ("", None),
    ],
)
def test_behind_a_proxy_the_last_address_counts(proxy: str, forwarded: str, counted: str | None) -> None:
    assert visitor(proxy, proxy, forwarded) == counted
