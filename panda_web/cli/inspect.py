"""`panda entry inspect`: what an entry says, once its signature and its payload hold."""

import binascii

from panda_web import bamboo, log, messages
from panda_web.client.check import to_json
from panda_web.errors import PandaError
from panda_web.keys import Verifier
from panda_web.rpc.types import Json


class NotHex(PandaError):
    """What should be hex digits is something else."""

    reason = "not-hex"


async def inspect(entry_hex: str, payload_hex: str | None, verifier: Verifier) -> dict[str, Json]:
    """The entry's fields by their wire names, and the message where the payload is given.

    Raises:
        NotHex, InvalidEntry, InvalidSignature, InvalidPayload, InvalidMessage.
    """
    signed = await log.verify(_unhex(entry_hex, "entry"), verifier)
    entry = signed.entry
    shown: dict[str, Json] = {
        "author": entry.author.hex(),
        "logId": entry.log_id,
        "seqNum": entry.seq_num,
        "backlink": _hex(entry.backlink),
        "skiplink": _hex(entry.skiplink),
        "payloadSize": entry.payload_size,
        "payloadHash": entry.payload_hash.hex(),
        "entryHash": signed.hash.hex(),
        "signature": entry.signature.hex(),
        "endOfLog": entry.end_of_log,
    }
    if payload_hex is not None:
        payload = _unhex(payload_hex, "payload")
        bamboo.check_payload(entry, payload)
        message = messages.decode(payload)
        messages.check_log(entry.log_id, message)
        shown["message"] = {
            "action": message.action,
            "schema": message.schema,
            "id": message.id,
            **({"previous": list(message.previous)} if message.previous else {}),
            "fields": {
                name: {"type": field.type, "value": to_json(field)} for name, field in message.fields.items()
            },
        }
    return shown


def _unhex(text: str, what: str) -> bytes:
    try:
        return binascii.unhexlify(text)
    except ValueError as error:
        raise NotHex(f"The {what} is not hex digits, two for each byte.") from error


def _hex(data: bytes | None) -> str | None:
    return None if data is None else data.hex()
