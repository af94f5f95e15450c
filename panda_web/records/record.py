"""Records: instances of dataclasses, and what is known of those that are published.

What is known of one, its `meta`, is no field of its dataclass: constructor, equality and repr are what they
are without it, and what `dataclasses.replace` gives is a new record that is not published. `Record` has a
place for it, in frozen dataclasses and in those with slots too. One without that base has it among its
attributes.
"""

from collections.abc import Mapping
from dataclasses import Field, dataclass, field, fields, is_dataclass
from typing import Any, ClassVar, Protocol, TypeVar

from panda_web.errors import PandaError
from panda_web.messages.schema.rules import shown
from panda_web.records.errors import MetaHasNoPlace, NotADataclass, NotPublished


class Dataclass(Protocol):
    """Any dataclass's instance."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]


D = TypeVar("D", bound=Dataclass)


@dataclass(frozen=True, slots=True)
class Meta:
    """What is known of a record that is published.

    Attributes:
        id: the instance's, 132 hex digits: the entry hash of its create.
        schema: its id, 132 hex digits.
        author: the public key, 64 hex digits.
        last_entry: the hash of the last entry about it, 132 hex digits.
        edited: whether it was updated.
        verified: whether its entries are linked without a gap to entry 1 of the log, checked here.
        complete: whether no update of it can be missing; see `Instance`.
        cursor: where a query goes on behind it (`after`); None where no query gave it.
        acknowledged: whether the node holds it; if not, it is sent again: do not write it again.
        error: why the node does not hold it yet, or shows it to nobody; see `Written`.
        said: by the names of attributes, the values that are published, as messages carry them.
    """

    id: str
    schema: str
    author: str
    last_entry: str
    edited: bool = False
    verified: bool = True
    complete: bool = True
    cursor: str | None = None
    acknowledged: bool = True
    error: PandaError | None = None
    said: Mapping[str, object] = field(default_factory=dict, repr=False, compare=False)


class Record:
    """A base for dataclasses whose instances are published: it gives them `meta`."""

    __slots__ = ("_meta",)
    _meta: Meta

    @property
    def meta(self) -> Meta:
        """What is known of a record that is published. Raises NotPublished."""
        try:
            return self._meta
        except AttributeError:
            raise _not_published(self) from None


def meta_of(record: Dataclass) -> Meta:
    """What is known of a record that is published. Raises NotPublished, NotADataclass, MetaHasNoPlace."""
    check_class(type(record))
    found: object = getattr(record, "meta", None)
    if not isinstance(found, Meta):
        raise _not_published(record)
    return found


def _not_published(record: object) -> NotPublished:
    return NotPublished(
        f"This {type(record).__name__} is not published: `create` publishes one, and queries give others."
    )


def stamp(record: D, meta: Meta) -> D:
    """The same record, of which now this is known."""
    place: object = record
    if isinstance(place, Record):
        object.__setattr__(place, "_meta", meta)  # a frozen dataclass's own way
    else:
        vars(record)["meta"] = meta
    return record


def check_class(cls: Any) -> None:
    """Raises NotADataclass, or MetaHasNoPlace where its instances have no place for `meta`."""
    if not isinstance(cls, type):
        its = type(cls).__name__
        raise NotADataclass(
            f"Here the dataclass itself, {its}, is needed, and not an instance."
            if is_dataclass(cls)
            else f"Here a dataclass is needed, and not {shown(cls)}."
        )
    name = cls.__name__[:70]
    if not is_dataclass(cls):
        raise NotADataclass(f"{name} is no dataclass: put @dataclass before the class.")
    has_own = hasattr(cls, "meta") and not issubclass(cls, Record)
    if has_own or any(each.name in ("meta", "_meta") for each in fields(cls)):
        raise MetaHasNoPlace(
            f"{name} has an attribute called meta, and that is where the author and the id of a record are: "
            'call it otherwise, `meta_: Annotated[…, called("meta")]`.'
        )
    if not issubclass(cls, Record) and not cls.__dictoffset__:
        raise MetaHasNoPlace(
            f"{name} has slots, and so no place for `meta`: give it the base panda_web.records.Record."
        )


def check_record(record: object) -> None:
    """Raises NotADataclass unless this is an instance of a dataclass, or of a class that could be one."""
    if isinstance(record, type):
        raise NotADataclass(
            f"Here an instance of {record.__name__[:70]} is needed, and not the class: "
            f"{record.__name__[:70]}(…)."
        )
    if not is_dataclass(record):
        raise NotADataclass(
            f"Here an instance of a dataclass is needed, and not {shown(record)}; or the id or name of a "
            "schema first."
        )


def is_frozen(cls: type) -> bool:
    """Whether a dataclass's attributes stay as they are."""
    return bool(cls.__dataclass_params__.frozen)  # type: ignore[attr-defined]
