"""/app/bulk: many orders at once, from their parcels to the rates that somebody chooses, and on to one batch.

The address names the orders, then their shipments, so a page can be reloaded, and nothing is kept in between.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from litestar import Response

from portside.batches.actions import create_purchase
from portside.batches.models import BatchDraft, Choice
from portside.db.begin import begin, reading
from portside.errors import BadRequest, FieldErrors
from portside.kit.ids import Id, as_id
from portside.labels.flows import buyer
from portside.labels.models import DEFAULT_FILE_TYPE
from portside.orders.models import OPEN, Order
from portside.orders.queries import find_orders
from portside.orders.rules import is_same_place
from portside.rates.models import Attribute, StoredRate
from portside.rates.queries import find_rates
from portside.shipments.flows import create_and_rate
from portside.shipments.models import StoredShipment
from portside.shipments.queries import find_shipments
from portside.web.answers import HOME, Flash, redirect, unchanged
from portside.web.batches import PATH as BATCHES
from portside.web.customs import needs_customs
from portside.web.labels import ADDRESS_CHANGED, chosen_file_type
from portside.web.orders import contents
from portside.web.page import page
from portside.web.parcels import parcel_context
from portside.web.rates import FORMATS, given_country, order_shipment, sender_of
from portside.web.visit import Shown, Visit
from portside.web.words import error_sentences, file_type_label, order_number, place, recipient

PATH = "/app/bulk"
# One file of merged labels holds as many; the address would get too long for more.
MOST = 100
PREFERENCES: Mapping[str, tuple[str, Attribute]] = {
    "": ("Cheapest", "CHEAPEST"),
    "best": ("Best value", "BESTVALUE"),
    "fastest": ("Fastest", "FASTEST"),
}
_SIZE = ("length", "width", "height", "distance_unit", "preset")


@page("POST", "/app/orders/ship")
async def pick_orders(visit: Visit) -> Response[bytes]:
    """From the boxes in the list to the form of their parcels."""
    ids = _ids(await visit.picked("order"))
    if not ids:
        return redirect(HOME, Flash("warning", "Select some orders first."))
    return redirect(f"{PATH}?{urlencode({'orders': ','.join(ids)})}")


@page("GET", PATH)
async def show_parcels(visit: Visit) -> Shown | Response[bytes]:
    """The form: one size for all, a weight for each."""
    return await _parcels(visit, _ids(visit.given("orders", 33 * MOST).split(",")), {}, {})


@page("POST", f"{PATH}/rates")
async def get_rates(visit: Visit) -> Shown | Response[bytes]:
    """Make the shipments of all orders that can be shipped, and have them rated."""
    ids = _ids(visit.field("orders", 33 * MOST).split(","))
    errors: dict[str, str] = {}
    made: list[Id] = []
    ready: list[tuple[Order, Any]] = []
    async with reading() as tx:
        orders = await find_orders(tx, visit.scope, ids)
        senders = {order.id: await sender_of(tx, visit, order) for order in orders.values()}
    for order in [orders[each] for each in ids if each in orders]:
        sender = senders[order.id]
        if _obstacle(order, given_country(sender)):
            continue
        fields = {**{name: visit.field(name) for name in _SIZE}, **_weight_fields(visit.form, order)}
        try:
            ready.append((order, order_shipment(visit.scope, order, sender, fields)))
        except FieldErrors as wrong:
            errors.update(_row_errors(wrong, order))
    if errors or not ready:
        return await _parcels(visit, ids, visit.form, errors or {"": "None of these orders can be shipped from here."})
    for order, given in ready:
        try:
            shipment, _ = await create_and_rate(visit.scope, given)
        except FieldErrors as wrong:
            errors[f"weight_{order.id}"] = " ".join(error_sentences(wrong))
        else:
            made.append(shipment.id)
    if not made:
        return await _parcels(visit, ids, visit.form, errors)
    left_out = Flash("warning", " ".join(dict.fromkeys(errors.values()))) if errors else None
    return redirect(f"{PATH}/rates?{urlencode({'shipments': ','.join(made)})}", left_out)


@page("GET", f"{PATH}/rates")
async def show_rates(visit: Visit) -> Shown | Response[bytes]:
    """What each order would cost, as the carriers answer; to htmx the rows, or nothing when no more is known."""
    ids = _ids(visit.given("shipments", 33 * MOST).split(","))
    prefer = visit.given("prefer") if visit.given("prefer") in PREFERENCES else ""
    async with reading() as tx:
        shipments = await find_shipments(tx, visit.scope, ids)
        rates = await find_rates(tx, visit.scope, list(shipments))
        orders = await find_orders(tx, visit.scope, [each.order_id for each in shipments.values() if each.order_id])
    found = [shipments[each] for each in ids if each in shipments]
    waiting = sum(shipment.status in ("QUEUED", "WAITING") for shipment in found)
    if visit.wants_fragment and visit.given("waiting") == str(waiting):
        return unchanged()
    rows = [_rated(shipment, orders, rates.get(shipment.id, []), PREFERENCES[prefer][1]) for shipment in found]
    here = {"shipments": ",".join(ids), "prefer": prefer}
    context = {
        "rows": rows,
        "waiting": waiting,
        "poll_url": f"{PATH}/rates?{urlencode({**here, 'waiting': waiting})}" if waiting else None,
        "buy_url": f"{PATH}/labels",
        "shipments": here["shipments"],
        "preferences": [
            {
                "label": label,
                "href": f"{PATH}/rates?{urlencode({**here, 'prefer': key})}",
                "count": None,
                "active": key == prefer,
            }
            for key, (label, _) in PREFERENCES.items()
        ],
        "formats": [{"value": value, "label": file_type_label(value)} for value in FORMATS],
        "format": DEFAULT_FILE_TYPE,
        "back_url": HOME,
    }
    if visit.wants_fragment:
        return Shown(template="bulk/_rates.html", context=context)
    return Shown(template="bulk/rates.html", context=context, section="orders")


@page("POST", f"{PATH}/labels")
async def buy_labels(visit: Visit) -> Response[bytes]:
    """Have the chosen rates bought as one batch. Sent twice, the labels are those of the first time (law 4)."""
    file_type = chosen_file_type(visit.field("label_file_type"))
    ids = _ids(visit.field("shipments", 33 * MOST).split(","))
    if file_type is None:
        raise BadRequest("Choose a label format.")
    async with begin() as tx:
        shipments = await find_shipments(tx, visit.scope, ids)
        rates = await find_rates(tx, visit.scope, list(shipments))
        orders = await find_orders(tx, visit.scope, [each.order_id for each in shipments.values() if each.order_id])
        chosen = [
            rate
            for shipment_id in ids
            if shipment_id in shipments and not _closed(shipments[shipment_id], orders)
            for rate in rates.get(shipment_id, [])
            if rate.id == visit.field(f"rate_{shipment_id}")
        ]
        if not chosen:
            text = "Nothing was bought: no rate was chosen, or all are shipped or were changed."
            return redirect(HOME, Flash("warning", text))
        draft = BatchDraft(
            scope=visit.scope,
            carrier_account_id=chosen[0].carrier_account_id,
            service_token=chosen[0].service_token,
            label_file_type=file_type,
            metadata="",
        )
        batch = await create_purchase(tx, draft, [_choice(rate) for rate in chosen], await buyer(tx, visit.scope))
    return redirect(f"{BATCHES}/{batch.id}")


async def _parcels(
    visit: Visit, ids: Sequence[Id], given: Mapping[str, str], errors: Mapping[str, str]
) -> Shown | Response[bytes]:
    async with reading() as tx:
        found = await find_orders(tx, visit.scope, ids)
        orders = [found[each] for each in ids if each in found]
        if not orders:
            return redirect(HOME, Flash("warning", "Select some orders first."))
        senders = {order.id: await sender_of(tx, visit, order) for order in orders}
        unsent = next((order for order in orders if senders[order.id] is None), None)
        if unsent is not None:
            text = "Say where you ship from first; then select the orders again."
            return redirect(f"{HOME}/{unsent.id}", Flash("info", text))
        country = given_country(senders[orders[0].id])
        size = await parcel_context(tx, visit.scope, orders[0], "", country=country)
    rows = [_row(order, given_country(senders[order.id]), given) for order in orders]
    data = {name: given.get(name, size["form"]["data"].get(name, "")) for name in _SIZE}
    context = {
        "rows": rows,
        "ready": sum(not row["obstacle"] for row in rows),
        "orders": ",".join(order.id for order in orders),
        "rates_url": f"{PATH}/rates",
        "presets": size["presets"],
        "form": {"data": data, "errors": errors, "message": errors.get("", "")},
        "back_url": HOME,
    }
    return Shown(template="bulk/parcels.html", context=context, section="orders", status=422 if errors else 200)


def _row(order: Order, origin: str, given: Mapping[str, str]) -> dict[str, Any]:
    fields = _weight_fields(given, order) if f"weight_{order.id}" in given else {}
    unit = order.details.weight_unit or ("lb" if origin == "US" else "kg")
    return {
        "id": order.id,
        "href": f"{HOME}/{order.id}",
        "number": order_number(order),
        "recipient": recipient(order.details.to_address),
        "place": place(order.details.to_address),
        "contents": contents(order.details.line_items),
        "weight": fields.get("weight", order.details.weight or ""),
        "mass_unit": fields.get("mass_unit", unit),
        "obstacle": _obstacle(order, origin),
    }


def _obstacle(order: Order, origin: str) -> str:
    """Why an order is not shipped along with the others; empty if it can be."""
    if order.order_status not in OPEN:
        return "Shipped already, or cancelled."
    if needs_customs(origin, order):
        return "Crosses a border: ship it from its page, where customs are declared."
    return ""


def _weight_fields(fields: Mapping[str, str], order: Order) -> dict[str, str]:
    return {
        "weight": fields.get(f"weight_{order.id}", "").strip()[:20],
        "mass_unit": fields.get(f"unit_{order.id}", "")[:4],
    }


def _row_errors(wrong: FieldErrors, order: Order) -> dict[str, str]:
    """Errors of the size, which all rows share, and of this row's weight."""
    named = {"weight": f"weight_{order.id}", "mass_unit": f"weight_{order.id}"}
    return {named.get(name, name): str(text) for name, text in wrong.errors.items() if isinstance(text, str)}


