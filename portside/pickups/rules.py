"""Pure facts about pickups: what an address needs, which times make sense, who fetches from where."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from portside.addresses.models import STATE_NEEDED_IN, Address
from portside.kit.ids import Id
from portside.labels.models import Label
from portside.pickups.models import BuildingLocation, Pickup

REQUIRED = "This field is required."

NEEDED = ("name", "street1", "city", "zip", "email")

# Only DHL Express comes to these.
_DHL_EXPRESS_ONLY: frozenset[BuildingLocation] = frozenset({"Security Deck", "Shipping Dock"})

# A client that says "now" said it some steps ago, by its own clock.
_SLACK = dt.timedelta(minutes=15)
_FARTHEST = dt.timedelta(days=365)


def address_errors(address: Address) -> dict[str, list[str]]:
    """What the address lacks: carriers come only to complete ones, and confirm by e-mail."""
    missing = [name for name in NEEDED if not getattr(address, name)]
    if not address.state and address.country in STATE_NEEDED_IN:
        missing.append("state")
    return {name: [REQUIRED] for name in missing}


def time_errors(start: dt.datetime | None, end: dt.datetime | None, moment: dt.datetime) -> dict[str, list[str]]:
    """What is wrong with the times at that moment; None is one that could not be read."""
    errors: dict[str, list[str]] = {}
    if start is not None and start < moment - _SLACK:
        errors["requested_start_time"] = ["requested_start_time is not a future date."]
    elif start is not None and start > moment + _FARTHEST:
        errors["requested_start_time"] = [f"This is more than {_FARTHEST.days} days ahead."]
    if end is None:
        return errors
    if end <= moment:
        errors["requested_end_time"] = ["requested_end_time is not a future date."]
    elif start is not None and end <= start:
        errors["requested_end_time"] = ["requested_end_time must be after requested_start_time."]
    elif end > moment + 2 * _FARTHEST:
        errors["requested_end_time"] = [f"This is more than {2 * _FARTHEST.days} days ahead."]
    return errors


def location_errors(location: BuildingLocation, instructions: str) -> dict[str, list[str]]:
    """What is wrong with the spot where the parcels lie."""
    if location == "Other" and not instructions:
        return {"instructions": ["This field is required when building_location_type is Other."]}
    return {}


def comes_to(carrier: str, location: BuildingLocation) -> bool:
    """Whether the carrier fetches from there."""
    return carrier == "dhl_express" or location not in _DHL_EXPRESS_ONLY


def why_not(label: Label | None, carrier_account_id: Id, account_of: Mapping[Id, Id]) -> str | None:
    """Why a label cannot be fetched by that account; None when it can. `account_of` is each rate's account."""
    if label is None:
        return "not found"
    if label.status != "SUCCESS":
        return f"its status is {label.status}"
    if label.rate_id is None or account_of.get(label.rate_id) != carrier_account_id:
        return "it was bought with another carrier account"
    return None


def next_pause(since: dt.datetime, moment: dt.datetime) -> float:
    """Seconds until the carrier is asked again: as long as it has taken so far, ten minutes at most."""
    return min(max((moment - since).total_seconds(), 5.0), 600.0)


def is_too_late(pickup: Pickup, moment: dt.datetime) -> bool:
    """Whether there is no time left in which anybody could come, or be called off."""
    return moment > (pickup.booking.end if pickup.booking else pickup.requested_end_at)


def flattened(errors: Mapping[str, Any]) -> dict[str, Any]:
    """Errors of `location.address` at the top, as Shippo has them; the rest as it is."""
    location = errors.get("location")
    nested = location[0] if isinstance(location, Sequence) and location else None
    address = nested.get("address") if isinstance(nested, Mapping) else None
    fields = address[0] if isinstance(address, Sequence) and address else None
    if not isinstance(fields, Mapping) or not isinstance(nested, Mapping):
        return dict(errors)
    rest = {name: wrong for name, wrong in nested.items() if name != "address"}
    kept = {name: wrong for name, wrong in errors.items() if name != "location"}
    return kept | dict(fields) | ({"location": [rest]} if rest else {})
