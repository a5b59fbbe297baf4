"""The customs form of an order that crosses a border: filled in from its items, read back for the shipment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from portside.addresses.rules import countries
from portside.customs.models import Item
from portside.customs.wire import DeclarationIn, ItemIn, declaration_draft, item_draft
from portside.errors import FieldErrors
from portside.kit.decimals import plain_decimal
from portside.kit.ids import new_id
from portside.kit.scope import Scope
from portside.kit.units import MassUnit, in_unit
from portside.orders.models import LineItem, Order
from portside.rest.parse import parse_values
from portside.shipments.models import StoredShipment
from portside.web.words import plain_errors, shown_number, typed_number

# More lines than these are declared in one sum: nobody types a longer form.
MOST_LINES = 20
_REST = "Other items of this order"
_LINE = ("description", "quantity", "weight", "value", "origin", "hs_code")
_PLAIN = (
    "contents_type",
    "contents_explanation",
    "non_delivery_option",
    "incoterm",
    "certify_signer",
    "certify",
    "aes_itn",
    "customs_mass_unit",
    "customs_currency",
)
# What of them the declaration takes as it is.
_DECLARED = ("contents_type", "contents_explanation", "non_delivery_option", "certify_signer")
# What the wire calls a line's fields, and what the form does; two of them are the same for all lines.
_FIELDS = {
    "description": "description",
    "quantity": "quantity",
    "net_weight": "weight",
    "value_amount": "value",
    "origin_country": "origin",
    "hs_code": "hs_code",
    "tariff_number": "hs_code",
}
_SHARED = {"mass_unit": "customs_mass_unit", "value_currency": "customs_currency"}
_CONTENTS = {
    "MERCHANDISE": "Merchandise",
    "GIFT": "Gift",
    "SAMPLE": "Sample",
    "DOCUMENTS": "Documents",
    "RETURN_MERCHANDISE": "Returned merchandise",
    "HUMANITARIAN_DONATION": "Humanitarian donation",
    "OTHER": "Other",
}
_INCOTERMS = {
    "": "Carrier's default",
    "DDU": "DDU – the buyer pays duties",
    "DDP": "DDP – you pay duties",
    "DAP": "DAP – the buyer pays duties",
    "FCA": "FCA – free carrier",
    "eDAP": "eDAP – duties paid at checkout",
}
_UNDELIVERED = {"RETURN": "Return to sender", "ABANDON": "Abandon"}
# 15 CFR 30.36 and 30.37(a): shipments to Canada, and others whose goods of one kind are worth at most 2,500 USD, need
# no filing with the US Census Bureau.
_TO_CANADA, _LOW_VALUE = "NOEEI_30_36", "NOEEI_30_37_a"


def needs_customs(origin: str, order: Order) -> bool:
    """Whether what the order holds is to be declared; `origin` is the country it is sent from."""
    return origin != order.details.to_address.country


def customs_context(order: Order, origin: str, signer: str, shipment: StoredShipment | None) -> Mapping[str, Any]:
    """The context of orders/_customs.html before anything was typed: as the shipment declared it, else the items."""
    declared = shipment.details.customs if shipment else None
    if shipment is not None and declared is not None:
        details = declared.declaration.details
        lines = [_declared_line(item) for item in shipment.details.customs_items]
        first = shipment.details.customs_items[0]
        data = {
            "contents_type": details.contents_type,
            "contents_explanation": details.contents_explanation,
            "non_delivery_option": details.non_delivery_option,
            "incoterm": details.incoterm or "",
            "certify_signer": details.certify_signer,
            "certify": "true",
            "aes_itn": details.aes_itn,
            "customs_mass_unit": first.mass_unit,
            "customs_currency": first.value_currency,
        }
        return _context(data, lines)
    items = order.details.line_items
    unit = next((item.weight_unit for item in items if item.weight_unit), None) or order.details.weight_unit
    unit = unit or ("lb" if origin == "US" else "kg")
    currency = order.details.currency or next((item.currency for item in items if item.currency), None)
    data = {
        "contents_type": "MERCHANDISE",
        "non_delivery_option": "RETURN",
        "certify_signer": signer,
        "customs_mass_unit": unit,
        "customs_currency": currency or "USD",
    }
    return _context(data, _order_lines(items, unit, origin))


def wrong_customs_context(fields: Mapping[str, str], errors: Mapping[str, str]) -> Mapping[str, Any]:
    """The same form as it was sent, with what is wrong with it."""
    lines = [{name: fields.get(f"line{index}_{name}", "") for name in _LINE} for index in _line_numbers(fields)]
    return _context({name: fields.get(name, "") for name in _PLAIN}, lines, errors)


def read_customs(scope: Scope, order: Order, origin: str, fields: Mapping[str, str]) -> DeclarationIn:
    """The declaration in the form. Raises FieldErrors, a sentence for each field."""
    numbers = [index for index in _line_numbers(fields) if _is_filled(fields, index)]
    if not numbers:
        raise FieldErrors({"line0_description": "Say what is inside."})
    errors: dict[str, str] = {}
    items = [item for index in numbers if (item := _item(scope, fields, index, errors)) is not None]
    aes_itn = fields.get("aes_itn", "").strip()
    given = {
        **{name: fields.get(name, "").strip() for name in _DECLARED},
        "certify": fields.get("certify") == "true",
        "incoterm": fields.get("incoterm") or None,
        "aes_itn": aes_itn,
        "eel_pfc": _exemption(origin, order.details.to_address.country, aes_itn),
        # Items that are wrong are told of at their lines.
        "items": [new_id()],
    }
    try:
        declaration = parse_values(DeclarationIn, given)
        declaration_draft(scope, declaration)
    except FieldErrors as wrong:
        raise FieldErrors(errors | plain_errors(wrong)) from wrong
    if errors:
        raise FieldErrors(errors)
    declaration.items = list(items)
    return declaration


def _exemption(origin: str, destination: str, aes_itn: str) -> str | None:
    if aes_itn:
        return "AES_ITN"
    if origin != "US":
        return None
    return _TO_CANADA if destination == "CA" else _LOW_VALUE


def _item(scope: Scope, fields: Mapping[str, str], index: int, errors: dict[str, str]) -> ItemIn | None:
    """A line as an item; what is wrong with it goes to `errors` under the names of the form's fields."""
    given = {name: fields.get(f"line{index}_{name}", "").strip() for name in _LINE}
    if not given["description"]:
        errors[f"line{index}_description"] = "Say what it is."
    values = {
        "description": given["description"],
        "quantity": given["quantity"],
        "net_weight": typed_number(given["weight"]),
        "mass_unit": fields.get("customs_mass_unit", ""),
        "value_amount": typed_number(given["value"]),
        "value_currency": fields.get("customs_currency", ""),
        "origin_country": given["origin"],
        "hs_code": given["hs_code"],
        "tariff_number": given["hs_code"].replace(".", "").replace(" ", "")[:12],
    }
    try:
        item = parse_values(ItemIn, values)
        item_draft(scope, item)
    except FieldErrors as wrong:
        told = plain_errors(wrong)
        errors.update({f"line{index}_{_FIELDS[name]}": text for name, text in told.items() if name in _FIELDS})
        errors.update({_SHARED[name]: text for name, text in told.items() if name in _SHARED})
        return None
    return item


