"""What is to be written: messages, and those that can only be made once their slot is known.

Most messages say the same wherever they stand. What is sealed does not: its ciphertext is bound to author,
log id, seq num and backlink, so that nobody can carry it to another place. Such a message is a
`BoundMessage`. It is made when its turn to be signed has come, and made anew where its slot is lost before
its entry is recorded: because another tab was faster, or a fork was shown.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from panda_web import log as log_module
from panda_web.bamboo import Head, Slot
from panda_web.keys import Signer
from panda_web.log import SignedEntry
from panda_web.messages import Action, Field, Message


@dataclass(frozen=True, slots=True)
class AtSlot:
    """Fields for `Client.create` and `Client.update` that depend on where the message will stand.

    Attributes:
        fields: gives them for a slot, as values that the client takes. See `BoundMessage.fields`.
    """

    fields: Callable[[Slot], Awaitable[Mapping[str, object]]]


@dataclass(frozen=True, slots=True)
class BoundMessage:
    """A message whose fields depend on where it stands in a log.

    Attributes:
        action: create or update.
        schema: the schema's id, 132 hex digits.
        id: the instance; None in a create.
        fields: gives them for a slot. It may be asked for one slot after the other, and what it gave for an
            earlier one is forgotten. What it raises, the write raises.
    """

    action: Action
    schema: str
    id: str | None
    fields: Callable[[Slot], Awaitable[Mapping[str, Field]]]

    async def at(self, slot: Slot) -> Message:
        """The message for a slot."""
        return Message(self.action, self.schema, self.id, await self.fields(slot))


Draft = Message | BoundMessage


@dataclass(frozen=True, slots=True)
class Filled:
    """What was signed for a slot.

    Attributes:
        signed: the entry.
        payload: the message's bytes.
        message: what they say.
    """

    signed: SignedEntry
    payload: bytes
    message: Message


class Drafts:
    """The messages of one write. Each is encoded once; a bound one once for each slot that it may get.

    Args:
        drafts: in the order in which they are signed.
        check: raises for messages that must not be signed. It is called with each bound message; whoever
            begins the write calls it with the others.

    Raises:
        InvalidMessage: one of the messages breaks a rule.
    """

    def __init__(
        self, drafts: Sequence[Draft], check: Callable[[Sequence[Message]], Awaitable[None]]
    ) -> None:
        self._drafts = drafts
        self._check = check
        self._ready = {
            at: (draft, draft.encode()) for at, draft in enumerate(drafts) if isinstance(draft, Message)
        }
        self._slots: dict[int, Slot] = {}

    async def sign(self, signer: Signer, log_id: int, head: Head, start: int, stop: int) -> list[Filled]:
        """Signs those from `start` up to `stop`, to stand behind a log's head.

        Messages that fit any slot are signed as one chain. One that is bound to its slot is a chain of its
        own, since its slot is known only when the entry before is signed.

        Raises:
            BacklinkMissing, SkiplinkMissing: the head lacks a hash that an entry must contain.
            InvalidMessage: what was made for a slot breaks a rule.
        """
        filled: list[Filled] = []
        for _, together in groupby(range(start, stop), key=self._alone):
            slot = head.slot(signer.author, log_id)
            ready = [await self._for(slot, at) for at in together]
            chain = log_module.chain(signer.author, log_id, head, [payload for _, payload in ready])
            for signed, (message, payload) in zip(await signer.sign_chain(chain), ready, strict=True):
                filled.append(Filled(signed, payload, message))
            head = head.advance(*(each.signed.hash for each in filled[-len(ready) :]))
        return filled

    def __len__(self) -> int:
        return len(self._drafts)

    def __getitem__(self, at: int) -> Draft:
        return self._drafts[at]

    def _alone(self, at: int) -> int | None:
        """What keeps a bound message apart from its neighbours; all others are alike."""
        return at if isinstance(self._drafts[at], BoundMessage) else None

    async def _for(self, slot: Slot, at: int) -> tuple[Message, bytes]:
        """A message and its payload; a bound one as it is for this slot."""
        draft = self._drafts[at]
        if isinstance(draft, BoundMessage) and self._slots.get(at) != slot:
            message = await draft.at(slot)
            await self._check([message])
            self._ready[at], self._slots[at] = (message, message.encode()), slot
        return self._ready[at]
