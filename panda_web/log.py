"""Where entries and keys meet: signing them, and the two levels of trust in them.

*Signed* (`SignedEntry`): the bytes are one canonical entry, its key and signature pass the strict check, and
the signature holds. It needs no context, so it is done in bulk, before anything is recorded.

*Verified* (`VerifiedEntry`): a path of signed entries, each linked by hash to the next, leads from the entry
to entry 1 of its log. `place` and `attach` extend those of a store by one; `verify_paths` finds it in a heap.

Only this module makes these two, so holding one is the proof; `node.ingest` takes nothing else.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from panda_web import bamboo
from panda_web.bamboo import (
    BacklinkMissing,
    Entry,
    ForkProof,
    Head,
    InvalidEntry,
    InvalidLink,
    lipmaa,
    varu64,
)
from panda_web.bamboo.entry import encode_beginning
from panda_web.bamboo.head import next_links
from panda_web.bamboo.yamf import SIZE as HASH_SIZE
from panda_web.keys import Chain, Claim, InvalidSignature, Verifier


@dataclass(frozen=True, slots=True)
class SignedEntry:
    """An entry whose signature holds.

    Attributes:
        entry: the decoded fields.
        encoded: its bytes.
        hash: its YAMF hash, 66 bytes.
    """

    entry: Entry
    encoded: bytes
    hash: bytes


@dataclass(frozen=True, slots=True)
class VerifiedEntry(SignedEntry):
    """A signed entry that has its place in its log, down to entry 1."""


@dataclass(frozen=True, slots=True)
class Held:
    """A verified entry of one's own store, as far as what links to it is checked by it.

    Attributes:
        author: 32 bytes.
        log_id, seq_num: its place.
        end_of_log: whether nothing may follow it.
        hash: its YAMF hash, 66 bytes.
    """

    author: bytes
    log_id: int
    seq_num: int
    end_of_log: bool
    hash: bytes


Unsound = InvalidEntry | InvalidSignature
"""Why bytes are no signed entry."""


async def verify(encoded: bytes, verifier: Verifier) -> SignedEntry:
    """The signed entry in `encoded`. Raises InvalidEntry or InvalidSignature."""
    entry = bamboo.decode(encoded)
    await verifier.verify(_claim(entry, encoded))
    return SignedEntry(entry, encoded, bamboo.digest(encoded))


async def verify_many(encoded: Sequence[bytes], verifier: Verifier) -> list[SignedEntry | Unsound]:
    """One verdict for each: the signed entry, or the error that `verify` would raise."""
    decoded = [_decode(data) for data in encoded]
    claims = [_claim(e, data) for e, data in zip(decoded, encoded, strict=True) if isinstance(e, Entry)]
    verdicts = iter(await verifier.verify_many(claims))
    found: list[SignedEntry | Unsound] = []
    for entry, data in zip(decoded, encoded, strict=True):
        if isinstance(entry, Entry):
            error = next(verdicts)
            found.append(error or SignedEntry(entry, data, bamboo.digest(data)))
        else:
            found.append(entry)
    return found


def _decode(encoded: bytes) -> Entry | InvalidEntry:
    try:
        return bamboo.decode(encoded)
    except InvalidEntry as error:
        return error


def _claim(entry: Entry, encoded: bytes) -> Claim:
    return Claim(entry.author, entry.signature, encoded[: -len(entry.signature)])


def place(
    signed: SignedEntry,
    backlink: VerifiedEntry | Held | None = None,
    skiplink: VerifiedEntry | Held | None = None,
) -> VerifiedEntry:
    """The entry, verified by both its link targets. Raises InvalidLink."""
    bamboo.check_links(signed.entry, _target(backlink), _target(skiplink))
    return VerifiedEntry(signed.entry, signed.encoded, signed.hash)


def _target(target: VerifiedEntry | Held | None) -> tuple[bamboo.Place, bytes] | None:
    if target is None:
        return None
    return (target.entry if isinstance(target, VerifiedEntry) else target), target.hash


def attach(signed: SignedEntry, held: Callable[[bytes], Held | None]) -> VerifiedEntry:
    """The entry, verified by one of its link targets at least: a path leads from there to entry 1.

    What stands at the other link's place is not asked: where that is another entry than the link says, author
    and log are at fault, and the entry is part of the proof.

    Args:
        signed: the entry.
        held: gives the entry with a hash, where the store holds it.

    Raises:
        BacklinkMissing: no link target is held.
        LinkAuthorMismatch, LinkLogMismatch, LinkSeqNumMismatch: the ones that are held are not what an entry
            here may link to.
    """
    entry = signed.entry
    wrong: InvalidLink | None = None
    attached = entry.seq_num == 1
    for link, seq_num in ((entry.backlink, entry.seq_num - 1), (entry.skiplink, lipmaa(entry.seq_num))):
        target = held(link) if link is not None else None
        if target is not None:
            try:
                bamboo.check_link(entry, seq_num, target)
                attached = True
            except InvalidLink as error:
                wrong = error
    if not attached:
        raise wrong or BacklinkMissing(f"No path of links leads from entry {entry.seq_num} to entry 1.")
    return VerifiedEntry(entry, signed.encoded, signed.hash)


async def verify_proof(encoded: bytes, verifier: Verifier) -> ForkProof:
    """The proof of a fork in `encoded`, both halves signed.

    Raises:
        InvalidEntry, InvalidForkProof, InvalidSignature: it is none.
    """
    proof = ForkProof.decode(encoded)
    halves = (proof.first, proof.second)
    for error in await verifier.verify_many([_claim(each, each.encode()) for each in halves]):
        if error is not None:
            raise error
    return proof


def recall(encoded: bytes) -> VerifiedEntry:
    """An entry out of one's own store, which took it in as a `VerifiedEntry` and nothing else."""
    return VerifiedEntry(bamboo.decode(encoded), encoded, bamboo.digest(encoded))


