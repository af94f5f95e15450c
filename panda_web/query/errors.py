"""What can be wrong with a query by itself, and under a schema."""

from panda_web.errors import PandaError


class QueryMalformed(PandaError):
    """A part of a query is none; `data.param` says which. Between client and node it is `invalid-params`."""

    reason = "query-malformed"


class FilterTooLarge(PandaError):
    """A filter of more comparisons or values than are allowed."""

    reason = "filter-too-large"


class NotARelation(PandaError):
    """A field that `include` is to follow leads nowhere: it is no relation."""

    reason = "not-a-relation"


class OperatorNotForType(PandaError):
    """A filter compares a field in a way that its type does not know, such as a boolean by `lt`."""

    reason = "operator-not-for-type"
