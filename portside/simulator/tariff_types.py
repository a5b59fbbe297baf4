"""What the tariff is asked and answers. Weights are ounces, sizes inches, money US dollars with two decimals."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Literal

import msgspec

from portside.simulator.geography import CarrierToken, Place
from portside.simulator.rate_cards import RateCard

GRAMS_PER_OUNCE = Decimal("28.349523125")
MILLIMETRES_PER_INCH = Decimal("25.4")
HALF = Decimal("0.5")

LaneKind = Literal["contiguous", "offshore", "military", "neighbour", "within_country", "europe", "world"]
Measure = Literal["length", "second_side", "length_and_girth", "cubic_inches", "ounces"]
RefusalKind = Literal["input", "unserviceable"]


class Piece(msgspec.Struct, frozen=True):
    """One parcel. Sides come in any order and may be 0 when a template fixes them. Values are for this piece alone."""

    ounces: Decimal
    length: Decimal = Decimal(0)
    width: Decimal = Decimal(0)
    height: Decimal = Decimal(0)
    template: str = ""
    insured_value: Decimal | None = None
    cod_amount: Decimal | None = None


class Options(msgspec.Struct, frozen=True):
    """Shipment options; insured value and COD hold for every piece that has none of its own."""

    signature: str = ""
    insured_value: Decimal = Decimal(0)
    cod_amount: Decimal = Decimal(0)
    saturday_delivery: bool = False
    residential: bool = True
    dangerous_goods: bool = False


class RateRequest(msgspec.Struct, frozen=True):
    """One shipment to be priced. `ship_date` is the day it is handed over."""

    origin: Place
    destination: Place
    pieces: tuple[Piece, ...]
    ship_date: dt.date
    options: Options = Options()
    to_po_box: bool = False


class Charge(msgspec.Struct, frozen=True):
    name: str
    amount: Decimal


class Quote(msgspec.Struct, frozen=True):
    """A price for the whole shipment. `amount` is the exact sum of `charges`; `arrives_by` is `HH:MM:SS` local time."""

    carrier: CarrierToken
    service: str
    service_name: str
    amount: Decimal
    currency: str
    zone: str
    days: int
    delivery_date: dt.date
    arrives_by: str | None
    billed_ounces: int
    charges: tuple[Charge, ...]
    insurance_price: Decimal | None
    messages: tuple[str, ...]


class Refusal(msgspec.Struct, frozen=True):
    """Why there is no price. `service` is empty when it holds for the carrier as a whole."""

    service: str
    kind: RefusalKind
    text: str


class Quotation(msgspec.Struct, frozen=True):
    quotes: tuple[Quote, ...]
    refusals: tuple[Refusal, ...]


class NotServed(Exception):
    """The carrier gives no price; `kind` tells whether the data is wrong or the wish is merely not offered."""

    def __init__(self, text: str, kind: RefusalKind = "unserviceable") -> None:
        super().__init__(text)
        self.text = text
        self.kind = kind


class ValueFee(msgspec.Struct, frozen=True):
    """A fee on a declared value, all in cents: nothing up to `free`, `minimum` up to `minimum_covers`, then
    `per_hundred` for each hundred dollars begun; values above `most` are refused."""

    free: int
    minimum: int
    minimum_covers: int
    per_hundred: int
    most: int


class SizeFee(msgspec.Struct, frozen=True):
    """A fee in cents for a piece whose `measure` exceeds `over`. Of one `group` only the dearest applies."""

    group: str
    name: str
    measure: Measure
    over: int
    cents: int


class Service(msgspec.Struct, frozen=True):
    """One service of a carrier. Limits are per piece, in ounces and inches."""

    token: str
    name: str
    card: RateCard
    lanes: frozenset[LaneKind]
    max_ounces: int
    max_length: int
    max_length_and_girth: int
    dim_divisor: int
    dim_free_cubic_inches: int = 0
    size_fees: tuple[SizeFee, ...] = ()
    fuel_percent: Decimal = Decimal(0)
    residential_fee: int = 0
    signatures: Mapping[str, int] = {}
    saturday: Literal["always", "on_request", "never"] = "never"
    arrives_by: str | None = None
    own_packaging: bool = False


class FlatPrice(msgspec.Struct, frozen=True):
    """Cents for a flat-rate pack, to the nearest price group and to all others, and the most it may weigh in ounces."""

    near: int
    far: int
    max_ounces: int


class Tariff(msgspec.Struct, frozen=True):
    """Everything one carrier charges. `billed_as` gives packs billed at one weight whatever is in them; only the
    services in `dangerous_goods` take such."""

    carrier: CarrierToken
    name: str
    services: tuple[Service, ...]
    insurance: ValueFee
    flat_prices: Mapping[tuple[str, str], FlatPrice]
    plain_templates: frozenset[str]
    billed_as: Mapping[str, int]
    max_pieces: int
    embargoed: frozenset[str]
    near_zone: str
    ships_only_from_us: bool
    cod_fee: int | None = None
    saturday_fee: int = 0
    dangerous_goods: frozenset[str] = frozenset()
    delivers_to_po_boxes: bool = True


def ounces_of_grams(grams: int) -> Decimal:
    """Ounces of grams that were rounded up: what the parcel weighs at least.

    One pound is 453.6 g: 454 g would come out above it, and every such parcel would be billed a pound too much.
    """
    return max(Decimal(grams) - 1, min(Decimal(grams), HALF)) / GRAMS_PER_OUNCE


def piece_of_metric(grams: int, length_mm: int = 0, width_mm: int = 0, height_mm: int = 0, template: str = "") -> Piece:
    """A piece from whole grams, rounded up, and whole millimetres, rounded to the nearest.

    Twelve inches are 304.8 mm: 305 mm come out above them, so half a millimetre is taken off again.
    """

    def inches(millimetres: int) -> Decimal:
        return max(Decimal(millimetres) - HALF, Decimal(0)) / MILLIMETRES_PER_INCH

    return Piece(
        ounces=ounces_of_grams(grams),
        length=inches(length_mm),
        width=inches(width_mm),
        height=inches(height_mm),
        template=template,
    )