def verify_paths(entries: Iterable[SignedEntry]) -> dict[bytes, VerifiedEntry | InvalidLink]:
    """Which of a heap of signed entries are verified: linked to entry 1 of their log through the heap.

    One of an entry's two links is enough for a path, but a target that is there must keep the rules.

    Args:
        entries: in any order, of any logs; the certificate pools of what is to be verified.

    Returns:
        Entry hash to the verified entry, or to the error that says why there is no path.
    """
    heap = {signed.hash: signed for signed in entries}
    found: dict[bytes, VerifiedEntry | InvalidLink] = {}
    for signed in sorted(heap.values(), key=lambda s: s.entry.seq_num):
        entry = signed.entry
        verified = VerifiedEntry(entry, signed.encoded, signed.hash)
        try:
            paths = [
                _follow(entry, link, seq_num, heap, found)
                for link, seq_num in (
                    (entry.backlink, entry.seq_num - 1),
                    (entry.skiplink, lipmaa(entry.seq_num)),
                )
                if link is not None
            ]
        except InvalidLink as error:
            found[signed.hash] = error
            continue
        linked = entry.seq_num == 1 or any(paths)
        found[signed.hash] = (
            verified
            if linked
            else BacklinkMissing(f"No path of links leads from entry {entry.seq_num} to entry 1.")
        )
    return found


def _follow(
    entry: Entry,
    link: bytes,
    seq_num: int,
    heap: dict[bytes, SignedEntry],
    found: dict[bytes, VerifiedEntry | InvalidLink],
) -> bool:
    """Whether a verified entry is at the other end of `link`."""
    target = heap.get(link)
    if target is None:
        return False
    bamboo.check_target(entry, seq_num, target.entry)
    return isinstance(found.get(link), VerifiedEntry)


def chain(author: bytes, log_id: int, head: Head, payloads: Sequence[bytes]) -> Chain[list[SignedEntry]]:
    """Signs one entry for each payload, each linked to the one before; to be driven by a signer.

    Raises:
        BacklinkMissing, SkiplinkMissing: the head lacks a hash that an entry must contain.
        ValueError: it holds one that is none.
    """
    if not all(map(bamboo.is_hash, head.hashes.values())):
        raise ValueError("a hash of the head is not a YAMF hash")
    # What needs no signature is done before the first one, or after the last. Between two of them it would
    # take longer, since signing fills the processor's caches with other things.
    beginning = encode_beginning(author, log_id)
    endings = [varu64.encode(len(payload)) + bamboo.digest(payload) for payload in payloads]
    hashes, last = dict(head.hashes), head.seq_num
    signed = []
    for ending in endings:
        skiplink, backlink = next_links(last, hashes, log_id)
        last += 1
        data = b"".join((beginning, varu64.encode(last), skiplink or b"", backlink or b"", ending))
        signature = yield data
        encoded = data + signature
        hashes[last] = entry_hash = bamboo.digest(encoded)
        signed.append((last, skiplink, backlink, signature, encoded, entry_hash))
    return [
        SignedEntry(
            Entry(
                author,
                log_id,
                seq_num,
                skiplink,
                backlink,
                len(payload),
                ending[-HASH_SIZE:],
                False,
                signature,
            ),
            encoded,
            entry_hash,
        )
        for payload, ending, (seq_num, skiplink, backlink, signature, encoded, entry_hash) in zip(
            payloads, endings, signed, strict=True
        )
    ]
