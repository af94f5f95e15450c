"""What can be wrong with an entry, one class for each broken rule of the Bamboo specification."""

from panda_web.errors import PandaError


class InvalidEntry(PandaError):
    """The bytes are not one entry in its only valid form."""

    reason = "invalid-entry"


class EntryTruncated(InvalidEntry):
    """The bytes end before the entry does."""

    reason = "entry-truncated"


class EntryTrailing(InvalidEntry):
    """Bytes follow the signature."""

    reason = "entry-trailing-bytes"


class UnknownTag(InvalidEntry):
    """The first byte is neither 00 (entry) nor 01 (end of log)."""

    reason = "unknown-tag"


class IntegerTruncated(EntryTruncated):
    """The bytes end inside a VarU64."""

    reason = "integer-truncated"


class IntegerNotCanonical(InvalidEntry):
    """A VarU64 is written in more bytes than it needs."""

    reason = "integer-not-canonical"


class SeqNumZero(InvalidEntry):
    """Seq nums begin at 1."""

    reason = "seq-num-zero"


class HashMalformed(InvalidEntry):
    """A hash does not begin with 00 40."""

    reason = "hash-malformed"


class InvalidLink(PandaError):
    """The entry does not fit where it says that it belongs in its log."""

    reason = "invalid-link"


class BacklinkMissing(InvalidLink):
    """The entry before this one is not known, so the backlink cannot be checked."""

    reason = "backlink-missing"


class SkiplinkMissing(InvalidLink):
    """The entry that the skiplink names is not known, so it cannot be checked."""

    reason = "skiplink-missing"


class BacklinkMismatch(InvalidLink):
    """The backlink is not the hash of the entry before."""

    reason = "backlink-mismatch"


class SkiplinkMismatch(InvalidLink):
    """The skiplink is not the hash of the entry at lipmaa(seq num)."""

    reason = "skiplink-mismatch"


class LinkAuthorMismatch(InvalidLink):
    """A link target has another author."""

    reason = "link-author-mismatch"


class LinkLogMismatch(InvalidLink):
    """A link target lies in another log."""

    reason = "link-log-mismatch"


class LinkSeqNumMismatch(InvalidLink):
    """A link target has not the seq num that the rule demands."""

    reason = "link-seq-num-mismatch"


class AfterEndOfLog(InvalidLink):
    """The log was ended by its author before this entry."""

    reason = "after-end-of-log"


class InvalidPayload(PandaError):
    """The payload is not the one that the entry announces."""

    reason = "invalid-payload"


class PayloadHashMismatch(InvalidPayload):
    """The payload's hash differs from the one in the entry."""

    reason = "payload-hash-mismatch"


class PayloadSizeMismatch(InvalidPayload):
    """The payload's size differs from the one in the entry."""

    reason = "payload-size-mismatch"


class InvalidForkProof(PandaError):
    """Two entries that are said to prove a fork do not."""

    reason = "invalid-fork-proof"


class HalvesEqual(InvalidForkProof):
    """They are the same entry."""

    reason = "fork-halves-equal"


class HalvesApart(InvalidForkProof):
    """They are of two authors, or of two logs."""

    reason = "fork-halves-apart"


class HalvesDisordered(InvalidForkProof):
    """They stand in the wrong order, so the bytes are not the only valid form of the proof."""

    reason = "fork-halves-disordered"


class ProvesNothing(InvalidForkProof):
    """They can both stand in one log."""

    reason = "proves-no-fork"
