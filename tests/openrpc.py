"""Holds what goes through nodes to their OpenRPC document: each request that was carried out, and its answer.

Read is the part of JSON Schema that the document uses, and a keyword beyond it is an error here.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from panda_web.node import Node
from panda_web.rpc import jsonrpc
from panda_web.rpc.discover import document
from panda_web.rpc.dispatch import Caller, Dispatcher
from panda_web.rpc.methods import METHODS

Schema = Mapping[str, Any]
KINDS: Mapping[str, Callable[[Any], bool]] = {
    "string": lambda value: isinstance(value, str),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "boolean": lambda value: isinstance(value, bool),
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "null": lambda value: value is None,
}
KNOWN = {
    *(
        "type",
        "title",
        "description",
        "pattern",
        "enum",
        "minimum",
        "maximum",
        "items",
        "minItems",
        "maxItems",
    ),
    *("properties", "required", "additionalProperties", "minProperties", "oneOf", "anyOf", "$ref"),
}


def problems(value: Any, schema: Schema, at: str = "") -> Iterator[str]:
    """What of a value is not as the schema says."""
    if "$ref" in schema:
        schema = _SCHEMAS[schema["$ref"].removeprefix("#/components/schemas/")]
    if unknown := schema.keys() - KNOWN:
        yield f"{at}: the schema has {sorted(unknown)}"
    for word, most in (("oneOf", 1), ("anyOf", len(schema.get("anyOf", ())))):
        fits = [each for each in schema.get(word, ()) if not any(problems(value, each))]
        if word in schema and not 1 <= len(fits) <= most:
            yield f"{at}: {len(fits)} alternatives fit {value!r:.80}"
    kinds = schema.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if kinds and not any(KINDS[kind](value) for kind in kinds):
        yield f"{at}: {value!r:.80} is none of {kinds}"
        return
    if "enum" in schema and value not in schema["enum"]:
        yield f"{at}: {value!r:.80} is none of {schema['enum']}"
    if "pattern" in schema and not re.search(schema["pattern"], value):
        yield f"{at}: {value!r:.80} does not match {schema['pattern']}"
    if "minimum" in schema and not schema["minimum"] <= value <= schema["maximum"]:
        yield f"{at}: {value!r:.80} is out of bounds"
    if isinstance(value, list):
        if not schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value)):
            yield f"{at}: {len(value)} items"
        for place, item in enumerate(value):
            yield from problems(item, schema.get("items", {}), f"{at}[{place}]")
    if isinstance(value, dict):
        others = schema.get("additionalProperties", True)
        for name in value.keys() - schema.get("properties", {}).keys():
            if others is False:
                yield f"{at}: {name} is unknown"
            elif others is not True:
                yield from problems(value[name], others, f"{at}.{name}")
        if len(value) < schema.get("minProperties", 0):
            yield f"{at}: it is empty"
        for name in schema.get("required", ()):
            if name not in value:
                yield f"{at}: there is no {name}"
        for name, inner in schema.get("properties", {}).items():
            if name in value:
                yield from problems(value[name], inner, f"{at}.{name}")


_WHOLE = document(METHODS.values(), "0")
_DOCUMENT: Mapping[str, Any] = {each["name"]: each for each in _WHOLE["methods"]}
_SCHEMAS: Mapping[str, Schema] = _WHOLE["components"]["schemas"]


def problems_of(method: str, params: Any, result: Any) -> list[str]:
    """What of a call that succeeded, and of its answer, is not as the document says."""
    said = _DOCUMENT[method]
    names = [each["name"] for each in said["params"]]
    given = dict(zip(names, params, strict=False)) if isinstance(params, list) else params or {}
    found: list[str] = []
    for param in said["params"]:
        value = given.get(param["name"])
        if value is not None:  # null is as good as nothing where a param may be left out
            found += problems(value, param["schema"], param["name"])
        elif param["required"]:
            found.append(f"{param['name']} is missing")
    found += [f"{name} is unknown" for name in given.keys() - set(names)]
    found += problems(result, said["result"]["schema"], "result")
    return [f"{method}: {each}" for each in found]


def watch() -> Callable[[], tuple[int, list[str]]]:
    """Looks at all that nodes in this process answer from now on.

    Returns:
        Gives how many calls were looked at, and what was wrong.
    """
    made = Node.dispatcher
    wrong: list[str] = []
    looked = 0

    def dispatcher(self: Node) -> Dispatcher:
        found = made(self)
        carry_out = found.carry_out

        async def looking(requests: Sequence[Any], batch: bool, caller: Caller) -> bytes:
            nonlocal looked
            answer = await carry_out(requests, batch, caller)
            for method, params, result in _pairs(requests, answer):
                looked += 1
                wrong.extend(problems_of(method, params, result))
            return answer

        found.carry_out = looking  # type: ignore[method-assign]
        return found

    Node.dispatcher = dispatcher  # type: ignore[method-assign]
    return lambda: (looked, wrong)


def _pairs(requests: Iterable[Any], answer: bytes) -> Iterator[tuple[str, Any, Any]]:
    made = [each for each in requests if isinstance(each, jsonrpc.Request) and not each.notification]
    used = Counter(repr(each.id) for each in made)
    # Of two calls in a batch that share an id, nobody can tell whose answer is whose.
    asked = {repr(each.id): each for each in made if each.method in METHODS and used[repr(each.id)] == 1}
    if not asked:
        return
    replies = json.loads(answer)
    for reply in replies if isinstance(replies, list) else [replies]:
        request = asked.get(repr(reply.get("id")))
        if request is not None and "result" in reply:
            yield request.method, request.params, reply["result"]
