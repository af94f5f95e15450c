"""RFC 3339 against Python's own calendar, and the order of instants against exact fractions."""

import re
import sqlite3
from datetime import UTC, datetime, timedelta, timezone
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from panda_web.messages.schema import InvalidFields, instant
from panda_web.messages.schema.errors import TimestampMalformed, TimestampOutOfRange

EPOCH = datetime(1, 1, 1, tzinfo=UTC)


@st.composite
def timestamps(draw: st.DrawFn) -> tuple[str, Fraction]:
    """A timestamp, and the seconds since the year 1 that it means."""
    local = draw(st.datetimes(datetime(1, 1, 3), datetime(9999, 12, 29)))
    minutes = draw(st.integers(-1439, 1439) | st.just(0))
    digits = draw(
        st.text("0123456789", max_size=12) | st.sampled_from(["5", "50", "49", "499999999999999999"])
    )
    sign = "-" if minutes < 0 or (draw(st.booleans()) and not minutes) else "+"
    offset = f"{sign}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"
    if draw(st.booleans()):
        offset = offset.replace(":", "")
    if not minutes and draw(st.booleans()):
        offset = draw(st.sampled_from("Zz"))
    text = f"{local:%H:%M:%S}" + (f".{digits}" if digits else "") + offset
    text = f"{local.year:04}-{local:%m-%d}" + draw(st.sampled_from("Tt")) + text
    moment = local.replace(microsecond=0, tzinfo=timezone(timedelta(minutes=minutes)))
    return text, (moment - EPOCH) // timedelta(seconds=1) + Fraction(int(digits or "0"), 10 ** len(digits))


@given(timestamps(), timestamps())
def test_instants_order_as_moments_do(one: tuple[str, Fraction], other: tuple[str, Fraction]) -> None:
    assert (instant(one[0]) < instant(other[0])) == (one[1] < other[1])
    assert (instant(one[0]) == instant(other[0])) == (one[1] == other[1])


@given(timestamps(), st.integers(-1439, 1439))
def test_the_offset_makes_no_difference(one: tuple[str, Fraction], minutes: int) -> None:
    zone = timezone(timedelta(minutes=minutes))
    seconds = int(one[1])
    local = (EPOCH + timedelta(seconds=seconds)).astimezone(zone)
    fraction = re.search(r"\.[0-9]+", one[0])
    offset = f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"
    text = f"{local.year:04}-{local:%m-%dT%H:%M:%S}{fraction[0] if fraction else ''}{offset}"
    assert instant(text) == instant(one[0])


@given(st.lists(timestamps(), max_size=8))
def test_sqlite_orders_them_so(pairs: list[tuple[str, Fraction]]) -> None:
    with sqlite3.connect(":memory:") as database:
        database.execute("CREATE TABLE t (instant TEXT, n INTEGER)")
        database.executemany(
            "INSERT INTO t VALUES (?, ?)", [(instant(text), n) for n, (text, _) in enumerate(pairs)]
        )
        found = [pairs[n][1] for (n,) in database.execute("SELECT n FROM t ORDER BY instant")]
    database.close()
    assert found == sorted(found)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-23T02:14:03.5Z", "2026-11-23T02:14:03.5"),
        ("2026-11-23T02:14:03.500+01:00", "2026-11-23T01:14:03.5"),
        ("2026-11-23t02:14:03.000z", "2026-11-23T02:14:03"),
        ("2026-11-23T02:14:03-00:00", "2026-11-23T02:14:03"),
        ("2020-05-31T22:51:04+0000", "2020-05-31T22:51:04"),  # the specification's own example
        ("2026-11-23T02:14:03-0130", "2026-11-23T03:44:03"),
        ("2024-02-29T23:59:59-00:01", "2024-03-01T00:00:59"),
        ("2024-03-01T00:00:00+23:59", "2024-02-29T00:01:00"),
        ("2023-12-31T23:30:00-00:30", "2024-01-01T00:00:00"),
        ("0000-02-29T00:00:00Z", "0000-02-29T00:00:00"),
        ("2000-02-29T00:00:00Z", "2000-02-29T00:00:00"),
        ("9999-12-31T23:59:59.9Z", "9999-12-31T23:59:59.9"),
        # leap seconds, of which RFC 3339 (section 5.8) has the second and third
        ("2016-12-31T23:59:60.25Z", "2016-12-31T23:59:60.25"),
        ("1990-12-31T23:59:60Z", "1990-12-31T23:59:60"),
        ("1990-12-31T15:59:60-08:00", "1990-12-31T23:59:60"),
        ("2017-01-01T00:29:60+00:30", "2016-12-31T23:59:60"),
        ("2024-02-29T23:59:60Z", "2024-02-29T23:59:60"),
    ],
)  # fmt: skip
def test_instants(text: str, expected: str) -> None:
    assert instant(text) == expected


