"""The entry codec: bytes to values and back. What was decoded encodes to the same bytes.

The fields, in order (source: the Bamboo specification):

    tag (1) | author (32) | log id (VarU64) | seq num (VarU64) | skiplink (66)? | backlink (66)?
    | payload size (VarU64) | payload hash (66) | signature (64)

The skiplink is left out at seq num 1 and wherever lipmaa(n) = n - 1, the backlink at seq num 1. The
signature covers everything before it; the entry's hash covers everything.
"""

from dataclasses import dataclass

from panda_web.bamboo import varu64, yamf
from panda_web.bamboo.errors import (
    EntryTrailing,
    EntryTruncated,
    HashMalformed,
    InvalidEntry,
    SeqNumZero,
    UnknownTag,
)
from panda_web.bamboo.links import has_skiplink

AUTHOR_SIZE = 32
SIGNATURE_SIZE = 64
MAX_SIZE = 1 + AUTHOR_SIZE + 3 * 9 + 3 * yamf.SIZE + SIGNATURE_SIZE
"""No entry is longer (322 bytes): a reader may refuse more before looking at it."""
_LOG_ID_AT = 1 + AUTHOR_SIZE
_SHORTEST = _LOG_ID_AT + 3 + yamf.SIZE + SIGNATURE_SIZE


@dataclass(frozen=True, slots=True)
class Unsigned:
    """What an author signs. Hashes have 66 bytes; links are None where the rules leave them out."""

    author: bytes
    log_id: int
    seq_num: int
    skiplink: bytes | None
    backlink: bytes | None
    payload_size: int
    payload_hash: bytes
    end_of_log: bool = False

    def sign(self, signature: bytes) -> "Entry":
        """The entry with its signature."""
        return Entry(
            self.author,
            self.log_id,
            self.seq_num,
            self.skiplink,
            self.backlink,
            self.payload_size,
            self.payload_hash,
            self.end_of_log,
            signature,
        )

    def encode(self) -> bytes:
        """The bytes to sign. Raises ValueError where a field breaks a rule: a bug of the caller's."""
        return encode(
            self.author,
            self.log_id,
            self.seq_num,
            self.skiplink,
            self.backlink,
            self.payload_size,
            self.payload_hash,
            self.end_of_log,
        )


def encode(
    author: bytes,
    log_id: int,
    seq_num: int,
    skiplink: bytes | None,
    backlink: bytes | None,
    payload_size: int,
    payload_hash: bytes,
    end_of_log: bool = False,
) -> bytes:
    """`Unsigned.encode`, for whoever has the fields and needs no `Unsigned`."""
    if (backlink is None) != (seq_num == 1):
        raise ValueError("every entry but the first has a backlink")
    if (skiplink is not None) != has_skiplink(seq_num):
        raise ValueError(f"a skiplink at seq num {seq_num}, or its lack, breaks the rule")
    for link in (skiplink, backlink, payload_hash):
        if link is not None and not yamf.is_hash(link):
            raise ValueError("a link or payload hash is not a YAMF hash")
    return b"".join(
        (
            encode_beginning(author, log_id, end_of_log),
            varu64.encode(seq_num),
            skiplink or b"",
            backlink or b"",
            varu64.encode(payload_size),
            payload_hash,
        )
    )


def encode_beginning(author: bytes, log_id: int, end_of_log: bool = False) -> bytes:
    """What comes before the seq num: the same in all entries of a log, but for one that ends it."""
    if len(author) != AUTHOR_SIZE:
        raise ValueError("an author is 32 bytes")
    return (b"\x01" if end_of_log else b"\x00") + author + varu64.encode(log_id)


@dataclass(frozen=True, slots=True)
class Entry(Unsigned):
    """One decoded entry. That it parsed says nothing about its signature or its links."""

    signature: bytes = b""

    def encode(self) -> bytes:
        """The entry's bytes, signature included."""
        return Unsigned.encode(self) + self.signature


def decode(data: bytes) -> Entry:
    """Reads one entry that fills `data` exactly.

    Raises:
        InvalidEntry: one of its subclasses, named after the broken rule.
    """
    return _decode_sound(data) or _decode_step_by_step(data)


