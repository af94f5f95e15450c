"""What an author has published before, by a field that is unique among it."""

from panda_web.client import Client
from panda_web.messages.schema import Schema
from panda_web.rpc.errors import CallFailed


async def own_by(panda: Client, schema: Schema, field: str) -> dict[str, str]:
    """A field's value to the id, of the author's own instances: those signed here, and those at the node.

    Raises:
        CallFailed: the node does not answer, and may know of some that were not signed here.
    """
    schema_id = str(schema.id)
    own = await panda.own(schema_id)
    found = {str(fields[field].value): each for each, fields in own.items() if field in fields}
    try:
        answer = await panda.query_all(schema_id, filter={"author": panda.author})
    except CallFailed:
        if not await panda.is_complete(schema_id):
            raise
        return found
    return found | {str(each[field]): each.id for each in answer if field in each.fields}
