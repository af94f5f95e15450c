"""Authors for tests: they sign what they like, broken things too."""

from collections.abc import Sequence

from panda_web import log, messages
from panda_web.bamboo import Head, Unsigned, digest
from panda_web.keys.chain import drive
from panda_web.keys.with_cryptography import CryptographySigner
from panda_web.log import SignedEntry
from panda_web.messages import Message, infer_all

SCHEMA = digest(b"a schema").hex()
OTHER_SCHEMA = digest(b"another schema").hex()


class Author:
    """One key with one log under way.

    Args:
        number: which of the test keys.
        log_id: of the log that `write` appends to.
    """

    def __init__(self, number: int = 1, log_id: int = 1) -> None:
        self.signer = CryptographySigner(bytes((number,)) * 32)
        self.hex = self.signer.author.hex()
        self.log_id = log_id
        self.head = Head()

    def write(self, message: Message | bytes) -> tuple[SignedEntry, bytes]:
        """Appends a message (or any bytes) to the log; gives the entry and its payload."""
        return self.write_many([message])[0]

    def write_many(self, written: Sequence[Message | bytes]) -> list[tuple[SignedEntry, bytes]]:
        """Appends many."""
        payloads = [message if isinstance(message, bytes) else message.encode() for message in written]
        chain = log.chain(self.signer.author, self.log_id, self.head, payloads)
        made = drive(chain, self.signer._private.sign)
        for signed in made:
            self.head = self.head.advance(signed.hash)
        return list(zip(made, payloads, strict=True))

    def create(self, schema: str = SCHEMA, **fields: object) -> tuple[SignedEntry, bytes]:
        """Appends a create."""
        return self.write(messages.create(schema, infer_all(fields or {"n": 1})))

    def update(self, instance: bytes, schema: str = SCHEMA, **fields: object) -> tuple[SignedEntry, bytes]:
        """Appends an update."""
        return self.write(messages.update(schema, instance.hex(), infer_all(fields)))

    def delete(self, instance: bytes, schema: str = SCHEMA) -> tuple[SignedEntry, bytes]:
        """Appends a delete."""
        return self.write(messages.delete(schema, instance.hex()))

    def sign(self, unsigned: Unsigned) -> bytes:
        """Signs an entry of any kind."""
        data = unsigned.encode()
        return data + self.signer._private.sign(data)