def _rated(
    shipment: StoredShipment, orders: Mapping[Id, Order], rates: Sequence[StoredRate], prefer: Attribute
) -> dict[str, Any]:
    order = orders.get(shipment.order_id) if shipment.order_id else None
    to = shipment.details.address_to
    chosen = next((rate for rate in rates if prefer in rate.attributes), rates[0] if rates else None)
    closed = _closed(shipment, orders)
    return {
        "id": shipment.id,
        "href": f"{HOME}/{order.id}?shipment={shipment.id}" if order else HOME,
        "number": order_number(order) if order else "–",
        "recipient": recipient(to),
        "place": place(to),
        "is_waiting": shipment.status in ("QUEUED", "WAITING"),
        "problem": closed or _problem(shipment, rates),
        "chosen": chosen.id if chosen and not closed else "",
        "rates": [
            {
                "id": rate.id,
                "label": f"{rate.provider} {rate.quote.service_name}",
                "days": rate.quote.estimated_days,
                "amount": rate.amount,
                "currency": rate.currency,
            }
            for rate in rates
        ],
    }


def _problem(shipment: StoredShipment, rates: Sequence[StoredRate]) -> str:
    if rates or shipment.status in ("QUEUED", "WAITING"):
        return ""
    return " ".join(message.text for message in shipment.messages) or "No carrier offers this parcel."


def _closed(shipment: StoredShipment, orders: Mapping[Id, Order]) -> str:
    """Why no label may be bought any more: somebody else may have shipped, cancelled or corrected the order meanwhile;
    empty if one may."""
    order = orders.get(shipment.order_id) if shipment.order_id else None
    if order is None or order.order_status not in OPEN:
        return "Shipped already, or cancelled."
    return "" if is_same_place(order.details.to_address, shipment.details.address_to) else ADDRESS_CHANGED


def _choice(rate: StoredRate) -> Choice:
    return Choice(
        shipment_id=rate.shipment_id,
        rate_id=rate.id,
        carrier_account_id=rate.carrier_account_id,
        service_token=rate.service_token,
    )


def _ids(given: Sequence[str]) -> list[Id]:
    """The ids among texts, each once, as many as are shipped at a time."""
    return list(dict.fromkeys(found for text in given if (found := as_id(text.strip())) is not None))[:MOST]


routes = [pick_orders, show_parcels, get_rates, show_rates, buy_labels]
