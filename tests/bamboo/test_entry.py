import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from panda_web import bamboo, log
from panda_web.bamboo import Entry, Head, InvalidEntry, has_skiplink
from panda_web.bamboo.entry import _decode_sound, _decode_step_by_step
from panda_web.errors import PandaError
from panda_web.keys.with_cryptography import CryptographySigner, CryptographyVerifier
from tests.examples import examples

VECTORS = json.loads((Path(__file__).parent.parent / "vectors" / "p2panda-0.2.1.json").read_text("utf-8"))
ENTRIES = VECTORS["panda"]["logs"][0]["encodedEntries"]

hashes = st.binary(min_size=64, max_size=64).map(lambda data: b"\x00\x40" + data)
u64 = st.integers(0, 2**64 - 1) | st.integers(0, 300)


@st.composite
def entries(draw: st.DrawFn) -> Entry:
    seq_num = draw(st.integers(1, 2**64 - 1) | st.integers(1, 300))
    return Entry(
        author=draw(st.binary(min_size=32, max_size=32)),
        log_id=draw(u64),
        seq_num=seq_num,
        skiplink=draw(hashes) if has_skiplink(seq_num) else None,
        backlink=draw(hashes) if seq_num > 1 else None,
        payload_size=draw(u64),
        payload_hash=draw(hashes),
        end_of_log=draw(st.booleans()),
        signature=draw(st.binary(min_size=64, max_size=64)),
    )


@given(entries())
def test_round_trip(entry: Entry) -> None:
    encoded = entry.encode()
    assert len(encoded) <= bamboo.MAX_SIZE
    assert bamboo.decode(encoded) == entry
    assert bamboo.decode(encoded).encode() == encoded


@given(entries(), st.data())
def test_every_prefix_is_refused(entry: Entry, data: st.DataObject) -> None:
    encoded = entry.encode()
    with pytest.raises(InvalidEntry):
        bamboo.decode(encoded[: data.draw(st.integers(0, len(encoded) - 1))])


@given(entries(), st.binary(min_size=1, max_size=400))
def test_trailing_bytes_are_refused(entry: Entry, behind: bytes) -> None:
    with pytest.raises(InvalidEntry):
        bamboo.decode(entry.encode() + behind)


def test_whatever_parses_encodes_to_the_same_bytes() -> None:
    """Noise, and entries with one piece of noise in them, of which enough can be read."""
    parsed = []

    @given(entries().map(lambda entry: entry.encode()), st.binary(max_size=40), st.integers(0, 400))
    def check(encoded: bytes, noise: bytes, at: int) -> None:
        for data in (noise, encoded[:at] + noise + encoded[at + len(noise) :]):
            try:
                entry = bamboo.decode(data)
            except InvalidEntry:
                continue
            parsed.append(data)
            assert entry.encode() == data

    check()
    assert len(parsed) > 5


@given(entries(), st.data())
def test_mutations_are_refused_or_canonical(entry: Entry, data: st.DataObject) -> None:
    encoded = bytearray(entry.encode())
    encoded[data.draw(st.integers(0, len(encoded) - 1))] = data.draw(st.integers(0, 255))
    try:
        assert bamboo.decode(bytes(encoded)).encode() == encoded
    except InvalidEntry:
        pass


@st.composite
def changed_entries(draw: st.DrawFn) -> bytes:
    """An entry's bytes, some changed, taken away, put in or cut off."""
    encoded = draw(entries()).encode()
    for _ in range(draw(st.integers(0, 2))):
        start = draw(st.integers(0, len(encoded)) | st.integers(0, 45))
        taken = draw(st.sampled_from([0, 1, 2, 66, len(encoded)]))
        encoded = encoded[:start] + draw(st.binary(max_size=3)) + encoded[start + taken :]
    return encoded


def outcome(read: Callable[[bytes], Entry], data: bytes) -> tuple[object, ...]:
    """What reading gives: the entry, or the class and words of the error."""
    try:
        return "entry", read(data)
    except InvalidEntry as error:
        return type(error), str(error)


