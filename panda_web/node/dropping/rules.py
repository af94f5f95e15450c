"""Which payloads are dropped: rules, and the file that has them for a node that runs.

A file is TOML, a table for each rule; what is dropped is that for which all of a rule's conditions hold:

    [[drop]]
    older-than-days = 90
    larger-than = "64 KiB"
    schema = "0040…"
    author = "…"
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from panda_web.bamboo import is_hex
from panda_web.errors import PandaError

MAX_POLICY = 64 << 10
"""Bytes of a policy file."""

MOST_RULES = 100
"""Rules in it: each payload that comes is held to all of them."""

MOST_DAYS = 100_000
MAX_BYTES = 1 << 40

_UNITS = {"": 1, "bytes": 1, "KiB": 1 << 10, "MiB": 1 << 20}


class PolicyInvalid(PandaError):
    """A policy file says nothing that a node could follow."""

    reason = "policy-invalid"


class PolicyNotToml(PolicyInvalid):
    """The policy file is not TOML, or has none of its parts."""

    reason = "policy-not-toml"


class PolicyKeyUnknown(PolicyInvalid):
    """The policy file has a key that means nothing."""

    reason = "policy-key-unknown"


class RuleEmpty(PolicyInvalid):
    """A rule has no condition, so it would be for everything; or an instance, and others beside it."""

    reason = "rule-empty"


class RuleValueWrong(PolicyInvalid):
    """A condition of a rule has a value that it cannot have."""

    reason = "rule-value-wrong"


@dataclass(frozen=True, slots=True)
class Rule:
    """What is dropped: whole instances for which all of these hold, of those that are given.

    Attributes:
        instance: its id. It stands alone.
        author: who wrote it, 32 bytes.
        schema: that its messages name, 132 hex digits.
        larger_than: bytes that a payload of it has more than.
        older_than: days before which all of it came here.

    Raises:
        RuleEmpty: there is no condition, or others beside an instance.
        RuleValueWrong: a number is out of its bounds.
    """

    instance: bytes | None = None
    author: bytes | None = None
    schema: str | None = None
    larger_than: int | None = None
    older_than: int | None = None

    def __post_init__(self) -> None:
        others = (self.author, self.schema, self.larger_than, self.older_than)
        if all(each is None for each in (self.instance, *others)):
            raise RuleEmpty("A rule needs a condition, such as larger-than: without one, all would go.")
        if self.instance is not None and any(each is not None for each in others):
            raise RuleEmpty("An instance is dropped whatever else holds: it stands alone in a rule.")
        if self.older_than is not None and not 1 <= self.older_than <= MOST_DAYS:
            raise RuleValueWrong(f"older-than-days must be from 1 to {MOST_DAYS}, not {self.older_than}.")
        if self.larger_than is not None and not 0 <= self.larger_than <= MAX_BYTES:
            raise RuleValueWrong(f"larger-than must be from 0 to {MAX_BYTES} bytes, not {self.larger_than}.")

    def is_for_what_comes(self, author: bytes, subject: bytes, schema: str | None, size: int) -> bool:
        """Whether a payload is dropped as it comes, when nothing is old.

        Args:
            author: of its entry.
            subject: the instance that it is about; where it is no message, its entry's hash.
            schema: that it names; None where it is no message.
            size: bytes.
        """
        return (
            self.older_than is None
            and self.instance in (None, subject)
            and self.author in (None, author)
            and self.schema in (None, schema)
            and (self.larger_than is None or size > self.larger_than)
        )

    def __str__(self) -> str:
        said = []
        if self.instance is not None:
            said.append(f"the instance {self.instance.hex()[:16]}…")
        if self.author is not None:
            said.append(f"by the author {self.author.hex()[:16]}…")
        if self.schema is not None:
            said.append(f"of the schema {self.schema[:16]}…")
        if self.larger_than is not None:
            said.append(f"larger than {self.larger_than:,} bytes")
        if self.older_than is not None:
            said.append(f"older than {self.older_than:,} days")
        return ", ".join(said)


def read_size(text: str) -> int:
    """Bytes, as people write them: 500, 64 KiB, 1 MiB. Raises RuleValueWrong."""
    found = re.fullmatch(r"(\d{1,12}) ?(|bytes|KiB|MiB)", text)
    if found is None:
        raise RuleValueWrong(f"{text[:40]!r} is no size, such as 500, 64 KiB or 1 MiB.")
    return int(found[1]) * _UNITS[found[2]]


def read_author(text: str) -> bytes:
    """A public key. Raises RuleValueWrong."""
    if not re.fullmatch(r"[0-9a-f]{64}", text):
        raise RuleValueWrong(f"{text[:40]!r} is no author: a public key has 64 lower-case hex digits.")
    return bytes.fromhex(text)


def read_hash(text: str) -> str:
    """The id of an instance, or of a schema. Raises RuleValueWrong."""
    if not is_hex(text):
        raise RuleValueWrong(
            f"{text[:40]!r} is no id: it has 132 lower-case hex digits and begins with 0040."
        )
    return text


def read_policy(data: bytes) -> tuple[Rule, ...]:
    """The rules of a file.

    Raises:
        PolicyInvalid: one of its subclasses; its sentence names the rule.
    """
    import tomllib  # here, since a page loads this module and reads no files

    if len(data) > MAX_POLICY:
        raise PolicyNotToml(f"The policy has {len(data):,} bytes; {MAX_POLICY:,} are allowed.")
    try:
        found = tomllib.loads(data.decode())
    except (ValueError, RecursionError) as error:
        raise PolicyNotToml(f"The policy is not TOML: {str(error)[:200]}.") from error
    _check_keys(found, {"drop"}, "The policy")
    tables = found.get("drop", [])
    if not isinstance(tables, list) or not all(isinstance(each, dict) for each in tables):
        raise PolicyNotToml("The policy's rules are tables of their own, each under [[drop]].")
    if len(tables) > MOST_RULES:
        raise PolicyNotToml(f"The policy has {len(tables)} rules; {MOST_RULES} are allowed.")
    return tuple(_read_rule(each, f"Rule {number}") for number, each in enumerate(tables, 1))


def _read_rule(table: dict[str, Any], where: str) -> Rule:
    _check_keys(table, {"instance", "author", "schema", "larger-than", "older-than-days"}, where)
    try:
        instance = _text(table, "instance")
        author = _text(table, "author")
        schema = _text(table, "schema")
        larger = table.get("larger-than")
        return Rule(
            bytes.fromhex(read_hash(instance)) if instance is not None else None,
            read_author(author) if author is not None else None,
            read_hash(schema) if schema is not None else None,
            read_size(larger) if isinstance(larger, str) else _number(table, "larger-than"),
            _number(table, "older-than-days"),
        )
    except PolicyInvalid as error:
        raise type(error)(f"{where}: {error}") from error


def _text(table: dict[str, Any], key: str) -> str | None:
    value = table.get(key)
    if value is not None and not isinstance(value, str):
        raise RuleValueWrong(f"{key} must be a text in quotation marks.")
    return value


def _number(table: dict[str, Any], key: str) -> int | None:
    value = table.get(key)
    if value is not None and (isinstance(value, bool) or not isinstance(value, int)):
        raise RuleValueWrong(f"{key} must be a whole number.")
    return value


def _check_keys(table: dict[str, Any], known: Iterable[str], where: str) -> None:
    strange = sorted(table.keys() - set(known))
    if strange:
        raise PolicyKeyUnknown(
            f"{where} has the key {strange[0][:40]!r}, which means nothing here: it may have "
            f"{', '.join(sorted(known))}."
        )
