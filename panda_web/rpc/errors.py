"""What goes wrong between client and node, and what a node may refuse.

    RpcError
    ├── ParseError … InternalError      JSON-RPC's own codes
    ├── RefusedByNode                   one code, APPLICATION_ERROR; `data.reason` says which rule
    │   ├── SeqNumTaken, LogSchemaMismatch, …
    │   └── Busy                        true now, perhaps not later: the same call may succeed
    └── CallFailed                      raised on the calling side
        ├── NodeUnreachable             no answer: the call may or may not have been carried out
        │   ├── NodeSilent              nor a byte of one in the time that it had
        │   │   └── NodeSlow            bytes of one, and never the last
        │   ├── ConnectionEnded         what carried both directions is gone, with all calls that were open
    │   └── NodeDown, NodeOverloaded   only a server in front of it answered
        ├── AnswerMalformed             an answer that is none
        └── ErrorFromNode               the node answered with an error; its `reason` is the node's

Every error of this package that a handler raises (a broken rule of bamboo, of messages, of keys) goes over
the wire as APPLICATION_ERROR too, with its reason.
"""

from typing import ClassVar

from panda_web.errors import DiskFull, PandaError, StoreFailed

APPLICATION_ERROR = -32000
"""The one JSON-RPC error code for everything that is not JSON-RPC's own; see `data.reason`."""


class RpcError(PandaError):
    """Base of what goes wrong between client and node."""

    reason = "rpc-error"
    code: ClassVar[int] = APPLICATION_ERROR


class ParseError(RpcError):
    """The body is not JSON."""

    reason = "parse-error"
    code = -32700


class InvalidRequest(RpcError):
    """JSON, but no JSON-RPC 2.0 request.

    Attributes:
        request_id: the id to answer with, where the request had one.
    """

    reason = "invalid-request"
    code = -32600

    def __init__(self, message: str, request_id: str | float | None = None) -> None:
        super().__init__(message)
        self.request_id = request_id


class IdInUse(InvalidRequest):
    """A call of the same session with this id is still being carried out."""

    reason = "id-in-use"


class Cancelled(RpcError):
    """Whoever asked for it no longer wants it."""

    reason = "cancelled"


class MethodNotFound(RpcError):
    """The node has no such method."""

    reason = "method-not-found"
    code = -32601


class InvalidParams(RpcError):
    """A parameter is missing, unknown or not what the method takes; `data.param` names it."""

    reason = "invalid-params"
    code = -32602


class InternalError(RpcError):
    """A fault of the node's own."""

    reason = "internal-error"
    code = -32603


class RefusedByNode(RpcError):
    """The request is well-formed, and the node does not carry it out."""

    reason = "refused"


class BodyTooLarge(RefusedByNode):
    """The request's body exceeds the node's limit."""

    reason = "body-too-large"


class BodyTooSlow(RefusedByNode):
    """The request's body did not arrive in time."""

    reason = "body-too-slow"


class ContentTypeNotJson(RefusedByNode):
    """The request does not say that it is JSON, as a form on any website could not."""

    reason = "content-type-not-json"


class BodyTooIntricate(RefusedByNode):
    """The request's body has more values than the node reads at once."""

    reason = "body-too-intricate"


class BatchTooLarge(RefusedByNode):
    """A batch of more requests than the node takes at once."""

    reason = "batch-too-large"


class AnswerTooLarge(RefusedByNode):
    """What was asked for does not fit into one answer."""

    reason = "answer-too-large"


class NumberTooLarge(RefusedByNode):
    """A log id or seq num of 2^31 or more, which the JSON wire does not carry."""

    reason = "number-too-large"


class SeqNumTaken(RefusedByNode):
    """Another entry of this author and log has this seq num already. What was sent is forgotten.

    `data.entryBytes` is that entry, in hex: the proof, without which a client need not believe it.
    """

    reason = "seq-num-taken"


class LogSchemaMismatch(RefusedByNode):
    """A message of another schema than the log holds."""

    reason = "log-schema-mismatch"


class LogCondemned(RefusedByNode):
    """It is proven that the author broke the log before this entry: nothing counts there but deletes."""

    reason = "log-condemned"


class InstanceUnknown(RefusedByNode):
    """An update or delete of something that no earlier create in the same log made."""

    reason = "instance-unknown"


class InstanceDeleted(RefusedByNode):
    """An update or delete of an instance that its author has deleted."""

    reason = "instance-deleted"


class SchemaNotRegistered(RefusedByNode):
    """The node is for the schemas that its administrator has registered, and this is none of them."""

    reason = "schema-not-registered"


class SchemaNotDefined(RefusedByNode):
    """The node holds no definition of the schema, so it has no view of it, and nothing to query."""

    reason = "schema-not-defined"


class SchemaNameUnknown(RefusedByNode):
    """The node has registered no schema of this name."""

    reason = "schema-name-unknown"


class SchemaNameAmbiguous(RefusedByNode):
    """Names may repeat, and the node has registered several schemas of this one: the id says which."""

    reason = "schema-name-ambiguous"


class RelationTargetForeign(RefusedByNode):
    """A relation leads to something that is held and is no instance of the schema that it should lead to."""

    reason = "relation-target-foreign"


