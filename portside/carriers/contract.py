"""What Portside asks of a carrier, and the value objects that cross over.

Money is Decimal, weights are integer grams, lengths integer millimetres, times are aware. All types are frozen.
An operation gives its value or raises CarrierError (errors.py); there is no third outcome.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Literal, Protocol, runtime_checkable

import msgspec

Capability = Literal[
    "rates",
    "labels",
    "find_by_reference",
    "void",
    "track",
    "push",
    "multi_piece",
    "returns",
    "international",
    "insurance",
    "saturday_delivery",
    "signature",
    "cod",
    "manifest",
    "pickup",
]
LabelFormat = Literal["PDF_4x6", "ZPLII"]


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What the carrier takes at most; `hosts` are the only ones its adapter may call. One number is asked about
    again `track_pause_seconds` later at the earliest; one manifest form lists `manifest_labels` numbers."""

    parcel_grams: int
    parcels: int
    address_line_length: int
    track_pause_seconds: int = 0
    manifest_labels: int = 500
    hosts: frozenset[str] = frozenset()


class Credentials(msgspec.Struct, frozen=True, kw_only=True):
    """One carrier account: `id` is ours, `number` is the carrier's; `parameters` are its opened secrets."""

    id: str
    number: str
    is_test: bool
    parameters: Mapping[str, str] = {}


class CallContext(msgspec.Struct, frozen=True, kw_only=True):
    """How one call is made: for which account, within how many seconds. Nothing of it is global."""

    credentials: Credentials
    timeout: float


class Party(msgspec.Struct, frozen=True, kw_only=True):
    """A sender or recipient; unset text is empty, `country` is ISO 3166-1 alpha-2."""

    country: str
    name: str = ""
    company: str = ""
    street1: str = ""
    street2: str = ""
    street3: str = ""
    city: str = ""
    state: str = ""
    zip: str = ""
    phone: str = ""
    email: str = ""
    is_residential: bool | None = None


class Insurance(msgspec.Struct, frozen=True, kw_only=True):
    amount: Decimal
    currency: str
    content: str = ""
    provider: str = ""


class CashOnDelivery(msgspec.Struct, frozen=True, kw_only=True):
    amount: Decimal
    currency: str
    payment_method: Literal["SECURED_FUNDS", "CASH", "ANY"] = "ANY"


class Parcel(msgspec.Struct, frozen=True, kw_only=True):
    """One piece. Without a template the three lengths are positive."""

    length_mm: int
    width_mm: int
    height_mm: int
    grams: int
    template: str | None = None
    insurance: Insurance | None = None
    cod: CashOnDelivery | None = None
    reference_1: str = ""
    reference_2: str = ""


class CustomsItem(msgspec.Struct, frozen=True, kw_only=True):
    """One line; weight and value are the line's totals."""

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
    contents_explanation: str = ""
    incoterm: str = ""
    eel_pfc: str = ""
    aes_itn: str = ""
    details: Mapping[str, Any] = {}


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """The extras of a shipment that carriers act on; `other` holds those that only some know."""

    signature: Literal["STANDARD", "ADULT", "CERTIFIED", "INDIRECT", "CARRIER_CONFIRMATION"] | None = None
    insurance: Insurance | None = None
    cod: CashOnDelivery | None = None
    saturday_delivery: bool = False
    is_return: bool = False
    reference_1: str = ""
    reference_2: str = ""
    other: Mapping[str, Any] = {}


