"""/app/orders/{id}/recipient: another address for an order that is not shipped, with what validation thinks of it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import msgspec
from litestar import Response

from portside.addresses.flows import prepare_validation
from portside.addresses.models import Address
from portside.addresses.rules import countries, phone_text
from portside.addresses.validation.postal import needed_fields
from portside.addresses.wire import AddressIn, address_from_wire
from portside.db.begin import reading
from portside.errors import Conflict, FieldErrors
from portside.kit.ids import Id
from portside.labels.queries import labels_of_order
from portside.orders.flows import revise_order
from portside.orders.models import Order
from portside.orders.queries import get_order
from portside.orders.rules import is_same_place
from portside.rest.parse import parse_values
from portside.web.answers import HOME, Flash, redirect
from portside.web.labels import can_ship
from portside.web.page import page
from portside.web.visit import Shown, Visit
from portside.web.words import address_card, needs_it, order_number, plain_errors, told

FIELDS = (
    "name",
    "company",
    "street1",
    "street_no",
    "street2",
    "street3",
    "city",
    "state",
    "zip",
    "country",
    "phone",
    "email",
)
# Shown only where the order has them: few shops fill them.
_RARE = ("street_no", "street3")
_SETTLED = "This order has a label, or it is closed: its address stays as it is."


@page("GET", "/app/orders/{order_id}/recipient")
async def show_recipient(visit: Visit) -> Shown | Response[bytes]:
    """The address in a form."""
    order = await _open_order(visit)
    if order is None:
        return _refused(visit.id("order_id"))
    return _form(order, _fields_of(order.details.to_address))


@page("POST", "/app/orders/{order_id}/recipient")
async def change_recipient(visit: Visit) -> Shown | Response[bytes]:
    """Change it: at once if validation has nothing to say, else after somebody has chosen what to keep."""
    order = await _open_order(visit)
    if order is None:
        return _refused(visit.id("order_id"))
    fields = {name: visit.field(name, 300) for name in FIELDS}
    try:
        given = await _read(fields)
        await prepare_validation(given)
        checked = address_from_wire(given)
        choice = visit.field("do")
        if choice not in ("keep", "use") and not _is_clear(checked):
            return _form(order, fields, checked=checked)
        return await _change(visit, order, given, is_checked=choice != "keep")
    except FieldErrors as wrong:
        return _form(order, fields, errors=plain_errors(wrong))


async def _open_order(visit: Visit) -> Order | None:
    """The order, if its address may still change. Raises NotFound."""
    async with reading() as tx:
        order = await get_order(tx, visit.scope, visit.id("order_id"))
        labels = await labels_of_order(tx, visit.scope, order.id)
    return order if can_ship(order, labels) else None


def _refused(order_id: Id) -> Response[bytes]:
    return redirect(f"{HOME}/{order_id}", Flash("error", _SETTLED))


async def _read(fields: Mapping[str, str]) -> AddressIn:
    """The address in the form, to be validated; it must have all that a label needs. Raises FieldErrors."""
    given = parse_values(AddressIn, fields)
    needed = await asyncio.to_thread(needed_fields, address_from_wire(given).country)
    if missing := {name: needs_it(name) for name in needed if not fields[name]}:
        raise FieldErrors(missing)
    return msgspec.structs.replace(given, validate=True)


async def _change(visit: Visit, order: Order, given: AddressIn, *, is_checked: bool) -> Response[bytes]:
    before = order.details.to_address
    # What the form does not ask for stays: it says nothing of where the house stands.
    fields = {
        **{name: getattr(given, name) for name in FIELDS},
        "is_residential": before.is_residential,
        "metadata": before.metadata,
        "validate": is_checked,
    }
    try:
        await revise_order(visit.scope, order.id, {"to_address": fields}, whole=False)
    except Conflict as wrong:
        return redirect(f"{HOME}/{order.id}", Flash("error", told(wrong)))
    return redirect(f"{HOME}/{order.id}", Flash("success", "The address was changed."))


def _is_clear(checked: Address) -> bool:
    return checked.validation is not None and checked.validation.is_valid and not checked.validation.messages


def _fields_of(address: Address) -> dict[str, str]:
    return {name: getattr(address, name) for name in FIELDS} | {"phone": phone_text(address.phone)}


def _form(
    order: Order, fields: Mapping[str, str], *, checked: Address | None = None, errors: Mapping[str, str] | None = None
) -> Shown:
    """The context of orders/recipient.html."""
    others = [text for name, text in (errors or {}).items() if name not in FIELDS]
    message = " ".join(others) or ("Correct the marked fields." if errors else "")
    context = {
        "number": order_number(order),
        "back_url": f"{HOME}/{order.id}",
        "save_url": f"{HOME}/{order.id}/recipient",
        "form": {"data": fields, "errors": errors or {}, "message": message},
        "rare": [name for name in _RARE if fields.get(name)],
        "verdict": _verdict(fields, checked) if checked is not None else None,
        "countries": [{"value": code, "label": name} for code, name in countries().items()],
    }
    status = 422 if errors or checked is not None else 200
    return Shown(template="orders/recipient.html", context=context, section="orders", status=status)


def _verdict(fields: Mapping[str, str], checked: Address) -> Mapping[str, Any]:
    """What validation says, and what it would write instead, if that is something else."""
    found = checked.validation
    typed = address_from_wire(parse_values(AddressIn, fields))
    is_other = not is_same_place(
        msgspec.structs.replace(typed, latitude=None, longitude=None),
        msgspec.structs.replace(checked, latitude=None, longitude=None),
    )
    is_valid = found is not None and found.is_valid
    return {
        "is_valid": is_valid,
        "messages": [message.text for message in found.messages] if found else [],
        # What is wrong is said above it.
        "suggestion": {
            "card": address_card(msgspec.structs.replace(checked, validation=None)),
            "fields": _fields_of(checked),
        }
        if is_valid and is_other
        else None,
    }


routes = [show_recipient, change_recipient]
