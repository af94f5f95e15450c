"""Filters as people write them: `start>=2019-08-21 and room in (Curie, "Main hall")`.

    filter      one or several comparisons, joined by `and` and `or`; `and` binds closer, parentheses closest
    comparison  NAME = VALUE, and with != < <= > >= contains startswith; NAME in (VALUE, …); NAME exists
                `not` before one of the words, before a comparison or before a parenthesis turns it round
    VALUE       a word, or a text in "…" or '…' with JSON's escapes; [VALUE, …] is a list

A relation is compared with an id, or with what the instance that it leads to is called: `room=Curie`. Which
one that is, others find out, between the two steps of reading.

Reading has two steps. What a text says is known without a schema, and what is wrong with it; what type a word
has, the schema says. Where there is none, a word is what JSON takes it for, else a text. The outcome is a
filter in JSON, as `query.reading` reads it.
"""

import json
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from panda_web.bamboo import is_hex
from panda_web.messages.schema import SELF, FieldDefinition, InvalidFields, Schema, as_asked, instant
from panda_web.messages.schema.rules import listed, shown
from panda_web.query.errors import QueryMalformed
from panda_web.query.reading import MAX_INTEGER

Json = Any

MAX_NESTED = 32
"""How deep parentheses and `not` may stand within each other."""

_TOKEN = re.compile(
    r"""
    \s*+ (?:
      (?P<symbol> <= | >= | != | == | [=<>()\[\],] )
    | (?P<quoted> " (?: [^"\\] | \\. )*+ " | ' (?: [^'\\] | \\. )*+ ' )
    | (?P<open> ["'] )
    | (?P<word> [^\s=<>!()\[\],"']++ )
    | (?P<other> \S )
    | (?P<end> \Z )
    )
    """,
    re.VERBOSE | re.DOTALL,
)
_SINGLE = re.compile(r"(\\.)|\"", re.DOTALL)
"""What JSON writes otherwise of what stands within single quotes."""
_WHOLE = re.compile(r"-?[1-9][0-9]*")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")
_SYMBOLS: Final[Mapping[str, str]] = {
    "=": "eq",
    "==": "eq",
    "!=": "ne",
    "<": "lt",
    "<=": "lte",
    ">": "gt",
    ">=": "gte",
}
_WORDS: Final[Mapping[str, str]] = {
    "contains": "contains",
    "startswith": "startsWith",
    "in": "in",
    "exists": "exists",
}
_AMONG: Final = {"eq": "in", "ne": "notIn", "contains": "in"}
_OPERATORS = "=, !=, <, <=, >, >=, in, contains, startswith and exists"


class FilterTextWrong(QueryMalformed):
    """A filter that is written as text cannot be read; `data.at` says at which character."""

    reason = "filter-text-wrong"


@dataclass(frozen=True, slots=True)
class Token:
    """A part of a text.

    Attributes:
        kind: symbol, word, quoted or end.
        text: what it says, without quotes.
        at: where it begins, in characters.
    """

    kind: str
    text: str
    at: int


class Ids(tuple[str, ...]):
    """The ids of the instances that are called as a relation is compared with."""

    __slots__ = ()


Called = Mapping[tuple[str, str], Sequence[str]]
"""A schema's id and what an instance is called, to the ids of such instances."""
Typed = Callable[[Token, Token | None], Json]
"""A value, given the name of the field that it is compared with, and the word for it, if there is one."""
Said = Callable[[Typed], dict[str, Json]]
"""A filter that is read but for the types of its values."""


def read_text(text: str) -> "FilterText":
    """What a text says. Raises FilterTextWrong."""
    parser = _Parser(text)
    return FilterText(text, parser.whole())


