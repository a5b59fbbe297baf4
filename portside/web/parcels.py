"""The parcel form of an order's page: filled in from the order and the last shipment, read back for rating."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from portside.carrier_accounts.queries import list_active
from portside.carriers.catalogue import carrier_name
from portside.carriers.templates import Template, templates
from portside.db.tx import Tx
from portside.errors import FieldErrors
from portside.kit.paging import PageRequest
from portside.kit.scope import Scope
from portside.orders.models import Order
from portside.parcels.models import Parcel
from portside.parcels.wire import parcel_from_wire
from portside.rest.parse import parse_values
from portside.shipments.queries import list_shipments
from portside.shipments.wire import ShipmentFilter, ShipmentParcelIn
from portside.web.words import plain_errors, shown_number, typed_number

FIELDS = ("preset", "length", "width", "height", "distance_unit", "weight", "mass_unit")
LAST = "last"
_INCH_COUNTRIES = frozenset({"US", "LR", "MM"})


async def parcel_context(
    tx: Tx, scope: Scope, order: Order, url: str, *, country: str, shipped: Parcel | None = None
) -> Mapping[str, Any]:
    """The context of orders/_parcel.html before anything was typed: the parcel that was `shipped` in this order's
    shipment, else the weight of the order and the size used last. `country` is where it is sent from."""
    last = shipped or await _last_parcel(tx, scope)
    presets = await _presets(tx, scope, last)
    data = _filled(order, last, country)
    if shipped is not None:
        data |= {"weight": shown_number(shipped.weight), "mass_unit": shipped.mass_unit}
    if last is not None and last.template and any(preset["value"] == last.template for preset in presets):
        data["preset"] = last.template
    note = "Weight of the items" if shipped is None and order.details.weight else ""
    return _context(url, presets, data, note=note, done=shipped is not None)


async def wrong_parcel_context(
    tx: Tx, scope: Scope, url: str, fields: Mapping[str, str], errors: Mapping[str, str], message: str
) -> Mapping[str, Any]:
    """The same form as it was sent, with what is wrong with it."""
    presets = await _presets(tx, scope, await _last_parcel(tx, scope))
    data = {name: fields.get(name, "") for name in FIELDS}
    return _context(url, presets, data, errors=errors, message=message)


def read_parcel(fields: Mapping[str, str]) -> ShipmentParcelIn:
    """The parcel in the form. Raises FieldErrors, a sentence for each field."""
    given = {name: typed_number(fields.get(name, "")) for name in ("length", "width", "height", "weight")}
    preset = fields.get("preset", "")
    template = preset if preset in templates() else ""
    units = {name: fields.get(name, "") for name in ("distance_unit", "mass_unit")}
    try:
        parcel = parse_values(ShipmentParcelIn, {**given, **units, "template": template})
        parcel_from_wire(parcel)
    except FieldErrors as wrong:
        raise FieldErrors(plain_errors(wrong)) from wrong
    return parcel


def _filled(order: Order, last: Parcel | None, country: str) -> dict[str, str]:
    inches = country in _INCH_COUNTRIES
    data = {
        "preset": "",
        "distance_unit": "in" if inches else "cm",
        "weight": shown_number(order.details.weight) if order.details.weight else "",
        "mass_unit": order.details.weight_unit or ("lb" if inches else "kg"),
    }
    if last is not None:
        data |= {"preset": LAST, "distance_unit": last.distance_unit}
        data |= {
            "length": shown_number(last.length),
            "width": shown_number(last.width),
            "height": shown_number(last.height),
        }
    return data


async def _last_parcel(tx: Tx, scope: Scope) -> Parcel | None:
    found = await list_shipments(tx, scope, PageRequest(size=1), ShipmentFilter())
    return found.rows[0].details.parcels[0].parcel if found.rows else None


async def _presets(tx: Tx, scope: Scope, last: Parcel | None) -> list[Mapping[str, Any]]:
    """Own size, the last one, and the packagings of the carriers that this account ships with."""
    presets = [_preset("", "Own size")]
    if last is not None:
        sides = " × ".join(shown_number(side) for side in (last.length, last.width, last.height))
        size = f"{sides} {last.distance_unit}"
        presets.append(_preset(LAST, f"Last used · {size}", last.length, last.width, last.height, last.distance_unit))
    carriers = {account.carrier for account in await list_active(tx, scope, None)}
    presets += [_packaging(each) for each in templates().values() if each.carrier in carriers and _is_fixed(each)]
    return presets


def _is_fixed(template: Template) -> bool:
    return not template.is_variable_dimensions


def _packaging(template: Template) -> Mapping[str, Any]:
    name = f"{carrier_name(template.carrier)} {template.name}"
    return _preset(template.token, name, template.length, template.width, template.height, template.distance_unit)


def _preset(
    value: str, label: str, length: str = "", width: str = "", height: str = "", unit: str = ""
) -> Mapping[str, Any]:
    return {
        "value": value,
        "label": label,
        "length": shown_number(length) if length else "",
        "width": shown_number(width) if width else "",
        "height": shown_number(height) if height else "",
        "distance_unit": unit,
    }


def _context(
    url: str,
    presets: list[Mapping[str, Any]],
    data: Mapping[str, str],
    *,
    errors: Mapping[str, str] | None = None,
    message: str = "",
    note: str = "",
    done: bool = False,
) -> Mapping[str, Any]:
    return {
        "rates_url": url,
        "form": {"data": data, "errors": errors or {}, "message": message},
        "presets": presets,
        "weight_note": note,
        "done": done,
    }
