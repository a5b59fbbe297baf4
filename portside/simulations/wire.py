"""The simulator's own shapes; Shippo has nothing like it."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

import msgspec
from msgspec import Meta

from portside.errors import BadRequest, FieldErrors
from portside.kit.clock import to_wire
from portside.simulations.models import Moment, Step
from portside.simulator.books import LoggedCall
from portside.simulator.stories import STORIES

# Every story is over long before.
LONGEST_STEP = dt.timedelta(days=400)
FASTEST = 1_000_000
SLOWEST = 0.000_001

_UNITS = {"seconds": dt.timedelta(seconds=1), "hours": dt.timedelta(hours=1), "days": dt.timedelta(days=1)}


class AdvanceIn(msgspec.Struct, kw_only=True):
    """How far to set the clock forward: exactly one of `seconds`, `hours`, `days`, `to_next_scan`."""

    seconds: float | None = None
    hours: float | None = None
    days: float | None = None
    to_next_scan: bool = False
    tracking_number: (
        Annotated[str, Meta(description="With `to_next_scan`: this parcel's next scan, not that of any.")] | None
    ) = None


class SpeedIn(msgspec.Struct, kw_only=True):
    speed: Annotated[float, Meta(description="Simulated seconds per real second; 1 is the usual pace.")]


class StoryIn(msgspec.Struct, kw_only=True):
    tracking_number: str
    story: Annotated[str, Meta(description="One of the stories in docs/simulator.md, e.g. `attempt_failed`.")]


class ClockOut(msgspec.Struct, kw_only=True):
    """`tracking_numbers` are those of which the carriers have just told news."""

    now: str
    speed: float
    tracking_numbers: list[str]


class CallOut(msgspec.Struct, kw_only=True):
    """One call that reached a simulated carrier; `reference` is the purchase it was for."""

    object_created: str
    carrier: str
    carrier_account: str
    operation: str
    reference: str | None
    tracking_number: str | None
    outcome: str


class CallsOut(msgspec.Struct, kw_only=True):
    """The latest 100, oldest first."""

    results: list[CallOut]


def step(given: AdvanceIn) -> Step:
    """Raises BadRequest, FieldErrors."""
    spans: dict[str, float] = {name: value for name in _UNITS if (value := getattr(given, name)) is not None}
    if len(spans) + given.to_next_scan != 1:
        raise BadRequest("Give exactly one of seconds, hours, days and to_next_scan.")
    if given.to_next_scan:
        return Step(by=None, tracking_number=given.tracking_number or None)
    if given.tracking_number:
        raise FieldErrors({"tracking_number": ["This goes only with to_next_scan: all parcels share one clock."]})
    ((name, count),) = spans.items()
    if not 0 <= count <= LONGEST_STEP / _UNITS[name]:
        raise FieldErrors({name: [f"This must be from 0 to {LONGEST_STEP.days} days; the clock never goes back."]})
    return Step(by=count * _UNITS[name])


def speed(given: SpeedIn) -> float:
    """Raises FieldErrors."""
    if not SLOWEST <= given.speed <= FASTEST:
        raise FieldErrors({"speed": [f"This must be at least {SLOWEST} and at most {FASTEST}."]})
    return given.speed


def story(given: StoryIn) -> str:
    """Raises FieldErrors."""
    if given.story not in STORIES:
        raise FieldErrors({"story": [f"There is no such story. The stories are: {', '.join(STORIES)}."]})
    return given.story


def clock_out(moment: Moment) -> ClockOut:
    return ClockOut(now=to_wire(moment.now), speed=moment.speed, tracking_numbers=list(moment.tracking_numbers))


def call_out(call: LoggedCall) -> CallOut:
    return CallOut(
        object_created=to_wire(call.at),
        carrier=call.carrier,
        carrier_account=call.account,
        operation=call.operation,
        reference=call.reference,
        tracking_number=call.tracking_number,
        outcome=call.outcome,
    )
