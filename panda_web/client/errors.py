"""What the client refuses, or cannot do. What a node refuses comes as `rpc.ErrorFromNode`."""

from panda_web.errors import PandaError
from panda_web.rpc.errors import CallFailed


class ClientError(PandaError):
    """Base of the client's own errors."""

    reason = "client-error"


class NoKey(ClientError):
    """Writing without a key: the client was opened for reading only."""

    reason = "no-key"


class StoreConflict(ClientError):
    """Somebody else changed the own-log state in between: another tab. Nothing was recorded; try again."""

    reason = "store-conflict"


class SubscriptionTooLarge(ClientError):
    """More instances are what a subscription asks for than it keeps up to date: narrow its filter."""

    reason = "subscription-too-large"


class InstanceNotOwn(ClientError):
    """An update or delete of an instance that this key did not create, or that is deleted."""

    reason = "instance-not-own"


class LogDiverged(ClientError):
    """The node shows other entries in this log than this client signed: the key is in use elsewhere.

    `data.messages` says what lost its place: write that again. Creates go into another log from then on; what
    the node holds of this one can be changed and deleted, once it has shown the other entry.
    """

    reason = "log-diverged"


class LogForked(ClientError):
    """This key signed two entries at one place of a log, as others can prove, so the log is not gone on with.

    What was written before stays, and can be deleted. What came after is shown to nobody, unless people vote
    for its branch. Creates go into another log. `data.messages` says what came after: write that again.
    """

    reason = "log-forked"


class LogRefused(ClientError):
    """The node refuses a signed entry, and with it what follows in its log. Other nodes may take it.

    It is kept, and tried again at other nodes, and with `flush` at this one. There creates get another log.
    """

    reason = "log-refused"


class MessageRefused(ClientError):
    """The node refuses what a signed entry says. It has the entry, so its log goes on; nobody is shown it.

    Write anew what should stand.
    """

    reason = "message-refused"


class NodeLags(ClientError):
    """The node lost entries that this client does not hold either, so nothing can follow them there."""

    reason = "node-lags"


class NodeContradictsItself(ClientError):
    """Two answers of the node about one log do not go together. Nothing was signed on their strength."""

    reason = "node-contradicts-itself"


class LogNotProven(ClientError):
    """The node does not show the entries on which the next one would be built. Nothing is signed on them."""

    reason = "log-not-proven"


class SchemaNotFound(ClientError):
    """Neither this client nor the node holds the definition of the schema."""

    reason = "schema-not-found"


class NodeTooOld(ClientError):
    """The node is an early one (aquadoggo 0.1.0), which cannot take this. It was not sent there."""

    reason = "node-too-old"


class RefusedUnclearly(CallFailed):
    """An early node refuses an entry and gives no reason that a program can read. The entry is kept."""

    reason = "refused-unclearly"


class SlotBlocked(RefusedUnclearly):
    """An early node took an altered copy of an entry from somebody: it takes neither it nor what follows."""

    reason = "slot-blocked"


class PagesEndless(CallFailed):
    """The node gives page after page, and no end: it is not followed."""

    reason = "pages-endless"


class InvalidProof(ClientError):
    """A node returned an instance that its entries do not prove. It is not shown."""

    reason = "invalid-proof"


class ProofIncomplete(InvalidProof):
    """Entries are missing, too many or of something else: the instance cannot be rebuilt."""

    reason = "proof-incomplete"


class ProofMismatch(InvalidProof):
    """The node shows other values than the author signed."""

    reason = "proof-mismatch"


class FilterMismatch(InvalidProof):
    """The instance is sound, but it is not what was asked for."""

    reason = "filter-mismatch"


class OrderMismatch(InvalidProof):
    """The instance is sound, but it does not stand in its place, or lies before where the page begins."""

    reason = "order-mismatch"


class LimitMismatch(InvalidProof):
    """The node returned more instances than were asked for; those beyond are not looked at."""

    reason = "limit-mismatch"
