"""Token buckets, by steps of a clock; and whose bucket an entry is taken from."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.node import signed
from panda_web.keys.strict import InvalidSignature
from panda_web.keys.with_cryptography import CryptographyVerifier
from panda_web.node import Node, Store
from panda_web.node.rates import BURST_SECONDS, Rates
from panda_web.rpc.errors import RateExceeded


class Clock:
    seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def test_a_bucket_empties_and_fills() -> None:
    clock = Clock()
    rates = Rates(2, "calls", "this address", clock=clock)
    for _ in range(2 * BURST_SECONDS):
        rates.charge("a", 1)
    with pytest.raises(RateExceeded, match=r"2 calls of this address a second.* 1 s") as refused:
        rates.charge("a", 1)
    assert refused.value.data == {"retryAfter": 1}
    rates.charge("b", 1000)  # as much as is asked for at once, and then it has to wait
    with pytest.raises(RateExceeded) as refused:
        rates.check("b")
    wait = refused.value.data["retryAfter"]
    assert wait == -(-(1000 - 2 * BURST_SECONDS + 1) // 2)
    clock.seconds += 1
    rates.charge("a", 2)
    with pytest.raises(RateExceeded):
        rates.charge("a", 1)
    clock.seconds += 1e6
    for _ in range(2 * BURST_SECONDS):
        rates.charge("a", 1)
    with pytest.raises(RateExceeded):
        rates.charge("a", 1)


@given(st.floats(0.01, 1e4), st.lists(st.tuples(st.integers(1, 1000), st.floats(0, 1e5)), max_size=20))
def test_whoever_waits_as_long_as_told_may_go_on(rate: float, steps: list[tuple[int, float]]) -> None:
    clock = Clock()
    rates = Rates(rate, "calls", "this address", clock=clock)
    for count, seconds in steps:
        clock.seconds += seconds
        try:
            rates.charge("a", count)
        except RateExceeded as error:
            clock.seconds += error.data["retryAfter"]  # type: ignore[operator]
            rates.charge("a", count)


def test_buckets_are_bounded_in_number() -> None:
    rates = Rates(1, "calls", "this address", clock=Clock(), most=10)
    for address in range(1000):
        rates.charge(address, 1)
    assert len(rates) == 10


def test_only_new_entries_that_the_author_signed_count() -> None:
    clock = Clock()
    rates = Rates(1, "entries", "this author", clock=clock)
    node = Node(Store(), CryptographyVerifier(), version="0", rates=rates)
    entries = signed(1, BURST_SECONDS + 2)

    async def work() -> None:
        forged = bytearray(entries[0][0])
        forged[-1] ^= 1
        for _ in range(2 * BURST_SECONDS):
            with pytest.raises(InvalidSignature):
                await node.publish_entry(bytes(forged), entries[0][1])
        for entry in entries[:BURST_SECONDS]:
            await node.publish_entry(*entry)
            await node.publish_entry(*entries[0])  # what anybody can send again, who has read it
        with pytest.raises(RateExceeded):
            await node.publish_entry(*entries[BURST_SECONDS])
        await node.publish_entry(*entries[0])
        await node.publish_entry(*signed(2, 1)[0])
        clock.seconds += 1
        await node.publish_entry(*entries[BURST_SECONDS])

    asyncio.run(work())
