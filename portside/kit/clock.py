"""Time as the wire writes it: UTC, three decimals, `Z`."""

from __future__ import annotations

import datetime as dt
import re

UTC = dt.UTC

_TEXT = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)(?:[Tt ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?\s*(Z|z|[+-]\d\d(?::?\d\d)?)?)?"
)


def now() -> dt.datetime:
    """The time, aware, in UTC, cut to milliseconds as everything we store and show."""
    moment = dt.datetime.now(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def to_wire(moment: dt.datetime) -> str:
    """`2022-01-10T17:12:11.456Z`: exactly three decimals, microseconds cut."""
    if moment.tzinfo is not UTC:
        moment = moment.astimezone(UTC)
    return moment.isoformat("T", "milliseconds")[:-6] + "Z"


def from_wire(text: str) -> dt.datetime | None:
    """Read a date or date-time as clients write them; without an offset it means UTC. None if it is neither.

    The zero time of some languages, year 1, counts as absent and is also None.
    """
    match = _TEXT.fullmatch(text.strip())
    if match is None:
        return None
    year, month, day, hour, minute, second, fraction, offset = match.groups()
    micro = int((fraction or "0").ljust(6, "0")[:6]) // 1000 * 1000
    try:
        moment = dt.datetime(
            int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0), micro, _zone(offset)
        )
        moment = moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return moment if moment.year > 1 else None


def _zone(offset: str | None) -> dt.timezone:
    if not offset or offset in "Zz":
        return UTC
    digits = offset[1:].replace(":", "").ljust(4, "0")
    delta = dt.timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return dt.timezone(-delta if offset[0] == "-" else delta)
