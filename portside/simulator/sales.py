"""What a simulated carrier does with a shipment: quote it, and make a purchase with its parcels and labels. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec

from portside.kit.barcodes import BarcodeError
from portside.kit.fonts import FontsMissing
from portside.simulator import tariff
from portside.simulator.geography import find_lane
from portside.simulator.label_types import LabelContent
from portside.simulator.labels import draw_label
from portside.simulator.numbers import tracking_number
from portside.simulator.parcels import SimulatedParcel, SimulatedPurchase
from portside.simulator.requests import BuyCall, Parcel, RatesCall, Refused, Wanted
from portside.simulator.routes import Route, plan_route
from portside.simulator.tariff_types import NotServed, Quote, RateRequest, RefusalKind

# What a quote's `rating` pins down; buying must bring the same values again.
_PINNED = ("service", "zone", "billed_ounces")

_STATUSES: dict[RefusalKind, int] = {"input": 400, "unserviceable": 422}

# Before the worker tells a parcel's first scan, whoever bought it has had time to write down its number.
_FIRST_PUSH_AFTER = dt.timedelta(seconds=10)


class _Terms(NamedTuple):
    """What all parcels of a purchase share; `moment` is the account's time, `real_moment` ours."""

    call: BuyCall
    quote: Quote
    route: Route
    handed_over: dt.date
    moment: dt.datetime
    real_moment: dt.datetime

    @property
    def days(self) -> int:
        return max(1, (self.quote.delivery_date - self.moment.date()).days)


class Sale(NamedTuple):
    """A purchase, its parcels, and their labels as PDF."""

    purchase: SimulatedPurchase
    parcels: tuple[SimulatedParcel, ...]
    labels: tuple[bytes, ...]


def quotes(call: RatesCall, today: dt.date) -> list[dict[str, Any]]:
    """The carrier's offers as JSON would have them. Raises Refused when there is none.

    The first one ever takes 0.3 s (the table of ZIP codes is read), the others a millisecond or so: call it in a
    thread.
    """
    quotation = tariff.rate_all(call.carrier, call.shipment.rate_request(today))
    if not quotation.quotes:
        refusals = quotation.refusals
        status = _STATUSES[refusals[0].kind] if refusals else 422
        text = " ".join(dict.fromkeys(refusal.text for refusal in refusals)) or "No service is offered here."
        raise Refused(status, "not_rated", text)
    return [_quote(quote) for quote in quotation.quotes]


def sell(call: BuyCall, serials: Sequence[int], moment: dt.datetime, real_moment: dt.datetime) -> Sale:
    """A purchase as it is to be entered at the account's time `moment`. CPU-bound: call it in a thread.

    Raises Refused.
    """
    request = call.shipment.rate_request(moment.date())
    quote = _check_rating(call, request)
    lane = find_lane(request.origin, request.destination)
    if not lane.is_within_country and call.shipment.customs is None:
        # Rates need no declaration, a label does (as at Shippo): what is inside must be printed on it.
        text = f"A customs declaration is required from {lane.origin.country} to {lane.destination.country}."
        raise Refused(400, "customs_missing", text)
    route = plan_route(lane)
    terms = _Terms(call, quote, route, request.ship_date, moment, real_moment)
    numbers = [tracking_number(quote.service, serial) for serial in serials]
    parcels = tuple(_parcel(terms, number, index) for index, number in enumerate(numbers))
    purchase = SimulatedPurchase(
        reference=call.reference,
        carrier=call.carrier,
        account=call.account.id,
        account_number=call.account.number,
        service=quote.service,
        carrier_reference=numbers[0],
        magic=" ".join((*call.shipment.texts(), call.hint)),
        eta=parcels[0].promised_at,
        bought_at=moment,
    )
    return Sale(purchase, parcels, draw_all(parcels))


def draw_all(parcels: Sequence[SimulatedParcel]) -> tuple[bytes, ...]:
    """The labels of a purchase, the same bytes each time. CPU-bound. Raises Refused for what cannot be printed."""
    try:
        return tuple(draw_label(parcel.content) for parcel in parcels)
    except (BarcodeError, FontsMissing) as error:
        raise Refused(400, "unprintable", f"The label cannot be printed: {error}") from error


