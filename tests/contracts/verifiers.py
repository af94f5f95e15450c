"""What every verifier must do, whatever computes: run on each backend, on CPython and in browsers.

No test framework is imported, so that Pyodide can run it. The odd keys and signatures are in
`vectors/ed25519.json` and run through `corpus_keys`; here is how a verifier behaves.
"""

from collections.abc import Awaitable, Callable

from panda_web.keys import AuthorLengthWrong, Claim, InvalidSignature, SignatureMismatch, Verifier

# RFC 8032, section 7.1, TEST 1 to 3.
GOOD = tuple(
    Claim(bytes.fromhex(author), bytes.fromhex(signature), bytes.fromhex(data))
    for author, signature, data in (
        (
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
            "",
        ),
        (
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
            "72",
        ),
        (
            "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
            "af82",
        ),
    )
)
MISMATCH = Claim(GOOD[1].author, GOOD[1].signature, b"s")
SHORT = Claim(b"key", GOOD[0].signature, b"")


async def refusal(verifier: Verifier, claim: Claim) -> InvalidSignature:
    """What `verify` raises."""
    try:
        await verifier.verify(claim)
    except InvalidSignature as error:
        return error
    raise AssertionError(f"held: {claim}")


async def names_itself(verifier: Verifier) -> None:
    assert verifier.kind in {"webcrypto", "cryptography", "pure25519"}


async def accepts_what_holds(verifier: Verifier) -> None:
    for claim in GOOD:
        await verifier.verify(claim)


async def refuses_with_the_broken_rule(verifier: Verifier) -> None:
    error = await refusal(verifier, MISMATCH)
    assert type(error) is SignatureMismatch
    assert error.reason == "signature-mismatch"
    assert error.data == {"author": MISMATCH.author.hex()}
    assert type(await refusal(verifier, SHORT)) is AuthorLengthWrong


async def gives_verdicts_in_order(verifier: Verifier) -> None:
    claims = [GOOD[0], MISMATCH, GOOD[1], SHORT, SHORT, GOOD[2], GOOD[1], MISMATCH]
    wanted = [
        None,
        SignatureMismatch,
        None,
        AuthorLengthWrong,
        AuthorLengthWrong,
        None,
        None,
        SignatureMismatch,
    ]
    verdicts = await verifier.verify_many(claims)
    assert [verdict and type(verdict) for verdict in verdicts] == wanted
    # A tuple will do as well, and what was asked before makes no difference.
    again = await verifier.verify_many(tuple(claims))
    assert [verdict and type(verdict) for verdict in again] == wanted


async def gives_the_same_errors_singly_and_in_bulk(verifier: Verifier) -> None:
    for claim in (MISMATCH, SHORT):
        (bulk,) = await verifier.verify_many([claim])
        single = await refusal(verifier, claim)
        assert type(bulk) is type(single)
        assert bulk is not None
        assert str(bulk) == str(single)
        assert bulk.data == single.data


async def takes_batches_of_any_size(verifier: Verifier) -> None:
    assert await verifier.verify_many([]) == []
    assert await verifier.verify_many([GOOD[1]]) == [None]
    # Odd enough to leave a rest in any chunk; the one bad claim stands last.
    many = (
        [*(GOOD[number % 3] for number in range(258)), MISMATCH]
        if verifier.kind != "pure25519"
        else [GOOD[0], MISMATCH]
    )
    verdicts = await verifier.verify_many(many)
    assert verdicts[:-1] == [None] * (len(many) - 1)
    assert type(verdicts[-1]) is SignatureMismatch


async def does_not_mix_up_authors(verifier: Verifier) -> None:
    swapped = [Claim(a.author, b.signature, b.data) for a in GOOD for b in GOOD]
    verdicts = await verifier.verify_many(swapped)
    assert [verdict is None for verdict in verdicts] == [a is b for a in GOOD for b in GOOD]


CHECKS: tuple[Callable[[Verifier], Awaitable[None]], ...] = (
    names_itself,
    accepts_what_holds,
    refuses_with_the_broken_rule,
    gives_verdicts_in_order,
    gives_the_same_errors_singly_and_in_bulk,
    takes_batches_of_any_size,
    does_not_mix_up_authors,
)
