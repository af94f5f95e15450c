"""What can be wrong with a message, one class for each broken rule."""

from panda_web.errors import PandaError


class InvalidMessage(PandaError):
    """The bytes are not a message, or the message breaks a rule."""

    reason = "invalid-message"


class CborTruncated(InvalidMessage):
    """The bytes end before the message does."""

    reason = "cbor-truncated"


class CborTrailing(InvalidMessage):
    """Bytes follow the message."""

    reason = "cbor-trailing-bytes"


class CborIndefinite(InvalidMessage):
    """An item of indefinite length: messages are of definite lengths only."""

    reason = "cbor-indefinite-length"


class CborMalformed(InvalidMessage):
    """Not well-formed CBOR: a reserved head."""

    reason = "cbor-malformed"


class TextMalformed(InvalidMessage):
    """A text that is not UTF-8."""

    reason = "text-malformed"


class WrongType(InvalidMessage):
    """An item of another CBOR type than stands at this place in a message."""

    reason = "wrong-type"


class KeyUnknown(InvalidMessage):
    """A key that messages do not have."""

    reason = "key-unknown"


class KeyDuplicate(InvalidMessage):
    """The same key twice in one map."""

    reason = "key-duplicate"


class KeyMissing(InvalidMessage):
    """A key that this action needs is not there."""

    reason = "key-missing"


class KeyNotAllowed(InvalidMessage):
    """A key that this action must not have: `id` and `previous` in a create, `fields` in a delete."""

    reason = "key-not-allowed"


class ActionUnknown(InvalidMessage):
    """The action is none of create, update, delete."""

    reason = "action-unknown"


class VersionUnsupported(InvalidMessage):
    """A message version other than 1."""

    reason = "version-unsupported"


class SchemaMalformed(InvalidMessage):
    """The schema is not a hash of 132 lower-case hex digits."""

    reason = "schema-malformed"


class IdMalformed(InvalidMessage):
    """The id is not a hash of 132 lower-case hex digits."""

    reason = "id-malformed"


class PreviousEmpty(InvalidMessage):
    """A `previous` without a single hash: who knows of no other log leaves it out."""

    reason = "previous-empty"


class PreviousTooMany(InvalidMessage):
    """A `previous` of more hashes than a person has devices."""

    reason = "previous-too-many"


class PreviousMalformed(InvalidMessage):
    """A `previous` with something that is not a hash of 132 lower-case hex digits."""

    reason = "previous-malformed"


class PreviousUnordered(InvalidMessage):
    """A `previous` whose hashes do not ascend, or with one of them twice."""

    reason = "previous-unordered"


class FieldsEmpty(InvalidMessage):
    """A create or update without a single field."""

    reason = "fields-empty"


class FieldsTooMany(InvalidMessage):
    """More fields than a schema's definition may have: no message needs them."""

    reason = "fields-too-many"


class FieldNameTooLong(InvalidMessage):
    """A field's name of more characters than any name needs: a node keeps names in its indexes."""

    reason = "field-name-too-long"


class FieldTypeUnknown(InvalidMessage):
    """A field of a type that does not exist."""

    reason = "field-type-unknown"


class FieldTypeMismatch(InvalidMessage):
    """A field's value is not of the type that the field names."""

    reason = "field-type-mismatch"


class FieldTypeAmbiguous(InvalidMessage):
    """A value given without a type, from which the type cannot be told: an empty list, a mixed one."""

    reason = "field-type-ambiguous"


class IntegerOutOfRange(InvalidMessage):
    """An integer outside signed 64 bits."""

    reason = "integer-out-of-range"


class FloatNotFinite(InvalidMessage):
    """NaN or an infinity, which JSON cannot carry."""

    reason = "float-not-finite"


class RelationMalformed(InvalidMessage):
    """A relation is not a hash of 132 lower-case hex digits."""

    reason = "relation-malformed"


class PayloadTooLarge(InvalidMessage):
    """A message of more than 1 MiB."""

    reason = "payload-too-large"


class SystemLogMismatch(InvalidMessage):
    """A message in a system log that is not of that log's schema, or a system schema in a user log."""

    reason = "system-log-mismatch"


class SystemLogCreateOnly(InvalidMessage):
    """An update or delete in the log of schema definitions, which takes creates only."""

    reason = "system-log-create-only"


class VoteChanged(InvalidMessage):
    """An update in the log of votes, which takes creates and deletes only."""

    reason = "vote-changed"


class VoteMalformed(InvalidMessage):
    """A vote that does not say which log forks where, and which entry is to be followed."""

    reason = "vote-malformed"


class VoteOnVotes(InvalidMessage):
    """A vote about a log of votes."""

    reason = "vote-on-votes"
