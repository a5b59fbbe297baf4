"""What both simulated carriers share: contract values out, documents back, and the host's refusals as CarrierError."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, TypeVar

import msgspec

from portside.carriers.contract import (
    BuyLabel,
    CallContext,
    Capability,
    Limits,
    Location,
    ManifestForm,
    ManifestRequest,
    PickupBooking,
    PickupRequest,
    Piece,
    Purchase,
    Push,
    Quote,
    RateQuery,
    Scan,
    TrackSnapshot,
)
from portside.carriers.errors import CarrierError, ErrorKind
from portside.carriers.simulated.port import CarrierHost, HostOperation

T = TypeVar("T")

# Tells whether the carrier signed this body.
Verify = Callable[[bytes, str], bool]

SIGNATURE_HEADER = "x-simulated-carrier-signature"

_KINDS: Mapping[int, ErrorKind] = {
    400: "input",
    401: "auth",
    403: "auth",
    404: "input",
    422: "unserviceable",
    429: "rate_limited",
}
_STATUSES = frozenset({"UNKNOWN", "PRE_TRANSIT", "TRANSIT", "DELIVERED", "RETURNED", "FAILURE"})


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """What tells one simulated carrier from the other."""

    token: str
    name: str
    services: Mapping[str, str]
    limits: Limits
    tracking_page: str
    capabilities: frozenset[Capability]


class SimulatedCarrier:
    """One simulated carrier. Keeps no state: what was bought is in the host's books."""

    def __init__(self, profile: Profile, host: CarrierHost, verify: Verify) -> None:
        self._profile = profile
        self._host = host
        self._verify = verify

    @property
    def token(self) -> str:
        return self._profile.token

    @property
    def name(self) -> str:
        return self._profile.name

    @property
    def capabilities(self) -> frozenset[Capability]:
        return self._profile.capabilities

    @property
    def limits(self) -> Limits:
        return self._profile.limits

    @property
    def services(self) -> Mapping[str, str]:
        return self._profile.services

    def tracking_url(self, tracking_number: str) -> str:
        return self._profile.tracking_page + tracking_number

    async def check_credentials(self, context: CallContext) -> None:
        """Raises CarrierError: `auth` for a refused account, `unserviceable` for a live one."""
        await self._call("check", {}, context)

    async def rates(self, query: RateQuery, context: CallContext) -> tuple[Quote, ...]:
        body = await self._call("rates", {"shipment": msgspec.to_builtins(query)}, context)
        return tuple(_quote(_read(quote, _Quote)) for quote in body["quotes"])

    async def buy(self, purchase: BuyLabel, context: CallContext) -> Purchase:
        if purchase.quote.service_token not in self.services:
            text = f"{self.name} has no service {purchase.quote.service_token!r}."
            raise CarrierError("input", text, code="unknown_service")
        request = {
            "shipment": msgspec.to_builtins(purchase.query),
            "reference": purchase.reference,
            "rating": dict(purchase.quote.rating),
            "hint": purchase.hint,
        }
        return _purchase(_read(await self._call("buy", request, context), _Purchase))

    async def find(self, reference: str, context: CallContext) -> Purchase | None:
        body = await self._call("find", {"reference": reference}, context, missing_is_none=True)
        return None if body is None else _purchase(_read(body, _Purchase))

    async def void(self, carrier_reference: str, context: CallContext, tracking_number: str | None = None) -> None:
        await self._call("void", {"carrier_reference": carrier_reference, "tracking_number": tracking_number}, context)

    async def track(self, tracking_number: str, context: CallContext) -> TrackSnapshot | None:
        if not context.credentials.is_test:
            # No live parcel was ever sent by it: who follows such a number waits for news like anybody else.
            return None
        body = await self._call("track", {"tracking_number": tracking_number}, context, missing_is_none=True)
        return None if body is None else _snapshot(self.token, _read(body, _Report))

    async def manifest(self, request: ManifestRequest, context: CallContext) -> ManifestForm:
        form = _read(await self._call("manifest", msgspec.to_builtins(request), context), _Form)
        return ManifestForm(carrier_reference=form.carrier_reference, content=form.document)

    async def book_pickup(self, request: PickupRequest, context: CallContext) -> PickupBooking:
        booked = _read(await self._call("pickup", msgspec.to_builtins(request), context), _Pickup)
        return PickupBooking(
            confirmation_code=booked.confirmation_code,
            start=booked.starts_at,
            end=booked.ends_at,
            cancel_by=booked.cancel_by,
            timezone=booked.timezone,
            messages=booked.messages,
        )

    async def cancel_pickup(self, confirmation_code: str, context: CallContext) -> None:
        await self._call("cancel_pickup", {"confirmation_code": confirmation_code}, context)

    def parse_push(self, headers: Mapping[str, str], body: bytes) -> Push:
        """Verify and read one push. Raises CarrierError: `auth`, `input`."""
        if not self._verify(body, headers.get(SIGNATURE_HEADER, "")):
            raise CarrierError("auth", f"The push is not signed by {self.name}.")
        try:
            return msgspec.json.decode(body, type=Push)
        except msgspec.MsgspecError as error:
            raise CarrierError("input", f"The push of {self.name} cannot be read.") from error

    async def _call(
        self,
        operation: HostOperation,
        request: Mapping[str, Any],
        context: CallContext,
        *,
        missing_is_none: bool = False,
    ) -> Any:
        """The body of the host's answer. Raises CarrierError."""
        credentials = context.credentials
        if not credentials.is_test:
            text = f"This {self.name} is simulated: it works with test tokens only."
            raise CarrierError("unserviceable", text, code="simulated")
        account = {"id": credentials.id, "number": credentials.number}
        try:
            answer = await self._host.call(operation, {"carrier": self.token, "account": account, **request})
        except ConnectionError as error:
            # Whether a purchase was read before the connection broke cannot be told from here.
            kind: ErrorKind = "timeout_unknown" if operation == "buy" else "carrier_down"
            raise CarrierError(kind, f"The connection to {self.name} broke.", code="no_answer") from error
        status, body = answer["status"], answer["body"]
        if status == 404 and missing_is_none:
            return None
        if status == 200 and isinstance(body, Mapping):
            return body
        raise self._refusal(operation, status, body)

    def _refusal(self, operation: HostOperation, status: int, body: Any) -> CarrierError:
        trace = f"{operation}: status {status}"
        if not isinstance(body, Mapping):
            # Not the carrier's own program answered, so it may or may not have seen a purchase.
            kind: ErrorKind = "timeout_unknown" if operation == "buy" else "carrier_down"
            return CarrierError(kind, f"The answer of {self.name} cannot be read.", code="unreadable", trace=trace)
        error = body.get("error", {})
        kind = _KINDS.get(status, "carrier_down")
        return CarrierError(kind, str(error.get("message", "")), code=str(error.get("code", "")), trace=trace)