def answer(sale: Sale) -> dict[str, Any]:
    """A purchase as JSON would have it; labels are base64."""
    pieces = [
        {"tracking_number": parcel.tracking_number, "label": label, "label_format": "PDF_4x6"}
        for parcel, label in zip(sale.parcels, sale.labels, strict=True)
    ]
    built: dict[str, Any] = msgspec.to_builtins(
        {
            "carrier_reference": sale.purchase.carrier_reference,
            "eta": sale.purchase.eta,
            "is_voided": sale.purchase.voided_at is not None,
            "pieces": pieces,
        }
    )
    return built


def _check_rating(call: BuyCall, request: RateRequest) -> Quote:
    """The price list read once more: what was quoted must still be sold for this very shipment."""
    wanted = call.rating.get("service")
    if not isinstance(wanted, str) or tariff.find_service(call.carrier, wanted) is None:
        raise Refused(400, "unknown_service", f"There is no service {str(wanted)[:60]!r}.")
    try:
        quote = tariff.rate(call.carrier, wanted, request)
    except NotServed as refused:
        raise Refused(_STATUSES[refused.kind], "not_rated", refused.text) from refused
    pinned = _rating(quote)
    if any(call.rating.get(key) != pinned[key] for key in _PINNED):
        raise Refused(400, "not_as_quoted", "The shipment is not the one that was quoted.")
    return quote


def _rating(quote: Quote) -> dict[str, Any]:
    return {"service": quote.service, "zone": quote.zone, "billed_ounces": quote.billed_ounces}


def _quote(quote: Quote) -> dict[str, Any]:
    built: dict[str, Any] = msgspec.to_builtins(
        {
            "service": quote.service,
            "service_name": quote.service_name,
            "amount": quote.amount,
            "currency": quote.currency,
            "days": quote.days,
            "delivery_date": quote.delivery_date,
            "arrives_by": quote.arrives_by,
            "zone": quote.zone,
            "insurance_price": quote.insurance_price,
            "messages": quote.messages,
            "rating": _rating(quote),
        }
    )
    return built


def _parcel(terms: _Terms, number: str, index: int) -> SimulatedParcel:
    return SimulatedParcel(
        tracking_number=number,
        reference=terms.call.reference,
        piece=index + 1,
        carrier=terms.call.carrier,
        account=terms.call.account.id,
        content=_content(terms, number, index),
        story=terms.call.wishes().story,
        shipped_at=terms.moment,
        transit_days=terms.days,
        route=terms.route,
        next_scan_at=terms.moment,
        due_at=terms.real_moment + _FIRST_PUSH_AFTER,
    )


def _content(terms: _Terms, number: str, index: int) -> LabelContent:
    shipment, quote = terms.call.shipment, terms.quote
    parcel = shipment.parcels[index]
    return LabelContent(
        carrier=terms.call.carrier,
        service=quote.service,
        service_name=quote.service_name,
        tracking_number=number,
        sender=shipment.ship_from,
        recipient=shipment.ship_to,
        ship_date=terms.handed_over,
        ounces=parcel.ounces,
        zone=quote.zone,
        piece_number=index + 1,
        piece_count=len(shipment.parcels),
        references=_references(shipment.options, parcel),
        endorsements=_endorsements(shipment.options, parcel, quote),
        customs=None if shipment.customs is None else shipment.customs.form(),
    )


def _references(options: Wanted, parcel: Parcel) -> tuple[str, ...]:
    own = (parcel.reference_1, parcel.reference_2)
    return tuple(text for text in (own if any(own) else (options.reference_1, options.reference_2)) if text)


def _endorsements(options: Wanted, parcel: Parcel, quote: Quote) -> tuple[str, ...]:
    charged = {charge.name for charge in quote.charges}
    cod = parcel.cod or options.cod
    marks = (
        ("Return label", options.is_return),
        (f"{(options.signature or '').replace('_', ' ')} signature required", "Signature" in charged),
        ("Saturday delivery", "Saturday delivery" in charged),
        (f"Collect {cod.amount} {cod.currency}" if cod else "", "Collect on delivery" in charged),
        ("Dangerous goods", options.other.dangerous_goods.any()),
        ("Insured", quote.insurance_price is not None),
    )
    return tuple(text for text, holds in marks if holds)
