"""Forked logs, as a node names them. That a log is forked is proven here; votes are the node's word."""

from collections.abc import Sequence

from panda_web import log
from panda_web.client.drawn import Forked, ToldVote, fork_of
from panda_web.keys import Verifier
from panda_web.rpc.connection import Connection
from panda_web.rpc.errors import AnswerMalformed, ErrorFromNode, MethodNotFound
from panda_web.rpc.forks import GET_FORK_PROOFS, ForkedLog
from panda_web.rpc.types import WIRE_LIMIT, Json
from panda_web.rpc.wish import Log

PAGE = 100
"""Forked logs that are asked for at once."""

MOST_PLACES = 1_000
"""Places at which the logs of one answer fork: each is a proof to be checked."""


async def forks_of(
    connection: Connection,
    verifier: Verifier,
    author: bytes | None = None,
    log_id: int | None = None,
    after: Log | None = None,
) -> list[ForkedLog]:
    """A page of the forked logs that a node names, each with a proof that was checked.

    Args:
        connection: to the node.
        verifier: checks signatures.
        author: only logs of this one.
        log_id: only this log of the author; it comes with all the votes that a node gives.
        after: the last log in the page before.

    Returns:
        In order of author, log id and place; nothing behind the last page, and where the node is too old to
        say.

    Raises:
        CallFailed: the node cannot be reached; AnswerMalformed, where it gives something else than was asked
            for.
        InvalidSignature: a proof is none, since its author has not signed it.
    """
    limit = PAGE if log_id is None else 1
    params: dict[str, Json] = {
        "author": author.hex() if author is not None else None,
        "logId": log_id,
        "after": f"{after[0].hex()}/{after[1]}" if after is not None else None,
    }
    given = {name: value for name, value in params.items() if value is not None}
    try:
        found = await connection.call(GET_FORK_PROOFS, **given, limit=limit)
    except ErrorFromNode as error:
        if error.node_code == MethodNotFound.code:  # then it knows of none
            return []
        raise
    if len(found) > MOST_PLACES or len({each.log for each in found}) > limit:
        raise _wrong("is about more logs, or more places of them, than an answer may be")
    before = (after, WIRE_LIMIT) if after is not None else ((b"", 0), 0)
    for each in found:
        if author not in (None, each.proof.author) or log_id not in (None, each.proof.log_id):
            raise _wrong("is about another log")
        here = each.log, each.proof.position
        if here <= before:
            raise _wrong("is not in order")
        if len({vote.voter for vote in each.votes}) < len(each.votes):
            raise _wrong("has two votes of one voter")
        before = here
        await log.verify_proof(each.proof.encode(), verifier)
    return found


def _wrong(how: str) -> AnswerMalformed:
    return AnswerMalformed(f"The node's answer to {GET_FORK_PROOFS.name} {how}.")


def forked(found: Sequence[ForkedLog]) -> tuple[Forked, ...]:
    """The same for people and pages."""
    return tuple(
        Forked(
            each.proof.author.hex(),
            each.proof.log_id,
            fork_of(each.proof),
            each.second,
            tuple(ToldVote(vote.voter.hex(), vote.entry.hex(), vote.counted) for vote in each.votes),
            each.followed.hex() if each.followed is not None else None,
        )
        for each in found
    )
