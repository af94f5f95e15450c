"""What of a source's answer belongs to what was asked for. Pure; checks no signature: the sink does.

Without this, a source could fill the sink with entries of anybody about anything, all of them well signed.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress

from panda_web import bamboo, messages
from panda_web.bamboo import digest
from panda_web.errors import PandaError
from panda_web.messages import Message
from panda_web.rpc.stored import StoredEntry
from panda_web.rpc.wish import EVERYTHING, Log, Range, Wish
from panda_web.sync.errors import ItemUnfit

MOST = 1 << 64
"""No seq num is so large."""


def proof(schema: str, instance: str, entries: Sequence[StoredEntry]) -> list[StoredEntry]:
    """The entries about an instance, with those that link them to others; ascending.

    Args:
        schema: of the instance.
        instance: its id.
        entries: what a node gives for it.

    Raises:
        ItemUnfit: there are others among them, or none.
    """
    found: list[tuple[int, StoredEntry]] = []
    log: Log | None = None
    linked: set[bytes] = set()
    for each, entry in _descending(entries):
        if log not in (None, (entry.author, entry.log_id)):
            raise ItemUnfit("The node's proof has entries of several logs.")
        log = entry.author, entry.log_id
        if each.payload is not None:
            message = _message(each.payload)
            about = message.id or digest(each.entry).hex()
            if (message.schema, about) != (schema, instance):
                raise ItemUnfit("The node's proof has an entry about something else.")
        elif digest(each.entry) not in linked:
            raise ItemUnfit("The node's proof has an entry that nothing needs.")
        if (link := entry.skiplink or entry.backlink) is not None:
            linked.add(link)
        found.append((entry.seq_num, each))
    if not found:
        raise ItemUnfit("The node gives no proof.")
    return [each for _, each in reversed(found)]


def is_wished(wish: Wish, entries: Sequence[StoredEntry]) -> bool:
    """Whether what proves an instance may be taken in whole: of a part of it an old version would be shown.

    Args:
        wish: what is wished.
        entries: of one log.

    Raises:
        ItemUnfit: they are of an author who was not asked for.
    """
    if wish.authors is not None and not {entry.author for _, entry in _descending(entries)} <= wish.authors:
        raise ItemUnfit("The node gives an instance of an author who was not asked for.")
    return all(wish.wants_payload(1, len(each.payload)) for each in entries if each.payload is not None)


def path(wanted: StoredEntry, entries: Iterable[StoredEntry]) -> list[StoredEntry]:
    """An entry and those among others that link it to entry 1, as far as they are there; ascending."""
    by_hash = {digest(each.entry): each for each in entries}
    found = [wanted]
    entry = _decoded(wanted)
    while entry is not None and (link := entry.skiplink or entry.backlink) in by_hash:
        each = by_hash[link]
        found.append(StoredEntry(each.entry, None))
        below = _decoded(each)
        # Shortest paths descend: a link that does not is wrong, and leads nowhere.
        entry = below if below is not None and below.seq_num < entry.seq_num else None
    return found[::-1]


def deletes(schema: str, instances: frozenset[str], entries: Iterable[StoredEntry]) -> list[StoredEntry]:
    """Those that delete one of these instances, as far as what they say goes."""
    found = []
    for each in entries:
        with suppress(ItemUnfit):
            message = _message(each.payload or b"")
            if (message.action, message.schema) == ("delete", schema) and message.id in instances:
                found.append(each)
    return found


def behind(entries: Iterable[StoredEntry], start: int) -> int:
    """The seq num behind those of some entries, all from `start` on; that where there are none."""
    decoded = (_decoded(each) for each in entries)
    return max([start, *(each.seq_num + 1 for each in decoded if each is not None)])


def last_of(log: Log, entries: Iterable[StoredEntry]) -> int:
    """The greatest seq num of entries that are of a log; 0 where none is."""
    return max((seq_num for seq_num, _ in places_of(log, entries)), default=0)


def places_of(log: Log, entries: Iterable[StoredEntry]) -> list[tuple[int, bytes]]:
    """The seq nums and hashes of those entries that are of a log."""
    decoded = ((_decoded(each), each) for each in entries)
    return [
        (entry.seq_num, digest(each.entry))
        for entry, each in decoded
        if entry is not None and (entry.author, entry.log_id) == log
    ]


def asked_for(
    log: Log, entries: Sequence[StoredEntry], ranges: Sequence[Range], wish: Wish
) -> tuple[list[tuple[int, StoredEntry]], int]:
    """The entries of a log in some ranges, each with its seq num, and how many others there were.

    Those that link the first of them to entry 1 belong to it, without payloads. What is larger than wished is
    counted among the others, and left out of its entry.
    """
    links = frozenset(bamboo.path(ranges[0][0], 1))
    fit: list[tuple[int, StoredEntry]] = []
    strange = 0
    for each in entries:
        entry = _decoded(each)
        if entry is None or (entry.author, entry.log_id) != log:
            strange += 1
            continue
        at = bisect_right(ranges, (entry.seq_num, MOST)) - 1
        if at < 0 or entry.seq_num > ranges[at][1]:
            if entry.seq_num in links:
                fit.append((entry.seq_num, StoredEntry(each.entry, None)))
            else:
                strange += 1
        elif each.payload is None or wish.wants_payload(log[1], len(each.payload)):
            fit.append((entry.seq_num, each))
        else:
            strange += 1
            fit.append((entry.seq_num, StoredEntry(each.entry, None)))
    return fit, strange


def of_schema(
    schema: str, entries: Sequence[StoredEntry], wish: Wish = EVERYTHING
) -> tuple[list[StoredEntry], int]:
    """The entries of a schema with those of the same logs that link them, and how many others there were.

    They are in an order in which each comes behind what it links to. What is not wished is left out, and no
    fault: nobody can ask for a part of them.
    """
    strange = 0
    fit: list[tuple[bytes, int, int, StoredEntry]] = []
    links: list[tuple[bytes, int, int, StoredEntry]] = []
    for each in entries:
        try:
            entry = bamboo.decode(each.entry)
            where = (entry.author, entry.log_id, entry.seq_num, each)
            if wish.authors is not None and entry.author not in wish.authors:
                continue
            if each.payload is None:
                links.append(where)
            elif not wish.wants_payload(entry.log_id, len(each.payload)):
                links.append((*where[:3], StoredEntry(each.entry, None)))
            elif _message(each.payload).schema == schema:
                fit.append(where)
            else:
                strange += 1
        except PandaError:
            strange += 1
    logs = {where[:2] for where in fit}
    needed = [where for where in links if where[:2] in logs]
    strange += len(links) - len(needed)
    return [where[3] for where in sorted([*fit, *needed], key=lambda where: where[:3])], strange


def _descending(entries: Sequence[StoredEntry]) -> Iterator[tuple[StoredEntry, bamboo.Entry]]:
    decoded = [(each, _decoded(each)) for each in entries]
    sound = [(each, entry) for each, entry in decoded if entry is not None]
    if len(sound) < len(decoded):
        raise ItemUnfit("The node's proof has something that is no entry.")
    yield from sorted(sound, key=lambda pair: pair[1].seq_num, reverse=True)


def _decoded(stored: StoredEntry) -> bamboo.Entry | None:
    try:
        return bamboo.decode(stored.entry)
    except PandaError:
        return None


def _message(payload: bytes) -> Message:
    try:
        return messages.decode(payload)
    except PandaError as error:
        raise ItemUnfit(f"The node's proof has a payload that is no message: {error}") from error
