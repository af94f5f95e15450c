"""Every backend that runs on CPython: the contracts, the corpus, and one against the other."""

import asyncio
import functools
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from panda_web.keys import (
    AuthorLengthWrong,
    Chain,
    Claim,
    InvalidSignature,
    SeedLengthWrong,
    SignatureMismatch,
    Signer,
    Verifier,
)
from panda_web.keys import guarded as guard_module
from panda_web.keys.chain import Steps, drive
from panda_web.keys.guarded import GuardedVerifier, is_of_prime_order
from panda_web.keys.seeds import new_seed
from panda_web.keys.with_cryptography import CryptographySigner, CryptographyVerifier
from panda_web.keys.with_pure25519 import PureSigner, PureVerifier
from tests.contracts import corpus_keys, signers, verifiers
from tests.examples import examples
from tests.vectors import make_ed25519 as reference

VECTORS = Path(__file__).parents[1] / "vectors" / "ed25519.json"
SIGNERS = (CryptographySigner, PureSigner)


def guarded() -> GuardedVerifier:
    return GuardedVerifier(CryptographyVerifier())


VERIFIERS = (CryptographyVerifier, PureVerifier, guarded)
SEED = bytes(range(32))

seeds = st.binary(min_size=32, max_size=32)
some_data = st.binary(max_size=300)


@functools.cache
def corpus() -> list[dict[str, Any]]:
    cases: list[dict[str, Any]] = json.loads(VECTORS.read_text())["cases"]
    return cases


