"""The worker's table of methods: what a page can ask for, by the names of `panda.js`.

The worker checks params by it and binds its handlers to it (`browser.api`). `panda.js` makes its calls from
it: params that must be given come by position, the others in an object behind them. The types for websites
are made from it too (`tools/reference.py`), so a summary is what their authors read.

`METHODS` have one answer. What is in `SERIES` gives answers one after the other (`browser.series`), each as
its result says; a name that is in both can be awaited, and iterated.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from panda_web.rpc import types
from panda_web.rpc.long_text import LONG_TEXT, NUMBER
from panda_web.rpc.methods import DEFAULT_LIMIT, MAX_LIMIT
from panda_web.rpc.removed import MAX_ASKED
from panda_web.rpc.table import Method, Param
from panda_web.rpc.wish import EVERYTHING, MAX_WISHED, WISH

if TYPE_CHECKING:  # no tab loads it
    from panda_web.browser.shapes import Mode

_SCHEMA, _ID = Param("schema", types.SCHEMA), Param("id", types.HASH)
_FIELDS = Param("fields", types.named("Fields"))
_WRITTEN, _AUTHOR = types.named("Written"), types.named("Author")

MODES: Final[tuple["Mode", ...]] = ("first", "remote", "local")

_TRUSTED = types.array(types.AUTHOR, MAX_WISHED)

MAX_PEERS = 8
"""Nodes that a page keeps the site's own one alike with, besides its node."""

OPEN: Final = Method(
    "open",
    "Connects.",
    (
        Param("version", types.TEXT),
        Param("node", types.TEXT),
        Param("mode", types.TEXT),
        Param("peers", types.array(types.TEXT, MAX_PEERS), ()),
        Param("wish", WISH, EVERYTHING),
        Param("trusted", types.nullable(_TRUSTED), None),
    ),
    types.OBJECT,
)
STEPS: Final[Mapping[str, Method[Any]]] = {
    method.name: method
    for method in (
        Method(
            "begin", "Begins a series.", (Param("series", types.TEXT), Param("params", types.OBJECT)), NUMBER
        ),
        Method("next", "What comes next in it.", (Param("number", NUMBER),), types.OBJECT),
        Method("stop", "Ends it.", (Param("number", NUMBER),), types.nullable(types.OBJECT)),
    )
}
"""What `panda.js` calls to read a series."""

PIECE: Final = Method(
    "piece",
    "One more piece of a long text.",
    (Param("number", NUMBER, None), Param("text", types.TEXT)),
    NUMBER,
)
"""What `panda.js` calls to give a long text (`browser.pieces`)."""


def in_pieces(method: Method[Any]) -> list[str]:
    """The names of the params that may come in pieces."""
    return [param.name for param in method.params if param.type is LONG_TEXT]


_FILTER: Final = Param(
    "filter",
    types.OBJECT,
    None,
    'Field names, "author" or "id", each with the value that it must equal, or with operators, as '
    '{ gte: 3 }; "and", "or" and "not" join filters (docs/protocol.md).',
)


def _query(limit: int | None) -> tuple[Param, ...]:
    """What a query takes.

    Args:
        limit: how many instances are given where the page does not say; None for all.
    """
    return (
        _SCHEMA,
        _FILTER,
        Param("orderBy", types.array(types.TEXT), (), 'Names, with "-" before one for descending.'),
        Param(
            "limit",
            types.integer(1, MAX_LIMIT),
            limit,
            f"How many at most, up to {MAX_LIMIT:,}. Without it all are iterated; a page that is awaited "
            f"has {DEFAULT_LIMIT}.",
        ),
        Param("after", types.TEXT, None, "`after` of the page before, until a page is empty."),
        Param("select", types.array(types.TEXT), None, "The fields that are wanted; all without it."),
        Param(
            "include",
            types.array(types.TEXT),
            (),
            'Relations, such as "blog", or "blog.owner" for one that is led to by another. What they lead to '
            "comes with the answer, each checked, as `_included.blog`.",
        ),
    )


