"""JSON from strangers; how deep it may be is tested where bodies are read, tests/rpc/test_jsonrpc.py."""

import json
from typing import Any
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from panda_web import strict_json
from panda_web.strict_json import NotJson, TooManyMembers, TooManyParts
from tests.rpc.test_jsonrpc import JSON


@given(JSON)
def test_what_json_writes_is_read(value: object) -> None:
    text = json.dumps(value).encode()
    assert strict_json.loads(text) == strict_json.loads(text, unique_keys=True) == value


@pytest.mark.parametrize(
    "text",
    [b"", b"{", b"NaN", b"-Infinity", b"1e999", b"\xff", b"9" * 5000, b"[" * 100_000, b"[" * 65 + b"]" * 65],
)
def test_what_is_no_json_is_one_error(text: bytes) -> None:
    with pytest.raises(NotJson):
        strict_json.loads(text)


@pytest.mark.parametrize("text", [b'{"a":1,"a":1}', b'[{"b":{"a":1,"\\u0061":2}}]'])
def test_a_key_twice(text: bytes) -> None:
    strict_json.loads(text)
    with pytest.raises(NotJson, match="'a' twice"):
        strict_json.loads(text, unique_keys=True)


@given(st.binary(max_size=50))
def test_noise(data: bytes) -> None:
    try:
        strict_json.loads(data, unique_keys=True)
    except NotJson:
        pass


TRICKY = st.text('\\"[]{},:a', max_size=6)
"""Texts of what looks like structure and is none."""
TREES = st.recursive(
    TRICKY | st.integers() | st.none(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TRICKY, inner, max_size=4),
    max_leaves=12,
)


def parts_of(value: Any) -> int:
    """Brackets that open, and commas: as many as a container has members, one for an empty one."""
    if not isinstance(value, dict | list):
        return 0
    inner = value.values() if isinstance(value, dict) else value
    return max(len(value), 1) + sum(map(parts_of, inner))


@given(TREES)
def test_parts_are_counted_outside_of_strings(value: Any) -> None:
    for text in (json.dumps(value).encode(), json.dumps(value, indent=1, ensure_ascii=False).encode()):
        assert strict_json.loads(text, parts=parts_of(value)) == value
        if isinstance(value, dict | list):
            with pytest.raises(TooManyParts):
                strict_json.loads(text, parts=parts_of(value) - 1)


@given(TREES | st.text('\\"[]{},: a', max_size=40), st.integers(1, 7), st.integers(0, 12), st.integers(0, 4))
def test_it_does_not_matter_how_much_is_looked_at_together(
    value: Any, window: int, parts: int, members: int
) -> None:
    texts = (value,) if isinstance(value, str) else (json.dumps(value), json.dumps(value, ensure_ascii=False))

    def outcome(data: bytes | str) -> Any:
        try:
            return strict_json.loads(data, parts=parts, members=members)
        except NotJson as error:
            return type(error), str(error)

    for text in texts:
        whole = outcome(text.encode())
        with mock.patch.object(strict_json, "WINDOW", window):
            assert outcome(text.encode()) == outcome(text) == whole


@given(st.lists(TREES, min_size=1, max_size=6))
def test_members_are_those_of_the_outermost_array(value: list[Any]) -> None:
    text = b" " + json.dumps(value).encode()
    assert strict_json.loads(text, members=len(value)) == value
    with pytest.raises(TooManyMembers, match=f"with {len(value)} members"):
        strict_json.loads(text, members=len(value) - 1)
    assert strict_json.loads(b'{"a":%b}' % text, members=0) == {"a": value}


@given(st.text('\\"[]{},:0 ', max_size=30))
def test_what_looks_like_json_is_judged_as_before(text: str) -> None:
    try:
        value = json.loads(text)
    except ValueError:
        with pytest.raises(NotJson):
            strict_json.loads(text.encode(), members=30)
    else:
        assert strict_json.loads(text.encode(), members=30) == value


@pytest.mark.parametrize(
    "piece", [b"[],", b'"",', b"1,", b'"', b'{"":[],', b'\\",', b"9" * 4000 + b","], ids=repr
)
def test_megabytes_of_nothing_are_not_parsed(piece: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json, "loads", lambda *_, **__: pytest.fail("it was parsed"))
    with pytest.raises(NotJson):
        strict_json.loads(b"[" + piece * ((1 << 20) // len(piece)) + b"1]", digits=640)


def test_long_numbers() -> None:
    assert strict_json.loads(b"9" * 640, digits=640) == int("9" * 640)
    for text in (b"9" * 641, b"0." + b"9" * 641, b"1e" + b"0" * 641, b"[1,%b]" % (b"1234567890" * 65)):
        with pytest.raises(NotJson, match="640 digits"):
            strict_json.loads(text, digits=640)
    assert strict_json.loads(b'"%b"' % (b"9" * 641), digits=640) == "9" * 641
