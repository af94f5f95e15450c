"""Moments: Python's aware `datetime`, and the timestamps that say them."""

from datetime import UTC, datetime, timedelta

from panda_web.messages.schema.errors import TimestampOutOfRange
from panda_web.records.errors import TimeNotHeld, TimeZoneMissing

_MINUTE = timedelta(minutes=1)


def to_timestamp(moment: datetime, name: str) -> str:
    """The timestamp of RFC 3339 that says a moment, with its offset.

    Args:
        moment: an aware one.
        name: of the field, for errors.

    Raises:
        TimeZoneMissing: it has no time zone.
        TimestampOutOfRange: in UTC it is not within the years that there are.
    """
    offset = moment.utcoffset()
    if offset is None:
        raise TimeZoneMissing(
            f"{name} is {moment.isoformat()}, without a time zone, so nobody knows which moment that is. "
            "`datetime.now(UTC)` has one, and `moment.astimezone()` takes it as the time of this place.",
            field=name,
        )
    if offset % _MINUTE:  # as before the railways; timestamps have no seconds there
        try:
            moment = moment.astimezone(UTC)
        except OverflowError:
            raise TimestampOutOfRange(
                f"{name} is outside of the years 1 to 9999 in UTC.", field=name
            ) from None
    return moment.isoformat()


def to_datetime(text: str) -> datetime:
    """The moment that a timestamp says, which is one.

    Of a fraction of a second it has the first six digits, and a leap second is the second that follows.

    Raises:
        TimeNotHeld: it is of the year 0, or beyond 9999.
    """
    text = text.upper()
    leap = text[17:19] == "60"
    try:
        moment = datetime.fromisoformat(f"{text[:17]}59{text[19:]}" if leap else text)
        return moment + timedelta(seconds=1) if leap else moment
    except (ValueError, OverflowError):
        raise TimeNotHeld(f"{text[:60]!r} is no time that Python's datetime can hold.") from None
