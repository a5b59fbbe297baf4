"""An address as it is stored; also the snapshot that orders and shipments keep."""

from __future__ import annotations

import datetime as dt
from typing import Any

import msgspec

from portside.kit.ids import Id
from portside.kit.scope import Scope

# What a carrier needs before a label can be bought, beside the state where one is used.
NEEDED_TO_BUY = ("name", "street1", "city", "zip", "country")
STATE_NEEDED_IN = frozenset({"US", "CA", "AU"})


class Address(msgspec.Struct, frozen=True, kw_only=True):
    """Unset text is empty; `country` is ISO 3166-1 alpha-2; `phone` is digits, with 00 for a leading plus."""

    id: Id
    country: str
    name: str = ""
    company: str = ""
    street_no: str = ""
    street1: str = ""
    street2: str = ""
    street3: str = ""
    city: str = ""
    state: str = ""
    zip: str = ""
    phone: str = ""
    email: str = ""
    is_residential: bool | None = None
    metadata: str = ""
    latitude: float | None = None
    longitude: float | None = None
    validation: dict[str, Any] | None = None

    @property
    def is_complete(self) -> bool:
        """Whether it has what a carrier needs before a label can be bought."""
        if not (self.name and self.street1 and self.city and self.zip and self.country):
            return False
        return bool(self.state) or self.country not in STATE_NEEDED_IN


class AddressDraft(msgspec.Struct, frozen=True, kw_only=True):
    """An address to be written, with the scope it belongs to (law 3)."""

    scope: Scope
    address: Address


class StoredAddress(msgspec.Struct, frozen=True, kw_only=True):
    """An address and when it was written."""

    address: Address
    created_at: dt.datetime
    updated_at: dt.datetime
