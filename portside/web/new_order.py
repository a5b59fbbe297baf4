"""/app/orders/new: an order that somebody types in; made by the same action as POST /orders."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from litestar import Response

from portside.addresses.rules import countries, country_code
from portside.addresses.validation.postal import needed_fields
from portside.db.begin import reading
from portside.errors import FieldErrors
from portside.kit.clock import now, to_wire
from portside.kit.ids import Id, new_id
from portside.kit.paging import PageRequest
from portside.kit.scope import Scope
from portside.orders.flows import create_order_once, draft_order
from portside.orders.queries import list_orders
from portside.orders.rules import places_of_errors
from portside.orders.wire import OrderFilter, OrderIn
from portside.rest.parse import parse_values
from portside.web.answers import HOME, Flash, redirect
from portside.web.page import page
from portside.web.rates import given_country
from portside.web.senders import FIELDS as RECIPIENT
from portside.web.senders import find_sender
from portside.web.visit import Shown, Visit
from portside.web.words import needs_it, typed_number

PATH = f"{HOME}/new"
ITEM = ("title", "sku", "quantity", "weight", "total_price")
_NUMBERS = frozenset({"quantity", "weight", "total_price"})
# Nobody types more; more come by file or API.
MOST_ITEMS = 50
_SHARED = (
    "order_number",
    "order_status",
    "weight",
    "weight_unit",
    "total_price",
    "currency",
    "shipping_method",
    "notes",
    "key",
)
_LONGEST = 6000
_STATUSES = {"PAID": "Paid: ready to ship", "AWAITPAY": "Awaiting payment"}


@page("GET", PATH)
async def show_new_order(visit: Visit) -> Shown:
    """The empty form, with what the last order and the sender suggest."""
    return _form(await _first_guess(visit.scope), {}, items=1)


@page("POST", PATH)
async def create_order(visit: Visit) -> Shown | Response[bytes]:
    """Make the order; or show the form with another line for an item, or with what is wrong."""
    fields = {name: value.strip()[:_LONGEST] for name, value in visit.form.items()}
    if visit.field("do") == "add":
        return _one_more(visit, fields)
    try:
        order_id = await _create(visit.scope, fields)
    except FieldErrors as wrong:
        return _form(fields, _told(wrong, fields), items=_count(fields), status=422)
    return redirect(f"{HOME}/{order_id}", Flash("success", "The order is made."))


async def _create(scope: Scope, fields: Mapping[str, str]) -> Id:
    given = parse_values(OrderIn, _as_sent(fields))
    draft = await draft_order(scope, given)
    country = draft.order.details.to_address.country
    needed = await asyncio.to_thread(needed_fields, country)
    if missing := {name: [needs_it(name)] for name in needed if not fields.get(name)}:
        raise FieldErrors({"to_address": missing})
    # Sent twice, by a click too many, it is one order; changed and sent again after a look back, another.
    body = urlencode({name: fields.get(name, "") for name in sorted(fields) if name != "_csrf_token"}).encode()
    key = f"new order {fields.get('key', '')[:40]} {hashlib.sha256(body).hexdigest()}"
    order_id, _ = await create_order_once(scope, draft, key, body)
    return order_id


def _as_sent(fields: Mapping[str, str]) -> dict[str, Any]:
    """The form as the request that an app would send."""
    unit, currency = fields.get("weight_unit", ""), fields.get("currency", "")
    weight = typed_number(fields.get("weight", ""))
    total = typed_number(fields.get("total_price", ""))
    items = [_item(fields, number, unit, currency) for number in _filled(fields)]
    return {
        "to_address": {name: fields.get(name, "") for name in RECIPIENT},
        "placed_at": to_wire(now()),
        "order_number": fields.get("order_number", ""),
        "order_status": fields.get("order_status", "") or "PAID",
        "line_items": items,
        # What is not said follows from the items, if all of them say it.
        "weight": weight,
        "weight_unit": unit if weight or not items else "",
        "total_price": total,
        "currency": currency if total or any(item["total_price"] for item in items) else "",
        "shipping_method": fields.get("shipping_method", ""),
        "notes": fields.get("notes", ""),
    }


def _item(fields: Mapping[str, str], number: int, unit: str, currency: str) -> dict[str, str | None]:
    said: dict[str, str | None] = {name: fields.get(f"item{number}_{name}", "") or None for name in ITEM}
    said |= {name: typed_number(text) for name in _NUMBERS if (text := said[name])}
    said["quantity"] = said["quantity"] or "1"
    said["weight_unit"] = unit if said["weight"] else None
    said["currency"] = currency if said["total_price"] else None
    return said


def _count(fields: Mapping[str, str]) -> int:
    """How many lines for items the form has."""
    return max([1, *(number + 1 for number in range(MOST_ITEMS) if f"item{number}_title" in fields)])


def _filled(fields: Mapping[str, str]) -> list[int]:
    """The lines that say something beside how many."""
    said = [name for name in ITEM if name != "quantity"]
    return [number for number in range(_count(fields)) if any(fields.get(f"item{number}_{name}") for name in said)]


def _told(wrong: FieldErrors, fields: Mapping[str, str]) -> dict[str, str]:
    """What is wrong, by the names that the form's fields have."""
    filled = _filled(fields)
    told: dict[str, list[str]] = {}
    for way, text in places_of_errors(wrong.errors):
        if way[:1] == ("line_items",) and len(way) > 1 and isinstance(way[1], int):
            last = str(way[-1])
            name = f"item{filled[way[1]]}_{last}" if last in ITEM else last
        else:
            name = str(way[-1]) if way else ""
        told.setdefault(name, []).append(text)
    if "weight" in told and not fields.get("weight"):
        told["weight"] = ["Give the weight of the order, or of each item."]
    return {name: " ".join(dict.fromkeys(texts)) for name, texts in told.items()}