def _line_numbers(fields: Mapping[str, str]) -> range:
    sent = [index for index in range(MOST_LINES + 1) if f"line{index}_description" in fields]
    return range(max(sent, default=-1) + 1)


def _is_filled(fields: Mapping[str, str], index: int) -> bool:
    """A line of which something was typed; the country and an empty line's quantity are there before anybody types."""
    return any(fields.get(f"line{index}_{name}", "").strip() for name in ("description", "weight", "value", "hs_code"))


def _order_lines(items: Sequence[LineItem], unit: MassUnit, origin: str) -> list[dict[str, str]]:
    kept, rest = (items, ()) if len(items) <= MOST_LINES else (items[: MOST_LINES - 1], items[MOST_LINES - 1 :])
    lines = [_order_line(item, unit, origin) for item in kept]
    if rest:
        weight = sum((_weight(item, unit) for item in rest), Decimal(0))
        value = sum((Decimal(item.total_price or 0) for item in rest), Decimal(0))
        lines.append(
            {
                "description": _REST,
                "quantity": str(sum(item.quantity or 1 for item in rest)),
                "weight": shown_number(str(weight)) if weight else "",
                "value": str(value) if value else "",
                "origin": origin,
                "hs_code": "",
            }
        )
    return lines


def _order_line(item: LineItem, unit: MassUnit, origin: str) -> dict[str, str]:
    made_in = (item.manufacture_country or "").strip().upper()
    weight = _weight(item, unit)
    return {
        "description": (item.title or item.sku or "")[:200],
        "quantity": str(item.quantity or 1),
        "weight": shown_number(str(weight)) if weight else "",
        "value": item.total_price or "",
        "origin": made_in if made_in in countries() else origin,
        "hs_code": "",
    }


def _weight(item: LineItem, unit: MassUnit) -> Decimal:
    """The line's weight in the form's unit."""
    if not item.weight:
        return Decimal(0)
    return in_unit(item.weight, item.weight_unit or unit, unit)


def _declared_line(item: Item) -> dict[str, str]:
    return {
        "description": item.description,
        "quantity": str(item.quantity),
        "weight": shown_number(item.net_weight),
        "value": plain_decimal(item.value_amount) or item.value_amount,
        "origin": item.origin_country,
        "hs_code": item.hs_code or item.tariff_number,
    }


def _context(
    data: Mapping[str, str], lines: Sequence[Mapping[str, str]], errors: Mapping[str, str] | None = None
) -> Mapping[str, Any]:
    blank = {**dict.fromkeys(_LINE, ""), "quantity": "1", "origin": lines[-1]["origin"] if lines else ""}
    wanted = list(lines)
    if not wanted or (len(wanted) < MOST_LINES and wanted[-1].get("description")):
        wanted.append(blank)
    return {
        "form": {"data": data, "errors": errors or {}, "message": (errors or {}).get("customs_mass_unit", "")},
        "lines": wanted,
        "contents": _options(_CONTENTS),
        "incoterms": _options(_INCOTERMS),
        "undelivered": _options(_UNDELIVERED),
        "countries": _options({"": "–", **countries()}),
    }


def _options(names: Mapping[str, str]) -> list[Mapping[str, str]]:
    return [{"value": value, "label": label} for value, label in names.items()]
