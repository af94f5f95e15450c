"""Odd values of schedule files, and what they can sensibly mean.

Files of real festivals write one thing in many ways: a track as a text or as an object of languages, a
duration as minutes or with seconds, a person under one of five names. A value that has a sensible reading
gets it; one that has none is `NoReading`, with a sentence that says why. A value that a talk takes as it is
stays as it is.
"""

import re
from collections.abc import Mapping

from panda_web.messages.schema import InvalidFields, instant
from panda_web.rpc.types import Json

LANGUAGE = "en"
"""Of the texts in several languages this one is taken, the page's own; where it is missing, the first."""

MAX_SHOWN = 60
"""Characters of a value that are told."""

_LANGUAGE_CODE = re.compile(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*")
_NAMES = ("name", "title", "label", "slug")
_PERSON_NAMES = ("public_name", "full_public_name", "name", "display_name", "full_name")
_MOMENT = re.compile(
    r"\s*([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt ]\s*([0-9]{1,2}):([0-9]{2})(?::([0-9]{2})(?:[.,]([0-9]+))?)?"
    r"\s*(?:(Z|UTC|GMT)|([+-])([0-9]{2}):?([0-9]{2})?)?\s*",
    re.IGNORECASE,
)
_CLOCK = re.compile(r"\s*([0-9]{1,2}:[0-9]{2}(?::[0-9]{2})?)\s*")
_OFFSET = re.compile(r"[Zz]|[+-][0-9]{2}:?[0-9]{2}")
_DURATION = re.compile(r"[0-9]{1,3}:[0-5][0-9]")
_THREE_PARTS = re.compile(r"([0-9]{1,3}):([0-9]{1,2}):([0-5][0-9])")
_ISO_DURATION = re.compile(r"P(?:([0-9]{1,3})D)?(?:T(?:([0-9]{1,3})H)?(?:([0-9]{1,5})M)?(?:[0-9]{1,5}S)?)?")


class NoReading(ValueError):
    """A value that no talk can hold in any sensible reading."""


def shown(value: Json) -> str:
    """A value as it is told: short, and on one line."""
    return f"{value!r:.{MAX_SHOWN}}"


def read_text(value: Json) -> str | None:
    """A text; None for null and for what is blank.

    A number is its digits. An object is the text of its language, or its name. A list is its texts.

    Raises:
        NoReading: nothing of the kind.
    """
    if isinstance(value, str):
        return value if value.strip() else None
    if value is None:
        return None
    if isinstance(value, int | float) and not isinstance(value, bool):
        return f"{value:.15g}" if isinstance(value, float) else str(value)
    if isinstance(value, Mapping):
        return _text_of_object(value)
    if isinstance(value, list):
        return ", ".join(text for item in value if (text := read_text(item))) or None
    raise NoReading(f"{shown(value)} is not a text.")


def _text_of_object(value: Mapping[str, Json]) -> str | None:
    if not value:
        return None
    if all(_LANGUAGE_CODE.fullmatch(key) and isinstance(text, str | None) for key, text in value.items()):
        own = [key for key in value if re.split("[-_]", key.lower())[0] == LANGUAGE]
        keys: tuple[str, ...] = (*own, *value)
    else:
        keys = tuple(key for key in _NAMES if key in value)
    for key in keys:
        text = read_text(value[key])
        if text is not None:
            return text
    if keys:
        return None
    raise NoReading(f"{shown(value)} has neither languages nor a name.")


def read_person(value: Json) -> str | None:
    """The name of a person, given as a text or as an object; None for nobody. Raises NoReading."""
    if not isinstance(value, Mapping):
        return read_text(value)
    given = [key for key in _PERSON_NAMES if key in value]
    for key in given:
        name = read_text(value[key])
        if name is not None:
            return name
    parts = [name for key in ("first_name", "last_name") if (name := read_text(value.get(key)))]
    if parts or given or not value:
        return " ".join(parts) or None
    raise NoReading(f"{shown(value)} names nobody.")


def read_start(value: Json, offset: str | None) -> str | None:
    """A timestamp, with seconds and an offset from UTC.

    Args:
        value: as the file has it.
        offset: of the day that it stands under, for a start without one.

    Raises:
        NoReading: it is no day and time, or nothing says its offset.
    """
    text = read_text(value)
    if text is None:
        return None
    if seconds_of(text) is not None:
        return text
    found = _MOMENT.fullmatch(text)
    if found is None:
        raise NoReading(f"{shown(text)} is not a day and a time, such as 2026-08-01T10:30:00+02:00.")
    date, hour, minute, second, fraction, utc, sign, offset_hour, offset_minute = found.groups()
    zone = "Z" if utc else f"{sign}{offset_hour}:{offset_minute or '00'}" if sign else offset
    if zone is None:
        raise NoReading(f"{shown(text)} does not say its offset from UTC, as 2026-08-01T10:30:00+02:00 does.")
    return f"{date}T{hour:0>2}:{minute}:{second or '00'}{'.' + fraction if fraction else ''}{zone}"


def seconds_of(timestamp: object) -> float | None:
    """The moment of a timestamp, in seconds since the year 0; None for what is none."""
    try:
        moment = instant(timestamp) if isinstance(timestamp, str) else None
    except InvalidFields:
        moment = None
    if moment is None:
        return None
    year, month, day = int(moment[:4]), int(moment[5:7]), int(moment[8:10])
    if month <= 2:  # years that begin in March end in the day that not all of them have
        year, month = year - 1, month + 12
    days = 365 * year + year // 4 - year // 100 + year // 400 + (153 * (month - 3) + 2) // 5 + day
    return float(days * 86_400 + int(moment[11:13]) * 3_600 + int(moment[14:16]) * 60) + float(moment[17:])


def read_clock(value: Json) -> str | None:
    """The time of day, where a value is one, such as 10:30."""
    found = _CLOCK.fullmatch(value) if isinstance(value, str) else None
    return found[1] if found else None


def offset_of(value: Json) -> str | None:
    """The offset from UTC at the end of a timestamp, if it has one."""
    text = value.strip() if isinstance(value, str) and len(value) < MAX_SHOWN else ""
    found = _OFFSET.fullmatch(text[19:]) if "T" in text.upper() else None
    return found[0] if found else None


def read_duration(value: Json) -> str | None:
    """Hours and minutes, such as 00:45.

    A number is minutes. Three parts are hours, minutes and seconds where the first is 0 or the last 00, or
    where the middle one is no hour; else they are days, hours and minutes, as frab and c3voc write what is
    longer than a day. Seconds are dropped.

    Raises:
        NoReading: no length of time, or 1,000 hours and more.
    """
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _from_minutes(round(value), value)
    text = read_text(value)
    if text is None or _DURATION.fullmatch(text):
        return text
    text = text.strip()
    if _DURATION.fullmatch(text):
        return text
    if re.fullmatch("[0-9]{1,5}", text):
        return _from_minutes(int(text), value)
    parts = _THREE_PARTS.fullmatch(text)
    if parts:
        first, middle, last = map(int, parts.groups())
        if middle <= 59 and (first == 0 or last == 0 or middle > 23):
            return _from_minutes(first * 60 + middle, value)
        return _from_minutes((first * 24 + middle) * 60 + last, value)
    iso = _ISO_DURATION.fullmatch(text.upper())
    if iso and any(iso.groups()):
        days, hours, minutes = (int(part or 0) for part in iso.groups())
        return _from_minutes((days * 24 + hours) * 60 + minutes, value)
    raise NoReading(f"{shown(value)} is not a length of time, such as 00:45.")


def duration_between(start: Json, end: Json) -> str | None:
    """The length of time from one timestamp to another; None where they give none."""
    begin, finish = seconds_of(start), seconds_of(end)
    if begin is None or finish is None or not 0 < finish - begin < 3_600_000:
        return None
    return _from_minutes(int(finish - begin) // 60, end)


def _from_minutes(minutes: int, value: Json) -> str:
    if not 0 <= minutes < 60_000:
        raise NoReading(f"{shown(value)} is not a length of time below 1,000 hours.")
    return f"{minutes // 60:02}:{minutes % 60:02}"
