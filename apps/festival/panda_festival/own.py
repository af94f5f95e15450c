"""What an author has published before: what was signed here, and what the node has of the same author."""

from collections.abc import Mapping
from dataclasses import dataclass

from panda_web.client import Client
from panda_web.messages import Field
from panda_web.messages.schema import Schema
from panda_web.rpc.errors import CallFailed

Instances = Mapping[str, Mapping[str, Field]]
"""Ids to fields."""


@dataclass(frozen=True, slots=True)
class Own:
    """The author's own instances of a schema.

    Attributes:
        there: those that are published, or signed and on their way.
        deleted: those that were deleted, as they were before that; as far as is known here.
        complete: whether nothing is lacking. A key that was restored knows what the node has, but not what
            was deleted elsewhere: nobody keeps the contents of that.
    """

    there: Instances
    deleted: Instances
    complete: bool


async def own_instances(panda: Client, schema: Schema) -> Own:
    """The author's own instances of a schema.

    Where this client knows all that the author wrote, its own logs count. Else another copy of the key may
    have changed and deleted some, and the node's word counts.

    Raises:
        CallFailed: the node does not answer, and may know of some that were not signed here.
    """
    schema_id = str(schema.id)
    signed, ended = await panda.own(schema_id), await panda.own(schema_id, deleted=True)
    complete = await panda.is_complete(schema_id)
    try:
        answer = await panda.query(schema_id, filter={"author": panda.author}).all()
    except CallFailed:
        if not complete:
            raise
        return Own(signed, ended, complete)
    at_node = {each.id: each.fields for each in answer if each.id not in ended}
    if complete:
        return Own(at_node | signed, ended, complete)
    known = at_node.keys() | {each.id for each in answer.rejected}
    on_their_way = await panda.pending(schema_id) > 0
    gone = {} if on_their_way else {each: signed[each] for each in signed.keys() - known}
    rest = {each: fields for each, fields in signed.items() if each not in gone}
    return Own(rest | at_node, ended | gone, complete)
