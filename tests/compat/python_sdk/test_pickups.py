"""Pickups through the SDK."""

from __future__ import annotations

from collections.abc import Callable

import shippo
from shippo.models import components

from tests.compat.python_sdk.bodies import UNKNOWN, complete_address, later, refused


def request_of(usps: str, transaction: str | None, *, days: float = 1) -> components.PickupBase:
    return components.PickupBase(
        carrier_account=usps,
        location=components.Location(
            address=complete_address(), building_location_type=components.BuildingLocationType.KNOCK_ON_DOOR
        ),
        transactions=[transaction],
        requested_start_time=later(days=days),
        requested_end_time=later(days=days, hours=8),
    )


def test_a_pickup_is_confirmed(sdk: shippo.Shippo, usps: str, buy: Callable[[], components.Transaction]) -> None:
    label = buy()
    made = sdk.pickups.create(request=request_of(usps, label.object_id))
    assert made.status == components.PickupStatus.CONFIRMED and made.confirmation_code
    assert made.transactions == [label.object_id]
    assert made.location.building_location_type == components.BuildingLocationType.KNOCK_ON_DOOR
    assert made.confirmed_start_time and made.confirmed_end_time


def test_errors(sdk: shippo.Shippo, usps: str, buy: Callable[[], components.Transaction]) -> None:
    with refused(400, "requested_end_time"):
        sdk.pickups.create(request=request_of(usps, buy().object_id, days=-30))
    with refused(400, "transactions"):
        sdk.pickups.create(request=request_of(usps, UNKNOWN))
