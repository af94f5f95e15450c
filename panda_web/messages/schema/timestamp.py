"""Timestamps: RFC 3339's `date-time`, and the instant that one means.

The specification's own examples write the offset without its colon, 2020-05-31T22:51:04+0000: that is taken
too.

A leap second (second 60) is taken in the last minute of any month in UTC, where RFC 3339 (section 5.7)
allows it; which months had one is a table that grows, and verdicts must not change with it. The unknown
local offset -00:00 counts as UTC.
"""

import re
from functools import lru_cache

from panda_web.messages.schema.errors import TimestampMalformed, TimestampOutOfRange

_DATE_TIME = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt]([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]+))?"
    r"(?:[Zz]|([+-])([0-9]{2}):?([0-9]{2}))"
)
_DATE = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")
_SHORT = 64
"""Characters of a timestamp that is remembered: whoever has checked one asks again, to keep it."""
_DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def instant(text: str) -> str:
    """The moment that a timestamp means, as a text that orders by code point as moments do.

    It is UTC without a letter for it, and without zeros at the fraction's end: 2026-11-23T02:14:03.5. Equal
    moments give equal texts, fractions of any length count exactly, a leap second stands before the next
    day, and SQLite's BINARY collation orders the texts just so.

    Raises:
        TimestampMalformed: not RFC 3339, or no such day or time.
        TimestampOutOfRange: in UTC it is not within the years 0000 to 9999, the only ones RFC 3339 knows.
    """
    return _remembered(text) if len(text) <= _SHORT else _read(text)


def as_asked(text: str) -> str:
    """The timestamp that a filter asks for: as messages have them, or for a bare date its midnight in UTC."""
    return f"{text}T00:00:00Z" if _DATE.fullmatch(text) else text


def _read(text: str) -> str:
    found = _DATE_TIME.fullmatch(text)
    if found is None:
        raise TimestampMalformed(
            f"{text[:60]!r} is not a timestamp of RFC 3339, such as 2026-11-23T02:14:03Z or …03.5+01:00."
        )
    day, hour, minute, second, fraction, sign, offset_hour, offset_minute = found.groups()
    date, ends_month = _date(day, 0)
    time = text[11:19]
    # Two digits each, so texts compare as their numbers do.
    if hour > "23" or minute > "59" or second > "60":
        raise TimestampMalformed(f"No clock shows {time}.")
    if sign is not None:
        if offset_hour > "23" or offset_minute > "59":
            raise TimestampMalformed(
                f"There is no offset {sign}{offset_hour}:{offset_minute} from UTC: 23:59 is the largest."
            )
        local = int(hour) * 60 + int(minute)
        offset = int(offset_hour) * 60 + int(offset_minute)
        days, minutes = divmod(local - offset if sign == "+" else local + offset, 1440)
        if days:
            date, ends_month = _date(day, days)
        time = f"{minutes // 60:02}:{minutes % 60:02}:{second}"
    if date is None:
        raise TimestampOutOfRange(f"{text[:60]!r} is outside of the years 0000 to 9999 in UTC.")
    if second == "60" and not (ends_month and time == "23:59:60"):
        raise TimestampMalformed(
            f"{text[:60]!r} has a second 60: leap seconds end the last minute of a month in UTC."
        )
    parts = fraction.rstrip("0") if fraction else ""
    return f"{date}T{time}.{parts}" if parts else f"{date}T{time}"


_remembered = lru_cache(maxsize=16)(_read)


@lru_cache(maxsize=64)  # what is written within some weeks has few dates
def _date(text: str, later: int) -> tuple[str | None, bool]:
    """The date −1, 0 or 1 days later, None where RFC 3339 cannot write it, and whether it ends its month.

    Raises:
        TimestampMalformed: no such day.
    """
    year, month, day = int(text[:4]), int(text[5:7]), int(text[8:])
    if not (1 <= month <= 12 and 1 <= day <= _days(year, month)):
        raise TimestampMalformed(f"The calendar has no day {text}.")
    day += later
    if day == 0:
        year, month = (year, month - 1) if month > 1 else (year - 1, 12)
        day = _days(year, month)
    elif day > _days(year, month):
        year, month, day = (year, month + 1, 1) if month < 12 else (year + 1, 1, 1)
    date = f"{year:04}-{month:02}-{day:02}" if 0 <= year <= 9999 else None
    return date, day == _days(year, month)


def _days(year: int, month: int) -> int:
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return 29 if month == 2 and leap else _DAYS[month - 1]
