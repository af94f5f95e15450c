"""Holds what goes through nodes to their OpenRPC document: calls, their answers, and what nodes tell unasked."""

import functools
import json
import os
import tempfile
import weakref
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from panda_web.rpc.discover import document
from panda_web.rpc.errors import APPLICATION_ERROR
from panda_web.rpc.methods import METHODS
from panda_web.rpc.subscriptions import NOTIFICATIONS
from tests.heard import Asked, hear

DOCUMENT: Mapping[str, Any] = document(METHODS.values(), "0", NOTIFICATIONS.values())
WHERE = "urn:openrpc"
"""What schemas say for the document when they mean a part of it."""
REPLY: Mapping[str, Any] = {
    "required": ["jsonrpc", "id"],
    "properties": {
        "jsonrpc": {"const": "2.0"},
        "id": {},
        "result": {},
        "error": {
            "required": ["code", "message", "data"],
            "properties": {
                "code": {"enum": [APPLICATION_ERROR, *range(-32768, -32599)]},
                "message": {"type": "string", "minLength": 1},
                "data": {"required": ["reason"], "properties": {"reason": {"type": "string"}}},
            },
            "additionalProperties": False,
        },
    },
    "oneOf": [{"required": ["result"]}, {"required": ["error"]}],
    "additionalProperties": False,
}
"""A reply, by JSON-RPC and by what the document says of errors."""


def _params(said: Mapping[str, Any], at: str) -> Mapping[str, Any]:
    """A schema of params by name. Null is as good as nothing where one may be left out."""
    each = {
        param["name"]: {"$ref": f"{WHERE}#/{at}/params/{n}/schema"} for n, param in enumerate(said["params"])
    }
    needed = [param["name"] for param in said["params"] if param["required"]]
    may = {name: one if name in needed else {"anyOf": [{"type": "null"}, one]} for name, one in each.items()}
    return {"type": "object", "properties": may, "required": needed, "additionalProperties": False}


SCHEMAS: Mapping[str, Mapping[str, Any]] = {
    "": REPLY,
    **{
        f"{each['name']} {part}": schema
        for kind in ("methods", "x-notifications")
        for n, each in enumerate(DOCUMENT[kind])
        for part, schema in (
            ("params", _params(each, f"{kind}/{n}")),
            *([("result", {"$ref": f"{WHERE}#/{kind}/{n}/result/schema"})] if "result" in each else []),
        )
    },
}
"""By what they are of: "panda_query params", "panda_query result", "panda_changed params"; "" is a reply."""
POSITIONS = {each["name"]: [param["name"] for param in each["params"]] for each in DOCUMENT["methods"]}


@functools.cache
def _validator(of: str) -> Any:
    import jsonschema  # here: pytest itself sees to it that it is installed
    from referencing import Registry
    from referencing.jsonschema import DRAFT7

    known: Any = Registry().with_resource(WHERE, DRAFT7.create_resource(DOCUMENT))
    return jsonschema.Draft7Validator(SCHEMAS[of], registry=known)


def problems(of: str, value: Any) -> list[str]:
    """What of a value is not as the document says; `of` is a key of `SCHEMAS`."""
    return [f"{of}: {each.json_path}: {each.message:.200}" for each in _validator(of).iter_errors(value)]


def wrong_in(asked: Sequence[Asked], answer: bytes) -> Iterator[str]:
    """What of calls, and of the answer to them, is not as the document says. Without calls, of what is told."""
    value = json.loads(answer)
    if not asked:
        yield from problems(f"{value['method']} params", value["params"])
        return
    used = Counter(repr(about) for about, *_ in asked)
    # Of two calls in a batch that share an id, nobody can tell whose answer is whose.
    calls = {repr(about): rest for about, *rest in asked if used[repr(about)] == 1}
    for reply in value if isinstance(value, list) else [value]:
        yield from problems("", reply)
        method, params = calls.get(repr(reply["id"]), ("", None))
        if "result" in reply and method in POSITIONS:  # what was carried out was asked for rightly
            if isinstance(params, list):
                params = dict(zip(POSITIONS[method], params, strict=False))
            yield from problems(f"{method} params", params or {})
            yield from problems(f"{method} result", reply["result"])


class Written:
    """What a served node writes of what goes through it; see `tests.heard`.

    Args:
        node: whose it is. It may be gone before all is read.

    Attributes:
        file: its number, for the process of the node.
    """

    def __init__(self, node: object) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - it is read until its node is gone
        self._node = weakref.ref(node)
        self._read = 0
        self.file = self._file.fileno()
        WRITTEN.append(self)

    def rest(self) -> Iterator[tuple[Sequence[Asked], bytes]]:
        """Calls and the answer to them, each that was not given before. Once the node is gone, it is the last."""
        last = self._node() is None
        size = os.fstat(self.file).st_size
        *lines, cut = os.pread(self.file, size - self._read, self._read).split(b"\n")
        self._read = size - len(cut)
        for line in lines:
            asked, _, answer = line.partition(b"\t")
            yield json.loads(asked), answer
        if last:
            self._file.close()
            WRITTEN.remove(self)


WRITTEN: list[Written] = []
"""Of all served nodes."""


def watch() -> Callable[[], tuple[int, list[str]]]:
    """Looks at all that nodes answer and tell from now on, in this process and in those that write.

    Returns:
        Gives how many answers were looked at, and what was wrong.
    """
    wrong: list[str] = []
    looked = 0

    def look(asked: Sequence[Asked], answer: bytes) -> None:
        nonlocal looked
        looked += 1
        wrong.extend(wrong_in(asked, answer))

    def looks() -> tuple[int, list[str]]:
        for written in [*WRITTEN]:
            for asked, answer in written.rest():
                look(asked, answer)
        return looked, wrong

    hear(look, lambda message: look((), message))
    return looks
