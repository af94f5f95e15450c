"""What the tabs of a site ask of the one that has its database, besides what any node answers."""

from collections.abc import Mapping
from typing import Any, Final

from panda_web.rpc import types
from panda_web.rpc.table import Method, Param
from panda_web.rpc.wish import EVERYTHING, MAX_WISHED, WISH_AND_OWN

ABOUT: Final = Method("tab_about", "Which database it is, and how it is kept.", (), types.OBJECT)

FILL: Final = Method(
    "tab_fill",
    "Has a schema brought from a node, for as long as it is asked, and says how that stands: once it is "
    "otherwise than was told, or after a while.",
    (
        Param("node", types.TEXT),
        Param("schema", types.HASH),
        Param("both", types.BOOL, False, "Whether what is here goes there too."),
        Param("wish", WISH_AND_OWN, EVERYTHING, "How much of it."),
        Param("told", types.nullable(types.OBJECT), None),
    ),
    types.OBJECT,
)

HURRY: Final = Method("tab_hurry", "Ends all pauses: there is a network again, perhaps.", (), types.OBJECT)

FORGET: Final = Method("tab_forget", "Takes the database away, with all that is in it.", (), types.OBJECT)

_INSTANCE = Param("instance", types.HASH, None)
_AUTHOR = Param("author", types.AUTHOR, None)
_SCHEMA = Param("schema", types.HASH, None)

DROP: Final = Method(
    "tab_drop",
    "Removes payloads by a rule: whole instances, which do not come back by themselves.",
    (
        _INSTANCE,
        _AUTHOR,
        _SCHEMA,
        Param("largerThan", types.integer(0, types.WIRE_LIMIT), None),
        Param("dryRun", types.BOOL, False),
    ),
    types.OBJECT,
)

KEEP: Final = Method(
    "tab_keep",
    "Takes back what was removed, all of it or some, and has it brought again.",
    (_INSTANCE, _AUTHOR, _SCHEMA),
    types.OBJECT,
)

FORKS: Final = Method(
    "tab_forks",
    "Brings from a node what proves forks of a log that is held, with its branches.",
    (Param("node", types.TEXT), Param("author", types.AUTHOR), Param("logId", types.LOG_ID)),
    types.OBJECT,
)

TRUST: Final = Method(
    "tab_trust",
    "Counts the votes of some authors about forked logs from now on; gives all whose votes count.",
    (
        Param(
            "named",
            types.nullable(types.array(types.AUTHOR, MAX_WISHED)),
            None,
            "Whom a page names. Without it, those that were named last.",
        ),
        Param("own", types.array(types.AUTHOR, MAX_WISHED), (), "The reader's own keys."),
    ),
    types.array(types.AUTHOR),
)

TAB_METHODS: Final[Mapping[str, Method[Any]]] = {
    method.name: method for method in (ABOUT, DROP, FILL, FORGET, FORKS, HURRY, KEEP, TRUST)
}
