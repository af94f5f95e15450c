"""A dataclass as a schema: its name, its description and its fields, and values there and back."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import InitVar, dataclass, fields, replace
from inspect import cleandoc
from re import sub
from typing import Any, get_type_hints

from panda_web.errors import PandaError
from panda_web.messages import Field
from panda_web.messages.schema import Schema
from panda_web.messages.schema.record import with_lists
from panda_web.records.errors import FieldTypeHasNoPlace, RecordRefused, SchemaDiffers
from panda_web.records.marks import About, about
from panda_web.records.record import Dataclass, check_class
from panda_web.records.types import Member, member_of, said


@dataclass(frozen=True, slots=True)
class Shape:
    """What a dataclass says.

    Attributes:
        cls: the class.
        name: what its schema is called.
        description: what its docstring says.
        about: what its decorator says.
        members: its fields.
    """

    cls: type
    name: str
    description: str
    about: About
    members: tuple[Member, ...]

    @property
    def related(self) -> tuple[type, ...]:
        """The dataclasses that its fields lead to."""
        return tuple({each.target: None for each in self.members if isinstance(each.target, type)})

    def schema(self, ids: Mapping[type, str]) -> Schema:
        """The schema that it describes, without an id.

        Args:
            ids: of the schemas of `related`.

        Raises:
            InvalidSchema: one of its subclasses.
        """
        found = tuple(
            replace(each.definition, schema=ids[each.target])
            if isinstance(each.target, type)
            else each.definition
            for each in self.members
        )
        return Schema(self.name, self.description, found)

    def say(self, record: object) -> dict[str, object]:
        """What a record says: by the names of its attributes, values as messages carry them.

        Raises:
            TimeZoneMissing, TimestampOutOfRange, NotPublished: see `Member.say`.
        """
        return {each.attribute: each.say(getattr(record, each.attribute)) for each in self.members}

    def named(self, values: Mapping[str, object]) -> dict[str, object]:
        """The same by the names of the schema's fields."""
        return {
            each.definition.name: values[each.attribute] for each in self.members if each.attribute in values
        }

    def asked(self, filter: Any) -> Any:
        """A filter by attributes, with values of Python's, as one that a query takes."""
        names = {each.attribute: each.definition.name for each in self.members}

        def parts(filter: Any) -> Any:
            if not isinstance(filter, Mapping):
                return filter  # whoever reads it says that it is none
            return {names.get(name, name): part(name, asked) for name, asked in filter.items()}

        def part(name: str, asked: Any) -> Any:
            if name == "not":
                return parts(asked)
            if name in ("and", "or"):
                return [parts(each) for each in asked] if isinstance(asked, list | tuple) else asked
            return (
                {way: value(each) for way, each in asked.items()}
                if isinstance(asked, Mapping)
                else value(asked)
            )

        def value(given: Any) -> Any:
            return [value(each) for each in given] if isinstance(given, list | tuple) else said(given)

        return parts(filter or {})

    def ordered(self, names: Sequence[str]) -> list[str]:
        """Names to order by, as a query takes them."""
        known = {each.attribute: each.definition.name for each in self.members}
        bare = [name.removeprefix("-") for name in names]
        return ["-" * (name != own) + known.get(own, own) for name, own in zip(names, bare, strict=True)]

    def leads_to(self, instances: Iterable[Mapping[str, Field]]) -> dict[type, dict[str, None]]:
        """Of each dataclass that fields are of, the ids that these fields of instances lead to."""
        found: dict[type, dict[str, None]] = {}
        members = [each for each in self.members if each.related is not None]
        for given in instances if members else ():
            for each in members:
                field = given.get(each.definition.name)
                if field is not None and each.related is not None:
                    values = field.value if isinstance(field.value, tuple) else (field.value,)
                    found.setdefault(each.related, {}).update(dict.fromkeys(map(str, values)))
        return found

    def record(self, schema: Schema, given: Mapping[str, Field], related: Mapping[str, object]) -> Any:
        """A record of an instance's fields.

        Args:
            schema: that of the instance.
            given: the fields, from anybody.
            related: what its relations lead to, by id.

        Raises:
            InvalidFields: the schema forbids them.
            TimeNotHeld, RelatedMissing: see `Member.read`.
            RecordRefused: the class does not take them.
        """
        given = with_lists(schema.fields, given)
        schema.check(given, "create")
        values = {
            each.attribute: each.read(given.get(each.definition.name), related) for each in self.members
        }
        try:
            return self.cls(**values)
        except PandaError:
            raise
        except Exception as error:  # what a stranger publishes must not end the reading of all the others
            raise RecordRefused(
                f"{self.cls.__name__} does not take these values: {type(error).__name__}: {str(error)[:200]}"
            ) from error


def describes(wanted: Schema, found: Schema) -> bool:
    """Whether two schemas are called alike and have the same fields, in whatever order.

    The description is for people, and who mends a word in it wants no other data.
    """
    return wanted.name == found.name and dict(wanted.by_name) == dict(found.by_name)


def check_describes(wanted: Schema, found: Schema) -> None:
    """Raises SchemaDiffers, with the first difference, unless `describes` holds."""
    names = list(dict.fromkeys([*wanted.by_name, *found.by_name]))
    if wanted.name != found.name:
        differs = f"it is called {found.name!r}"
    else:
        name = next((name for name in names if wanted.by_name.get(name) != found.by_name.get(name)), None)
        if name is None:
            return
        differs = (
            f"it has no field {name!r}"
            if name not in found.by_name
            else f"it has a field {name!r} besides"
            if name not in wanted.by_name
            else f"its field {name!r} is another: {found.by_name[name]}"
        )
    raise SchemaDiffers(
        f"The schema {str(found.id)[:16]}… is not what the dataclass {wanted.name!r} describes: {differs}.",
        schema=found.id,
    )


def shape_of(cls: type[Dataclass]) -> Shape:
    """What a dataclass says.

    Raises:
        NotADataclass, MetaHasNoPlace, FieldTypeHasNoPlace: it cannot be a schema.
        InvalidSchema: a field has a name or a mark that is not allowed; one of the subclasses.
    """
    check_class(cls)
    try:
        hints = get_type_hints(cls, localns={cls.__name__: cls}, include_extras=True)
    except (NameError, TypeError, SyntaxError) as error:
        raise FieldTypeHasNoPlace(
            f"The types of {cls.__name__}'s fields cannot be told: {error}. Write what they name above the "
            "class, at the top of its module."
        ) from error
    members = []
    for name, hint in hints.items():
        if isinstance(hint, InitVar):
            raise FieldTypeHasNoPlace(
                f"{cls.__name__}.{name} is an InitVar: what it is given is kept nowhere, so no record could "
                "be read back with it.",
                field=name,
            )
    for each in fields(cls):
        if not each.init:
            raise FieldTypeHasNoPlace(
                f"{cls.__name__}.{each.name} cannot come back: no {cls.__name__} is made with it.",
                field=each.name,
            )
        members.append(member_of(each.name, hints[each.name], cls.__name__))
    named = about(cls)
    return Shape(cls, named.name or _snake(cls.__name__), _description(cls), named, tuple(members))


def _snake(name: str) -> str:
    return sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


def _description(cls: type) -> str:
    """A class's own docstring; that which `dataclass` makes of the constructor is none."""
    words = vars(cls).get("__doc__") or ""
    return "" if words.startswith(f"{cls.__name__}(") else cleandoc(words)