def decode_first(data: bytes) -> tuple[Entry, int]:
    """The entry with which bytes begin, and the offset behind it. Raises InvalidEntry, as `decode`."""
    if not data:
        raise EntryTruncated("There are no bytes to read an entry from.")
    if data[0] > 1:
        raise UnknownTag(f"An entry begins with 00 or 01, not with {data[0]:02x}.")
    author, at = _take(data, 1, AUTHOR_SIZE, "author")
    log_id, at = varu64.decode(data, at)
    seq_num, at = varu64.decode(data, at)
    if seq_num == 0:
        raise SeqNumZero("The seq num is 0, but logs begin at 1.")
    skiplink = backlink = None
    if has_skiplink(seq_num):
        skiplink, at = _take_hash(data, at, "skiplink")
    if seq_num > 1:
        backlink, at = _take_hash(data, at, "backlink")
    payload_size, at = varu64.decode(data, at)
    payload_hash, at = _take_hash(data, at, "payload hash")
    signature, at = _take(data, at, SIGNATURE_SIZE, "signature")
    entry = Entry(
        author=author,
        log_id=log_id,
        seq_num=seq_num,
        skiplink=skiplink,
        backlink=backlink,
        payload_size=payload_size,
        payload_hash=payload_hash,
        end_of_log=data[0] == 1,
        signature=signature,
    )
    return entry, at


def place_of(data: bytes) -> tuple[bytes, int, int] | None:
    """The author, log id and seq num with which bytes begin, whether or not they are an entry."""
    try:
        log_id, at = varu64.decode(data, _LOG_ID_AT)
        seq_num, _ = varu64.decode(data, at)
    except InvalidEntry:
        return None
    return data[1:_LOG_ID_AT], log_id, seq_num


def _decode_sound(data: bytes) -> Entry | None:
    """The entry, if nothing is wrong with the bytes; else None, which says nothing about what is wrong.

    Slices are taken without a look at what is left: the sum at the end tells whether they were all there.
    """
    if len(data) < _SHORTEST or data[0] > 1:
        return None
    log_id, seq_num, at = data[_LOG_ID_AT], data[_LOG_ID_AT + 1], _LOG_ID_AT + 2
    skiplink = backlink = None
    try:
        if log_id > 247 or seq_num > 247:  # not of one byte each
            log_id, at = varu64.decode(data, _LOG_ID_AT)
            seq_num, at = varu64.decode(data, at)
        if seq_num != 1:
            if has_skiplink(seq_num):
                skiplink = data[at : at + yamf.SIZE]
                at += yamf.SIZE
            backlink = data[at : at + yamf.SIZE]
            at += yamf.SIZE
        payload_size, at = varu64.decode(data, at)
    except InvalidEntry:
        return None
    end = at + yamf.SIZE
    sound = (
        end + SIGNATURE_SIZE == len(data)
        and seq_num != 0
        and data.startswith(yamf.PREFIX, at)
        and (backlink is None or backlink.startswith(yamf.PREFIX))
        and (skiplink is None or skiplink.startswith(yamf.PREFIX))
    )
    if not sound:
        return None
    return Entry(
        data[1:_LOG_ID_AT],
        log_id,
        seq_num,
        skiplink,
        backlink,
        payload_size,
        data[at:end],
        data[0] == 1,
        data[end:],
    )


def _decode_step_by_step(data: bytes) -> Entry:
    """The entry, read with care: finds the first rule that is broken."""
    entry, end = decode_first(data)
    if end != len(data):
        raise EntryTrailing(f"{len(data) - end} bytes follow the entry's signature.")
    return entry


def _take(data: bytes, at: int, size: int, what: str) -> tuple[bytes, int]:
    end = at + size
    if end > len(data):
        raise EntryTruncated(f"The entry ends inside its {what}.")
    return data[at:end], end


def _take_hash(data: bytes, at: int, what: str) -> tuple[bytes, int]:
    value, end = _take(data, at, yamf.SIZE, what)
    if not value.startswith(yamf.PREFIX):
        raise HashMalformed(f"The {what} does not begin with 0040, the mark of BLAKE2b-512.")
    return value, end