def _one_more(visit: Visit, fields: Mapping[str, str]) -> Shown:
    """The lines of the items and one more, its first field ready to be typed in."""
    items = min(_count(fields) + 1, MOST_ITEMS)
    if not visit.wants_fragment:
        return _form(fields, {}, items=items, is_added=True)
    context = _context(fields, {}, items, is_added=True)
    return Shown(template="orders/_items.html", context={"items": context["items"], "form": context["form"]})


async def _first_guess(scope: Scope) -> dict[str, str]:
    async with reading() as tx:
        sender = await find_sender(tx, scope)
        last = (await list_orders(tx, scope, PageRequest(size=1), OrderFilter())).rows
    country = given_country(sender)
    details = last[0].details if last else None
    return {
        "country": country,
        "order_status": "PAID",
        "weight_unit": (details and details.weight_unit) or ("lb" if country == "US" else "kg"),
        "currency": (details and details.currency) or "USD",
        "item0_quantity": "1",
        "key": new_id(),
    }


def _form(
    fields: Mapping[str, str], errors: Mapping[str, str], *, items: int, is_added: bool = False, status: int = 200
) -> Shown:
    context = _context(fields, errors, items, is_added=is_added)
    return Shown(template="orders/new.html", context=context, section="orders", status=status)


def _context(fields: Mapping[str, str], errors: Mapping[str, str], items: int, *, is_added: bool) -> dict[str, Any]:
    """The context of orders/new.html."""
    names = {*RECIPIENT, *_SHARED, *(f"item{number}_{name}" for number in range(items) for name in ITEM)}
    data = {name: fields.get(name, "") for name in names}
    if is_added:
        data[f"item{items - 1}_quantity"] = data[f"item{items - 1}_quantity"] or "1"
    data["country"] = country_code(data["country"]) or data["country"]
    others = [text for name, text in errors.items() if name not in names]
    message = " ".join(others) or ("Correct the marked fields." if errors else "")
    return {
        "save_url": PATH,
        "back_url": HOME,
        "form": {"data": data, "errors": errors, "message": message},
        "items": {
            "count": items,
            "add_url": PATH if items < MOST_ITEMS else None,
            "focus": items - 1 if is_added else None,
        },
        "countries": [{"value": code, "label": name} for code, name in countries().items()],
        "statuses": [{"value": value, "label": label} for value, label in _STATUSES.items()],
    }


routes = [show_new_order, create_order]
