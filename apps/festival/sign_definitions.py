"""Signs the definitions of the festival's schemas, and prints their ids for `panda_festival/schemas.py`.

    .venv/bin/python apps/festival/sign_definitions.py

For maintainers, and only when a schema is to be another one: it gets another id then, and who wrote under the
old one keeps that. The key is drawn here and never written anywhere.
"""

import asyncio
import json
from dataclasses import replace
from pathlib import Path

from panda_festival import definitions
from panda_festival.schemas import SCHEMAS

from panda_web.client import Client
from panda_web.client.own_logs import OwnLogs
from panda_web.client.store import MemoryStore
from panda_web.keys.with_cryptography import CryptographySigner, CryptographyVerifier
from panda_web.messages.schema import DEFINITION
from panda_web.node import Node, Store
from panda_web.rpc.transport import InProcess

TARGET = Path(definitions.__file__).with_name("definitions.json")


async def main() -> None:
    """Publishes them to a node in memory, and keeps what was sent."""
    signer, verifier, store = CryptographySigner.generate(), CryptographyVerifier(), MemoryStore()
    node = Node(Store(None), verifier, version="0")
    ids: dict[str, str] = {}
    async with Client(InProcess(node.dispatcher()), signer, store=store, verifier=verifier) as panda:
        for schema in SCHEMAS:
            fields = tuple(
                replace(each, schema=ids.get(str(each.schema), each.schema)) for each in schema.fields
            )
            defined = await panda.define(replace(schema, fields=fields, id=None))
            ids[str(schema.id)] = str(defined.id)
            print(schema.name, defined.id)
        own = OwnLogs(store, signer.author)
        (log,) = [log for log in await own.logs() if log.schema == DEFINITION.id]
        made = [
            {"entry": each.entry.hex(), "payload": each.payload.hex()}
            for each in await own.entries(log.log_id, 0, None)
        ]
    TARGET.write_text(json.dumps(made, indent=2) + "\n", "utf-8")


asyncio.run(main())
