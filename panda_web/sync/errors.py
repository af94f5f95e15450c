"""What ends a filling, for a while or for good."""

from panda_web.errors import PandaError


class SyncError(PandaError):
    """Bringing entries from one node to another did not go on."""

    reason = "sync-failed"


class SourceUnsound(SyncError):
    """A node gave too much that is nothing, so it is left alone for a while. What was verified stays."""

    reason = "source-unsound"


class NewsInVain(SourceUnsound):
    """A node says again and again that it has news, and gives none, so it is left alone for a while."""

    reason = "news-in-vain"


class PartnerTooOld(SyncError):
    """A node does not know the methods by which nodes are kept alike."""

    reason = "partner-too-old"


class SinkFull(SyncError):
    """There is no room here for what the node has. What came before stays."""

    reason = "sink-full"


class SinkRefuses(SyncError):
    """What the node has is not taken in here, by a rule of whoever runs this store."""

    reason = "sink-refuses"


class WantsTooMany(SyncError):
    """No more schemas are brought at once than there are already."""

    reason = "wants-too-many"


class ItemUnfit(SyncError):
    """A node gave entries that do not belong to what it was asked for."""

    reason = "item-unfit"
