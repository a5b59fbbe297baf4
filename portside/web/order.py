"""/app/orders/{id}: one order from its parcel to its delivery."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from litestar import Response

from portside.apps.models import AppName
from portside.apps.queries import find_app_names
from portside.db.begin import reading
from portside.db.tx import Tx
from portside.errors import Conflict, FieldErrors, NotFound
from portside.kit.ids import Id, as_id
from portside.kit.services import services
from portside.labels.models import Label
from portside.labels.queries import labels_of_order
from portside.orders.flows import LINK_LASTS, make_packing_slip, revise_order
from portside.orders.models import LineItem, Order
from portside.orders.queries import get_order
from portside.orders.rules import VALID_LABEL
from portside.rates.models import StoredRate
from portside.shipments.models import StoredShipment
from portside.web.alerts import order_alerts
from portside.web.answers import HOME, Flash, redirect, unchanged
from portside.web.buyer_messages import messages_context
from portside.web.labels import can_ship, labels_context
from portside.web.page import page
from portside.web.rates import sender_of, ship_context, shipment_of
from portside.web.senders import find_sender, keep_sender, read_sender, sender_form
from portside.web.shell import count_to_ship
from portside.web.tracks import find_track_of, track_context
from portside.web.visit import Shown, Visit
from portside.web.words import address_card, order_number, source_of, told


@page("GET", "/app/orders/{order_id}")
async def show_order(visit: Visit) -> Shown:
    """The order's page."""
    return await _page(visit)


@page("POST", "/app/orders/{order_id}/sender")
async def save_sender(visit: Visit) -> Shown | Response[bytes]:
    """Keep where the account ships from, and go on with the order."""
    try:
        address = read_sender(visit.form)
    except FieldErrors as wrong:
        return await _page(visit, sender_errors=wrong.errors)
    await keep_sender(visit.scope, address)
    return redirect(f"{HOME}/{visit.id('order_id')}", Flash("success", "You ship from this address from now on."))


@page("GET", "/app/orders/{order_id}/slip")
async def open_slip(visit: Visit) -> Response[bytes]:
    """Draw the packing slip and go to it."""
    slip = await make_packing_slip(visit.scope, visit.id("order_id"))
    return redirect(services().file_url(slip.file_key, int(LINK_LASTS.total_seconds())))


@page("POST", "/app/orders/{order_id}/cancel")
async def cancel_order(visit: Visit) -> Response[bytes]:
    """Cancel the order, unless a label was bought meanwhile."""
    try:
        await revise_order(visit.scope, visit.id("order_id"), {"order_status": "CANCELLED"}, whole=False)
    except (Conflict, FieldErrors) as wrong:
        return redirect(f"{HOME}/{visit.id('order_id')}", Flash("error", told(wrong)))
    return redirect(f"{HOME}/{visit.id('order_id')}", Flash("success", "The order was cancelled."))


@page("GET", "/app/orders/{order_id}/news")
async def poll_order(visit: Visit) -> Shown | Response[bytes]:
    """What was changed elsewhere: by a teammate, in another tab, through the API."""
    async with reading() as tx:
        order = await get_order(tx, visit.scope, visit.id("order_id"))
        labels = await labels_of_order(tx, visit.scope, order.id)
        seen = visit.given("seen")
        if seen == _version(order, labels):
            return unchanged()
        refresh = {
            "order_status": order.order_status,
            "to_ship": await count_to_ship(tx, visit.scope),
            "labels": await labels_context(tx, visit, order.id, labels),
            "track": await _track(tx, visit, order, labels),
            "ship_to": address_card(order.details.to_address),
            # Somebody may be filling the form in: it comes or goes, and is otherwise left alone.
            "ship": await _ship(tx, visit, order, labels) if seen[-1:] != _version(order, labels)[-1:] else None,
        }
    context = {"order": {"id": order.id}, "news": {"poll_url": _news_url(order, labels)}, "refresh": refresh}
    return Shown(template="orders/_news.html", context=context)


def _news_url(order: Order, labels: Sequence[Label]) -> str:
    return f"{HOME}/{order.id}/news?seen={_version(order, labels)}"


def _version(order: Order, labels: Sequence[Label]) -> str:
    """Changes with every change of the order; its last letter tells whether it can be shipped."""
    return f"{order.event_seq}{'s' if can_ship(order, labels) else 'x'}"


