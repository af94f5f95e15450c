"""JSON from strangers; how deep it may be is tested where bodies are read, tests/rpc/test_jsonrpc.py."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from panda_web import strict_json
from panda_web.strict_json import NotJson
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