@pytest.mark.parametrize("check", signers.CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("make", SIGNERS)
def test_signer_contract(make: Callable[[bytes], Signer], check: Any) -> None:
    asyncio.run(check(make(SEED), CryptographyVerifier()))


@pytest.mark.parametrize("check", verifiers.CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("make", VERIFIERS)
def test_verifier_contract(make: Callable[[], Verifier], check: Any) -> None:
    asyncio.run(check(make()))


@pytest.mark.parametrize("make", VERIFIERS)
def test_corpus(make: Callable[[], Verifier]) -> None:
    found = asyncio.run(corpus_keys.verdicts(make(), corpus()))
    wrong = [
        (case["name"], case["reason"], verdict)
        for case, verdict in zip(corpus(), found, strict=True)
        if verdict != case["reason"]
    ]
    assert wrong == []


def test_the_corpus_has_every_reason() -> None:
    reasons = {case["reason"] for case in corpus()}
    leaves = {leaf.reason for leaf in InvalidSignature.__subclasses__()}
    assert reasons == leaves | {None}
    assert len(corpus()) > 1500


def test_the_corpus_is_what_its_generator_expects() -> None:
    # All of it takes minutes. Each kind of case has its turn.
    for case in corpus()[::40]:
        parts = (bytes.fromhex(case[part]) for part in ("author", "signature", "data"))
        assert reference.expected(*parts) == case["reason"], case["name"]


@pytest.mark.parametrize("make", SIGNERS)
@pytest.mark.parametrize("seed", [b"", bytes(31), bytes(33), bytes(64), bytearray(32), "0" * 32, None, 32])
def test_a_bad_seed_is_refused(make: Callable[[Any], Signer], seed: Any) -> None:
    with pytest.raises(SeedLengthWrong, match="32 bytes") as caught:
        make(seed)
    assert caught.value.reason == "seed-length"
    assert caught.value.data == {}


@pytest.mark.parametrize("make", SIGNERS)
def test_the_seed_does_not_show(make: Callable[[bytes], Signer]) -> None:
    secret = b"do not show this to anybody, ok?"
    signer = make(secret)
    assert signer.author.hex() in repr(signer)
    for shown in (repr(signer), str(signer), f"{[signer]}"):
        assert secret.hex() not in shown
        assert "show" not in shown
    with pytest.raises(SeedLengthWrong) as caught:
        make(secret + b"!")
    assert "show" not in str(caught.value)


@pytest.mark.parametrize("make", SIGNERS)
def test_generated_keys_differ(make: Any) -> None:
    assert len({make.generate().author for _ in range(5)}) == 5


def test_no_seed_is_drawn_that_begins_with_a_zero_byte(monkeypatch: pytest.MonkeyPatch) -> None:
    # WebKitGTK refuses such seeds: a key that is made here can be restored there.
    good = bytes(range(1, 33))
    draws = iter([bytes(32), b"\0" + bytes(range(1, 32)), good])
    monkeypatch.setattr("os.urandom", lambda count: next(draws))
    assert new_seed() == good


@pytest.mark.parametrize("make", SIGNERS)
def test_signatures_are_those_of_rfc_8032(make: Callable[[bytes], Signer]) -> None:
    # Section 7.1, TEST 1 to 3; their public keys and signatures are in the contract.
    known = (
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
    )
    for seed, claim in zip(known, verifiers.GOOD, strict=True):
        signer = make(bytes.fromhex(seed))
        assert signer.author == claim.author
        assert asyncio.run(signer.sign(claim.data)) == claim.signature


@given(seed=seeds, data=some_data)
@examples(0.3)
def test_backends_make_the_same_signature(seed: bytes, data: bytes) -> None:
    one, other = CryptographySigner(seed), PureSigner(seed)
    assert one.author == other.author
    signature = asyncio.run(one.sign(data))
    assert signature == asyncio.run(other.sign(data))
    for verifier in (CryptographyVerifier(), PureVerifier()):
        asyncio.run(verifier.verify(Claim(one.author, signature, data)))


@given(seed=seeds, data=some_data, place=st.integers(min_value=0))
@examples(0.6)
def test_any_single_bit_matters_equally(seed: bytes, data: bytes, place: int) -> None:
    signer = CryptographySigner(seed)
    whole = bytearray(signer.author + asyncio.run(signer.sign(data)) + data)
    bit = place % (len(whole) * 8)
    whole[bit // 8] ^= 1 << bit % 8
    assert_refused_alike(Claim(bytes(whole[:32]), bytes(whole[32:96]), bytes(whole[96:])))


@given(author=seeds, r=seeds, s=seeds, data=some_data)
@examples(0.6)
def test_noise_is_refused_alike(author: bytes, r: bytes, s: bytes, data: bytes) -> None:
    # Half of all 32 bytes are a point; a small S gets past the first rule.
    assert_refused_alike(Claim(author, r + s[:31] + b"\x0f", data))
    assert_refused_alike(Claim(author, r + s, data))


def assert_refused_alike(claim: Claim) -> None:
    one, other = (asyncio.run(make().verify_many([claim]))[0] for make in VERIFIERS[:2])
    assert one is not None
    assert other is not None
    assert type(one) is type(other)
    assert (str(one), one.data) == (str(other), other.data)
    wanted = reference.expected(claim.author, claim.signature, claim.data)
    assert one.reason == wanted


def test_drive_closes_the_chain_when_signing_fails() -> None:
    ended: list[str] = []

    def refuses(data: bytes) -> bytes:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        drive(signers.linked(3, ended), refuses)
    assert ended == ["ended"]


def test_steps_hand_over_what_happened() -> None:
    steps = Steps(signers.linked(2, []))
    assert steps.step(None) == b"0:"
    assert steps.step(b"A") == b"1:A"
    assert steps.step(b"B") is None
    assert steps.result() == [(b"0:", b"A"), (b"1:A", b"B")]


def test_stopped_steps_end_the_loop() -> None:
    ended: list[str] = []
    steps = Steps(signers.linked(2, ended))
    assert steps.step(None) == b"0:"
    steps.stop()
    assert ended == ["ended"]
    assert steps.step(b"late") is None


def test_an_error_before_the_first_signature_is_kept() -> None:
    def broken(count: int) -> Chain[None]:
        for _ in range(count):
            yield b""
        raise signers.Oops

    steps = Steps(broken(0))
    assert steps.step(None) is None
    with pytest.raises(signers.Oops):
        steps.result()


def test_verdicts_are_errors_and_never_truths() -> None:
    verdict = asyncio.run(CryptographyVerifier().verify_many([verifiers.SHORT, verifiers.MISMATCH]))
    assert [type(one) for one in verdict] == [AuthorLengthWrong, SignatureMismatch]


class OnlyPrimeOrder:
    """A verifier that fails the test when it is asked about any other key, as WebKitGTK would crash."""

    kind = "cryptography"

    async def verify(self, claim: Claim) -> None:
        (verdict,) = await self.verify_many([claim])
        if verdict is not None:
            raise verdict

    async def verify_many(self, claims: Sequence[Claim]) -> list[InvalidSignature | None]:
        for claim in claims:
            point = reference.decode(claim.author)
            assert point is not None
            assert reference.multiply(reference.L, point) == reference.NEUTRAL
        return await CryptographyVerifier().verify_many(claims)


def test_the_guard_lets_only_keys_of_prime_order_through() -> None:
    kinds = (
        "mixed order",
        "A off",
        "not canonical A",
        "small order",
        "lengths",
        "zeros",
        "single bits: bit 3",
    )
    cases = [case for case in corpus() if case["name"].startswith(kinds)]
    verifier = GuardedVerifier(OnlyPrimeOrder())
    found = asyncio.run(corpus_keys.verdicts(verifier, cases))
    assert found == [case["reason"] for case in cases]
    for claim in verifiers.GOOD:
        asyncio.run(verifier.verify(claim))


def test_the_guard_forgets_the_oldest_author(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[bytes] = []

    def counted(author: bytes) -> bool:
        asked.append(author)
        return is_of_prime_order(author)

    monkeypatch.setattr(guard_module, "_REMEMBERED", 2)
    monkeypatch.setattr(guard_module, "is_of_prime_order", counted)
    verifier = guarded()
    for number in (0, 0, 1, 0, 2, 1, 0):
        asyncio.run(verifier.verify(verifiers.GOOD[number]))
    assert asked == [verifiers.GOOD[number].author for number in (0, 1, 2, 0)]
