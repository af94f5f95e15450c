"""What callers give, held to its kind before anything is asked or signed: each error names the parameter."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from panda_web.messages.schema import Schema
from panda_web.messages.schema.rules import shown
from panda_web.rpc.errors import InvalidParams
from panda_web.rpc.forks import PLACE
from panda_web.rpc.types import AUTHOR, HASH
from panda_web.rpc.wish import Log


def wrong(name: str, needed: str, given: object) -> InvalidParams:
    """The error for a parameter that is something else than is needed."""
    found = f"the class {given.__name__}" if isinstance(given, type) else shown(given)
    return InvalidParams(f"{name} is {needed}, and not {found}.", param=name)


def check_schema(given: object) -> None:
    """Raises InvalidParams unless this may be a schema: an id, a name or a class."""
    if not isinstance(given, str | type):
        raise wrong("schema", "the id or the name of a schema, or a dataclass", given)


def check_id(name: str, given: object) -> None:
    """Raises InvalidParams unless this is a text, as ids are."""
    if not isinstance(given, str):
        raise wrong(name, "an id of 132 lower-case hex digits", given)


def public_key(name: str, given: object) -> bytes:
    """An author. Raises InvalidParams."""
    try:
        return AUTHOR.read(given)
    except ValueError:
        raise wrong(name, "a public key of 64 lower-case hex digits", given) from None


def entry_hash(name: str, given: object) -> bytes:
    """The hash of an entry. Raises InvalidParams."""
    try:
        return bytes.fromhex(HASH.read(given))
    except ValueError:
        raise wrong(name, "the hash of an entry, of 132 lower-case hex digits", given) from None


def place(name: str, given: object) -> Log:
    """A log, as a page of them is gone on behind. Raises InvalidParams."""
    try:
        return PLACE.read(given)
    except ValueError:
        raise wrong(name, "the place of a forked log", given) from None


def check_number(name: str, given: object, least: int, most: int) -> None:
    """Raises InvalidParams unless this is a whole number within bounds."""
    if isinstance(given, bool) or not isinstance(given, int) or not least <= given <= most:
        raise wrong(name, f"a whole number from {least:,} to {most:,}", given)


def texts(name: str, needed: str, given: object) -> list[str]:
    """Some texts, such as ids. Raises InvalidParams."""
    found = list(given) if isinstance(given, Iterable) and not isinstance(given, str | type) else None
    if found is None or not all(isinstance(each, str) for each in found):
        raise wrong(name, f"a list of {needed}", given)
    return found


def check_name(given: object) -> None:
    """Raises InvalidParams unless this is a text, as names are."""
    if not isinstance(given, str):
        raise wrong("name", "the name or the id of a schema", given)


def check_definition(given: object) -> None:
    """Raises InvalidParams unless this is a `Schema`."""
    if not isinstance(given, Schema):
        raise wrong("schema", "a Schema, as `define` and `schema` give it", given)


def definitions(given: object) -> list[Schema]:
    """Some `Schema`s. Raises InvalidParams."""
    if not isinstance(given, Iterable):
        raise wrong("schemas", "a list of Schemas", given)
    found = list(given)
    for each in found:
        check_definition(each)
    return found


def check_alone(given: object, *behind: object) -> None:
    """Raises InvalidParams where more follows a record, as it does the id or name of a schema."""
    if any(each is not None for each in behind):
        raise wrong("schema", "the id or the name of a schema", given)


def check_node(given: object) -> None:
    """Raises InvalidParams unless this may be the way to a node."""
    asks = any(callable(getattr(given, name, None)) for name in ("send", "call"))
    if isinstance(given, type) or not (isinstance(given, str) or asks):
        raise wrong("node", 'its address, such as "http://localhost:2020", or a transport', given)


def check_signer(given: object) -> None:
    """Raises InvalidParams unless this may be a key."""
    if isinstance(given, type) or not isinstance(getattr(given, "author", None), bytes):
        raise wrong("signer", 'a key, such as KeyFile.open(Path("key.pem"))', given)


def check_rows(given: object) -> None:
    """Raises InvalidParams unless this is a list: of fields, or of records."""
    if not isinstance(given, Sequence) or isinstance(given, str | bytes):
        raise wrong("rows", "a list", given)


def fields(given: object) -> Mapping[str, object]:
    """The fields of a message. Raises InvalidParams."""
    if not isinstance(given, Mapping) or not all(isinstance(name, str) for name in given):
        raise wrong("fields", 'an object of names and values, such as {"title": "Opening"}', given)
    return given


def check_query(
    filter: object = None,
    order_by: object = (),
    limit: object = None,
    after: object = None,
    select: object = None,
    include: object = (),
) -> None:
    """Raises InvalidParams where a part of a query is of another kind than it must be."""
    if filter is not None and not isinstance(filter, Mapping):
        raise wrong("filter", 'an object, such as {"room": "Curie"} or {"seats": {"gte": 20}}', filter)
    _check_names("order_by", 'a list of names, such as ["room", "-start"]', order_by)
    if limit is not None and (not isinstance(limit, int) or isinstance(limit, bool) or limit < 1):
        raise wrong("limit", "a whole number from 1 on", limit)
    if after is not None and not isinstance(after, str):
        raise wrong("after", "the cursor of an instance", after)
    if select is not None:
        _check_names("select", 'a list of names, such as ["title"]', select)
    _check_names("include", 'a list of relations, such as ["room", "speakers.home"]', include)


def _check_names(name: str, needed: str, given: Any) -> None:
    is_list = isinstance(given, Sequence) and not isinstance(given, str | bytes)
    if not is_list or not all(isinstance(each, str) for each in given):
        raise wrong(name, needed, given)
