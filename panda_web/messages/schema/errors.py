"""What can be wrong with schemas, one class for each broken rule.

    SchemaError
    ├── InvalidSchema       a definition that defines nothing usable
    │   └── InvalidPattern      its `validation` is no I-Regexp, or asks for too much
    └── InvalidFields       a message's fields that the schema does not accept

`data.field` names the field, where the error is about one.
"""

from panda_web.errors import PandaError


class SchemaError(PandaError):
    """Base of all that is wrong with a schema, or under one."""

    reason = "schema-error"


class InvalidSchema(SchemaError):
    """A schema's definition breaks a rule."""

    reason = "invalid-schema"


class NotADefinition(InvalidSchema):
    """The message is not a create of the schema of schema definitions."""

    reason = "not-a-definition"


class DefinitionVersionUnknown(InvalidSchema):
    """A definition of a version other than 1."""

    reason = "definition-version-unknown"


class DefinitionNotJson(InvalidSchema):
    """A definition's fields are not one JSON object with each key once."""

    reason = "definition-not-json"


class DefinitionNotToml(InvalidSchema):
    """The file of a schema is not TOML, or too large."""

    reason = "definition-not-toml"


class DefinitionKeyUnknown(InvalidSchema):
    """A definition has a key that definitions do not have."""

    reason = "definition-key-unknown"


class DefinitionKeyMissing(InvalidSchema):
    """A definition lacks a key."""

    reason = "definition-key-missing"


class DefinitionValueWrong(InvalidSchema):
    """The value of a definition's key is not of the kind that belongs there."""

    reason = "definition-value-wrong"


class SchemaNameInvalid(InvalidSchema):
    """A schema's name is empty, too long, a hash, or holds characters that no line shows."""

    reason = "schema-name-invalid"


class SchemaDescriptionInvalid(InvalidSchema):
    """A schema's description is too long, or no text."""

    reason = "schema-description-invalid"


class SchemaWithoutFields(InvalidSchema):
    """A schema without a field: nothing could be published under it."""

    reason = "schema-without-fields"


class SchemaTooManyFields(InvalidSchema):
    """A schema of more fields than are allowed."""

    reason = "schema-too-many-fields"


class FieldNameInvalid(InvalidSchema):
    """A field's name is not a letter, followed by at most 63 letters, digits and underscores."""

    reason = "field-name-invalid"


class FieldNameReserved(InvalidSchema):
    """A field's name means something else in queries: id, author, and, or, not, sealed."""

    reason = "field-name-reserved"


class FieldNameTaken(InvalidSchema):
    """Two fields of a schema have one name, or names that differ in case only."""

    reason = "field-name-taken"


class SchemaTypeUnknown(InvalidSchema):
    """A field is of a type that schemas do not have."""

    reason = "schema-type-unknown"


class RelationTargetMissing(InvalidSchema):
    """A relation does not say to which schema it leads."""

    reason = "relation-target-missing"


class RelationTargetMalformed(InvalidSchema):
    """A relation's `schema` is neither a hash of 132 lower-case hex digits nor "self"."""

    reason = "relation-target-malformed"


class OptionNotForType(InvalidSchema):
    """A field has an option that its type does not take, such as a pattern for a number."""

    reason = "option-not-for-type"


class InvalidPattern(InvalidSchema):
    """A pattern cannot be used; `data.at` is the place in it, in code points from 0, where there is one."""

    reason = "invalid-pattern"


class PatternMalformed(InvalidPattern):
    """A pattern is not written as RFC 9485 says."""

    reason = "pattern-malformed"


class PatternEscapeUnknown(InvalidPattern):
    """A backslash stands before a character that I-Regexp does not escape, such as d or w."""

    reason = "pattern-escape-unknown"


class PatternPropertyUnsupported(InvalidPattern):
    """A pattern asks for a Unicode property: their tables differ between versions, and verdicts must not."""

    reason = "pattern-property-unsupported"


class PatternGroupUnsupported(InvalidPattern):
    """A group begins with (?, as other dialects' lookaheads and named groups do."""

    reason = "pattern-group-unsupported"


class PatternRangeReversed(InvalidPattern):
    """A range of characters or of a count ends before it begins."""

    reason = "pattern-range-reversed"


class PatternTooLong(InvalidPattern):
    """A pattern of more characters than are allowed."""

    reason = "pattern-too-long"


class PatternTooDeep(InvalidPattern):
    """A pattern of more groups within each other than are allowed."""

    reason = "pattern-too-deep"


class PatternTooLarge(InvalidPattern):
    """A pattern, or all of a schema's, has too many characters and classes, repeats counted out."""

    reason = "pattern-too-large"


class InvalidFields(SchemaError):
    """The fields of a message do not fit its schema."""

    reason = "invalid-fields"


class FieldUnknown(InvalidFields):
    """A field that the schema does not have."""

    reason = "field-unknown"


class FieldMissing(InvalidFields):
    """A create lacks a field that is not optional."""

    reason = "field-missing"


class FieldRequired(InvalidFields):
    """An update empties a field that is not optional."""

    reason = "field-required"


class ValueTypeMismatch(InvalidFields):
    """A field's value is of another type than the schema gives the field."""

    reason = "value-type-mismatch"


class TextTooLong(InvalidFields):
    """A varchar or timestamp of more than 255 characters."""

    reason = "text-too-long"


class ArrayTooLong(InvalidFields):
    """An array of more items than are allowed."""

    reason = "array-too-long"


class TimestampMalformed(InvalidFields):
    """A timestamp is not written as RFC 3339 says, or names a moment that no calendar has."""

    reason = "timestamp-malformed"


class TimestampOutOfRange(InvalidFields):
    """A timestamp's moment, in UTC, lies before the year 0000 or after 9999."""

    reason = "timestamp-out-of-range"


class PatternNotMatched(InvalidFields):
    """A text does not match the pattern that the schema gives its field."""

    reason = "pattern-not-matched"


class PatternTooCostly(InvalidFields):
    """A message's texts are too long for the patterns of their fields."""

    reason = "pattern-too-costly"
