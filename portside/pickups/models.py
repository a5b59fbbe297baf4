"""A pickup as it is stored, and as it is asked for."""

from __future__ import annotations

import datetime as dt
from typing import Literal

import msgspec

from portside.addresses.models import Address, AddressDraft
from portside.carriers.contract import PickupBooking
from portside.kit.ids import Id

# PENDING: the carrier was asked, or is being asked, and has not said yes or no.
PickupStatus = Literal["PENDING", "CONFIRMED", "ERROR", "CANCELLED"]
BuildingLocation = Literal[
    "Back Door",
    "Front Door",
    "In/At Mailbox",
    "Knock on Door",
    "Mail Room",
    "Office",
    "Other",
    "Reception",
    "Ring Bell",
    "Security Deck",
    "Shipping Dock",
    "Side Door",
]
BuildingType = Literal["apartment", "building", "department", "floor", "room", "suite"]


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where the parcels lie. The address is a snapshot of a row of its own."""

    address: Address
    location: BuildingLocation
    building: BuildingType | None = None
    instructions: str = ""


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """A pickup as it was asked for; the address is new."""

    carrier_account_id: Id
    address: AddressDraft
    place: Place
    label_ids: tuple[Id, ...]
    start: dt.datetime
    end: dt.datetime
    metadata: str


class PickupDraft(msgspec.Struct, frozen=True, kw_only=True):
    """A pickup to be written."""

    id: Id
    carrier: str
    wanted: Wanted


class Pickup(msgspec.Struct, frozen=True, kw_only=True):
    """`booking` is what the carrier agreed to. With `cancel_requested_at` it is to be called off, which the carrier has
    not agreed to yet."""

    id: Id
    carrier_account_id: Id
    carrier: str
    status: PickupStatus
    label_ids: tuple[Id, ...]
    requested_start_at: dt.datetime
    requested_end_at: dt.datetime
    details: Place
    booking: PickupBooking | None
    messages: tuple[str, ...]
    cancel_requested_at: dt.datetime | None
    metadata: str
    next_try_at: dt.datetime
    created_at: dt.datetime
    updated_at: dt.datetime

    @property
    def is_open(self) -> bool:
        """Whether the carrier has still to be asked for something."""
        return self.status == "PENDING" or (self.status == "CONFIRMED" and self.cancel_requested_at is not None)
