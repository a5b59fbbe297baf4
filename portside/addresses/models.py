"""An address as it is stored; also the snapshot that orders and shipments keep."""

from __future__ import annotations

import datetime as dt

import msgspec

from portside.kit.ids import Id
from portside.kit.scope import Scope

# What a carrier needs before a label can be bought, beside the state where one is used.
_NEEDED_TO_BUY = ("name", "street1", "city", "zip", "country")
STATE_NEEDED_IN = frozenset({"US", "CA", "AU"})


class ValidationMessage(msgspec.Struct, frozen=True, kw_only=True):
    """What validation has to say. `type` is `address_error` or `address_warning`."""

    source: str
    code: str
    type: str
    text: str


class Validation(msgspec.Struct, frozen=True, kw_only=True):
    """How an address fared; it is valid when no message is an error."""

    is_valid: bool
    messages: tuple[ValidationMessage, ...] = ()


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
    validation: Validation | None = None

    @property
    def lacks(self) -> list[str]:
        """The fields that a carrier needs before a label can be bought, and that are empty."""
        missing = [name for name in _NEEDED_TO_BUY if not getattr(self, name)]
        if not self.state and self.country in STATE_NEEDED_IN:
            missing.append("state")
        return missing

    @property
    def is_complete(self) -> bool:
        """Whether it has what a carrier needs before a label can be bought; not if it was found to be invalid."""
        return not self.lacks and (self.validation is None or self.validation.is_valid)


class AddressDraft(msgspec.Struct, frozen=True, kw_only=True):
    """An address to be written, with the scope it belongs to (law 3)."""

    scope: Scope
    address: Address


class StoredAddress(msgspec.Struct, frozen=True, kw_only=True):
    """An address and when it was written."""

    address: Address
    created_at: dt.datetime
    updated_at: dt.datetime
