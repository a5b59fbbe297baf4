"""From the parcel to the rates: the shipment of an order is rated by a job while the page asks how far it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from litestar import Response

from portside.addresses.models import Address
from portside.db.begin import reading
from portside.db.tx import Tx
from portside.errors import FieldErrors, NotFound
from portside.kit.ids import Id
from portside.kit.scope import Scope
from portside.labels.flows import file_type as wanted_file_type
from portside.labels.models import LabelFileType
from portside.orders.models import Order
from portside.orders.queries import get_order
from portside.rates.models import StoredRate
from portside.rates.queries import find_rates
from portside.shipments.flows import create_and_rate
from portside.shipments.models import StoredShipment
from portside.shipments.queries import get_shipment
from portside.shipments.wire import ShipmentAddressIn, ShipmentIn
from portside.web.answers import HOME, unchanged
from portside.web.customs import customs_context, needs_customs, read_customs, wrong_customs_context
from portside.web.page import page
from portside.web.parcels import parcel_context, read_parcel, wrong_parcel_context
from portside.web.senders import FIELDS as SENDER_FIELDS
from portside.web.senders import find_sender
from portside.web.visit import Shown, Visit
from portside.web.words import error_sentences, file_type_label

# What people print on; the API knows more.
FORMATS = ("PDF_4x6", "PDF_4x8", "PDF_A4", "PDF_A5", "PDF_A6", "PNG", "ZPLII")
_LONGEST_REFERENCE = 50


@page("POST", "/app/orders/{order_id}/rates")
async def get_rates(visit: Visit) -> Shown:
    """Make the order's shipment with the parcel in the form and have it rated."""
    async with reading() as tx:
        file_type = await wanted_file_type(tx, visit.scope, None)
        order = await get_order(tx, visit.scope, visit.id("order_id"))
        sender = await sender_of(tx, visit, order)
    url = visit.request.scope["path"]
    try:
        given = order_shipment(visit.scope, order, sender, visit.form)
        shipment, _ = await create_and_rate(visit.scope, given)
    except FieldErrors as wrong:
        return await _wrong(visit, wrong, url, crosses=needs_customs(given_country(sender), order))
    async with reading() as tx:
        parcel = await _parcel(tx, visit, order, sender, url, shipment)
    # Whoever reloads the page finds the rates again.
    headers = {"HX-Replace-Url": f"{HOME}/{order.id}?shipment={shipment.id}"}
    context = {"rating": rating_context(order.id, shipment, [], file_type), "parcel_again": parcel}
    return Shown(template="orders/_rates.html", context=context, headers=headers)


@page("GET", "/app/orders/{order_id}/rates/{shipment_id}")
async def poll_rates(visit: Visit) -> Shown | Response[bytes]:
    """The rates, once they are there."""
    async with reading() as tx:
        shipment, rates = await shipment_of(tx, visit, visit.id("order_id"), visit.id("shipment_id"))
        file_type = await wanted_file_type(tx, visit.scope, None)
    if shipment.status in ("QUEUED", "WAITING"):
        return unchanged()
    context = {"rating": rating_context(visit.id("order_id"), shipment, rates, file_type), "parcel_again": None}
    return Shown(template="orders/_rates.html", context=context)


async def shipment_of(tx: Tx, visit: Visit, order_id: Id, shipment_id: Id) -> tuple[StoredShipment, list[StoredRate]]:
    """A shipment of that order with its rates. Raises NotFound."""
    shipment = await get_shipment(tx, visit.scope, shipment_id)
    if shipment.order_id != order_id:
        raise NotFound
    return shipment, (await find_rates(tx, visit.scope, [shipment.id])).get(shipment.id, [])


async def sender_of(tx: Tx, visit: Visit, order: Order) -> Address | None:
    """Where the order is shipped from: what it says itself, else the account's own address."""
    return order.details.from_address or await find_sender(tx, visit.scope)


def given_country(sender: Address | None) -> str:
    return sender.country if sender else "US"


async def ship_context(
    tx: Tx, visit: Visit, order: Order, shipment: StoredShipment | None, rates: Sequence[StoredRate], problem: str = ""
) -> Mapping[str, Any]:
    """What the part of the page needs that makes the next label: parcel and rating."""
    sender = await sender_of(tx, visit, order)
    parcel = await _parcel(tx, visit, order, sender, f"{HOME}/{order.id}/rates", shipment)
    file_type = await wanted_file_type(tx, visit.scope, None)
    return {"parcel": parcel, "rating": rating_context(order.id, shipment, rates, file_type, problem)}


