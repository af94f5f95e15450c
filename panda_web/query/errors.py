"""What can be wrong with a query by itself."""

from panda_web.errors import PandaError


class QueryMalformed(PandaError):
    """A part of a query is none; `data.param` says which. Between client and node it is `invalid-params`."""

    reason = "query-malformed"
