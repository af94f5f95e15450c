"""Makes what is said of methods from their tables: the page docs/reference.md, and the types for JavaScript.

    PYTHONPATH=.:apps/festival .venv/bin/python tools/reference.py

Tests hold that both are what the tables say.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from panda_web.rpc.methods import METHODS
from panda_web.rpc.table import Method, Param
from tools.kept import ROOT
from tools.typescript import FILES, Types

PAGE = ROOT / "docs" / "reference.md"
HEAD = """# Reference

Made by `tools/reference.py` from the tables of methods.

- [JSON-RPC](#json-rpc): what a node answers
- [JavaScript](#javascript): what `panda.js` gives a page

## JSON-RPC

A node answers JSON-RPC 2.0 at `/`, over HTTP POST and over WebSocket, in batches too. Params go by \
name, or by position in this order. `rpc.discover` gives all of this as an \
[OpenRPC](https://spec.open-rpc.org) document. What is wrong has a code of JSON-RPC, or -32000 with a \
word in `data.reason`: [reasons.md](reasons.md). The limits are in \
[running-a-node.md](running-a-node.md#limits).
"""
IN_JAVASCRIPT = """
## JavaScript

What `connect()` gives ([embedding.md](embedding.md)). What must be given comes by position; behind it \
comes an object with all that may be left out, and `signal` in it ends any call. The shapes are in \
`panda.d.ts`.
"""


def page() -> str:
    """The page as it must be."""
    lines = [HEAD]
    for method in METHODS.values():
        lines += [f"### `{method.name}`", "", method.summary, "", *_params(method)]
        lines += [f"Gives {_words(method.result.schema)}.", ""]
    lines[-1] = IN_JAVASCRIPT
    for name, about, signature in FILES[0].calls():
        lines += [f"### `panda.{name}`", "", about, "", "```ts", signature, "```", ""]
    return "\n".join(lines).rstrip() + "\n"


def _params(method: Method[Any]) -> Iterator[str]:
    if not method.params:
        return
    yield "| param | | |"
    yield "| --- | --- | --- |"
    for param in method.params:
        yield f"| `{param.name}` | {_words(param.type.schema)} | {_presence(param)} |"
    yield ""


def _presence(param: Param) -> str:
    if param.default is ...:
        return "must be given"
    if param.default in (None, {}, [], ()):
        return "may be left out"
    return f"`{json.dumps(param.default)}` unless given"


def _words(schema: Mapping[str, Any]) -> str:
    """What a JSON Schema describes, in words."""
    if "$ref" in schema:
        return f"a {schema['$ref'].rpartition('/')[2].lower()}"
    if "oneOf" in schema:
        return " or ".join(_words(each) for each in schema["oneOf"])
    if "enum" in schema:
        return "one of " + ", ".join(f"`{each}`" for each in schema["enum"])
    if "title" in schema:
        return str(schema["title"])
    match schema.get("type"):
        case "array":
            most = f", {schema['maxItems']:,} at most" if "maxItems" in schema else ""
            return f"a list{most}; each: {_words(schema['items'])}"
        case "object":
            return _object(schema)
        case "integer":
            return f"an integer from {schema['minimum']:,} to {schema['maximum']:,}"
        case "string":
            return "hex digits" if "pattern" in schema else "a text"
        case "null":
            return "null"
        case "boolean":
            return "true or false"
        case _:
            return "anything"


def _object(schema: Mapping[str, Any]) -> str:
    if "properties" not in schema:
        return "an object"
    parts = []
    for name, kind in schema["properties"].items():
        optional = "" if name in schema.get("required", ()) else ", not always"
        parts.append(f"`{name}` ({_words(kind)}{optional})")
    return "an object: " + ", ".join(parts)


def write() -> None:
    """Writes all of it."""
    PAGE.write_text(page(), "utf-8", newline="\n")
    each: Types
    for each in FILES:
        each.path.write_text(each.whole(), "utf-8", newline="\n")


if __name__ == "__main__":
    write()