METHODS: Final[Mapping[str, Method[Any]]] = {
    method.name: method
    for method in (
        Method(
            "create",
            "Publishes a new instance. Writes take effect in the order in which they were begun, also "
            "where nobody waits in between.",
            (_SCHEMA, _FIELDS),
            _WRITTEN,
            writes=True,
        ),
        Method(
            "update",
            "Changes some fields of an own instance.",
            (_SCHEMA, _ID, _FIELDS),
            _WRITTEN,
            writes=True,
        ),
        Method("delete", "Ends an own instance.", (_SCHEMA, _ID), _WRITTEN, writes=True),
        Method(
            "vote",
            "Votes which branch of a forked log to follow, for those who count votes of this author; here "
            "that is so. Whoever votes again about the same place has changed their vote.",
            (
                Param("author", types.AUTHOR, about="Whose log it is."),
                Param("logId", types.LOG_ID),
                Param("seqNum", types.SEQ_NUM, about="The place at which it forks."),
                Param("entry", types.HASH, about="The hash of the entry there that is to be followed."),
            ),
            _WRITTEN,
            writes=True,
        ),
        Method(
            "trust",
            "Counts the votes of these authors about forked logs in this browser, in place of those that "
            "were trusted before, also at later visits; those of the own key count in any case. They are "
            "public keys, 50 at most. Gives all whose votes count.",
            (Param("authors", _TRUSTED),),
            types.array(types.AUTHOR),
        ),
        Method(
            "query",
            "Instances, each rebuilt from its signed entries; what fails that is in `rejected` instead. "
            "Iterated (`for await`), it gives all, and fetches them in pages; `toArray()` gives an array of "
            "all; awaited, it is the first page.",
            _query(DEFAULT_LIMIT),
            types.named("Page"),
        ),
        Method(
            "versions",
            "What the author of an instance has said of it, entry by entry, each checked; nothing where it "
            "is not there.",
            (_SCHEMA, _ID),
            types.named("Versions"),
        ),
        Method(
            "log",
            "A window of a log as it can be drawn: entries, their links, and for each the path that verifies "
            "it. Signatures, links and the proof of a fork are checked; what became of payloads is the "
            "node's word. It is what this browser holds of the log or, where that is nothing, what the node "
            "holds.",
            (
                Param("author", types.AUTHOR),
                Param("logId", types.LOG_ID),
                Param(
                    "at",
                    types.SEQ_NUM,
                    None,
                    "An entry whose path is wanted. The window is around it, unless `last` is given.",
                ),
                Param("last", types.SEQ_NUM, None, "The last entry of the window; else the log's last one."),
                Param("limit", types.integer(1, 400), 40, "Entries of the window, up to 400."),
            ),
            types.named("Log"),
        ),
        Method(
            "count",
            "How many instances there are that a filter lets pass. It is the node's word, which nothing "
            "proves.",
            (_SCHEMA, _FILTER),
            types.integer(0, (1 << 53) - 1),
        ),
        Method(
            "define",
            "Publishes the definition of a schema and makes it known; the same one again is found, and "
            "not published twice.",
            (Param("schema", types.named("SchemaDefinition")),),
            types.named("Schema"),
            writes=True,
        ),
        Method(
            "schema",
            "A schema by its id, or by a name that one schema has: its definition is fetched once and "
            "checked. `create` and `update` find it by themselves, wherever it can be had, and its fields "
            "decide what they write: for a float 3 is a float, a relation is the id as a plain string, [] "
            "has a type. What the schema forbids is refused before anything is signed.",
            (Param("id", types.SCHEMA),),
            types.named("Schema"),
        ),
        Method(
            "schemas",
            "The schemas that the node lists, and own and known ones that it does not. What the node says"
            " of them is not checked: `schema(id)` is. Of those that it has no view of it is a page: "
            "`after` the last id of one comes the next, until one is empty.",
            (Param("after", types.TEXT, None),),
            types.array(types.named("ListedSchema")),
        ),
        Method(
            "describe",
            "What is wrong with a definition that somebody is writing, field by field, and its file. "
            "Publishes nothing.",
            (Param("draft", types.named("SchemaDraft")),),
            types.named("DescribedDraft"),
        ),
        Method(
            "schemaFromToml",
            "The definition in a file, which is TOML.",
            (Param("text", types.TEXT),),
            types.named("SchemaDefinition"),
        ),
        Method(
            "nodePeers",
            "The nodes that the page's node exchanges with, as far as it tells: public ones that it was in "
            "contact with within a week, the last one first.",
            (),
            types.array(types.named("NodePeer")),
        ),
        Method("pending", "How many signed entries the node has not acknowledged.", (), types.LOG_ID),
        Method(
            "flush",
            "Sends them at once, and not when the node is next seen; gives how many were sent.",
            (),
            types.LOG_ID,
            writes=True,
        ),
        Method(
            "storage",
            "How this browser keeps what is here, and how much space it takes. The first write asks it to "
            "keep that until the visitor deletes it; Firefox puts the question to the visitor.",
            (),
            types.named("Storage"),
        ),
        Method(
            "backUp",
            "The key pair under a passphrase of eight characters at least, as encrypted PEM (PKCS #8), "
            "while `canBackUp`; then it cannot be copied any more.",
            (Param("passphrase", types.TEXT),),
            types.TEXT,
        ),
        Method(
            "importBegin",
            "Begins to take in a file that `export` gave, here or elsewhere: its text goes to `importPart` "
            "in pieces of any size, and `importEnd` says that there are no more. Nothing in it is believed: "
            "each entry is verified.",
            (),
            types.named("Imported"),
        ),
        Method(
            "importPart",
            "The next piece of the file; gives what became of it so far.",
            (Param("text", types.TEXT),),
            types.named("Imported"),
            long=True,
            writes=True,
        ),
        Method("importEnd", "The file has no more.", (), types.named("Imported"), writes=True),
        Method(
            "forget",
            "Removes all that this site keeps in this browser: what was seen, what was written, the keys. "
            'Refused with the reason "own-unsent" where entries that were written here are nowhere else, '
            "unless `unsent` is true. It ends all connections of this site, in all tabs.",
            (Param("unsent", types.BOOL, False, "Whether what is nowhere else may be lost."),),
            types.named("Forgotten"),
        ),
        Method(
            "drop",
            "Removes from this browser what all of the given conditions hold for, and gives how much that "
            "was: whole instances, which do not come back by themselves. Nothing is removed anywhere else.",
            (
                Param("instance", types.HASH, None, "An instance. It stands alone."),
                Param("author", types.AUTHOR, None, "What this author wrote."),
                Param("schema", types.HASH, None, "What is of this schema."),
                Param(
                    "largerThan",
                    types.integer(0, types.WIRE_LIMIT),
                    None,
                    "What has a message of more than so many bytes.",
                ),
                Param("dryRun", types.BOOL, False, "Whether nothing is removed, and only counted."),
            ),
            types.named("Dropped"),
        ),
        Method(
            "keep",
            "Takes back what was removed from this browser: one instance, or what is of an author, or of a "
            "schema, or all; and fetches it again, where it can be had.",
            (
                Param("instance", types.HASH, None, "An instance. It stands alone."),
                Param("author", types.AUTHOR, None, "What this author wrote."),
                Param("schema", types.HASH, None, "What is of this schema."),
            ),
            types.named("Kept"),
        ),
        Method(
            "removed",
            "Which of some instances, and authors, were removed: here by a reader, at the node by whoever "
            "runs it, or by the author. It is the node's word, which nothing proves.",
            (
                Param("instances", types.array(types.HASH, MAX_ASKED), (), "Their ids."),
                Param("authors", types.array(types.AUTHOR, MAX_ASKED), (), "Their public keys."),
            ),
            types.named("Removed"),
        ),
        Method("declineBackup", "Makes the key one that can no longer be copied.", (), _AUTHOR),
        Method(
            "restore",
            "Goes on with the key of a backup: `author` is another one then. Use a key in one place at a "
            "time. What another browser wrote with it is taken over with the next `flush`, or before the "
            'next write. If both wrote at once, an error with the reason "log-diverged" tells in '
            "`data.messages` what has lost its place and must be written again.",
            (Param("text", types.TEXT), Param("passphrase", types.TEXT)),
            _AUTHOR,
            writes=True,
        ),
        Method(
            "gather",
            "Asks all nodes that this page works with what the key wrote there, and brings it to its node: "
            "after `restore`, and before anything is written. Gives those that could not be asked. If the "
            "key wrote there, wait until they answer, or its log may fork: the first write asks them once "
            "more, and then goes on without them.",
            (),
            types.array(types.named("Unasked")),
        ),
    )
}

SERIES: Final[Mapping[str, Method[Any]]] = {
    method.name: method
    for method in (
        Method("query", METHODS["query"].summary, _query(None), types.named("Page")),
        Method(
            "subscribe",
            "The instances that are asked for, kept up to date: first all of them, then what changes, each "
            "checked as in `query`. It goes on by itself where the way to the node breaks, and misses "
            "nothing. A page that is slow gets what is new in one. It never ends: leave the loop by `break`, "
            "or give a `signal`.",
            (*(each for each in _query(None) if each.name in ("schema", "filter", "orderBy", "select")),),
            types.named("Changed"),
        ),
        Method(
            "export",
            "All that is here, as a file in pieces of text: what was seen, and what was written. Any node "
            "takes it in, such as by `panda import`.",
            (),
            types.named("Exported"),
        ),
        Method(
            "status",
            "How things stand between this page and its node: as it is, then each change, without end.",
            (),
            types.named("Status"),
        ),
    )
}
