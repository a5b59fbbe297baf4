"""What is asked of the simulated carriers' clock, and what came of it."""

from __future__ import annotations

import datetime as dt

import msgspec


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """How far the clock is set forward: `by`, or (None) to the next scan, of one parcel if it is named."""

    by: dt.timedelta | None
    tracking_number: str | None = None


class Moment(msgspec.Struct, frozen=True, kw_only=True):
    """The account's simulated time, how fast it runs, and the numbers that there is news of."""

    now: dt.datetime
    speed: float
    tracking_numbers: tuple[str, ...] = ()


class CallFilter(msgspec.Struct, kw_only=True):
    """The filters of the call log; a purchase's reference is its id."""

    reference: str = ""
    tracking_number: str = ""