async def _parcel(
    tx: Tx, visit: Visit, order: Order, sender: Address | None, url: str, shipment: StoredShipment | None
) -> Mapping[str, Any]:
    """The context of orders/_parcel.html, with the customs form where the order crosses a border."""
    origin = given_country(sender)
    shipped = shipment.details.parcels[0].parcel if shipment else None
    parcel = await parcel_context(tx, visit.scope, order, url, country=origin, shipped=shipped)
    signer = visit.user.name or (sender.name if sender else "")
    customs = customs_context(order, origin, signer, shipment) if needs_customs(origin, order) else None
    return {**parcel, "customs": customs}


def rating_context(
    order_id: Id,
    shipment: StoredShipment | None,
    rates: Sequence[StoredRate],
    file_type: LabelFileType,
    problem: str = "",
) -> Mapping[str, Any]:
    """The context of orders/_rates.html; `file_type` is chosen until a person chooses another."""
    formats = FORMATS if file_type in FORMATS else (file_type, *FORMATS)
    waiting = shipment is not None and shipment.status in ("QUEUED", "WAITING")
    chosen = next((rate.id for rate in rates if "BESTVALUE" in rate.attributes), rates[0].id if rates else "")
    return {
        "state": "empty" if shipment is None else "waiting" if waiting else "ready",
        "poll_url": f"{HOME}/{order_id}/rates/{shipment.id}" if shipment else "",
        "rates": [_rate(rate, rate.id == chosen) for rate in rates],
        "messages": [{"source": each.source, "text": each.text} for each in (shipment.messages if shipment else ())],
        "problem": problem,
        "buy_url": f"{HOME}/{order_id}/labels",
        "formats": [{"value": value, "label": file_type_label(value)} for value in formats],
        "format": file_type,
    }


def _rate(rate: StoredRate, chosen: bool) -> Mapping[str, Any]:
    quote = rate.quote
    return {
        "id": rate.id,
        "carrier_name": rate.provider,
        "service": quote.service_name,
        "days": quote.estimated_days,
        "arrives": None,
        "amount": rate.amount,
        "currency": rate.currency,
        "attributes": list(rate.attributes),
        "note": f"by {quote.arrives_by[:5]}" if quote.arrives_by else "",
        "chosen": chosen,
    }


def order_shipment(scope: Scope, order: Order, sender: Address | None, fields: Mapping[str, str]) -> ShipmentIn:
    """The order's shipment with the parcel in the form. Raises FieldErrors with all that is wrong there."""
    own = order.details.from_address
    if own is None and sender is None:
        raise FieldErrors({"address_from": ["Say where you ship from first."]})
    if own is None and sender is not None:
        # The setting belongs to both modes and is no row of either: each shipment brings it along.
        origin: ShipmentAddressIn | str = ShipmentAddressIn(**{name: getattr(sender, name) for name in SENDER_FIELDS})
    else:
        origin = own.id if own else ""
    errors: dict[str, Any] = {}
    parcel = customs = None
    try:
        parcel = read_parcel(fields)
    except FieldErrors as wrong:
        errors |= wrong.errors
    try:
        if needs_customs(given_country(sender), order):
            customs = read_customs(scope, order, given_country(sender), fields)
    except FieldErrors as wrong:
        errors |= wrong.errors
    if errors or parcel is None:
        raise FieldErrors(errors)
    reference = {"reference_1": order.order_number[:_LONGEST_REFERENCE]} if order.order_number else {}
    return ShipmentIn(
        address_from=origin,
        address_to=order.details.to_address.id,
        parcels=[parcel],
        customs_declaration=customs,
        order=order.id,
        extra=reference,
        is_async=True,
    )


async def _wrong(visit: Visit, wrong: FieldErrors, url: str, *, crosses: bool) -> Shown:
    """The form again: errors of its own fields at their places, others above it."""
    fields = {name: what for name, what in wrong.errors.items() if isinstance(what, str)}
    others = FieldErrors({name: what for name, what in wrong.errors.items() if name not in fields})
    message = " ".join(error_sentences(others)) or "Correct the marked fields."
    async with reading() as tx:
        parcel = await wrong_parcel_context(tx, visit.scope, url, visit.form, fields, message)
    customs = wrong_customs_context(visit.form, fields) if crosses else None
    return Shown(template="orders/_parcel.html", context={"parcel": {**parcel, "customs": customs}}, status=422)


routes = [get_rates, poll_rates]
