"""Definitions of schemas as they are signed: each proves by itself which schema has this id.

    schema/ID       the signed entry that defines a schema, its payload, and its place in the order of keeping

A definition that was fetched is kept in the client's store, so its schema holds without a network too. A
schema's id is the hash of the entry, so what is read back is the very entry that was checked when it came.
"""

import json
from contextlib import suppress
from dataclasses import dataclass

from panda_web import bamboo, messages
from panda_web.bamboo import digest
from panda_web.client.errors import ProofMismatch
from panda_web.client.store import ClientStore
from panda_web.errors import PandaError, StoreFailed
from panda_web.messages import check_log
from panda_web.messages.schema import Schema, read_definition

MAX_KEPT = 64
"""Definitions that are kept: where one more comes, the one that was kept first goes."""
MAX_SIZE = 128 << 10
"""Bytes of a definition that is kept. Anybody can publish one of 1 MiB; hardly any needs a tenth of it."""

_PREFIX = "schema/"


@dataclass(frozen=True, slots=True)
class SignedDefinition:
    """The entry that defines a schema, and its payload; whoever makes one has checked the signature."""

    entry: bytes
    payload: bytes

    def read(self, schema: str) -> Schema:
        """The schema with this id.

        Raises:
            ProofMismatch: the entry is another one.
            InvalidEntry, InvalidPayload, InvalidMessage, InvalidSchema, InvalidFields: it defines none.
        """
        if digest(self.entry).hex() != schema:
            raise ProofMismatch("This is the definition of another schema.")
        entry = bamboo.decode(self.entry)
        bamboo.check_payload(entry, self.payload)
        message = messages.decode(self.payload)
        check_log(entry.log_id, message)
        return read_definition(message, schema)


class KeptDefinitions:
    """Those in a client's store."""

    def __init__(self, store: ClientStore) -> None:
        self._store = store

    async def get(self, schema: str) -> Schema | None:
        """The schema, where its definition is kept and sound."""
        text = await self._store.get(_PREFIX + schema)
        return _read(schema, text) if text is not None else None

    async def all(self) -> list[Schema]:
        """Those that are sound, in the order in which they were kept."""
        kept = sorted((_place(text), key, text) for key, text in await self._store.scan(_PREFIX))
        found = (_read(key.removeprefix(_PREFIX), text) for _, key, text in kept)
        return [schema for schema in found if schema is not None]

    async def keep(self, schema: str, signed: SignedDefinition) -> None:
        """Keeps one. That it cannot be kept costs nothing but a question to the node at the next start."""
        if len(signed.payload) > MAX_SIZE:
            return
        with suppress(StoreFailed):
            kept = sorted((_place(text), key) for key, text in await self._store.scan(_PREFIX))
            place = kept[-1][0] + 1 if kept else 1
            text = json.dumps({"entry": signed.entry.hex(), "payload": signed.payload.hex(), "place": place})
            surplus = [key for _, key in kept[: max(0, len(kept) + 1 - MAX_KEPT)]]
            await self._store.commit({**dict.fromkeys(surplus), _PREFIX + schema: text}, {})


def _read(schema: str, text: str) -> Schema | None:
    try:
        value = json.loads(text)
        kept = SignedDefinition(bytes.fromhex(value["entry"]), bytes.fromhex(value["payload"]))
        return kept.read(schema)
    except (PandaError, ValueError, KeyError, TypeError):
        return None  # damaged: it is fetched again


def _place(text: str) -> int:
    try:
        return int(json.loads(text)["place"])
    except (ValueError, KeyError, TypeError):
        return 0
