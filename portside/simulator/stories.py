"""Tracking lives as data: what happens to a simulated parcel, step by step, and which of it has been seen by now.

Pure and deterministic: the clock is a parameter, so a parcel asked twice tells the same story, and a parcel asked later
tells the same story and more. Statuses and substatus codes are Shippo's.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Literal

import msgspec

from portside.simulator.geography import City
from portside.simulator.routes import Route

Status = Literal["UNKNOWN", "PRE_TRANSIT", "TRANSIT", "DELIVERED", "RETURNED", "FAILURE"]
Where = Literal["nowhere", "origin", "first_hub", "stops", "leaving", "entering", "last_hub", "destination"]


class Substatus(msgspec.Struct, frozen=True):
    """One line of Shippo's table of substatuses; `text` is what the simulated carrier says by default."""

    code: str
    status: Status
    text: str
    action_required: bool = False


class Step(msgspec.Struct, frozen=True):
    """Something that happens `hours` after the label was made, on the story's own time scale."""

    hours: float
    code: str
    where: Where
    text: str = ""


class Story(msgspec.Struct, frozen=True):
    """A life in steps. `transit_days` is how long its way to the first attempt takes as written."""

    name: str
    tells: str
    steps: tuple[Step, ...]
    transit_days: int = 3


class Scan(msgspec.Struct, frozen=True):
    """One event as a carrier reports it. `index` numbers the scans of a parcel from 0 and never changes."""

    index: int
    at: dt.datetime
    status: Status
    code: str
    text: str
    action_required: bool
    location: City | None


def _table(status: Status, *rows: tuple[str, str] | tuple[str, str, bool]) -> dict[str, Substatus]:
    return {row[0]: Substatus(row[0], status, *row[1:]) for row in rows}


SUBSTATUSES: dict[str, Substatus] = {
    **_table(
        "PRE_TRANSIT",
        ("information_received", "Information about the package received."),
    ),
    **_table(
        "TRANSIT",
        ("address_issue", "There is a problem with the address.", True),
        ("contact_carrier", "Contact the carrier for more information.", True),
        ("delayed", "The delivery of the package is delayed."),
        ("delivery_attempted", "The delivery was attempted; nobody could take the package.", True),
        ("delivery_rescheduled", "The delivery was moved to another day."),
        ("delivery_scheduled", "The delivery was scheduled."),
        ("location_inaccessible", "The place of delivery could not be reached.", True),
        ("notice_left", "A notice was left for the recipient.", True),
        ("out_for_delivery", "The package is out for delivery."),
        ("package_accepted", "The carrier has the package."),
        ("package_arrived", "The package arrived at a facility."),
        ("package_damaged", "The package is damaged.", True),
        ("package_departed", "The package left a facility."),
        ("package_forwarded", "The package was forwarded to another address."),
        ("package_held", "The package is held.", True),
        ("package_processed", "The package was processed at a facility."),
        ("package_processing", "The package is being processed at a facility."),
        ("pickup_available", "The package can be picked up.", True),
        ("reschedule_delivery", "A new day of delivery must be chosen.", True),
    ),
    **_table(
        "DELIVERED",
        ("delivered", "The package was delivered."),
    ),
    **_table(
        "RETURNED",
        ("return_to_sender", "The package is going back to the sender."),
        ("package_unclaimed", "Nobody picked the package up; it is going back to the sender.", True),
    ),
    **_table(
        "FAILURE",
        ("package_undeliverable", "The package cannot be delivered.", True),
        ("package_disposed", "The package was disposed of."),
        ("package_lost", "The package is lost.", True),
    ),
    **_table(
        "UNKNOWN",
        ("other", "The carrier has no information about the package."),
    ),
}


