"""Pure facts about orders: which labels count, what status follows, sums of weight."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import ROUND_CEILING, Decimal
from typing import Any

import msgspec

from portside.addresses.models import Address
from portside.kit.folding import fold
from portside.kit.ids import Id
from portside.orders.models import LabelSummary, LineItem, Order, OrderDetails, OrderStatus

# A label that exists, or existed until the carrier says otherwise: a refund that is only asked for may be rejected.
VALID_LABEL = frozenset({"SUCCESS", "REFUNDPENDING", "REFUNDREJECTED"})

# Enough for an order of many lines; what is beyond is not found by searching.
_LONGEST_SEARCH_TEXT = 1000

GRAMS = {"g": Decimal(1), "kg": Decimal(1000), "oz": Decimal("28.349523125"), "lb": Decimal("453.59237")}


def status_after(
    status: OrderStatus, before_shipping: OrderStatus | None, labels: Iterable[LabelSummary]
) -> tuple[OrderStatus, OrderStatus | None]:
    """(status, status before shipping) once its labels are these.

    A valid label makes it SHIPPED from whatever it was; without one it returns to what it was before.
    """
    if any(label.status in VALID_LABEL for label in labels):
        return "SHIPPED", status if status != "SHIPPED" else before_shipping
    if status == "SHIPPED" and before_shipping is not None:
        return before_shipping, None
    return status, before_shipping


def is_shipped(labels: Iterable[LabelSummary]) -> bool:
    """Whether a label exists for it, so that what is to be sent where is settled."""
    return any(label.status in VALID_LABEL for label in labels)


def shipping_facts(details: OrderDetails) -> tuple[object, ...]:
    """What a bought label was bought for: these may not change under it. Ids do not count."""
    lines = tuple((line.sku, line.title, line.quantity, line.weight, line.weight_unit) for line in details.line_items)
    return _place(details.to_address), _place(details.from_address), lines, details.weight, details.weight_unit


def is_same_place(one: Address, other: Address) -> bool:
    """Whether two addresses say the same, whatever their ids and whatever validation thinks of them."""
    return _place(one) == _place(other)


def places_of_errors(errors: Any, way: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Each sentence of what is wrong with a request for an order, after its place there: `("to_address", "zip")`,
    `("line_items", 2, "weight")`."""
    if isinstance(errors, Mapping):
        for name, inner in errors.items():
            yield from places_of_errors(inner, way if name == "__all__" else (*way, str(name)))
    elif isinstance(errors, list):
        for index, inner in enumerate(errors):
            is_item = way == ("line_items",) and isinstance(inner, Mapping)
            yield from places_of_errors(inner, (*way, index) if is_item else way)
    else:
        yield way, str(errors)


def _place(address: Address | None) -> object:
    return None if address is None else msgspec.structs.replace(address, id=Id(""), validation=None)


def weight_of_lines(lines: Iterable[LineItem]) -> tuple[str, str] | None:
    """(weight, unit) summed over lines, in the first line's unit; None unless every line has both."""
    total, unit = Decimal(0), None
    for line in lines:
        if line.weight is None or line.weight_unit is None:
            return None
        unit = unit or line.weight_unit
        total += Decimal(line.weight) * GRAMS[line.weight_unit] / GRAMS[unit]
    return None if unit is None else (format(total.quantize(Decimal("0.0001"), ROUND_CEILING).normalize(), "f"), unit)


def search_text(order: Order) -> str:
    """What an order is found by, folded: its number, who gets it and where, and what was bought."""
    to = order.details.to_address
    parts = [order.order_number or "", to.name, to.company, to.email, to.city, to.zip]
    for line in order.details.line_items:
        parts += (line.sku or "", line.title or "")
    return fold(" ".join(filter(None, parts)))[:_LONGEST_SEARCH_TEXT]
