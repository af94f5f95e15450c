"""The OpenRPC document (spec.open-rpc.org), made from the table of methods."""

from collections.abc import Iterable

from panda_web.rpc.errors import APPLICATION_ERROR
from panda_web.rpc.queries import SCHEMAS_BY_NAME
from panda_web.rpc.table import Method, Param
from panda_web.rpc.types import Json

OPENRPC_VERSION = "1.3.2"


def document(
    methods: Iterable[Method[Json]], version: str, notifications: Iterable[Method[Json]] = ()
) -> dict[str, Json]:
    """The document for these methods of a node of this version, and for what it tells unasked."""
    return {
        "openrpc": OPENRPC_VERSION,
        "info": {"title": "p2panda node", "version": version},
        "components": {"schemas": dict(SCHEMAS_BY_NAME)},
        "methods": [
            {
                "name": method.name,
                "summary": method.summary,
                "paramStructure": "either",
                "params": [_param(param) for param in method.params],
                "result": {"name": "result", "schema": dict(method.result.schema)},
                "errors": [{"code": APPLICATION_ERROR, "message": "data.reason says which rule was broken"}],
            }
            for method in methods
        ],
        # OpenRPC has no place for what the called side begins.
        "x-notifications": [
            {"name": each.name, "summary": each.summary, "params": [_param(param) for param in each.params]}
            for each in notifications
        ],
    }


def _param(param: Param) -> dict[str, Json]:
    return {"name": param.name, "required": param.default is ..., "schema": dict(param.type.schema)}
