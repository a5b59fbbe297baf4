"""Buying an order's label, and its part of the page from the moment it is asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, get_args

from litestar import Response

from portside.carriers.catalogue import carrier_name
from portside.db.begin import reading
from portside.db.tx import Tx
from portside.errors import BadRequest, Conflict, FieldErrors, NotFound
from portside.kit.ids import Id, as_id
from portside.kit.services import services
from portside.labels.flows import buy_label as buy
from portside.labels.models import Label, LabelFileType, LabelRequest
from portside.labels.queries import get_label, labels_of_order
from portside.orders.models import OPEN, Order
from portside.orders.queries import get_order
from portside.orders.rules import is_same_place
from portside.rates.models import StoredRate
from portside.rates.queries import find_rates_by_id, get_rate
from portside.refunds.flows import request_refund
from portside.web.answers import HOME, Flash, redirect, unchanged
from portside.web.page import page
from portside.web.rates import rating_context, ship_context, shipment_of
from portside.web.shell import count_to_ship
from portside.web.tracks import find_track_of, track_context
from portside.web.visit import Shown, Visit
from portside.web.words import file_type_label, told

WAITING = frozenset({"WAITING", "QUEUED"})
ADDRESS_CHANGED = "The address of the order was changed after these rates were asked for. Get new rates."


@page("POST", "/app/orders/{order_id}/labels")
async def buy_label(visit: Visit) -> Shown:
    """Buy the chosen rate. Asked twice, the second answer shows the label of the first (law 4)."""
    file_type, rate_id = chosen_file_type(visit.field("label_file_type")), as_id(visit.field("rate"))
    if rate_id is None or file_type is None:
        raise BadRequest("Choose a rate and a label format.")
    async with reading() as tx:
        order = await get_order(tx, visit.scope, visit.id("order_id"))
        rate = await get_rate(tx, visit.scope, rate_id)
        shipment, rates = await shipment_of(tx, visit, order.id, rate.shipment_id)
    request = LabelRequest(label_file_type=file_type, order_id=order.id, is_async=True)
    try:
        # In another tab, or by a teammate, the address may have been corrected since these rates were asked for.
        if not is_same_place(order.details.to_address, shipment.details.address_to):
            raise Conflict(ADDRESS_CHANGED)
        labels = await buy(visit.scope, rate_id, request)
    except (FieldErrors, Conflict) as wrong:
        rating = rating_context(order.id, shipment, rates, file_type, told(wrong))
        context = {"rating": rating, "parcel_again": None}
        # The answer goes to where the form stood instead of among the labels.
        headers = {"HX-Retarget": "#rates", "HX-Reswap": "outerHTML"}
        return Shown(template="orders/_rates.html", context=context, headers=headers)
    return await _bought(visit, order.id, labels[0].id)


@page("GET", "/app/orders/{order_id}/labels/{label_id}")
async def poll_label(visit: Visit) -> Shown | Response[bytes]:
    """The label, once the carrier has answered."""
    order_id = visit.id("order_id")
    async with reading() as tx:
        label = await _label_of(tx, visit, order_id, visit.id("label_id"))
    return unchanged() if label.status == visit.given("seen") else await _fragment(visit, order_id, label.id)


@page("POST", "/app/orders/{order_id}/labels/{label_id}/refund")
async def refund_label(visit: Visit) -> Response[bytes]:
    """Ask the carrier to take the label back."""
    order_id = visit.id("order_id")
    async with reading() as tx:
        label = await _label_of(tx, visit, order_id, visit.id("label_id"))
    try:
        await request_refund(visit.scope, label.id)
    except FieldErrors as wrong:
        return redirect(f"{HOME}/{order_id}", Flash("error", told(wrong)))
    text = f"{carrier_name(label.carrier)} is asked for the refund. Do not use this label any more."
    return redirect(f"{HOME}/{order_id}", Flash("success", text))


async def _fragment(visit: Visit, order_id: Id, label_id: Id) -> Shown:
    """The label, and with it what else on the page has changed."""
    async with reading() as tx:
        label = await _label_of(tx, visit, order_id, label_id)
        order = await get_order(tx, visit.scope, order_id)
        rate = await _rate_of(tx, visit, label)
        track = await find_track_of(tx, visit, label)
        to_ship = await count_to_ship(tx, visit.scope)
        ship = None
        if rate is not None and can_ship(order, [label]):
            ship = await ship_context(tx, visit, order, *await shipment_of(tx, visit, order.id, rate.shipment_id))
    refresh = {
        "order_status": order.order_status,
        "ship": ship,
        "track": track_context(order.id, track, label) if track else None,
        "to_ship": to_ship,
    }
    context = {"label": label_context(visit, order.id, label, rate), "refresh": refresh}
    return Shown(template="orders/_label.html", context=context)


async def _bought(visit: Visit, order_id: Id, label_id: Id) -> Shown:
    """All labels of the order: the page may have heard of the new one already, and shows it once all the same."""
    refresh = (await _fragment(visit, order_id, label_id)).context["refresh"]
    async with reading() as tx:
        labels = await labels_context(tx, visit, order_id, await labels_of_order(tx, visit.scope, order_id))
    return Shown(template="orders/_labels.html", context={"labels": labels, "refresh": refresh})


async def _label_of(tx: Tx, visit: Visit, order_id: Id, label_id: Id) -> Label:
    label = await get_label(tx, visit.scope, label_id)
    if label.order_id != order_id:
        raise NotFound
    return label


async def _rate_of(tx: Tx, visit: Visit, label: Label) -> StoredRate | None:
    if label.rate_id is None:
        return None
    return (await find_rates_by_id(tx, visit.scope, [label.rate_id])).get(label.rate_id)


def can_ship(order: Order, labels: Sequence[Label]) -> bool:
    """Whether the page offers another label: not while one is being bought, or once the order is done with."""
    return order.order_status in OPEN and not any(label.status in WAITING for label in labels)


async def labels_context(tx: Tx, visit: Visit, order_id: Id, labels: Sequence[Label]) -> list[Mapping[str, Any]]:
    """The `labels` of orders/_labels.html."""
    rates = await find_rates_by_id(tx, visit.scope, [label.rate_id for label in labels if label.rate_id])
    return [
        label_context(visit, order_id, label, rates.get(label.rate_id) if label.rate_id else None) for label in labels
    ]


def label_context(visit: Visit, order_id: Id, label: Label, rate: StoredRate | None) -> Mapping[str, Any]:
    """The `label` of orders/_label.html."""
    url = f"{HOME}/{order_id}/labels/{label.id}"
    return {
        "id": label.id,
        "status": label.status,
        "carrier_name": rate.provider if rate else carrier_name(label.carrier),
        "service": rate.quote.service_name if rate else "",
        "amount": rate.amount if rate else None,
        "currency": rate.currency if rate else "",
        "created_at": label.created_at,
        "format": file_type_label(label.label_file_type),
        "tracking_number": label.tracking_number or "",
        "tracking_url": label.tracking_url or "",
        "pdf_url": services().file_url(label.file_key) if label.file_key else "",
        "invoice_url": services().file_url(label.invoice_key) if label.invoice_key else "",
        "messages": [message.text for message in label.messages],
        "poll_url": f"{url}?seen={label.status}",
        "refund_url": f"{url}/refund" if label.status == "SUCCESS" else None,
        "return_url": None,
        "test": visit.scope.is_test,
    }


def chosen_file_type(text: str) -> LabelFileType | None:
    known: tuple[LabelFileType, ...] = get_args(LabelFileType)
    return next((file_type for file_type in known if file_type == text), None)


routes = [buy_label, poll_label, refund_label]
