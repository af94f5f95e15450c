"""What can be said of a signed entry and its payload without a store; so it is done in bulk, and aside."""

from dataclasses import dataclass

from panda_web import bamboo, messages
from panda_web.bamboo.errors import PayloadSizeMismatch
from panda_web.errors import PandaError
from panda_web.log import SignedEntry
from panda_web.messages import InvalidMessage, Message
from panda_web.messages.errors import PayloadTooLarge
from panda_web.node.schemas import Registry, Verdict
from panda_web.rpc.errors import NumberTooLarge
from panda_web.rpc.types import WIRE_LIMIT


@dataclass(frozen=True, slots=True)
class Checked:
    """An entry with its payload, of which all is checked that needs no store.

    Attributes:
        signed: the entry.
        payload: its bytes; None where they did not come.
        message: what they say; None where they are no message of this log.
        wrong: why they are none.
        verdict: its schema's, if one was known when it was asked. It counts only for what is not there
            already.
    """

    signed: SignedEntry
    payload: bytes | None
    message: Message | None = None
    wrong: PandaError | None = None
    verdict: Verdict | None = None

    @property
    def instance(self) -> bytes:
        """That the message is about; empty where there is none."""
        if self.message is None:
            return b""
        return bytes.fromhex(self.message.id) if self.message.id is not None else self.signed.hash

    @property
    def accepted(self) -> bool:
        """Whether the message is known to count under its schema."""
        return self.verdict is not None and self.verdict.wrong is None

    @property
    def rows(self) -> int:
        """How many rows are written for it, or looked up."""
        fields = len(self.message.fields) if self.message is not None else 0
        return fields + (len(self.verdict.relations) if self.verdict is not None else 0)


def check(signed: SignedEntry, payload: bytes | None, registry: Registry) -> Checked:
    """Looks what an entry's payload is.

    Raises:
        NumberTooLarge: JSON-RPC does not carry the entry's place.
        PayloadHashMismatch: the payload is none that its author has signed.
        PayloadTooLarge: no node keeps it.
    """
    entry = signed.entry
    if entry.log_id >= WIRE_LIMIT or entry.seq_num >= WIRE_LIMIT:
        raise NumberTooLarge("Log ids and seq nums of 2^31 and more are not carried by JSON-RPC.")
    if payload is None:
        return Checked(signed, None)
    try:
        bamboo.check_payload(entry, payload)
        message = messages.decode(payload)
        messages.check_log(entry.log_id, message)
    except PayloadTooLarge:
        raise
    except (PayloadSizeMismatch, InvalidMessage) as error:
        if len(payload) > messages.MAX_SIZE:
            raise
        return Checked(signed, payload, wrong=error)
    return Checked(signed, payload, message, verdict=registry.judge(message))
