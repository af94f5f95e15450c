"""Makes the types for JavaScript from the worker's tables of methods and the shapes of its answers.

`tools/reference.py` writes the files. A file of types begins with what is written by hand, up to a line
that says so; what follows is made here, and a test holds that it is what the tables say. A method takes
what must be given by position, and behind it an object with all that may be left out. Shapes are read as
source, since what is said of their fields is nowhere else.
"""

import ast
import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import panda_festival.methods

import panda_web.browser.methods
from panda_web.rpc.table import Method, Param

ROOT = Path(__file__).resolve().parent.parent
FESTIVAL = ROOT / "apps" / "festival"
MADE = "// What follows is made by tools/reference.py.\n"
WIDTH = 118
NAME = re.compile(r"[A-Z]\w+")
SIMPLE = {
    "object": "unknown",
    "str": "string",
    "int": "number",
    "float": "number",
    "bool": "boolean",
    "None": "null",
}
OF_JSON = {
    "string": "string",
    "integer": "number",
    "number": "number",
    "boolean": "boolean",
    "object": "object",
}


@dataclass(frozen=True, slots=True)
class Types:
    """A file of types.

    Attributes:
        path: where it is.
        interface: what has the methods, and what it extends.
        methods: the table of methods.
        series: those that give answers one after the other; what is in both tables gives an `Answer`.
        shapes: the sources of the shapes.
        says: the shape of what is said of the connection itself; its fields can only be read.
    """

    path: Path
    interface: str
    methods: Mapping[str, Method[Any]]
    shapes: tuple[Path, ...]
    says: str
    series: Mapping[str, Method[Any]]

    def written(self) -> str:
        """What is written by hand."""
        return self.path.read_text("utf-8").partition(MADE)[0]

    def whole(self) -> str:
        """The file as it must be."""
        shapes = list(_shapes("\n".join(path.read_text("utf-8") for path in self.shapes)))
        (says,) = (shape for shape in shapes if shape.name == self.says)
        lines = [*_comment(says.about), f"export interface {self.interface} {{"]
        for field in says.fields:
            lines += _inside(_comment(field.about), f"readonly {field.text}")
        for _, about, signature in self.calls():
            lines += ["", *_inside(_comment(about), signature)]
        lines += ["}"]
        for shape in shapes:
            lines += ["", *_comment(shape.about), *_interface(shape)]
        return f"{self.written()}{MADE}\n" + "\n".join(lines) + "\n"

    def calls(self) -> Iterator[tuple[str, str, str]]:
        """Of each method its name, what is said of it, and its signature."""
        only = {name: method for name, method in self.series.items() if name not in self.methods}
        for name, method in {**self.methods, **only}.items():
            yield (
                name,
                method.summary,
                _signature(method, self._gives(name, method), ends=name in self.series),
            )

    def _gives(self, name: str, method: Method[Any]) -> str:
        """The type of what a method returns."""
        if name not in self.series:
            return f"Promise<{_json(method.result.schema, answer=True)}>"
        if name in self.methods:
            return "Answer"
        return f"AsyncIterableIterator<{_json(method.result.schema, answer=True)}, undefined>"


FILES = (
    Types(
        ROOT / "web" / "panda" / "panda.d.ts",
        "Panda extends Connection",
        panda_web.browser.methods.METHODS,
        tuple(ROOT / "panda_web" / "browser" / name for name in ("shapes.py", "log_shapes.py")),
        "Author",
        panda_web.browser.methods.SERIES,
    ),
    Types(
        FESTIVAL / "page" / "festival.d.ts",
        "FestivalPanda extends Panda",
        panda_festival.methods.METHODS,
        (FESTIVAL / "panda_festival" / "shapes.py",),
        "Says",
        {},
    ),
)


# --- Methods --------------------------------------------------------------------------------------


