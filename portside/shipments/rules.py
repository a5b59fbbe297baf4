"""Pure facts about shipments: what carriers are asked, and how long a shipment may stay unrated."""

from __future__ import annotations

import datetime as dt
from typing import Any

import msgspec

from portside.addresses.models import Address
from portside.carriers.contract import Options, Party, RateQuery
from portside.customs.rules import carrier_customs
from portside.parcels.models import CashOnDelivery, Insurance, Parcel
from portside.parcels.rules import carrier_cod, carrier_insurance, carrier_parcel
from portside.shipments.models import StoredShipment

# Shipments can be read for this long, and listed over at most that wide a window.
RETRIEVABLE = dt.timedelta(days=390)
WIDEST_WINDOW = dt.timedelta(days=90)

# A shipment still QUEUED after this was forgotten by a process that died, and is queued again; when that has gone on
# for the longer time without success, its rating has failed for good.
FORGOTTEN_AFTER = dt.timedelta(minutes=1)
GIVEN_UP_AFTER = dt.timedelta(hours=1)

# The keys of `extra` that have a place of their own in the contract with carriers.
_NAMED = frozenset(
    {"signature_confirmation", "insurance", "COD", "saturday_delivery", "is_return", "reference_1", "reference_2"}
)


def rate_query(shipment: StoredShipment) -> RateQuery:
    """What carriers are asked. A scan-based return travels the other way: Shippo swaps the addresses for it."""
    details = shipment.details
    ship_from, ship_to = party(details.address_from), party(details.address_to)
    if is_return(details.extra):
        ship_from, ship_to = ship_to, ship_from
    return RateQuery(
        ship_from=ship_from,
        ship_to=ship_to,
        return_to=party(details.address_return),
        parcels=tuple(carrier_parcel(stored.parcel) for stored in details.parcels),
        ship_date=shipment.shipment_date,
        options=options(details.extra),
        customs=carrier_customs(details.customs.declaration, details.customs_items) if details.customs else None,
        hint=shipment.metadata,
    )


def is_return(extra: dict[str, Any]) -> bool:
    return extra.get("is_return") is True


def party(address: Address) -> Party:
    """An address as carriers take it; they know no separate house number."""
    return Party(
        country=address.country,
        name=address.name,
        company=address.company,
        street1=" ".join(part for part in (address.street1, address.street_no) if part),
        street2=address.street2,
        street3=address.street3,
        city=address.city,
        state=address.state,
        zip=address.zip,
        phone=address.phone,
        email=address.email,
        is_residential=address.is_residential,
    )


def options(extra: dict[str, Any]) -> Options:
    """The normalised `extra` as carriers take it; a customer reference and a purchase order number are printed in
    place of the plain references."""
    insurance, cod = extra.get("insurance"), extra.get("COD")
    return Options(
        signature=extra.get("signature_confirmation"),
        insurance=None if insurance is None else carrier_insurance(msgspec.convert(insurance, Insurance)),
        cod=None if cod is None else carrier_cod(msgspec.convert(cod, CashOnDelivery)),
        saturday_delivery=extra.get("saturday_delivery") is True,
        is_return=is_return(extra),
        reference_1=_value(extra, "customer_reference") or extra.get("reference_1", ""),
        reference_2=_value(extra, "po_number") or extra.get("reference_2", ""),
        other={key: value for key, value in extra.items() if key not in _NAMED},
    )


def _value(extra: dict[str, Any], key: str) -> str:
    text = extra.get(key, {}).get("value", "")
    return text if isinstance(text, str) else ""


def same_address(stored: Address, given: Address) -> bool:
    """Whether they say the same; what only the API adds does not count."""
    return stored == msgspec.structs.replace(
        given,
        id=stored.id,
        metadata=stored.metadata,
        latitude=stored.latitude,
        longitude=stored.longitude,
        validation=stored.validation,
    )


def same_parcel(stored: Parcel, given: Parcel) -> bool:
    """Whether they say the same; `5` and `5.0000` are one size."""
    return stored.metadata == given.metadata and carrier_parcel(stored) == carrier_parcel(given)
