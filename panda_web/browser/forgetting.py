"""Forgetting everything here: the site's database, its own logs, and its keys.

The database goes first, and then the keys: whatever fails before leaves something to begin anew with. Another
tab may have brought own entries into a new database meanwhile, so that goes too. What is left is the
programme, which is nobody's; what pages keep themselves, they forget themselves.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import js

from panda_web.browser.indexeddb import KEYS, TEXTS, IndexedDb
from panda_web.client.unsent import LOGS, unsent
from panda_web.errors import PandaError

FORGOTTEN = "panda:forgotten"
"""Where tabs are told that everything was forgotten (a BroadcastChannel): what they show is nobody's, and the
key that they sign with is gone, so they are loaded anew."""

_OWN_ENTRIES = "entry/"
_LAST = "\uffff"


class OwnUnsent(PandaError):
    """Entries that were written here are nowhere else yet, so they would be lost."""

    reason = "own-unsent"


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What is gone.

    Attributes:
        entries: own signed entries that were kept here.
        unsent: of these, that are nowhere else.
        keys: key pairs, those of which backups have taken the place among them.
    """

    entries: int
    unsent: int
    keys: int


async def waiting(storage: IndexedDb) -> int:
    """How many entries that were written here are nowhere else yet. Raises StoreFailed."""
    return unsent([text for _, text in await storage.all(TEXTS, LOGS, LOGS + _LAST, None)])


async def forget(
    storage: IndexedDb, end_database: Callable[[], Awaitable[object]], *, unsent_too: bool
) -> Forgotten:
    """Removes all that this site keeps in this browser but its programme, and tells the other tabs.

    Args:
        storage: this site's keys and own logs.
        end_database: takes the database of its node away, whichever tab has it. It is called twice: own
            entries come into the next one as long as there are any.
        unsent_too: whether that may cost entries that are nowhere else.

    Raises:
        OwnUnsent: it would, and may not. `data["unsent"]` says how many; where none were written meanwhile,
            nothing was removed.
        StoreFailed: the browser does not obey, so not all is gone; it may be tried again.
    """
    lost = await waiting(storage)
    if lost and not unsent_too:
        raise _unsent(lost)
    entries = len(await storage.all(TEXTS, _OWN_ENTRIES, _OWN_ENTRIES + _LAST, None))
    keys = sum(hasattr(record, "kind") for _, record in await storage.all(KEYS, "", _LAST, None))
    await end_database()
    found: list[int] = []

    def allowed(texts: list[str]) -> bool:
        found.append(unsent(texts))
        return unsent_too or not found[0]

    if not await storage.empty(LOGS, allowed):  # another tab has written since
        raise _unsent(found[0])
    await end_database()
    channel = js.BroadcastChannel.new(FORGOTTEN)
    channel.postMessage("")
    channel.close()
    return Forgotten(entries, found[0], keys)


def _unsent(count: int) -> OwnUnsent:
    what = "entry that was" if count == 1 else "entries that were"
    return OwnUnsent(
        f"{count:,} {what} written here and did not get to any node yet would be lost. Send them first, or "
        "export them, or say that they may go.",
        unsent=count,
    )