class RateQuery(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be shipped: enough to quote it and, with a quote, to buy it. `hint` is the shipment's metadata, in
    which the simulated carriers look for magic words."""

    ship_from: Party
    ship_to: Party
    return_to: Party
    parcels: tuple[Parcel, ...]
    ship_date: dt.datetime
    options: Options = Options()
    customs: Customs | None = None
    hint: str = ""


class Quote(msgspec.Struct, frozen=True, kw_only=True):
    """One service at one price. `rating` are the carrier's own rating keys: buying sends exactly these."""

    service_token: str
    service_name: str
    amount: Decimal
    currency: str
    estimated_days: int | None = None
    arrives_by: str | None = None
    duration_terms: str = ""
    zone: str | None = None
    included_insurance_price: Decimal | None = None
    terms: str = ""
    rating: Mapping[str, Any] = {}


class BuyLabel(msgspec.Struct, frozen=True, kw_only=True):
    """One purchase. `reference` is ours, unique, and the carrier can be asked by it later."""

    query: RateQuery
    quote: Quote
    reference: str
    label_format: LabelFormat = "PDF_4x6"
    hint: str = ""


class Piece(msgspec.Struct, frozen=True, kw_only=True):
    """The label of one parcel, in the order of the parcels."""

    tracking_number: str
    content: bytes
    content_format: LabelFormat


class Purchase(msgspec.Struct, frozen=True, kw_only=True):
    """What was bought. `carrier_reference` names it at the carrier, for voiding."""

    carrier_reference: str
    pieces: tuple[Piece, ...]
    eta: dt.datetime | None = None
    is_voided: bool = False


class Location(msgspec.Struct, frozen=True, kw_only=True):
    city: str = ""
    state: str = ""
    zip: str = ""
    country: str = ""


class Scan(msgspec.Struct, frozen=True, kw_only=True):
    """One event of a parcel's life in Shippo's vocabulary; `raw_code` and `raw_text` are the
    carrier's own, kept so that a better table can be applied later."""

    status: Literal["UNKNOWN", "PRE_TRANSIT", "TRANSIT", "DELIVERED", "RETURNED", "FAILURE"]
    substatus: str | None
    text: str
    at: dt.datetime
    location: Location | None = None
    raw_code: str = ""
    raw_text: str = ""


class TrackSnapshot(msgspec.Struct, frozen=True, kw_only=True):
    """All that the carrier knows of a number now; scans oldest first."""

    carrier: str
    tracking_number: str
    scans: tuple[Scan, ...]
    eta: dt.datetime | None = None
    original_eta: dt.datetime | None = None
    service_token: str | None = None
    service_name: str | None = None
    origin: Location | None = None
    destination: Location | None = None


class Push(msgspec.Struct, frozen=True, kw_only=True):
    """What a carrier's push told us: that there is news of a number. `event_id` is the carrier's own, the same when
    it repeats the push. The news itself is asked for, so a forged or garbled push can tell nothing untrue."""

    event_id: str
    tracking_number: str


class ManifestRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A day's parcels to be handed over together at one place. `reference` is ours and unique."""

    reference: str
    ship_from: Party
    ship_date: dt.date
    tracking_numbers: tuple[str, ...]


class ManifestForm(msgspec.Struct, frozen=True, kw_only=True):
    """The form that the driver scans, as a PDF."""

    carrier_reference: str
    content: bytes


class PickupRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Parcels to be fetched between two times. `reference` is ours and unique; `spot` is where at the address they
    lie, in Shippo's words, `building` what kind of building part it is."""

    reference: str
    ship_from: Party
    spot: str
    start: dt.datetime
    end: dt.datetime
    tracking_numbers: tuple[str, ...]
    building: str = ""
    instructions: str = ""


class PickupBooking(msgspec.Struct, frozen=True, kw_only=True):
    """When the carrier comes, and until when it can be called off; `timezone` is the place's, an IANA name."""

    confirmation_code: str
    start: dt.datetime
    end: dt.datetime
    cancel_by: dt.datetime
    timezone: str
    messages: tuple[str, ...] = ()


class CarrierAdapter(Protocol):
    """One carrier. Adapters are built once per process, keep no state, and import nothing but the kit."""

    @property
    def token(self) -> str:
        """Shippo's token, e.g. `usps`."""

    @property
    def name(self) -> str:
        """The display name, e.g. `USPS`: the `provider` of rates."""

    @property
    def capabilities(self) -> frozenset[Capability]: ...

    @property
    def limits(self) -> Limits: ...

    @property
    def services(self) -> Mapping[str, str]:
        """Service tokens and their names."""

    def tracking_url(self, tracking_number: str) -> str:
        """The carrier's public page for a number."""

    async def check_credentials(self, context: CallContext) -> None:
        """Raises CarrierError(auth) if the account is not accepted."""

    async def rates(self, query: RateQuery, context: CallContext) -> tuple[Quote, ...]:
        """Quotes; safe to repeat."""

    async def buy(self, purchase: BuyLabel, context: CallContext) -> Purchase:
        """Buy. Called once per reference, never repeated: a timeout is CarrierError(timeout_unknown)."""

    async def find(self, reference: str, context: CallContext) -> Purchase | None:
        """What became of a purchase, by our reference; None when the carrier never saw it. Needs
        `find_by_reference`."""

    async def void(self, carrier_reference: str, context: CallContext, tracking_number: str | None = None) -> None:
        """Undo a purchase, or only the piece with that number. Needs `void`; repeating it is fine."""

    async def track(self, tracking_number: str, context: CallContext) -> TrackSnapshot | None:
        """What is known of a number; None when the carrier does not know it. Needs `track`."""


@runtime_checkable
class PushReader(Protocol):
    """What an adapter with the capability `push` offers besides."""

    def parse_push(self, headers: Mapping[str, str], body: bytes) -> Push:
        """Verify and read one push; header names are in lower case. Touches no network. Raises CarrierError: `auth`
        when the signature is missing or wrong, `input` when the body cannot be read."""


@runtime_checkable
class ManifestMaker(Protocol):
    """What an adapter with the capability `manifest` offers besides."""

    async def manifest(self, request: ManifestRequest, context: CallContext) -> ManifestForm:
        """Close a day's parcels. The same reference again gives the form that exists."""


@runtime_checkable
class PickupBooker(Protocol):
    """What an adapter with the capability `pickup` offers besides."""

    async def book_pickup(self, request: PickupRequest, context: CallContext) -> PickupBooking:
        """Have parcels fetched. The same reference again gives the booking that exists."""

    async def cancel_pickup(self, confirmation_code: str, context: CallContext) -> None:
        """Call a pickup off; repeating it is fine."""
