"""What an administrator does with schemas: registers and drops them, by the node's store."""

from panda_web.bamboo import is_hex
from panda_web.errors import PandaError
from panda_web.messages import decode, system_log
from panda_web.messages.errors import SchemaMalformed
from panda_web.messages.schema import DEFINITION, read_definition
from panda_web.node.schemas.registry import Registry
from panda_web.node.schemas.states import Registered, held
from panda_web.node.store import Store
from panda_web.rpc.errors import SchemaNotRegistered
from panda_web.rpc.names import only_one


class SystemSchema(PandaError):
    """A schema of system logs, which every node knows, cannot be registered or dropped."""

    reason = "system-schema"


def id_of_held(store: Store, schema: str) -> str:
    """The id of a schema that is given by its id, or by the name that one held definition gives it.

    Raises:
        SchemaNameUnknown, SchemaNameAmbiguous: not exactly one definition that is held has the name.
    """
    if is_hex(schema):
        return schema
    with store.snapshot():
        found = [
            row.hash.hex()
            for row in store.entries.of_schema(str(DEFINITION.id))
            if row.payload is not None and read_definition(decode(row.payload)).name == schema
        ]
    return only_one(schema, found, has="holds")


async def register(store: Store, id: str) -> Registered:
    """Registers a schema, whether its definition has come or not; again is no error.

    One that was registered by itself is so by its administrator from then on, and makes room for another.

    Raises:
        SchemaMalformed, SystemSchema, InvalidSchema, InvalidFields: the id is no schema's.
        StoreFailed: the database did not obey.
    """
    if not is_hex(id):
        raise SchemaMalformed("A schema's id has 132 lower-case hex digits that begin with 0040.")
    if system_log(id) is not None:
        raise SystemSchema("This is a schema of system logs, which every node takes anyway.")
    with store.snapshot():
        held(store, id)
    await store.begin()
    with store.transaction():
        store.registrations.choose(id)
    await store.durable()
    return Registry(store).registered[id]


async def drop(store: Store, id: str) -> Registered:
    """Ends the registration of a schema, which is not registered by itself again; gives how it was.

    Its entries stay.

    Raises:
        SchemaNotRegistered: there is none.
        StoreFailed: the database did not obey.
    """
    found = Registry(store).registered.get(id)
    if found is None:
        raise SchemaNotRegistered(f"No schema {id[:16]!r} is registered at this node.")
    await store.begin()
    with store.transaction():
        store.registrations.drop(id)
    await store.durable()
    return found
