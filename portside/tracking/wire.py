"""Tracks in Shippo's shapes."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from portside.carriers.contract import Location
from portside.events.models import envelope
from portside.kit.clock import to_wire
from portside.kit.nulls import json_without_nulls
from portside.kit.scope import Scope
from portside.tracking import rules
from portside.tracking.models import SUBSTATUSES, Substatus, Track, TrackDetails, TrackingStatus, TrackScan


class TrackIn(msgspec.Struct, kw_only=True):
    """A number to be followed."""

    carrier: Annotated[str, Meta(max_length=60, description="The carrier's token, e.g. `usps`.")]
    tracking_number: Annotated[str, Meta(max_length=100)]
    metadata: Annotated[str, Meta(max_length=100, description="Given back with every event.")] | None = None


class TrackFilter(msgspec.Struct, kw_only=True):
    """The filters of the list. `q` is a tracking number, the beginning of one, or a track's metadata."""

    carrier: Annotated[str, Meta(max_length=60, description="The carrier's token, e.g. `usps`.")] = ""
    status: TrackingStatus | None = None
    tracking_number: Annotated[str, Meta(max_length=100)] = ""
    q: Annotated[str, Meta(max_length=100)] = ""


class PlaceOut(msgspec.Struct, kw_only=True):
    city: str
    state: str
    zip: str
    country: str


class TrackingStatusOut(msgspec.Struct, kw_only=True):
    """One event; `status_date` is when it happened, `object_created` when Portside heard of it."""

    object_id: str
    object_created: str
    object_updated: str
    status: TrackingStatus
    status_details: str
    status_date: str
    substatus: Substatus | None
    location: PlaceOut | None


class ServiceLevelOut(msgspec.Struct, kw_only=True):
    token: str | None
    name: str | None


class TrackOut(msgspec.Struct, kw_only=True):
    """History is oldest first."""

    messages: list[str]
    carrier: str
    tracking_number: str
    address_from: PlaceOut | None
    address_to: PlaceOut | None
    eta: str | None
    original_eta: str | None
    servicelevel: ServiceLevelOut
    metadata: str | None
    tracking_status: TrackingStatusOut | None
    tracking_history: list[TrackingStatusOut]
    transaction: str | None
    test: bool


def track_out(track: Track, scope: Scope, messages: tuple[str, ...] = ()) -> TrackOut:
    """`messages` are why the carrier could not be asked just now."""
    details: TrackDetails = track.details
    latest = rules.current(track.scans)
    return TrackOut(
        messages=list(messages),
        carrier=track.carrier,
        tracking_number=track.tracking_number,
        address_from=_place_out(details.origin),
        address_to=_place_out(details.destination),
        eta=to_wire(details.eta) if details.eta else None,
        original_eta=to_wire(details.original_eta) if details.original_eta else None,
        servicelevel=ServiceLevelOut(token=details.service_token, name=details.service_name),
        metadata=track.metadata,
        tracking_status=_status_out(latest) if latest else None,
        tracking_history=[_status_out(scan) for scan in track.scans],
        transaction=track.label_id,
        test=scope.is_test,
    )


def track_updated_body(track: Track, scope: Scope) -> str:
    """The finished webhook body of `track_updated`."""
    data = json_without_nulls(track_out(track, scope))
    return envelope("track_updated", test=scope.is_test, data=data, carrier=track.carrier)


def _status_out(scan: TrackScan) -> TrackingStatusOut:
    return TrackingStatusOut(
        object_id=scan.id,
        object_created=to_wire(scan.created_at),
        object_updated=to_wire(scan.created_at),
        status=scan.status,
        status_details=scan.text,
        status_date=to_wire(scan.at),
        substatus=SUBSTATUSES.get(scan.substatus or ""),
        location=_place_out(scan.location),
    )


def _place_out(place: Location | None) -> PlaceOut | None:
    if place is None:
        return None
    return PlaceOut(city=place.city, state=place.state, zip=place.zip, country=place.country)