def test_a_leap_second_stands_before_the_next_day() -> None:
    texts = [
        "2016-12-31T23:59:59.999Z",
        "2016-12-31T23:59:60Z",
        "2016-12-31T23:59:60.9Z",
        "2017-01-01T00:00:00Z",
    ]
    assert [instant(text) for text in texts] == sorted(instant(text) for text in texts)


@pytest.mark.parametrize(
    "text",
    [
        "", "2026-11-23", "2026-11-23T02:14:03", "2026-11-23 02:14:03Z", "2026-11-23T02:14Z",
        "2026-11-23T02:14:03.Z", "2026-11-23T02:14:03,5Z", "2026-11-23T02:14:03+010", "2026-11-23T02:14:03+01000", "2026-11-23T02:14:03+01",
        "26-11-23T02:14:03Z", "2026-1-23T02:14:03Z", "12026-11-23T02:14:03Z", "+2026-11-23T02:14:03Z",
        "2026-11-23T02:14:03Z\n", " 2026-11-23T02:14:03Z", "２０26-11-23T02:14:03Z", "2026-11-23T02:14:03−01:00",
        "2026-00-10T00:00:00Z", "2026-13-10T00:00:00Z", "2026-01-00T00:00:00Z", "2026-01-32T00:00:00Z",
        "2026-04-31T00:00:00Z", "2026-02-29T00:00:00Z", "1900-02-29T00:00:00Z", "2100-02-29T00:00:00Z",
        "2026-11-23T24:00:00Z", "2026-11-23T23:60:00Z", "2026-11-23T23:59:61Z",
        "2026-11-23T00:00:00+24:00", "2026-11-23T00:00:00+2400", "2026-11-23T00:00:00+0060", "2026-11-23T00:00:00-00:60",
        # a second 60 in other minutes than the last one of a month, in UTC
        "2016-12-31T23:58:60Z", "2016-12-30T23:59:60Z", "2016-12-31T23:59:60+01:00", "2016-12-31T22:59:60Z",
    ],
)  # fmt: skip
def test_what_is_no_timestamp(text: str) -> None:
    with pytest.raises(TimestampMalformed):
        instant(text)


@pytest.mark.parametrize("text", ["0000-01-01T00:00:00+00:01", "9999-12-31T23:59:59.9-00:01"])
def test_years_that_rfc_3339_does_not_know(text: str) -> None:
    with pytest.raises(TimestampOutOfRange):
        instant(text)


@given(
    st.from_regex(r"\A(19|20)[0-9]{2}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-6][0-9]:[0-6][0-9](Z|[+-][0-2][0-9]:[0-6][0-9])\Z")
)  # fmt: skip
def test_the_calendar_is_pythons(text: str) -> None:
    year, month, day, hour, minute, second = map(int, re.findall("[0-9]+", text)[:6])
    offset = [*map(int, re.findall("[0-9]+", text)[6:]), 0, 0]
    try:
        datetime(year, month, day, hour, minute, second)
        valid = offset[0] < 24 and offset[1] < 60
    except ValueError:
        valid = False
    try:
        instant(text)
    except TimestampMalformed:
        assert not valid
    else:
        assert valid or second == 60


@given(st.text(max_size=40) | st.from_regex(r"[0-9TZ:.+\-]{0,30}"))
def test_noise_is_a_named_error(text: str) -> None:
    with pytest.raises(InvalidFields) as caught:
        instant(text)
    assert len(str(caught.value)) < 500
