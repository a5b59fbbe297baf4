"""Pickups in Shippo's shapes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from portside.addresses.wire import (
    AddressIn,
    NestedAddressOut,
    address_draft,
    address_from_wire,
    nested_address_out,
)
from portside.carrier_accounts.wire import CarrierAccountOut
from portside.errors import FieldErrors
from portside.kit.clock import UTC, now, to_wire
from portside.kit.ids import as_id
from portside.kit.scope import Scope
from portside.labels.wire import ACCOUNT_NOT_FOUND, TransactionOut
from portside.pickups import rules
from portside.pickups.models import BuildingLocation, BuildingType, Pickup, PickupStatus, Place, Wanted
from portside.rest.parse import Moment


class PickupAddressIn(AddressIn, kw_only=True):
    """`name`, `street1`, `city`, `zip`, `country`, `email` and, where there are states, `state` are required."""

    country: Annotated[str, Meta(max_length=60, description="ISO 3166-1 alpha-2 code or English name.")] = ""

    @staticmethod
    def also_required(_given: Mapping[str, Any]) -> tuple[str, ...]:
        return ("country", *rules.NEEDED)


class LocationIn(msgspec.Struct, kw_only=True):
    """Where the parcels lie. `instructions` are required for `Other`; `Security Deck` and `Shipping Dock` are places
    that only DHL Express fetches from."""

    address: PickupAddressIn
    building_location_type: BuildingLocation
    building_type: BuildingType | None = None
    instructions: Annotated[str, Meta(max_length=255)] = ""

    @staticmethod
    def also_wrong(found: Mapping[str, Any]) -> dict[str, Any]:
        wrong = address_errors(found["address"]) if "address" in found else {}
        return {"address": [wrong]} if wrong else {}


class PickupIn(msgspec.Struct, kw_only=True):
    """`transactions` are labels of the carrier account, which is one of USPS or DHL Express."""

    carrier_account: str
    location: LocationIn
    transactions: Annotated[list[str], Meta(min_length=1, max_length=1000)]
    requested_start_time: Moment
    requested_end_time: Moment
    metadata: Annotated[str, Meta(max_length=100)] = ""
    is_test: bool | None = None

    @staticmethod
    def also_wrong(found: Mapping[str, Any]) -> dict[str, Any]:
        place = place_errors(found["location"]) if "location" in found else {}
        times = rules.time_errors(found.get("requested_start_time"), found.get("requested_end_time"), now())
        return named_errors(found) | place | times


class LocationOut(msgspec.Struct, kw_only=True):
    address: NestedAddressOut
    building_location_type: BuildingLocation
    building_type: BuildingType | None
    instructions: str


class PickupOut(msgspec.Struct, kw_only=True):
    """All times are in UTC; `timezone` is that of the place."""

    object_created: str
    object_updated: str
    object_id: str
    object_owner: str
    status: PickupStatus
    carrier_account: CarrierAccountOut | str
    location: LocationOut
    transactions: list[TransactionOut | str]
    requested_start_time: str
    requested_end_time: str
    confirmed_start_time: str | None
    confirmed_end_time: str | None
    cancel_by_time: str | None
    confirmation_code: str | None
    timezone: str | None
    messages: list[str]
    metadata: str
    is_test: bool


def wanted(scope: Scope, given: PickupIn, moment: dt.datetime) -> Wanted:
    """What is asked for at that moment. Raises FieldErrors with everything that is wrong."""
    errors = named_errors({"carrier_account": given.carrier_account, "transactions": given.transactions})
    account_id = as_id(given.carrier_account)
    location = given.location
    errors |= place_errors(location)
    start, end = _cut(given.requested_start_time), _cut(given.requested_end_time)
    errors |= rules.time_errors(start, end, moment)
    if errors or account_id is None:
        raise FieldErrors(errors)
    draft = address_draft(scope, location.address)
    place = Place(
        address=draft.address,
        location=location.building_location_type,
        building=location.building_type,
        instructions=location.instructions.strip(),
    )
    return Wanted(
        carrier_account_id=account_id,
        address=draft,
        place=place,
        label_ids=tuple(dict.fromkeys(found for text in given.transactions if (found := as_id(text)))),
        start=start.astimezone(UTC),
        end=end.astimezone(UTC),
        metadata=given.metadata,
    )


def named_errors(given: Mapping[str, Any]) -> dict[str, Any]:
    """Of the account and the transactions that a request names, those that cannot be ids of any."""
    errors: dict[str, Any] = {}
    if "carrier_account" in given and as_id(given["carrier_account"]) is None:
        errors["carrier_account"] = [ACCOUNT_NOT_FOUND]
    if strangers := [text for text in given.get("transactions", ()) if as_id(text) is None]:
        errors["transactions"] = [transaction_error(text, "not found") for text in strangers]
    return errors


def place_errors(location: LocationIn) -> dict[str, Any]:
    """What is wrong with where the parcels lie; what concerns the address stands at the top, as Shippo has it."""
    wrong = rules.location_errors(location.building_location_type, location.instructions.strip())
    return address_errors(location.address) | ({"location": [wrong]} if wrong else {})


def address_errors(given: PickupAddressIn) -> dict[str, Any]:
    """What is wrong with the address, or missing in it."""
    try:
        return rules.address_errors(address_from_wire(given))
    except FieldErrors as bad:
        return bad.errors


def transaction_error(transaction_id: str, reason: str) -> str:
    """What to tell the caller of one of the transactions."""
    return f"Transaction {transaction_id[:50]} cannot be picked up: {reason}."


def pickup_out(pickup: Pickup, scope: Scope) -> PickupOut:
    place, booking = pickup.details, pickup.booking
    return PickupOut(
        object_created=to_wire(pickup.created_at),
        object_updated=to_wire(pickup.updated_at),
        object_id=pickup.id,
        object_owner=scope.owner,
        status=pickup.status,
        carrier_account=pickup.carrier_account_id,
        location=LocationOut(
            address=nested_address_out(place.address, test=scope.is_test),
            building_location_type=place.location,
            building_type=place.building,
            instructions=place.instructions,
        ),
        transactions=list(pickup.label_ids),
        requested_start_time=to_wire(pickup.requested_start_at),
        requested_end_time=to_wire(pickup.requested_end_at),
        confirmed_start_time=to_wire(booking.start) if booking else None,
        confirmed_end_time=to_wire(booking.end) if booking else None,
        cancel_by_time=to_wire(booking.cancel_by) if booking else None,
        confirmation_code=booking.confirmation_code if booking else None,
        timezone=booking.timezone if booking else None,
        messages=list(pickup.messages),
        metadata=pickup.metadata,
        is_test=scope.is_test,
    )


def _cut(moment: dt.datetime) -> dt.datetime:
    """In whole milliseconds, as everything we store and show."""
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)