_ACCEPTED = (
    Step(0, "information_received", "origin", "Shipping label created, the carrier awaits the package."),
    Step(6, "package_accepted", "origin"),
)
_SORTED = (
    *_ACCEPTED,
    Step(11, "package_arrived", "first_hub"),
    Step(13, "package_processing", "first_hub"),
    Step(16, "package_departed", "first_hub"),
)
_UNDER_WAY = (
    *_SORTED,
    Step(26, "package_arrived", "stops"),
    Step(30, "package_departed", "stops"),
    Step(22, "package_departed", "leaving", "The package left the country of origin."),
    Step(34, "package_arrived", "entering", "The package arrived in the country of destination."),
    Step(40, "package_processed", "entering", "The package was released by customs."),
    Step(46, "package_arrived", "last_hub"),
    Step(50, "package_processed", "last_hub"),
    Step(54, "package_departed", "last_hub"),
    Step(60, "package_arrived", "destination", "The package arrived at the local facility."),
)
_ON_THE_VAN = (*_UNDER_WAY, Step(66, "out_for_delivery", "destination"))
_DELIVERED_AT = 72


def _van_then(*steps: Step) -> tuple[Step, ...]:
    return (*_ON_THE_VAN, *steps)


def _day(days: float, code: str, where: Where = "destination", text: str = "") -> Step:
    """A step so many days after the day on which the parcel was due."""
    return Step(_DELIVERED_AT + 24 * days, code, where, text)


_STORIES = (
    Story("delivered", "All goes well.", _van_then(_day(0, "delivered"))),
    Story("pre_transit", "The label is never used.", _ACCEPTED[:1]),
    Story("stuck", "Accepted and sorted once, then silence.", _SORTED),
    Story("unknown", "The carrier has never heard of the parcel.", (Step(0, "other", "nowhere"),)),
    Story(
        "attempt_failed",
        "Nobody at home; delivered the day after.",
        _van_then(
            _day(0, "delivery_attempted"),
            _day(0.1, "notice_left"),
            _day(0.75, "out_for_delivery"),
            _day(1, "delivered"),
        ),
    ),
    Story(
        "address_issue",
        "The address does not exist; after its correction the parcel arrives.",
        _van_then(
            _day(0, "address_issue"),
            _day(0.9, "delivery_rescheduled", text="The address was corrected; the delivery was moved to another day."),
            _day(1.7, "out_for_delivery"),
            _day(2, "delivered"),
        ),
    ),
    Story(
        "returned",
        "The recipient refuses the parcel; it goes back.",
        _van_then(
            _day(0, "delivery_attempted", text="The recipient refused the package."),
            _day(0.3, "return_to_sender"),
            _day(3, "return_to_sender", "origin", "The package was returned to the sender."),
        ),
    ),
    Story(
        "unclaimed",
        "It waits at a counter until its time is over.",
        _van_then(
            _day(0, "notice_left"),
            _day(0.5, "pickup_available"),
            _day(7, "package_unclaimed"),
        ),
    ),
    Story(
        "pickup_available",
        "It waits at a counter and is fetched.",
        _van_then(_day(0, "pickup_available"), _day(2, "delivered", text="The package was picked up.")),
    ),
    Story(
        "lost",
        "It vanishes between two facilities.",
        (*_SORTED, _day(2, "delayed", "nowhere"), _day(6, "package_lost", "nowhere")),
    ),
    Story(
        "damaged",
        "It is found damaged in a facility and disposed of.",
        (
            *_UNDER_WAY,
            _day(0, "package_damaged", "last_hub"),
            _day(1, "contact_carrier", "last_hub"),
            _day(4, "package_disposed", "last_hub"),
        ),
    ),
    Story(
        "delayed",
        "Bad weather; it arrives two days late.",
        (
            *_SORTED,
            Step(30, "delayed", "nowhere", "The package is delayed by bad weather."),
            *(Step(step.hours + 48, step.code, step.where, step.text) for step in _ON_THE_VAN[len(_SORTED) :]),
            _day(2, "delivered"),
        ),
    ),
    Story(
        "held",
        "It is held for a missing document or payment, then delivered.",
        (
            *_UNDER_WAY,
            _day(-0.4, "package_held"),
            _day(1.5, "delivery_scheduled"),
            _day(2.7, "out_for_delivery"),
            _day(3, "delivered"),
        ),
    ),
    Story(
        "inaccessible",
        "A closed road; the recipient must choose a new day.",
        _van_then(
            _day(0, "location_inaccessible"),
            _day(0.2, "reschedule_delivery"),
            _day(1, "delivery_rescheduled"),
            _day(1.7, "out_for_delivery"),
            _day(2, "delivered"),
        ),
    ),
    Story(
        "forwarded",
        "The recipient has moved; the parcel follows.",
        _van_then(_day(0, "package_forwarded"), _day(1.7, "out_for_delivery"), _day(2, "delivered")),
    ),
    Story(
        "undeliverable",
        "Three attempts, then the carrier gives up.",
        _van_then(
            _day(0, "delivery_attempted"),
            _day(1, "delivery_attempted"),
            _day(2, "delivery_attempted"),
            _day(2.5, "package_undeliverable"),
        ),
    ),
)  # fmt: skip

