"""Hypothesis strategies for schemas, and for values that they accept."""

from hypothesis import strategies as st

from panda_web.messages import Relation
from panda_web.messages.schema import RESERVED_NAMES, TYPES, FieldDefinition, Schema
from tests.messages.schema.patterns import PATTERNS
from tests.messages.schema.test_timestamp import timestamps
from tests.messages.strategies import HASHES, TEXTS

NAMES = (
    st.from_regex(r"\A[A-Za-z][A-Za-z0-9_]{0,63}\Z")
    | st.sampled_from(["class", "class_", "None", "self", "fields", "type", "True", "import", "print"])
).filter(lambda name: name.lower() not in RESERVED_NAMES)
TITLES = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Zl", "Zp"]), min_size=1, max_size=20
).filter(lambda name: name == name.strip(" "))


@st.composite
def definitions(draw: st.DrawFn, name: str) -> FieldDefinition:
    base = draw(st.sampled_from(sorted(TYPES)))
    relation = base == "relation"
    return FieldDefinition(
        name,
        base + draw(st.sampled_from(["", "[]"])),
        optional=draw(st.booleans()),
        validation=draw(st.none() | PATTERNS.map(lambda p: p.iregexp))
        if base in ("varchar", "text")
        else None,
        schema=draw(HASHES | st.just("self")) if relation else None,
        cascade=relation and draw(st.booleans()),
    )


@st.composite
def schemas(draw: st.DrawFn) -> Schema:
    names = draw(st.lists(NAMES, min_size=1, max_size=5, unique_by=str.lower))
    return Schema(
        draw(TITLES), draw(TEXTS), tuple(draw(definitions(name)) for name in names), draw(st.none() | HASHES)
    )


SCALARS: dict[str, st.SearchStrategy[object]] = {
    "varchar": TEXTS,
    "text": TEXTS,
    "integer": st.integers(-(2**63), 2**63 - 1),
    "float": st.floats(allow_nan=False, allow_infinity=False),
    "boolean": st.booleans(),
    "timestamp": timestamps().map(lambda pair: pair[0]),
    "relation": HASHES.map(Relation),
}


def values(definition: FieldDefinition) -> st.SearchStrategy[object]:
    """Values that the field accepts, but for its pattern."""
    scalar = SCALARS[definition.base]
    return st.lists(scalar, max_size=3).map(tuple) if definition.is_array else scalar


@st.composite
def schemas_with_values(draw: st.DrawFn) -> tuple[Schema, dict[str, object]]:
    """A schema without patterns, and the values of a valid create."""
    schema = draw(schemas())
    fields = tuple(
        FieldDefinition(f.name, f.type, f.optional, None, f.schema, f.cascade) for f in schema.fields
    )
    schema = Schema(schema.name, schema.description, fields, schema.id)
    return schema, {f.name: draw(values(f)) for f in fields if not f.optional or draw(st.booleans())}