async def _page(visit: Visit, sender_errors: Mapping[str, str] | None = None) -> Shown:
    async with reading() as tx:
        order = await get_order(tx, visit.scope, visit.id("order_id"))
        labels = await labels_of_order(tx, visit.scope, order.id)
        context = {
            "order": _order(order, await find_app_names(tx, [order.app_id] if order.app_id else [])),
            "back_url": HOME,
            "slip_url": f"{HOME}/{order.id}/slip",
            "cancel_url": f"{HOME}/{order.id}/cancel" if can_ship(order, labels) else None,
            "edit_to_url": f"{HOME}/{order.id}/recipient" if can_ship(order, labels) else None,
            "ship_to": address_card(order.details.to_address),
            "labels": await labels_context(tx, visit, order.id, labels),
            "track": await _track(tx, visit, order, labels),
            "messages": await messages_context(tx, visit, order.id, labels),
            "news": {"poll_url": _news_url(order, labels)},
            "alerts": await order_alerts(tx, visit.scope, order.id),
            "parcel_again": None,
            **await _ship(tx, visit, order, labels),
            **await _sender(tx, visit, order, sender_errors),
        }
    status = 422 if sender_errors else 200
    return Shown(template="orders/detail.html", context=context, section="orders", status=status)


async def _track(tx: Tx, visit: Visit, order: Order, labels: Sequence[Label]) -> Mapping[str, Any] | None:
    """Of the newest label that counts."""
    label = next((label for label in labels if label.status in VALID_LABEL and label.tracking_number), None)
    track = await find_track_of(tx, visit, label) if label else None
    return track_context(order.id, track, label) if track and label else None


async def _ship(tx: Tx, visit: Visit, order: Order, labels: Sequence[Label]) -> Mapping[str, Any]:
    """Parcel and rates; those of the shipment in the address, if it is one of this order."""
    if not can_ship(order, labels) or await sender_of(tx, visit, order) is None:
        return {"can_ship": False, "parcel": None, "rating": None}
    shipment: StoredShipment | None = None
    rates: list[StoredRate] = []
    shipment_id = as_id(visit.given("shipment"))
    if shipment_id is not None:
        try:
            shipment, rates = await shipment_of(tx, visit, order.id, shipment_id)
        except NotFound:
            pass
    return {"can_ship": True, **await ship_context(tx, visit, order, shipment, rates)}


async def _sender(tx: Tx, visit: Visit, order: Order, errors: Mapping[str, str] | None) -> Mapping[str, Any]:
    """Where it is shipped from, and the form that asks for it when nobody knows or somebody wants to change it."""
    sender = await sender_of(tx, visit, order)
    own = order.details.from_address is not None
    url = f"{HOME}/{order.id}"
    form = None
    if errors is not None:
        form = sender_form(f"{url}/sender", None, errors, visit.form)
    elif sender is None or (visit.given("edit") == "sender" and not own):
        form = sender_form(f"{url}/sender", await find_sender(tx, visit.scope))
    return {
        "ship_from": address_card(sender) if sender else None,
        "edit_from_url": None if own or sender is None else f"{url}?edit=sender",
        "sender_form": form,
    }


def _order(order: Order, apps: Mapping[Id, AppName]) -> Mapping[str, Any]:
    details = order.details
    return {
        "id": order.id,
        "number": order_number(order),
        "status": order.order_status,
        "placed_at": order.placed_at,
        "source": source_of(order, apps),
        "notes": details.notes or "",
        "shipping_method": details.shipping_method or "",
        "line_items": [_line(line) for line in details.line_items],
        "subtotal": details.subtotal_price,
        "shipping_cost": details.shipping_cost,
        "tax": details.total_tax,
        "total": details.total_price,
        "currency": details.currency or details.shipping_cost_currency or "",
    }


def _line(line: LineItem) -> Mapping[str, Any]:
    return {
        "title": line.title or line.sku or "Item",
        "variant": line.variant_title or "",
        "sku": line.sku or "",
        "quantity": line.quantity or 1,
        "weight": line.weight,
        "weight_unit": line.weight_unit or "",
        "total": line.total_price,
        "currency": line.currency or "",
    }


routes = [show_order, poll_order, save_sender, open_slip, cancel_order]
