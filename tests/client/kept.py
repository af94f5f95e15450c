"""What a client's store keeps, read and changed as anybody can who has the storage."""

import asyncio

from panda_web.client.store import ClientStore


def texts_of(store: ClientStore, prefix: str = "") -> dict[str, str]:
    """Texts by key, of the keys that begin so."""
    return dict(asyncio.run(store.scan(prefix)))


def set_text(store: ClientStore, key: str, text: str | None) -> None:
    """Has another text under a key; None for none."""
    asyncio.run(store.commit({key: text}, {}))
