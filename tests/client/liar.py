"""A node that lies, and what it makes its lies of: everything that it was ever sent or told."""

from typing import Any

from panda_web.rpc import jsonrpc
from panda_web.rpc.transport import InProcess
from tests.authors import OTHER_SCHEMA, Author
from tests.node.test_publish import Harness

REASONS = (
    "seq-num-taken",
    "log-schema-mismatch",
    "after-end-of-log",
    "instance-unknown",
    "instance-deleted",
    "relation-target-foreign",
    "field-missing",
    "backlink-mismatch",
)
"""What a node may say of an entry, and what no client can look into."""


class Liar:
    """A transport to a node that takes nothing more, for a reason that is none.

    Args:
        node: what it was as long as it was honest.
        reason: its word.
        proof: what it shows of "the other entry"; called with the entry that was sent.
        brought: whether it takes entries that are brought to it, as a peer does; a node of an earlier version
            knows no such way.
    """

    def __init__(self, node: Harness, reason: str, proof: Any = None, *, brought: bool = False) -> None:
        self._transport = InProcess(node.node.dispatcher())
        self.reason = reason
        self.proof = proof or (lambda _: None)
        self.brought = brought
        self.calls: list[str] = []

    async def send(self, body: bytes) -> bytes:
        value = jsonrpc.loads(body)
        requests = value if isinstance(value, list) else [value]
        self.calls += [request["method"] for request in requests]
        if requests[0]["method"] == "panda_publishItems" and not self.brought:
            unknown = {"code": -32601, "message": "No.", "data": {"reason": "method-not-found"}}
            return jsonrpc.dumps({"jsonrpc": "2.0", "id": requests[0]["id"], "error": unknown})
        if requests[0]["method"] != "panda_publishEntry":
            return await self._transport.send(body)
        replies = [
            {
                "jsonrpc": "2.0",
                "id": request["id"],
                "error": {
                    "code": -32000,
                    "message": "No.",
                    "data": {
                        "reason": self.reason,
                        "entryBytes": self.proof(request["params"]["entryEncoded"]),
                    },
                },
            }
            for request in requests
        ]
        return jsonrpc.dumps(replies if isinstance(value, list) else replies[0])

    async def close(self) -> None:
        pass


def by_somebody_else(_: str) -> str:
    """A sound entry of another author."""
    return Author(7).create(n=1)[0].encoded.hex()


def of_another_log(_: str) -> str:
    """One that this author may have signed elsewhere."""
    return Author(1, log_id=7).create(OTHER_SCHEMA, n=9)[0].encoded.hex()


def forged(sent: str) -> str:
    """The same entry with another payload's size, which nobody signed."""
    return sent[:-200] + ("0" if sent[-200] != "0" else "1") + sent[-199:]


FALSE_PROOFS = {
    "none": lambda _: None,
    "a number": lambda _: 7,
    "no entry": lambda _: "00ff",
    "itself": lambda sent: sent,
    "somebody else's": by_somebody_else,
    "another log's": of_another_log,
    "forged": forged,
}