@dataclass(frozen=True, slots=True)
class FilterText:
    """A filter as it is written.

    Attributes:
        text: that.
        said: what it says.
    """

    text: str
    said: Said

    def calls(self, schema: Schema) -> set[tuple[str, str]]:
        """The instances that relations are compared with by what they are called: of which schema, and how.

        Raises:
            FilterTextWrong: see `to_json`.
        """
        found: set[tuple[str, str]] = set()

        def note(target: str, name: str) -> tuple[str, ...]:
            found.add((target, name))
            return ("",)

        self._read(schema, note)
        return found

    def to_json(self, schema: Schema | None, called: Called | None = None) -> dict[str, Json]:
        """The filter in JSON.

        Args:
            schema: which fields there are; None where nobody knows.
            called: of which schema and how called, the ids of such instances; see `calls`.

        Raises:
            FilterTextWrong: a name or a value that the schema does not allow, or that no instance has.
        """
        known = called or {}
        return self._read(schema, lambda target, name: known.get((target, name), ()))

    def _read(self, schema: Schema | None, ids: Callable[[str, str], Sequence[str]]) -> dict[str, Json]:
        def typed(name: Token, value: Token | None) -> Json:
            if name.text in ("id", "author") or schema is None:
                if value is None:
                    return None
                return value.text if schema is not None else _as_it_looks(self.text, value)
            field = schema.by_name.get(name.text)
            if field is None:
                raise _wrong(
                    self.text,
                    name,
                    f"{schema.name!r} has no field {shown(name.text)}, but {listed(schema.by_name)}",
                )
            if value is None:
                return None
            if field.base == "relation" and not is_hex(value.text):
                target = schema.id if field.schema == SELF else field.schema
                found = ids(str(target), value.text)
                if not found:
                    raise _wrong(self.text, value, f"No instance that {name.text} could lead to is called so")
                return Ids(found)
            return _of_type(self.text, field, value)

        return self.said(typed)


def _flat(values: Iterable[Json]) -> list[Json]:
    return [each for value in values for each in (value if isinstance(value, Ids) else (value,))]


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._next = self._read()

    def whole(self) -> Said:
        said = self._some(0)
        if self._next.kind != "end":
            raise self._wrong('Here "and" or "or" is needed; a value with spaces stands in quotes')
        return said

    def _some(self, depth: int) -> Said:
        return self._joined("or", [self._every(depth)], lambda: self._every(depth))

    def _every(self, depth: int) -> Said:
        return self._joined("and", [self._one(depth)], lambda: self._one(depth))

    def _joined(self, word: str, parts: list[Said], more: Callable[[], Said]) -> Said:
        while self._takes(word):
            parts.append(more())
        return parts[0] if len(parts) == 1 else lambda typed: {word: [part(typed) for part in parts]}

    def _one(self, depth: int) -> Said:
        if depth > MAX_NESTED:
            raise self._wrong(f'Parentheses and "not" stand at most {MAX_NESTED} deep within each other')
        if self._takes("not"):
            part = self._one(depth + 1)
            return lambda typed: {"not": part(typed)}
        if self._symbol("("):
            part = self._some(depth + 1)
            self._needs(")")
            return part
        return self._comparison()

    def _comparison(self) -> Said:
        name = self._next
        if name.kind != "word" or _NAME.fullmatch(name.text) is None or name.text.lower() in ("and", "or"):
            raise self._wrong("Here the name of a field is needed")
        self._advance()
        negated = self._takes("not")
        operator = self._operator(negated)
        if operator == "exists":
            return lambda typed: {name.text: {"exists": not negated}} if typed(name, None) is None else {}
        if operator == "in":
            self._needs("(")
            values = self._values(")")
            key = "notIn" if negated else "in"
            return lambda typed: {name.text: {key: _flat(typed(name, value) for value in values)}}
        value = self._value()

        def compare(typed: Typed) -> dict[str, Json]:
            way = operator
            if isinstance(value, Token):
                given: Json = typed(name, value)
            else:
                given = _flat(typed(name, each) for each in value)
            if isinstance(given, Ids):  # one of those that are called so; of a list, a member
                given, way = list(given), _AMONG.get(operator, operator)
            compared: dict[str, Json] = {name.text: given if way == "eq" else {way: given}}
            return {"not": compared} if negated else compared

        return compare

    def _operator(self, negated: bool) -> str:
        found = self._next
        operators = (
            _SYMBOLS if found.kind == "symbol" and not negated else _WORDS if found.kind == "word" else {}
        )
        if (operator := operators.get(found.text.lower())) is None:
            raise self._wrong(f"Here a comparison is needed: {_OPERATORS}")
        self._advance()
        return operator

    def _value(self) -> Token | list[Token]:
        if self._symbol("["):
            return self._values("]")
        return self._scalar()

    def _values(self, end: str) -> list[Token]:
        values: list[Token] = []
        if self._symbol(end):
            return values
        while True:
            values.append(self._scalar())
            if self._symbol(end):
                return values
            self._needs(",", f'Here "," or "{end}" is needed')

    def _scalar(self) -> Token:
        value = self._next
        if value.kind not in ("word", "quoted"):
            raise self._wrong('Here a value is needed; spaces and signs stand in quotes, and no text is ""')
        if value.kind == "word" and value.text.lower() == "null":
            raise self._wrong('Nothing equals null: "not exists" finds what has no value; a text is "null"')
        self._advance()
        return value

    def _takes(self, word: str) -> bool:
        found = self._next.kind == "word" and self._next.text.lower() == word
        if found:
            self._advance()
        return found

    def _symbol(self, symbol: str) -> bool:
        found = self._next.kind == "symbol" and self._next.text == symbol
        if found:
            self._advance()
        return found

    def _needs(self, symbol: str, words: str | None = None) -> None:
        if not self._symbol(symbol):
            raise self._wrong(words or f'Here "{symbol}" is needed')

    def _advance(self) -> None:
        self._next = self._read()

    def _read(self) -> Token:
        found: re.Match[str] = _TOKEN.match(self._text, self._at)  # type: ignore[assignment]  # at the end too
        kind = str(found.lastgroup)
        token = Token(kind, found[kind], found.start(kind))
        if kind == "open":
            raise _wrong(self._text, token, "This quote has no end")
        if kind == "other":
            raise _wrong(self._text, token, "This sign stands for nothing; texts with signs stand in quotes")
        self._at = found.end()
        return Token(kind, _unquoted(self._text, token), token.at) if kind == "quoted" else token

    def _wrong(self, words: str) -> FilterTextWrong:
        return _wrong(self._text, self._next, words)


