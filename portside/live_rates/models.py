"""A cart, what of the account's settings matters to it, and an option that its buyer gets."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from portside.addresses.models import Address
from portside.carrier_accounts.models import CarrierAccount
from portside.carriers.contract import RateQuery
from portside.kit.ids import Id
from portside.parcel_templates.models import UserTemplate
from portside.service_groups.models import ServiceGroup
from portside.terms.models import Terms


class CartLine(msgspec.Struct, frozen=True, kw_only=True):
    """One line's totals. Unknown money is nothing; an unknown weight is None, a known one exact grams."""

    price: Decimal
    currency: str | None
    grams: Decimal | None


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What a request names by id, and what it leaves to the account's settings."""

    addresses: tuple[Id, ...]
    template: Id | None
    needs_template: bool
    needs_sender: bool


class Setup(msgspec.Struct, frozen=True, kw_only=True):
    """What of that exists, the active service groups, the active carrier accounts that they ask, and the terms that
    a platform has settled."""

    groups: tuple[ServiceGroup, ...]
    accounts: tuple[CarrierAccount, ...]
    addresses: dict[str, Address]
    template: UserTemplate | None
    sender: Address | None
    terms: Terms | None = None

    @property
    def asks_carriers(self) -> bool:
        """Whether a price has to be asked for; flat rates and free shipping need neither sender nor parcel."""
        return any(group.details.type == "LIVE_RATE" for group in self.groups)


class Checkout(msgspec.Struct, frozen=True, kw_only=True):
    """A cart on its way to a country. Without a `query` no carrier has to be asked."""

    lines: tuple[CartLine, ...]
    country: str
    query: RateQuery | None


class LiveRate(msgspec.Struct, frozen=True, kw_only=True):
    """One option at the checkout; `estimated_days` is that of the carrier's rate behind it, if there is one."""

    title: str
    description: str
    amount: Decimal
    currency: str
    amount_local: Decimal
    currency_local: str
    estimated_days: int | None = None
