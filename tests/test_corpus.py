"""One corpus of valid and broken entries and messages, on CPython with both backends; browsers: tests/browser."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from panda_web.keys import Verifier
from panda_web.keys.with_cryptography import CryptographyVerifier
from panda_web.keys.with_pure25519 import PureVerifier
from tests.contracts import corpus

CASES: list[dict[str, Any]] = json.loads(
    (Path(__file__).parent / "vectors" / "corpus.json").read_text("utf-8")
)["cases"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_verdict(case: dict[str, Any]) -> None:
    assert asyncio.run(corpus.verdict(CryptographyVerifier(), case)) == case["reason"]


def test_backends_agree() -> None:
    backends: list[Verifier] = [CryptographyVerifier(), PureVerifier()]
    first, second = (asyncio.run(corpus.verdicts(backend, CASES)) for backend in backends)
    assert first == second


def test_names_are_unique() -> None:
    names = [case["name"] for case in CASES]
    assert len(names) == len(set(names))
