"""What the simulated carriers' host understands: the JSON documents of its operations, as types.

An answer is `{"status": …, "body": …}` with the meanings of HTTP; a refusal's body is `{"error": {"code", "message"}}`.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import msgspec

from portside.simulator.geography import CarrierToken, Place
from portside.simulator.label_types import CustomsForm, CustomsLine, Party
from portside.simulator.magic import Wishes, read_wishes
from portside.simulator.tariff_types import Options, Piece, RateRequest, ounces_of_grams, piece_of_metric

_PO_BOX = re.compile(r"\bP\.?\s*O\.?\s*BOX\b", re.IGNORECASE)


class Refused(Exception):
    """The carrier says no; `status` is HTTP's."""

    def __init__(self, status: int, code: str, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.code = code
        self.text = text


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """Who calls. The account's own clock and books are kept under `id`; `number` is what it calls itself."""

    id: str
    number: str = ""


class Address(Party, frozen=True, kw_only=True):
    is_residential: bool | None = None


class Value(msgspec.Struct, frozen=True, kw_only=True):
    """An insured value, or cash to be collected."""

    amount: Decimal
    currency: str


class Parcel(msgspec.Struct, frozen=True, kw_only=True):
    length_mm: int
    width_mm: int
    height_mm: int
    grams: int
    template: str | None = None
    insurance: Value | None = None
    cod: Value | None = None
    reference_1: str = ""
    reference_2: str = ""

    @property
    def ounces(self) -> Decimal:
        return ounces_of_grams(self.grams)


class Contains(msgspec.Struct, frozen=True, kw_only=True):
    contains: bool = False


class DangerousGoods(msgspec.Struct, frozen=True, kw_only=True):
    contains: bool = False
    biological_material: Contains = Contains()
    lithium_batteries: Contains = Contains()

    def any(self) -> bool:
        """Whoever names a kind has some of it, whatever the first word says."""
        return self.contains or self.biological_material.contains or self.lithium_batteries.contains


class Extras(msgspec.Struct, frozen=True, kw_only=True):
    """Of the options that only some carriers know, those that these two act on."""

    dangerous_goods: DangerousGoods = DangerousGoods()


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """The options of a shipment."""

    signature: str | None = None
    insurance: Value | None = None
    cod: Value | None = None
    saturday_delivery: bool = False
    is_return: bool = False
    reference_1: str = ""
    reference_2: str = ""
    other: Extras = Extras()


class CustomsItem(msgspec.Struct, frozen=True, kw_only=True):
    description: str
    quantity: int
    net_grams: int
    value: Decimal
    currency: str
    origin_country: str
    tariff_number: str = ""


class Customs(msgspec.Struct, frozen=True, kw_only=True):
    contents_type: str
    non_delivery_option: str
    certify_signer: str
    items: tuple[CustomsItem, ...]

    def form(self) -> CustomsForm:
        """As it is printed."""
        lines = tuple(
            CustomsLine(
                description=item.description,
                quantity=item.quantity,
                grams=item.net_grams,
                value=item.value,
                currency=item.currency,
                origin_country=item.origin_country,
                tariff_number=item.tariff_number,
            )
            for item in self.items
        )
        return CustomsForm(
            contents_type=self.contents_type,
            signer=self.certify_signer,
            lines=lines,
            non_delivery_option=self.non_delivery_option,
        )


class Shipment(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be sent. `hint` is free text in which magic words may stand."""

    ship_from: Address
    ship_to: Address
    parcels: tuple[Parcel, ...]
    ship_date: dt.datetime
    options: Wanted = Wanted()
    customs: Customs | None = None
    hint: str = ""

    def texts(self) -> tuple[str, ...]:
        """Where magic words are looked for."""
        options = self.options
        return (self.hint, options.reference_1, options.reference_2, self.ship_to.company, self.ship_to.street2)

    def handed_over(self, today: dt.date) -> dt.date:
        """The day of the hand-over; one that is past by the account's clock is today."""
        return max(self.ship_date.astimezone(dt.UTC).date(), today)

    def rate_request(self, today: dt.date) -> RateRequest:
        """What the tariff is asked. Raises Refused."""
        destination = self.ship_to
        lines = (destination.street1, destination.street2, destination.street3)
        return RateRequest(
            origin=_place(self.ship_from),
            destination=_place(destination),
            pieces=tuple(_piece(parcel) for parcel in self.parcels),
            ship_date=self.handed_over(today),
            options=_options(self.options, destination),
            to_po_box=any(_PO_BOX.search(line) for line in lines),
        )


class CheckCall(msgspec.Struct, frozen=True, kw_only=True):
    carrier: CarrierToken
    account: Account


class RatesCall(msgspec.Struct, frozen=True, kw_only=True):
    carrier: CarrierToken
    account: Account
    shipment: Shipment


class BuyCall(msgspec.Struct, frozen=True, kw_only=True):
    """`rating` is what the quote's `rating` was, key by key."""

    carrier: CarrierToken
    account: Account
    shipment: Shipment
    reference: str
    rating: Mapping[str, Any]
    hint: str = ""

    def wishes(self) -> Wishes:
        return wishes_in(*self.shipment.texts(), self.hint)


class FindCall(msgspec.Struct, frozen=True, kw_only=True):
    carrier: CarrierToken
    account: Account
    reference: str


class VoidCall(msgspec.Struct, frozen=True, kw_only=True):
    """Without a tracking number the whole purchase is voided, with one only that piece."""

    carrier: CarrierToken
    account: Account
    carrier_reference: str
    tracking_number: str | None = None


class TrackCall(msgspec.Struct, frozen=True, kw_only=True):
    carrier: CarrierToken
    account: Account
    tracking_number: str


class ManifestCall(msgspec.Struct, frozen=True, kw_only=True):
    carrier: CarrierToken
    account: Account
    reference: str
    ship_from: Address
    ship_date: dt.date
    tracking_numbers: tuple[str, ...]


class PickupCall(msgspec.Struct, frozen=True, kw_only=True):
    """`spot` is where at the address the parcels lie."""

    carrier: CarrierToken
    account: Account
    reference: str
    ship_from: Address
    spot: str
    start: dt.datetime
    end: dt.datetime
    tracking_numbers: tuple[str, ...]
    instructions: str = ""


class CancelPickupCall(msgspec.Struct, frozen=True, kw_only=True):
    carrier: CarrierToken
    account: Account
    confirmation_code: str


def wishes_in(*texts: str) -> Wishes:
    """What the texts ask for. Raises Refused for a word that looks like magic and is none, so that no typo passes."""
    wishes = read_wishes(*texts)
    if wishes.unknown:
        words = ", ".join(wishes.unknown)
        raise Refused(400, "unknown_magic", f"The simulated carriers do not know {words[:200]}.")
    return wishes


def _place(address: Address) -> Place:
    return Place(address.country, address.zip, address.city, address.state)


def _piece(parcel: Parcel) -> Piece:
    piece = piece_of_metric(
        parcel.grams, parcel.length_mm, parcel.width_mm, parcel.height_mm, template=parcel.template or ""
    )
    return msgspec.structs.replace(
        piece,
        insured_value=None if parcel.insurance is None else _dollars(parcel.insurance),
        cod_amount=None if parcel.cod is None else _dollars(parcel.cod),
    )


def _options(wanted: Wanted, destination: Address) -> Options:
    residential = destination.is_residential
    return Options(
        signature=wanted.signature or "",
        insured_value=Decimal(0) if wanted.insurance is None else _dollars(wanted.insurance),
        cod_amount=Decimal(0) if wanted.cod is None else _dollars(wanted.cod),
        saturday_delivery=wanted.saturday_delivery,
        dangerous_goods=wanted.other.dangerous_goods.any(),
        # Nobody said: a company's address is taken for a business.
        residential=not destination.company if residential is None else residential,
    )


def _dollars(value: Value) -> Decimal:
    if value.currency.upper() != "USD":
        raise Refused(400, "currency", "Values must be declared in USD.")
    return value.amount
