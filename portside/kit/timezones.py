"""Which time zone a place keeps: carriers close their days, and come to fetch parcels, by the clock on its wall."""

from __future__ import annotations

import datetime as dt
import re
from functools import lru_cache
from types import ModuleType
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_ZIP = re.compile(r"(\d{5})(?:-?\d{4})?", re.ASCII)

UTC = ZoneInfo("UTC")


def _zipcodes() -> ModuleType:
    # The import alone reads the whole table, so a process that needs no ZIP code must not pay for it.
    import zipcodes

    return zipcodes  # type: ignore[no-any-return, unused-ignore]


@lru_cache(maxsize=4096)
def zone_of(country: str, postal_code: str) -> ZoneInfo:
    """The zone of a US ZIP code; UTC where we know no better. The first call ever takes 0.3 s: call it in a thread."""
    match = _ZIP.fullmatch(postal_code.strip())
    if country.upper() != "US" or match is None:
        return UTC
    zip5 = match.group(1)
    # New codes appear every month; they keep the time of their neighbours.
    for row in _zipcodes().matching(zip5) or _zipcodes().similar_to(zip5[:3]):
        try:
            return ZoneInfo(row["timezone"])
        except (ZoneInfoNotFoundError, ValueError):
            continue
    return UTC


def local_day(moment: dt.datetime, zone: ZoneInfo) -> dt.date:
    """The day at that place. Midnight in UTC is how clients write a mere date, and means that date everywhere."""
    in_utc = moment.astimezone(dt.UTC)
    is_date = in_utc.time() == dt.time()
    return (in_utc if is_date else moment.astimezone(zone)).date()