class QueryTooExpensive(RefusedByNode):
    """The query takes too much of a node that others use too: narrow the filter, or order by fewer names."""

    reason = "query-too-expensive"


class SessionNeeded(RefusedByNode):
    """Who subscribes is told of changes, for which there must be a session: over a WebSocket, not by POST."""

    reason = "session-needed"


class Busy(RefusedByNode):
    """A refusal that may pass: the same call can succeed later."""

    reason = "busy"


class TooManyQueries(Busy):
    """One caller's queries that wait already are as many as may wait."""

    reason = "too-many-queries"


class TooManySubscriptions(Busy):
    """The subscriptions of this session, of this visitor, or of all together are as many as there may be."""

    reason = "too-many-subscriptions"


class TooManyCalls(Busy):
    """The calls of this session that are under way are as many as one may have."""

    reason = "too-many-calls"


class BatchTooLong(Busy):
    """The calls of the batch before this one took all the time that a batch has: this was not carried out."""

    reason = "batch-too-long"


class NodeFull(Busy):
    """The node has as many requests and answers under way as it can hold; `data.retryAfter` is in seconds."""

    reason = "node-full"


class RateExceeded(Busy):
    """Too many calls in a short time, or entries of one author; `data.retryAfter` has the seconds to wait."""

    reason = "rate-exceeded"


class AuthorQuotaReached(Busy):
    """This author's entries and payloads fill what the node grants to one author."""

    reason = "author-quota-reached"


class DiskBudgetReached(Busy):
    """The node has no room left for anybody's entries."""

    reason = "disk-budget-reached"


class SchemaPending(Busy):
    """The schema is registered, and something that it needs is not there yet."""

    reason = "schema-pending"


WITHOUT_VIEW = frozenset({"schema-not-defined", "schema-not-registered", "schema-pending"})
"""The reasons by which `panda_query` says that there is no view of a schema. What is held of it may be had by
`panda_queryEntries`, and evaluated by who asks; where the node does not give that either, it says so."""


class CallFailed(RpcError):
    """Raised on the calling side."""

    reason = "call-failed"


class NodeAddressWrong(CallFailed):
    """What was given as a node's address cannot be one."""

    reason = "node-address-wrong"


class NodeUnreachable(CallFailed):
    """No answer came. The call may have been carried out all the same."""

    reason = "node-unreachable"


class NodeSilent(NodeUnreachable):
    """No answer came in time. The call may have been carried out all the same."""

    reason = "node-silent"


class NodeSlow(NodeSilent):
    """An answer began, and was not whole in time. The call may have been carried out all the same."""

    reason = "node-slow"


class ConnectionEnded(NodeUnreachable):
    """The connection ended, and with it all open calls. They may have been carried out all the same.

    Attributes:
        cause: why it ended, as a sentence.
    """

    reason = "connection-ended"

    def __init__(self, cause: str) -> None:
        super().__init__(
            f"The connection ended: {cause or 'nobody says why.'} "
            "What was asked for may have been done all the same."
        )
        self.cause = cause


class MessagesNotRead(ConnectionEnded):
    """The other side of a connection does not read what is sent to it, so it was cut off."""

    reason = "messages-not-read"

    def __init__(self) -> None:
        super().__init__("The other side does not read what is sent to it.")


class NodeDown(NodeUnreachable):
    """A server in front of the node answered that it does not reach the node."""

    reason = "node-down"


class NodeOverloaded(NodeUnreachable):
    """The node, or a server in front of it, takes no more requests for now."""

    reason = "node-overloaded"


class RequestTooLarge(CallFailed):
    """A server in front of the node takes no request of this size."""

    reason = "request-too-large"


class AnswerMalformed(CallFailed):
    """The node's answer is not what the method gives."""

    reason = "answer-malformed"


class AnswerTooLong(AnswerMalformed):
    """The node's answer has more bytes, or more values, than are read."""

    reason = "answer-too-long"


class ErrorFromNode(CallFailed):
    """The node answered with an error.

    Attributes:
        reason: the node's own word (`seq-num-taken`, …); `node-error` where it gave none.
        node_code: the JSON-RPC error code.
    """

    reason = "node-error"

    def __init__(self, message: str, reason: str | None = None, node_code: int = 0, **data: object) -> None:
        super().__init__(message, **data)
        self.reason = reason or self.reason
        self.node_code = node_code

    @property
    def retry_after(self) -> int | None:
        """Seconds after which the node asks to be called again; None where it does not ask for it."""
        said = self.data.get("node")
        seconds = said.get("retryAfter") if isinstance(said, dict) and self.may_pass else None
        return seconds if isinstance(seconds, int) and seconds > 0 else None

    @property
    def may_pass(self) -> bool:
        """Whether the same call may succeed later: a limit was hit, or the node had a fault of its own."""
        return self.reason in _PASSING


_MAY_PASS: tuple[type[PandaError], ...] = (
    Busy,
    *Busy.__subclasses__(),
    InternalError,
    StoreFailed,
    DiskFull,
)
_PASSING = frozenset(error.reason for error in _MAY_PASS)