def _signature(method: Method[Any], gives: str, *, ends: bool) -> str:
    given = [f"{param.name}: {_json(param.type.schema)}" for param in method.params if param.default is ...]
    options = [line for param in method.params if param.default is not ... for line in _option(param)]
    if method.progress:
        options.append("onProgress?: (progress: Progress) => void;")
    if method.long or ends:
        options.append("signal?: AbortSignal;")
    if options:
        given.append("options?: {\n" + textwrap.indent("\n".join(options), "  ") + "\n}")
    return f"{method.name}({', '.join(given)}): {gives};"


def _option(param: Param) -> Iterator[str]:
    yield from _comment(param.about)
    yield f"{param.name}?: {_json(param.type.schema)}{' | null' if param.default is None else ''};"


def _json(schema: Mapping[str, Any], *, answer: bool = False) -> str:
    """The type of what a JSON Schema describes."""
    title = schema.get("title", "")
    if NAME.fullmatch(title) and schema.get("type") == "object":
        return str(title)
    if schema["type"] == "array":
        item = _json(schema["items"], answer=answer)
        return f"{item}[]" if answer else f"readonly {item}[]"
    return OF_JSON[schema["type"]]


# --- Shapes ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a shape, as TypeScript, and what is said of it."""

    text: str
    about: str


@dataclass(frozen=True, slots=True)
class Shape:
    """A TypedDict: its name, the shape that it adds to, what is said of it, its fields."""

    name: str
    base: str
    about: str
    fields: Sequence[Field]


def _shapes(source: str) -> Iterator[Shape]:
    for node in ast.parse(source).body:
        if isinstance(node, ast.ClassDef):
            base = ast.unparse(node.bases[0])
            about = " ".join((ast.get_docstring(node) or "").split())
            yield Shape(node.name, "" if base == "TypedDict" else base, about, list(_fields(node)))


def _fields(shape: ast.ClassDef) -> Iterator[Field]:
    for node, behind in zip(shape.body, [*shape.body[1:], None], strict=True):
        if isinstance(node, ast.AnnAssign):
            about = ""
            if isinstance(behind, ast.Expr) and isinstance(behind.value, ast.Constant):
                about = " ".join(str(behind.value.value).split())
            kind, optional = node.annotation, ""
            if isinstance(kind, ast.Subscript) and ast.unparse(kind.value) == "NotRequired":
                kind, optional = kind.slice, "?"
            yield Field(f"{ast.unparse(node.target)}{optional}: {_python(kind)};", about)


def _python(kind: ast.expr) -> str:
    """The type that an annotation means."""
    match kind:
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return f"{_python(left)} | {_python(right)}"
        case ast.Subscript(value=ast.Name(id="list"), slice=item):
            return f"{_python(item)}[]"
        case ast.Subscript(value=ast.Name(id="dict"), slice=ast.Tuple(elts=[_, value])):
            return f"Record<string, {_python(value)}>"
        case ast.Subscript(value=ast.Name(id="Literal"), slice=ast.Tuple(elts=values)):
            return " | ".join(f'"{ast.literal_eval(value)}"' for value in values)
        case _:
            name = ast.unparse(kind)
            return SIMPLE.get(name, name)


def _interface(shape: Shape) -> list[str]:
    extends = f" extends {shape.base}" if shape.base else ""
    fields = [line for field in shape.fields for line in _inside(_comment(field.about), field.text)]
    return [f"export interface {shape.name}{extends} {{", *fields, "}"]


# --- Text -----------------------------------------------------------------------------------------


def _inside(comment: Sequence[str], text: str) -> list[str]:
    return [f"  {line}" for line in (*comment, *text.split("\n"))]


def _comment(words: str) -> list[str]:
    if not words:
        return []
    if len(words) < WIDTH - 12:
        return [f"/** {words} */"]
    lines = textwrap.wrap(words, WIDTH - 5, break_on_hyphens=False, break_long_words=False)
    return ["/**", *(f" * {line}" for line in lines), " */"]