def _unquoted(text: str, token: Token) -> str:
    inner = token.text[1:-1]
    if token.text[0] == "'":
        inner = _SINGLE.sub(lambda found: "'" if found[0] == r"\'" else found[1] or r"\"", inner)
    try:
        value = json.loads(f'"{inner}"', strict=False)
        value.encode()
    except ValueError:
        raise _wrong(text, token, "This text has an escape that JSON does not know") from None
    return str(value)


def _fits(digits: str) -> bool:
    """Whether a whole number has at most 64 bits."""
    return len(digits) <= 20 and -MAX_INTEGER - 1 <= int(digits) <= MAX_INTEGER


def _as_it_looks(text: str, value: Token) -> Json:
    """Where nobody knows the type: what JSON takes a word for, else a text."""
    if value.kind == "quoted":
        return value.text
    if _WHOLE.fullmatch(value.text) and not _fits(value.text):
        raise _wrong(text, value, f"Whole numbers go from {-MAX_INTEGER - 1} to {MAX_INTEGER}")
    try:
        found = json.loads(value.text)
    except (ValueError, RecursionError):
        return value.text
    if isinstance(found, float) and not math.isfinite(found):
        raise _wrong(text, value, "No field can have this value")
    return found if isinstance(found, bool | int | float) else value.text


def _of_type(text: str, field: FieldDefinition, value: Token) -> Json:
    """A value of a field's type; of a list of its items' type. Raises FilterTextWrong."""
    if field.base in ("varchar", "text"):
        return value.text
    if field.base == "timestamp":
        try:
            instant(as_asked(value.text))
        except InvalidFields as error:
            raise _wrong(text, value, str(error).removesuffix(".")) from None
        return value.text
    if field.base == "relation":
        return value.text
    found = _as_it_looks(text, value)
    fits = {
        "integer": isinstance(found, int) and not isinstance(found, bool),
        "float": isinstance(found, int | float) and not isinstance(found, bool),
        "boolean": isinstance(found, bool),
    }
    if not fits[field.base]:
        needed = {"integer": "a whole number", "float": "a number", "boolean": "true or false"}[field.base]
        raise _wrong(text, value, f"The field {field.name!r} is {needed}, without quotes")
    return found


def _wrong(text: str, token: Token, words: str) -> FilterTextWrong:
    before, behind = text[max(0, token.at - 30) : token.at], text[token.at : token.at + 30]
    place = f"{'…' if token.at > 30 else ''}{before} ▸ {behind}{'…' if len(text) > token.at + 30 else ''}"
    return FilterTextWrong(f"{words}, at character {token.at + 1}: {place}", param="filter", at=token.at)