STORIES: dict[str, Story] = {story.name: story for story in _STORIES}
DEFAULT_STORY = "delivered"


def scans_until(
    story: Story, shipped_at: dt.datetime, now: dt.datetime, route: Route, transit_days: int = 3
) -> list[Scan]:
    """What the carrier has reported by `now`, oldest first.

    Times are aware. The way to the first attempt is stretched to `transit_days` calendar days (from the hand-over to a
    quote's `delivery_date`); what follows keeps its own pace.
    Scans that are still to come are not told, and asking later only ever adds to the end.
    """
    scans: list[Scan] = []
    for index, (hours, step, city) in enumerate(_timeline(story, route, transit_days)):
        at = shipped_at + dt.timedelta(seconds=round(hours * 3600))
        if at > now:
            break
        substatus = SUBSTATUSES[step.code]
        text = step.text or substatus.text
        scans.append(Scan(index, at, substatus.status, step.code, text, substatus.action_required, city))
    return scans


def next_scan_at(
    story: Story, shipped_at: dt.datetime, now: dt.datetime, route: Route, transit_days: int = 3
) -> dt.datetime | None:
    """When the next scan after `now` happens, None when the story is over: a push scheduler sleeps until then."""
    times = (
        shipped_at + dt.timedelta(seconds=round(hours * 3600)) for hours, _, _ in _timeline(story, route, transit_days)
    )
    return next((at for at in times if at > now), None)


def _timeline(story: Story, route: Route, transit_days: int) -> list[tuple[float, Step, City | None]]:
    """Every step of the story on this route with its hours after shipping, in order of time."""
    due = story.transit_days * 24
    pace = max(transit_days, 1) / story.transit_days
    placed = sorted(_placed(story, route), key=lambda entry: entry[0])
    return [(min(hours, due) * pace + max(hours - due, 0), step, city) for hours, step, city in placed]


def _placed(story: Story, route: Route) -> Iterator[tuple[float, Step, City | None]]:
    for step in story.steps:
        cities = _cities(step.where, route)
        for number, city in enumerate(cities):
            # Several hubs between the ends share the hours that the story leaves for the one it speaks of.
            yield step.hours + number * _STOP_HOURS, step, city


_STOP_HOURS = 8


def _cities(where: Where, route: Route) -> tuple[City | None, ...]:
    """The places a step happens at; empty when the route has no such place."""
    match where:
        case "nowhere":
            return (None,)
        case "stops":
            return route.stops
        case "leaving":
            return route.gateways[:1]
        case "entering":
            return route.gateways[1:]
        case "origin":
            return (route.origin,)
        case "first_hub":
            return (route.first_hub,)
        case "last_hub":
            return (route.last_hub,)
        case "destination":
            return (route.destination,)
