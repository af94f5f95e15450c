"""What every signer must do, whatever signs: run on each backend, on CPython and in browsers.

No test framework is imported, so that Pyodide can run it. Each check takes a signer under test and a
verifier that is already trusted; `CHECKS` names them all.
"""

import asyncio
import contextlib
import itertools
from collections.abc import Awaitable, Callable

from panda_web.keys import Chain, Claim, Signer, Verifier

LENGTHS = (0, 1, 63, 64, 65, 300, 5000)


class Oops(Exception):
    """Raised inside a chain, to see it come out again."""


def linked(count: int, ended: list[str]) -> Chain[list[tuple[bytes, bytes]]]:
    """Each part contains the signature of the one before. Returns what was signed, and says when it ends."""
    done: list[tuple[bytes, bytes]] = []
    signature = b""
    try:
        for number in range(count):
            data = b"%d:" % number + signature
            signature = yield data
            done.append((data, signature))
    finally:
        ended.append("ended")
    return done


async def has_an_author(signer: Signer, verifier: Verifier) -> None:
    assert isinstance(signer.author, bytes)
    assert len(signer.author) == 32
    assert signer.kind in {"webcrypto", "cryptography", "pure25519"}


async def signs_data_of_any_length(signer: Signer, verifier: Verifier) -> None:
    for length in LENGTHS:
        data = bytes(number % 251 for number in range(length))
        signature = await signer.sign(data)
        assert isinstance(signature, bytes)
        assert len(signature) == 64
        await verifier.verify(Claim(signer.author, signature, data))


async def signs_a_chain_in_order(signer: Signer, verifier: Verifier) -> None:
    ended: list[str] = []
    done = await signer.sign_chain(linked(20, ended))
    assert ended == ["ended"]
    assert [data.split(b":", 1)[0] for data, _ in done] == [b"%d" % number for number in range(20)]
    for (_, before), (data, _) in itertools.pairwise(done):
        assert data.endswith(before)
        assert type(before) is bytes
    verdicts = await verifier.verify_many([Claim(signer.author, signature, data) for data, signature in done])
    assert verdicts == [None] * 20


async def takes_a_chain_of_nothing(signer: Signer, verifier: Verifier) -> None:
    assert await signer.sign_chain(linked(0, [])) == []


async def returns_what_the_chain_returns(signer: Signer, verifier: Verifier) -> None:
    def returns(value: object) -> Chain[object]:
        yield b"x"
        return value

    values: tuple[object, ...] = (None, 0, "text", b"", [], (1, 2), Oops("not raised"))
    for value in values:
        assert await signer.sign_chain(returns(value)) is value


async def passes_on_what_a_chain_raises(signer: Signer, verifier: Verifier) -> None:
    def breaks(after: int, error: BaseException) -> Chain[None]:
        for _ in range(after):
            yield b"x"
        raise error

    for after in (0, 1, 3):
        for error in (Oops("mine"), ValueError("theirs"), KeyError("k")):
            seen: list[BaseException] = []
            try:
                await signer.sign_chain(breaks(after, error))
            except Exception as caught:  # noqa: BLE001  whatever comes out is looked at
                seen.append(caught)
            assert len(seen) == 1, f"{error!r} was lost"
            assert seen[0] is error, f"{error!r} came out as {seen[0]!r}"


async def goes_on_after_a_broken_chain(signer: Signer, verifier: Verifier) -> None:
    await passes_on_what_a_chain_raises(signer, verifier)
    await signs_a_chain_in_order(signer, verifier)


async def leaves_a_cancelled_chain_ended(signer: Signer, verifier: Verifier) -> None:
    ended: list[str] = []
    task = asyncio.ensure_future(signer.sign_chain(linked(3, ended)))
    await asyncio.sleep(0)
    # Backends that never wait are through by now, which is as good.
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    assert ended == ["ended"]
    await signs_a_chain_in_order(signer, verifier)


async def signs_chains_side_by_side(signer: Signer, verifier: Verifier) -> None:
    for done in await asyncio.gather(*(signer.sign_chain(linked(5, [])) for _ in range(4))):
        verdicts = await verifier.verify_many([Claim(signer.author, signed, data) for data, signed in done])
        assert verdicts == [None] * 5


CHECKS: tuple[Callable[[Signer, Verifier], Awaitable[None]], ...] = (
    has_an_author,
    signs_data_of_any_length,
    signs_a_chain_in_order,
    takes_a_chain_of_nothing,
    returns_what_the_chain_returns,
    passes_on_what_a_chain_raises,
    goes_on_after_a_broken_chain,
    leaves_a_cancelled_chain_ended,
    signs_chains_side_by_side,
)
