"""The root of every error that this package raises on purpose.

One class stands for one broken rule. The leaves live beside the code that raises them; the branches:

    PandaError
    ├── InvalidEntry        bamboo.entry     the bytes of an entry
    ├── InvalidLink         bamboo.verify    an entry's place in its log
    ├── InvalidPayload      bamboo.verify    a payload against the entry that announces it
    ├── InvalidMessage      messages         the bytes and rules of a message
    ├── SchemaError         messages.schema  a schema's definition, and fields that a schema does not accept
    ├── InvalidSignature    keys.strict      the strict check and the signature
    ├── KeyUnusable         keys             a key that cannot be made, read or used
    ├── QueryMalformed      query            a filter, an order or a cursor that is none
    ├── RpcError            rpc              what goes wrong between client and node
    │   ├── RefusedByNode                    what a node refuses, beyond the rules above
    │   └── CallFailed                       on the calling side: no answer, or an error in it
    ├── ClientError         client           what the client refuses or cannot do
    ├── NotJson             strict_json      a text that should be JSON
    └── StoreFailed         here             a database or a browser storage that does not obey

`reason` is a stable word: it goes over the wire (`error.data.reason`), programs may compare it, and it
never changes. The message is a sentence for people and may.
"""

from collections.abc import Iterator


class PandaError(Exception):
    """Base of all errors here.

    Attributes:
        reason: the stable word for the broken rule.
        data: what else a program may want to know; JSON values only.
    """

    reason: str = "error"

    def __init__(self, message: str, **data: object) -> None:
        super().__init__(message)
        self.data = data


class StoreFailed(PandaError):
    """The database or the browser's storage did not do what was asked; nothing was recorded."""

    reason = "store-failed"


class DiskFull(StoreFailed):
    """The disk that the node's database is on has no room left; nothing was stored."""

    reason = "disk-full"


def all_errors(root: type[PandaError] = PandaError) -> Iterator[type[PandaError]]:
    """Every error class that is imported, parents before children."""
    yield root
    for child in root.__subclasses__():
        yield from all_errors(child)