class _Quote(msgspec.Struct, frozen=True, kw_only=True):
    service: str
    service_name: str
    amount: Decimal
    currency: str
    days: int
    arrives_by: str | None
    zone: str
    insurance_price: Decimal | None
    messages: tuple[str, ...]
    rating: dict[str, Any]


class _Piece(msgspec.Struct, frozen=True, kw_only=True):
    tracking_number: str
    label: bytes


class _Purchase(msgspec.Struct, frozen=True, kw_only=True):
    carrier_reference: str
    eta: dt.datetime
    is_voided: bool
    pieces: tuple[_Piece, ...]


class _Form(msgspec.Struct, frozen=True, kw_only=True):
    carrier_reference: str
    document: bytes


class _Pickup(msgspec.Struct, frozen=True, kw_only=True):
    confirmation_code: str
    starts_at: dt.datetime
    ends_at: dt.datetime
    cancel_by: dt.datetime
    timezone: str
    messages: tuple[str, ...]


class _Scan(msgspec.Struct, frozen=True, kw_only=True):
    code: str
    status: str
    text: str
    at: dt.datetime
    location: Location | None


class _Report(msgspec.Struct, frozen=True, kw_only=True):
    tracking_number: str
    service: str
    service_name: str
    eta: dt.datetime
    original_eta: dt.datetime
    origin: Location
    destination: Location
    scans: tuple[_Scan, ...]


def _read(body: Any, kind: type[T]) -> T:
    try:
        return msgspec.convert(body, kind)
    except msgspec.ValidationError as error:
        raise CarrierError("bug", "The carrier's answer cannot be read.", trace=str(error)) from error


def _quote(given: _Quote) -> Quote:
    days = f"{given.days} business day{'' if given.days == 1 else 's'}"
    return Quote(
        service_token=given.service,
        service_name=given.service_name,
        amount=given.amount,
        currency=given.currency,
        estimated_days=given.days,
        arrives_by=given.arrives_by,
        duration_terms=f"Delivery in {days}" + (f" by {given.arrives_by[:5]}." if given.arrives_by else "."),
        zone=given.zone,
        included_insurance_price=given.insurance_price,
        terms=" ".join(given.messages),
        rating=given.rating,
    )


def _purchase(given: _Purchase) -> Purchase:
    return Purchase(
        carrier_reference=given.carrier_reference,
        pieces=tuple(
            Piece(tracking_number=piece.tracking_number, content=piece.label, content_format="PDF_4x6")
            for piece in given.pieces
        ),
        eta=given.eta,
        is_voided=given.is_voided,
    )


def _snapshot(carrier: str, given: _Report) -> TrackSnapshot:
    return TrackSnapshot(
        carrier=carrier,
        tracking_number=given.tracking_number,
        scans=tuple(_scan(scan) for scan in given.scans),
        eta=given.eta,
        original_eta=given.original_eta,
        service_token=given.service,
        service_name=given.service_name,
        origin=given.origin,
        destination=given.destination,
    )


def _scan(given: _Scan) -> Scan:
    """The simulated carriers speak Shippo's vocabulary; a status outside it is told as unknown, never as moving."""
    is_known = given.status in _STATUSES
    return Scan(
        status=given.status if is_known else "UNKNOWN",  # type: ignore[arg-type]
        substatus=given.code if is_known else "other",
        text=given.text,
        at=given.at,
        location=given.location,
        raw_code=given.code,
        raw_text=given.text,
    )
