"""Shippo's mock numbers: carrier `shippo`, test mode, `SHIPPO_TRANSIT` and its kin."""

from __future__ import annotations

import datetime as dt

from portside.carriers.contract import Location, Scan, TrackSnapshot
from portside.tracking.models import MOCK_CARRIER

_ORIGIN = Location(city="San Francisco", state="CA", zip="94103", country="US")
_DESTINATION = Location(city="Chicago", state="IL", zip="60611", country="US")

_UNKNOWN = ("UNKNOWN", "other", "The carrier has received the electronic shipment information.", _ORIGIN)
_PRE_TRANSIT = ("PRE_TRANSIT", "information_received", "A shipping label was created.", _ORIGIN)
_TRANSIT = ("TRANSIT", "package_departed", "Your shipment has departed from the origin.", _ORIGIN)

_STORIES = {
    "SHIPPO_UNKNOWN": (_UNKNOWN,),
    "SHIPPO_PRE_TRANSIT": (_UNKNOWN, _PRE_TRANSIT),
    "SHIPPO_TRANSIT": (_UNKNOWN, _TRANSIT),
    "SHIPPO_DELIVERED": (
        _UNKNOWN,
        _TRANSIT,
        ("DELIVERED", "delivered", "Your shipment has been delivered.", _DESTINATION),
    ),
    "SHIPPO_RETURNED": (
        _UNKNOWN,
        _TRANSIT,
        ("RETURNED", "return_to_sender", "Your shipment is being returned to the sender.", _DESTINATION),
    ),
    "SHIPPO_FAILURE": (
        _UNKNOWN,
        _TRANSIT,
        ("FAILURE", "package_undeliverable", "Your shipment could not be delivered.", _DESTINATION),
    ),
}


def mock_snapshot(tracking_number: str, since: dt.datetime) -> TrackSnapshot | None:
    """What the mock carrier knows of a number that was first asked about at `since`; None for any other number."""
    story = _STORIES.get(tracking_number)
    if story is None:
        return None
    first = since - dt.timedelta(days=len(story))
    scans = tuple(
        Scan(status=status, substatus=substatus, text=text, at=first + dt.timedelta(days=day), location=place)  # type: ignore[arg-type]
        for day, (status, substatus, text, place) in enumerate(story)
    )
    eta = since + dt.timedelta(days=3)
    return TrackSnapshot(
        carrier=MOCK_CARRIER,
        tracking_number=tracking_number,
        scans=scans,
        eta=eta,
        original_eta=eta,
        service_token="shippo_priority",  # noqa: S106 - a service's name, no secret
        service_name="Priority Mail",
        origin=_ORIGIN,
        destination=_DESTINATION,
    )
