"""A track, its scans, and Shippo's closed list of statuses and substatuses."""

from __future__ import annotations

import datetime as dt
from typing import Any, Literal

import msgspec

from portside.carriers.contract import Location
from portside.kit.ids import Id
from portside.kit.scope import Mode, Scope

TrackingStatus = Literal["UNKNOWN", "PRE_TRANSIT", "TRANSIT", "DELIVERED", "RETURNED", "FAILURE"]

# The carrier of Shippo's mock numbers; it exists in test mode only.
MOCK_CARRIER = "shippo"


class Substatus(msgspec.Struct, frozen=True):
    """What partners switch on: `action_required` means that somebody has to do something about it."""

    code: str
    text: str
    action_required: bool = False


SUBSTATUSES: dict[str, Substatus] = {
    entry.code: entry
    for entry in (
        Substatus("information_received", "Information about the package received."),
        Substatus("address_issue", "Address information is incorrect.", True),
        Substatus("contact_carrier", "Contact the carrier for more information.", True),
        Substatus("delayed", "Delivery of the package is delayed."),
        Substatus("delivery_attempted", "Delivery of the package was attempted.", True),
        Substatus("delivery_rescheduled", "Delivery of the package was rescheduled."),
        Substatus("delivery_scheduled", "Delivery of the package is scheduled."),
        Substatus("location_inaccessible", "The delivery location cannot be reached.", True),
        Substatus("notice_left", "The carrier left a notice at the address.", True),
        Substatus("out_for_delivery", "The package is out for delivery."),
        Substatus("package_accepted", "The carrier has the package."),
        Substatus("package_arrived", "The package arrived at an intermediate location."),
        Substatus("package_damaged", "The package is damaged.", True),
        Substatus("package_departed", "The package departed from an intermediate location."),
        Substatus("package_forwarded", "The package was forwarded."),
        Substatus("package_held", "The package is held at a location.", True),
        Substatus("package_processed", "The package was processed by the carrier."),
        Substatus("package_processing", "The package is being processed by the carrier."),
        Substatus("pickup_available", "The package is ready to be picked up.", True),
        Substatus("reschedule_delivery", "The recipient needs to reschedule the delivery.", True),
        Substatus("delivered", "The package was delivered."),
        Substatus("return_to_sender", "The package is returned to the sender."),
        Substatus("package_unclaimed", "The package was not claimed.", True),
        Substatus("package_undeliverable", "The package cannot be delivered.", True),
        Substatus("package_disposed", "The package was disposed of."),
        Substatus("package_lost", "The package is lost.", True),
        Substatus("other", "No further information."),
    )
}


class TrackDetails(msgspec.Struct, frozen=True, kw_only=True):
    """What is shown and never searched. `original_eta` is the first one that was ever told."""

    eta: dt.datetime | None = None
    original_eta: dt.datetime | None = None
    service_token: str | None = None
    service_name: str | None = None
    origin: Location | None = None
    destination: Location | None = None


class TrackDraft(msgspec.Struct, frozen=True, kw_only=True):
    """A number to be followed, and the label that it is printed on, if we made it."""

    carrier: str
    tracking_number: str
    label_id: Id | None = None
    metadata: str | None = None
    details: TrackDetails = TrackDetails()


class TrackScan(msgspec.Struct, frozen=True, kw_only=True):
    """One event of a parcel's life as we keep it: `at` is when it happened, `created_at` when we heard of it."""

    id: Id
    fingerprint: bytes
    status: TrackingStatus
    substatus: str | None
    text: str
    at: dt.datetime
    location: Location | None
    created_at: dt.datetime
    raw: dict[str, Any] = {}


class TrackKey(msgspec.Struct, frozen=True, kw_only=True):
    """Which track, of whom."""

    account_id: Id
    mode: Mode
    id: Id


class Track(msgspec.Struct, frozen=True, kw_only=True):
    """A followed number. One that is not registered was only looked up: it is not polled and tells no webhook. `link`
    names its public page; whoever has it may read the page."""

    id: Id
    link: Id
    carrier: str
    tracking_number: str
    label_id: Id | None
    is_registered: bool
    status: TrackingStatus | None
    details: TrackDetails
    metadata: str | None
    event_seq: int
    last_checked_at: dt.datetime | None
    created_at: dt.datetime
    updated_at: dt.datetime
    scans: tuple[TrackScan, ...] = ()

    def key(self, scope: Scope) -> TrackKey:
        return TrackKey(account_id=scope.account_id, mode=scope.mode, id=self.id)


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """What a carrier's news did to a track; `track` is as it is now."""

    track: Track
    status_before: TrackingStatus | None
    new_scans: int
