"""Signs the definitions of those of the festival's schemas that are not signed yet, and prints their ids.

    .venv/bin/python apps/festival/sign_definitions.py

For maintainers, when a schema is added: `panda_festival/schemas.py` takes the id that this prints. What was
signed before stays as it is. For a schema that is to be another one, take its old definition out of
`definitions.json` before: it gets another id then, and who wrote under the old one keeps that. The key is
drawn here and never written anywhere.
"""

import asyncio
import json
from dataclasses import replace
from pathlib import Path

from panda_festival import definitions
from panda_festival.schemas import SCHEMAS

from panda_web.bamboo import digest
from panda_web.client import Client
from panda_web.client.own_logs import OwnLogs
from panda_web.client.store import MemoryStore
from panda_web.keys.with_cryptography import CryptographySigner, CryptographyVerifier
from panda_web.messages.schema import DEFINITION
from panda_web.node import Node, Store
from panda_web.rpc.transport import InProcess

TARGET = Path(definitions.__file__).with_name("definitions.json")


async def main() -> None:
    """Publishes them to a node in memory, and keeps what was sent behind what was kept before."""
    signer, verifier, store = CryptographySigner.generate(), CryptographyVerifier(), MemoryStore()
    node = Node(Store(None), verifier, version="0")
    before = [(each.entry, each.payload) for each in definitions.definitions()]
    signed = {digest(entry).hex() for entry, _ in before}
    ids: dict[str, str] = {}
    for entry, payload in before:
        await node.publish_entry(entry, payload)
    async with Client(InProcess(node.dispatcher()), signer, store=store, verifier=verifier) as panda:
        for schema in SCHEMAS:
            if str(schema.id) in signed:
                continue
            fields = tuple(
                replace(each, schema=ids.get(str(each.schema), each.schema)) for each in schema.fields
            )
            defined = await panda.define(replace(schema, fields=fields, id=None))
            ids[str(schema.id)] = str(defined.id)
            print(schema.name, defined.id)
        own = OwnLogs(store, signer.author)
        logs = [log for log in await own.logs() if log.schema == DEFINITION.id]
        made = [(each.entry, each.payload) for log in logs for each in await own.entries(log.log_id, 0, None)]
    kept = [{"entry": entry.hex(), "payload": payload.hex()} for entry, payload in (*before, *made)]
    TARGET.write_text(json.dumps(kept, indent=2) + "\n", "utf-8")


asyncio.run(main())