@examples(10)
@given(changed_entries() | st.binary(max_size=400))
def test_the_quick_way_reads_what_the_way_with_care_reads(data: bytes) -> None:
    assert outcome(bamboo.decode, data) == outcome(_decode_step_by_step, data)


@given(entries())
def test_sound_entries_are_read_the_quick_way(entry: Entry) -> None:
    assert _decode_sound(entry.encode()) == entry


def test_every_single_byte_change_of_a_signed_entry_is_refused() -> None:
    """All positions, eight other values each: its bytes, its key or its signature no longer hold."""
    signer, verifier = CryptographySigner(bytes(32)), CryptographyVerifier()
    chain = log.chain(signer.author, 1, Head(), [b"payload"] * 4)
    encoded = asyncio.run(signer.sign_chain(chain))[3].encoded
    changed = []
    for position in range(len(encoded)):
        for bit in range(8):
            copy = bytearray(encoded)
            copy[position] ^= 1 << bit
            changed.append(bytes(copy))
    verdicts = asyncio.run(log.verify_many(changed, verifier))
    assert len(verdicts) == 8 * len(encoded)
    assert all(isinstance(verdict, PandaError) for verdict in verdicts)


@examples(0.3)
@given(entries())
def test_fields_that_break_a_rule_are_not_encoded(entry: Entry) -> None:
    wrong = [
        {"author": b"short"},
        {"backlink": None} if entry.seq_num > 1 else {"backlink": entry.payload_hash},
        {"skiplink": None} if entry.skiplink else {"skiplink": entry.payload_hash},
        {"payload_hash": bytes(66)},
        {"log_id": 2**64},
    ]
    names = (*bamboo.Unsigned.__slots__, "signature")
    for change in wrong:
        fields = {name: getattr(entry, name) for name in names} | change
        with pytest.raises(ValueError):
            Entry(**fields).encode()


@pytest.mark.parametrize("vector", ENTRIES, ids=lambda vector: f"entry {vector['seqNum']}")
def test_vectors(vector: dict[str, object]) -> None:
    encoded = bytes.fromhex(str(vector["entryBytes"]))
    signed = asyncio.run(log.verify(encoded, CryptographyVerifier()))
    entry = signed.entry
    assert entry.encode() == encoded
    assert signed.hash.hex() == vector["entryHash"]
    assert (entry.author.hex(), entry.log_id, entry.seq_num) == (
        vector["author"],
        vector["logId"],
        vector["seqNum"],
    )
    assert entry.payload_hash.hex() == vector["payloadHash"]
    bamboo.check_payload(entry, bytes.fromhex(str(vector["payloadBytes"])))


def test_vectors_signed_again_give_the_same_bytes() -> None:
    """In the other direction: from the private key and the payloads to the entries' bytes."""
    signer = CryptographySigner(bytes.fromhex(VECTORS["panda"]["privateKey"]))
    assert signer.author.hex() == VECTORS["panda"]["publicKey"]
    payloads = [bytes.fromhex(vector["payloadBytes"]) for vector in ENTRIES]
    made = asyncio.run(signer.sign_chain(log.chain(signer.author, 1, Head(), payloads)))
    assert [signed.encoded.hex() for signed in made[:3]] == [vector["entryBytes"] for vector in ENTRIES[:3]]
    # The fourth vector's skiplink is wrong; with its own links the bytes are the vector's too.
    wrong = bamboo.decode(bytes.fromhex(ENTRIES[3]["entryBytes"]))
    unsigned = bamboo.Unsigned(
        wrong.author, 1, 4, wrong.skiplink, wrong.backlink, wrong.payload_size, wrong.payload_hash
    ).encode()
    assert (unsigned + asyncio.run(signer.sign(unsigned))).hex() == ENTRIES[3]["entryBytes"]


def test_links_of_the_vectors() -> None:
    verified = []
    for number, vector in enumerate(ENTRIES):
        signed = asyncio.run(log.verify(bytes.fromhex(vector["entryBytes"]), CryptographyVerifier()))
        backlink = verified[-1] if verified else None
        if number == 3:
            with pytest.raises(PandaError) as refused:
                log.place(signed, backlink, verified[0])
            assert refused.value.reason == "skiplink-mismatch"
        else:
            verified.append(log.place(signed, backlink))
