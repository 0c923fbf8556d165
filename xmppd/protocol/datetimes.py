"""Moments as XMPP writes them: the DateTime profile (XEP-0082)."""

import re
from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_MICROSECOND = timedelta(microseconds=1)
_DATETIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T(?:[01][0-9]|2[0-3]):[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?"
    r"(?:Z|[+-][01][0-9]:[0-5][0-9])"
)


def parse_datetime(text: str) -> datetime:
    """The moment a DateTime names, in UTC; digits beyond microseconds are cut off.

    Raises `ValueError` for any other format, for a moment that no calendar has, and for one
    outside the years 1 to 9999.
    """
    if _DATETIME.fullmatch(text) is None:
        raise ValueError("not a DateTime of XEP-0082")
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError("no such date or time") from None


def parse_microseconds(text: str) -> int:
    """Like `parse_datetime`, in microseconds since 1970."""
    return (parse_datetime(text) - EPOCH) // _MICROSECOND


def format_datetime(moment: datetime | int) -> str:
    """Write a moment in UTC, with six fractional digits unless they are all zero.

    `moment` is an aware datetime or a number of microseconds since 1970. Raises `ValueError` for
    a naive datetime and for a number outside the years 1 to 9999.
    """
    utc = _from_microseconds(moment) if isinstance(moment, int) else _as_utc(moment)
    return utc.replace(tzinfo=None).isoformat() + "Z"


def _from_microseconds(number: int) -> datetime:
    try:
        return EPOCH + timedelta(microseconds=number)
    except OverflowError:
        raise ValueError("outside the years 1 to 9999") from None


def _as_utc(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("a naive datetime names no moment")
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("outside the years 1 to 9999") from None
