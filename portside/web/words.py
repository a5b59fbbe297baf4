"""How pages say what an order, an address and a carrier are."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from portside.addresses.models import Address
from portside.addresses.rules import address_lines, phone_text
from portside.alerts.models import Alert
from portside.apps.models import AppName
from portside.errors import AppError, FieldErrors
from portside.kit.decimals import plain_decimal
from portside.kit.ids import Id
from portside.labels.models import Label
from portside.orders.models import Order

_SOURCES = {
    "Bigcommerce": "BigCommerce",
    "CSV_Import": "CSV import",
    "Godaddy": "GoDaddy",
    "Shippo": "API or by hand",
    "Spreecommerce": "Spree",
    "StripeRelay": "Stripe",
}
# Where people write the state or province into the line of the city.
_STATE_SHOWN_IN = frozenset({"US", "CA", "AU", "BR", "MX", "IT", "IN", "CN"})


def source_label(shop_app: str) -> str:
    """Where an order came from."""
    return _SOURCES.get(shop_app, shop_app)


def source_of(order: Order, apps: Mapping[Id, AppName]) -> Mapping[str, Any]:
    """Who brought an order: the partner's app that pushed it, with its logo if it is certified, or the store."""
    app = apps.get(order.app_id) if order.app_id is not None else None
    if app is None:
        return {"label": source_label(order.shop_app), "logo_url": None}
    return {"label": app.name, "logo_url": app.logo_url}


def version(rows: Iterable[Order | Label | Alert]) -> str:
    """Changes when a row of a list comes, goes or is changed."""
    told = "".join(f"{row.id}{row.updated_at.isoformat()}" for row in rows)
    return hashlib.blake2b(told.encode(), digest_size=8).hexdigest()


def order_number(order: Order) -> str:
    """The store's number, or the end of our id for an order that came without one."""
    return order.order_number or f"…{order.id[-6:]}"


def place(address: Address) -> str:
    """`Lyon, FR`; `Portland, OR, US`."""
    state = address.state if address.country in _STATE_SHOWN_IN else ""
    return ", ".join(filter(None, (address.city, state, address.country)))


def recipient(address: Address) -> str:
    """Whose name is on the parcel."""
    return address.name or address.company or "–"


def shown_number(number: str) -> str:
    """`10.0000` → `10`."""
    plain = plain_decimal(number) or number
    return plain.rstrip("0").rstrip(".") if "." in plain else plain


def typed_number(text: str) -> str:
    """Half the world writes `2,4`."""
    text = text.strip()
    return text.replace(",", ".") if text.count(",") == 1 and "." not in text else text


def address_card(address: Address) -> Mapping[str, Any]:
    """An address for macros/shipping.html, its lines down to the country's name, and what validation found."""
    found = address.validation
    messages = [message.text for message in found.messages] if found else []
    validity = "unknown" if found is None else "invalid" if not found.is_valid else "warning" if messages else "valid"
    return {
        "name": address.name or address.company or "–",
        "company": address.company if address.name else "",
        "lines": address_lines(address),
        "phone": phone_text(address.phone),
        "email": address.email,
        "validity": validity,
        "messages": messages,
    }


_FIELD_NAMES = {"street1": "street", "zip": "postal code", "state": "state or province"}


def needs_it(field: str) -> str:
    """What is said of an address without this."""
    return f"Carriers need the {_FIELD_NAMES.get(field, field)}."


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


def host_of(url: str | None) -> str:
    """What tells webhooks apart at a glance: `shop.example/hooks`, without scheme and query."""
    if url is None:
        return "a deleted webhook"
    return url.partition("://")[2].partition("?")[0].rstrip("/")


def delivery_state(state: str, attempts: int) -> str:
    """A delivery's state as pages show it: one that waits for its first attempt has not failed yet."""
    return "queued" if state == "pending" and not attempts else state
