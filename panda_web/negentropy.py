"""Two sets of ids are reconciled by ranges: Negentropy, version 1 (github.com/hoytech/negentropy).

Who begins sends fingerprints of ranges that together are everything. Who answers says nothing of a range
whose fingerprint is its own too, parts it where it differs, and lists its ids where these are few. So what
differs is found in a number of messages that grows with the logarithm of what there is, in bytes that grow
with what differs. Who answers keeps nothing between two messages.

An item of the protocol has a timestamp and an id; here all timestamps are zero.
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from hashlib import sha256
from itertools import accumulate, pairwise
from operator import add

from panda_web.errors import PandaError

VERSION = 0x61
NOTHING = bytes([VERSION])
"""The message that says nothing of anything."""

ID = 32
"""Bytes of an id."""

FINGERPRINT = 16
"""Bytes of a fingerprint."""

PARTS = 16
"""Into how many a range is parted, at most; each part has two ids or more."""

LISTED = 8
"""A range with so many ids, or fewer, is listed, which takes no more bytes than parting it and its answer."""

MAX_MESSAGE = 64 << 10
"""Bytes of a message that is made here. What does not fit is left to the next one."""

_SKIP, _FINGERPRINT, _LIST = range(3)
_FIRST, _INFINITY = (0, b""), (1 << 64, b"")
_RESERVE = 200
"""Bytes that are kept for the end of a message."""

Bound = tuple[int, bytes]
"""Where a range ends, which does not belong to it: a timestamp, and the first bytes of an id."""


class ReconcileMalformed(PandaError):
    """A message of the reconciliation is none, or not of this version."""

    reason = "reconcile-malformed"


class Ids:
    """A set of ids, which does not change."""

    def __init__(self, ids: Iterable[bytes]) -> None:
        self._ids = sorted(set(ids))
        numbers = (int.from_bytes(each, "little") for each in self._ids)
        self._sums = [0, *accumulate(numbers, add)]

    def __len__(self) -> int:
        return len(self._ids)

    def before(self, bound: Bound) -> int:
        """How many ids lie before a bound."""
        timestamp, prefix = bound
        return len(self._ids) if timestamp > 0 else bisect_left(self._ids, prefix)

    def between(self, begin: int, end: int) -> Sequence[bytes]:
        """The ids from one place to before another one, ascending."""
        return self._ids[begin:end]

    def fingerprint(self, begin: int, end: int) -> bytes:
        """What these ids, and no others, have in common."""
        total = (self._sums[end] - self._sums[begin]) % (1 << 8 * ID)
        return sha256(total.to_bytes(ID, "little") + _varint(end - begin)).digest()[:FINGERPRINT]

    def bound(self, place: int) -> Bound:
        """The shortest bound between an id and the one before."""
        before, first = self._ids[place - 1 : place + 1]
        same = next(n for n in range(ID) if before[n] != first[n])
        return 0, first[: same + 1]


class Reconciling:
    """Who begins.

    Args:
        ids: what there is here.
        most: bytes of a message that is made.

    Attributes:
        have: ids that the other side lacks, as far as that is known.
        need: ids that are lacking here, likewise.
    """

    def __init__(self, ids: Ids, most: int = MAX_MESSAGE) -> None:
        self._ids = ids
        self._most = most
        self.have: set[bytes] = set()
        self.need: set[bytes] = set()

    def begin(self) -> bytes:
        """The first message."""
        message = _Message(self._most)
        message.part(self._ids, 0, len(self._ids), _INFINITY)
        return message.whole()

    def go_on(self, answer: bytes) -> bytes | None:
        """The next message; None where all is known. Raises ReconcileMalformed."""
        message = _Message(self._most)
        for begin, bound, theirs in _ranges(self._ids, answer):
            end = self._ids.before(bound)
            if isinstance(theirs, set):
                ours = set(self._ids.between(begin, end))
                self.have |= ours - theirs
                self.need |= theirs - ours
                message.skip(bound)
            elif not message.answer(self._ids, begin, end, bound, theirs):
                break
        whole = message.whole()
        return whole if whole != NOTHING else None


def respond(ids: Ids, question: bytes, most: int = MAX_MESSAGE) -> bytes:
    """Answers a message.

    Args:
        ids: what there is here.
        question: the message.
        most: bytes of the answer.

    Raises:
        ReconcileMalformed: the message is none. Who asks in another version is told this one.
    """
    if question and question[0] != VERSION and 0x60 <= question[0] < 0x70:
        return NOTHING
    message = _Message(most)
    for begin, bound, theirs in _ranges(ids, question):
        end = ids.before(bound)
        if isinstance(theirs, set):
            if not message.list_ids(ids, begin, end, bound):
                break
        elif not message.answer(ids, begin, end, bound, theirs):
            break
    return message.whole()


class _Message:
    """A message that is being made; what would make it too long is summed up in a fingerprint of the rest."""

    def __init__(self, most: int) -> None:
        self._most = most - _RESERVE
        self._bytes = bytearray(NOTHING)
        self._timestamp = 0
        self._skipped: Bound | None = None

    def whole(self) -> bytes:
        """As it goes over the wire: ranges at the end of which nothing is said are left out."""
        return bytes(self._bytes)

    def skip(self, bound: Bound) -> None:
        """Says nothing of a range."""
        self._skipped = bound

    def answer(self, ids: Ids, begin: int, end: int, bound: Bound, theirs: bytes | None) -> bool:
        """Answers a fingerprint, or nothing; False where the message is full."""
        if theirs is None or theirs == ids.fingerprint(begin, end):
            self.skip(bound)
            return True
        return self.part(ids, begin, end, bound)

    def part(self, ids: Ids, begin: int, end: int, bound: Bound) -> bool:
        """Parts a range, or lists it where that is short; False where the message is full."""
        if end - begin <= LISTED:
            return self.list_ids(ids, begin, end, bound)
        parts = min(PARTS, (end - begin) // 2)
        size, more = divmod(end - begin, parts)
        places = [begin + n * size + min(n, more) for n in range(parts + 1)]
        for first, behind in pairwise(places):
            until = bound if behind == end else ids.bound(behind)
            if not self._put(ids, first, until, _FINGERPRINT, ids.fingerprint(first, behind)):
                return False
        return True

    def list_ids(self, ids: Ids, begin: int, end: int, bound: Bound) -> bool:
        """Lists the ids of a range, as many as there is room for; False where the message is full."""
        room = max(0, (self._most - len(self._bytes)) // ID)
        listed = ids.between(begin, min(end, begin + room))
        full = len(listed) < end - begin
        until = ids.bound(begin + len(listed)) if full and listed else bound
        if full and not listed:
            self._rest(ids, begin)
            return False
        said = self._put(ids, begin, until, _LIST, _varint(len(listed)) + b"".join(listed))
        if said and full:
            self._rest(ids, begin + len(listed))
        return said and not full

    def _put(self, ids: Ids, begin: int, until: Bound, mode: int, payload: bytes) -> bool:
        if len(self._bytes) + len(payload) > self._most:
            self._rest(ids, begin)
            return False
        self._write(until, mode, payload)
        return True

    def _rest(self, ids: Ids, begin: int) -> None:
        self._write(_INFINITY, _FINGERPRINT, ids.fingerprint(begin, len(ids)))

    def _write(self, until: Bound, mode: int, payload: bytes) -> None:
        if self._skipped is not None:
            self._bytes += self._bound(self._skipped) + _varint(_SKIP)
            self._skipped = None
        self._bytes += self._bound(until) + _varint(mode) + payload

    def _bound(self, bound: Bound) -> bytes:
        timestamp, prefix = bound
        if bound >= _INFINITY:
            return _varint(0) + _varint(0)
        written = _varint(timestamp - self._timestamp + 1) + _varint(len(prefix)) + prefix
        self._timestamp = timestamp
        return written


Range = tuple[int, Bound, bytes | set[bytes] | None]
"""How many of the own ids lie before it, where it ends, and its fingerprint, its ids, or nothing."""


def _ranges(ids: Ids, message: bytes) -> Iterable[Range]:
    """Reads a message. Raises ReconcileMalformed."""
    reader = _Reader(message)
    if reader.take(1)[0] != VERSION:
        raise ReconcileMalformed("The message is not of version 1 of Negentropy.")
    begin, last, timestamp = 0, _FIRST, 0
    while not reader.at_end():
        bound, timestamp = reader.bound(timestamp)
        if bound < last:
            raise ReconcileMalformed("The ranges of the message do not ascend.")
        mode = reader.number()
        if mode == _SKIP:
            yield begin, bound, None
        elif mode == _FINGERPRINT:
            yield begin, bound, reader.take(FINGERPRINT)
        elif mode == _LIST:
            listed = reader.take(reader.number() * ID)
            yield begin, bound, {listed[at : at + ID] for at in range(0, len(listed), ID)}
        else:
            raise ReconcileMalformed(f"The message has a range of kind {mode}, which there is not.")
        begin, last = ids.before(bound), bound


class _Reader:
    """What is left of a message."""

    def __init__(self, message: bytes) -> None:
        self._message = message
        self._at = 0

    def at_end(self) -> bool:
        """Whether nothing is left."""
        return self._at == len(self._message)

    def take(self, count: int) -> bytes:
        """The next bytes. Raises ReconcileMalformed."""
        taken = self._message[self._at : self._at + count]
        if len(taken) < count:
            raise ReconcileMalformed("The message ends in the middle.")
        self._at += count
        return taken

    def number(self) -> int:
        """A number of base 128, its most significant digit first. Raises ReconcileMalformed."""
        number = 0
        for _ in range(10):
            (digit,) = self.take(1)
            number = number << 7 | digit & 0x7F
            if digit < 0x80:
                return number
        raise ReconcileMalformed("A number of the message is too large.")

    def bound(self, last: int) -> tuple[Bound, int]:
        """A bound, and the timestamp from which the next one counts. Raises ReconcileMalformed."""
        timestamp = self.number()
        length = self.number()
        if length > ID:
            raise ReconcileMalformed(f"A bound of the message has {length} bytes of an id, which has {ID}.")
        prefix = self.take(length).rstrip(b"\0")  # what is left out is zero
        if timestamp == 0:
            return _INFINITY, last
        timestamp += last - 1
        return ((timestamp, prefix), timestamp) if timestamp < _INFINITY[0] else (_INFINITY, last)


def _varint(number: int) -> bytes:
    digits = [number & 0x7F]
    while number := number >> 7:
        digits.append(number & 0x7F | 0x80)
    return bytes(reversed(digits))
