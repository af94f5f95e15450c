"""What a client must not forget: a small ordered map of texts, with atomic, durable, conditional commits.

Implementations: `MemoryStore` here (for keys that live in memory only), `client.file.FileStore` (CPython),
`browser.indexeddb.IndexedDbStore`. One contract suite runs on all of them.

A commit is conditional on what was read. So even where nothing keeps two tabs apart, the second one's
signature for a slot is refused before its first byte is sent.
"""

from bisect import bisect_left, insort
from collections.abc import Mapping
from typing import Protocol

from panda_web.client.errors import StoreConflict


class ClientStore(Protocol):
    """Texts by key. Keys sort by code point."""

    async def get(self, key: str) -> str | None:
        """The text, or None. Raises StoreFailed."""

    async def scan(self, prefix: str, start: str = "", most: int | None = None) -> list[tuple[str, str]]:
        """Keys that begin with `prefix`, from `prefix + start` on, ascending, with their texts.

        Args:
            prefix: what the keys begin with.
            start: what the first key has behind the prefix, or the next one above that.
            most: how many at most; None for all.

        Raises:
            StoreFailed: the storage does not obey.
        """

    async def look(self, key: str, prefix: str) -> tuple[str | None, list[tuple[str, str]]]:
        """What `get` gives for a key and `scan` for a prefix, as both are at one moment.

        Raises:
            StoreFailed: the storage does not obey.
        """

    async def commit(
        self,
        changes: Mapping[str, str | None],
        expected: Mapping[str, str | None],
        *,
        durable: bool = True,
    ) -> None:
        """Sets texts (None removes) if all of `expected` still is so.

        Args:
            changes: by key.
            expected: by key; None where there must be none.
            durable: whether it outlives a power cut from the moment that it returns. Else it may be undone by
                one, and with it nothing that was durable, until the next commit that is.

        Raises:
            StoreConflict: something expected is otherwise; nothing was changed.
            StoreFailed: the storage does not obey; nothing was changed.
        """

    async def close(self) -> None:
        """Ends what is open."""


class MemoryStore:
    """Forgets everything at the end: only for keys that end with the process too."""

    def __init__(self) -> None:
        self._texts: dict[str, str] = {}
        self._keys: list[str] = []  # sorted

    async def get(self, key: str) -> str | None:
        """The text, or None."""
        return self._texts.get(key)

    async def scan(self, prefix: str, start: str = "", most: int | None = None) -> list[tuple[str, str]]:
        """Keys that begin with `prefix`, from `prefix + start` on, ascending, with their texts."""
        first = bisect_left(self._keys, prefix + start)
        end = bisect_left(self._keys, prefix + "\U0010ffff", first)
        last = end if most is None else min(end, first + most)
        return [(key, self._texts[key]) for key in self._keys[first:last]]

    async def look(self, key: str, prefix: str) -> tuple[str | None, list[tuple[str, str]]]:
        """What `get` gives for a key and `scan` for a prefix, as both are at one moment."""
        return await self.get(key), await self.scan(prefix)

    async def commit(
        self,
        changes: Mapping[str, str | None],
        expected: Mapping[str, str | None],
        *,
        durable: bool = True,  # noqa: ARG002 - nothing here outlives anything
    ) -> None:
        """Sets texts (None removes) if all of `expected` still is so."""
        if any(self._texts.get(key) != text for key, text in expected.items()):
            raise conflict()
        for key, text in changes.items():
            if text is None:
                if self._texts.pop(key, None) is not None:
                    del self._keys[bisect_left(self._keys, key)]
            else:
                if key not in self._texts:
                    insort(self._keys, key)
                self._texts[key] = text

    async def close(self) -> None:
        """Nothing is open."""


def conflict() -> StoreConflict:
    """The error that every store raises for a condition that does not hold."""
    return StoreConflict("Another tab or program wrote to this log at the same moment; nothing was recorded.")
