"""What can be wrong with a dataclass as a schema, and with what is made of it."""

from panda_web.errors import PandaError


class RecordError(PandaError):
    """Base of all that is wrong with a dataclass as a schema, or with its instances."""

    reason = "record-error"


class NotADataclass(RecordError):
    """What should be a dataclass, or an instance of one, is something else."""

    reason = "not-a-dataclass"


class FieldTypeHasNoPlace(RecordError):
    """A dataclass has a field of a type that no field of a schema can have."""

    reason = "field-type-has-no-place"


class MetaHasNoPlace(RecordError):
    """A dataclass leaves no place for what is known of its published instances."""

    reason = "meta-has-no-place"


class NotPublished(RecordError):
    """Something is asked of a dataclass's instance that only a published one has."""

    reason = "not-published"


class TimeZoneMissing(RecordError):
    """A moment without a time zone, which may be any of some forty."""

    reason = "time-zone-missing"


class TimeNotHeld(RecordError):
    """A timestamp that Python's `datetime` cannot hold: the years are 1 to 9999."""

    reason = "time-not-held"


class RecordRefused(RecordError):
    """A dataclass does not take the values of a published instance."""

    reason = "record-refused"


class RelatedMissing(RecordError):
    """What an instance leads to, and must have with it, is not to be had."""

    reason = "related-missing"


class SchemaDiffers(RecordError):
    """The schema whose id a dataclass bears is another one than the dataclass describes."""

    reason = "schema-differs"


class DataclassNotDefined(RecordError):
    """Nobody has published the schema of a dataclass, as far as this client and its node know."""

    reason = "dataclass-not-defined"


class RecordsAreWhole(RecordError):
    """Some fields of a dataclass's instances alone are asked for, or others beside them."""

    reason = "records-are-whole"
