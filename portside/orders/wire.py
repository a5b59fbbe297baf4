"""Orders in Shippo's shapes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType

from portside.addresses.models import Address, StoredAddress
from portside.addresses.rules import country_code
from portside.addresses.wire import AddressIn, AddressOut, address_from_wire, address_out
from portside.apps.identity import AppMark
from portside.errors import FieldErrors
from portside.kit.clock import now, to_wire
from portside.kit.decimals import fixed
from portside.kit.ids import Id, as_id, new_id
from portside.kit.scope import Scope
from portside.kit.services import services
from portside.orders.models import (
    LabelSummary,
    LineItem,
    Order,
    OrderDetails,
    OrderDraft,
    OrderStatus,
    PackingSlip,
    ShopApp,
    WeightUnit,
)
from portside.orders.rules import weight_of_lines
from portside.rest.parse import REQUIRED, DecimalText, Moment

Text = Annotated[str, Meta(max_length=255)]
Currency = Annotated[str, Meta(pattern="^[A-Za-z]{3}$", max_length=3)]
_encode = msgspec.json.Encoder().encode

ADDRESS_NOT_FOUND = "Address with supplied object_id not found."
NOT_NEGATIVE = "Ensure this value is greater than or equal to 0."


class LineItemIn(msgspec.Struct, kw_only=True):
    """`total_price` and `weight` are the line's totals."""

    title: Text | None = None
    variant_title: Text | None = None
    sku: Text | None = None
    quantity: Annotated[int, Meta(ge=0, le=2_000_000_000)] | None = None
    total_price: DecimalText | None = None
    currency: Currency | None = None
    weight: DecimalText | None = None
    weight_unit: WeightUnit | None = None
    manufacture_country: Annotated[str, Meta(max_length=60)] | None = None
    max_ship_time: Moment | None = None
    max_delivery_time: Moment | None = None


class OrderIn(msgspec.Struct, kw_only=True):
    """`weight` may be left out when every line item has one. `to_address` may be the id of an address."""

    to_address: str | AddressIn
    placed_at: Moment
    from_address: str | AddressIn | None = None
    order_number: Text | None = None
    order_status: OrderStatus = "UNKNOWN"
    line_items: list[LineItemIn] = []
    currency: Currency | None = None
    subtotal_price: DecimalText | None = None
    total_price: DecimalText | None = None
    total_tax: DecimalText | None = None
    shipping_cost: DecimalText | None = None
    shipping_cost_currency: Currency | None = None
    shipping_method: Text | None = None
    notes: Annotated[str, Meta(max_length=5000)] | None = None
    weight: DecimalText | None = None
    weight_unit: WeightUnit | None = None

    @staticmethod
    def also_required(given: Mapping[str, Any]) -> tuple[str, ...]:
        return () if given.get("line_items") else ("weight", "weight_unit")


class LineItemOut(msgspec.Struct, kw_only=True):
    object_id: str
    title: str | None
    variant_title: str | None
    sku: str | None
    quantity: int | None
    total_price: str | None
    currency: str | None
    weight: str | None
    weight_unit: WeightUnit | None
    manufacture_country: str | None
    max_ship_time: str | None
    max_delivery_time: str | None
    description: str | None = None


class OrderTransaction(msgspec.Struct, kw_only=True):
    """A label bought for the order."""

    object_id: str
    object_status: str
    carrier: str
    tracking_number: str | None
    tracking_status: str | None
    label_url: str | None


class OrderOut(msgspec.Struct, kw_only=True):
    """`app` is there if a partner's app pushed the order."""

    object_id: str
    object_owner: str
    order_number: str | None
    order_status: OrderStatus
    shop_app: ShopApp
    placed_at: str
    to_address: AddressOut
    from_address: AddressOut | None
    line_items: list[LineItemOut]
    transactions: list[OrderTransaction]
    currency: str | None
    subtotal_price: str | None
    total_price: str | None
    total_tax: str | None
    shipping_cost: str | None
    shipping_cost_currency: str | None
    shipping_method: str | None
    notes: str | None
    weight: str | None
    weight_unit: WeightUnit | None
    test: bool
    errors: list[str] = []
    validation_status: str | None = None
    app: AppMark | UnsetType = UNSET


class PackingSlipOut(msgspec.Struct, kw_only=True):
    slip_url: str
    created: str
    expires: str


class OrderFilter(msgspec.Struct, kw_only=True):
    """The filters of the list; dates are compared with `placed_at`. `q` finds words of the order's number, recipient,
    place and goods; `updated_since` orders that changed at that time or later; `app`, a client id, orders that this app
    pushed."""

    order_status: list[OrderStatus] = []
    shop_app: ShopApp | None = None
    start_date: Moment | None = None
    end_date: Moment | None = None
    updated_since: Moment | None = None
    order_number: str | None = None
    tracking_number: str | None = None
    q: str | None = None
    app: str | None = None


ADDRESSES = ("to_address", "from_address")


def referenced_addresses(given: Mapping[str, Any]) -> dict[str, Id]:
    """The fields that name an address by id instead of bringing one. Raises FieldErrors."""
    fields: dict[str, Id] = {}
    for field in ADDRESSES:
        value = given.get(field) or None
        if isinstance(value, str):
            found = as_id(value)
            if found is None:
                raise FieldErrors({field: [ADDRESS_NOT_FOUND]})
            fields[field] = found
    return fields


def order_draft(
    scope: Scope,
    given: OrderIn,
    *,
    known: Mapping[str, Address] | None = None,
    shop_app: ShopApp = "Shippo",
    app: AppMark | None = None,
    most_lines: int = 1000,
) -> OrderDraft:
    """The draft of a new order. `known` are the addresses that it names by id, by field; `app` is the partner's app
    that acts in the scope. Raises FieldErrors."""
    addresses: dict[str, Address] = dict(known or {})
    errors: dict[str, Any] = _amount_errors(given)
    if len(given.line_items) > most_lines:
        errors["line_items"] = [f"An order may have at most {most_lines} line items."]
        raise FieldErrors(errors)
    for field in ADDRESSES:
        value = getattr(given, field)
        if isinstance(value, AddressIn):
            try:
                addresses[field] = address_from_wire(value)
            except FieldErrors as wrong:
                errors[field] = [wrong.errors]
    if given.to_address == "":
        errors["to_address"] = [REQUIRED]
    wrong_lines = [_wrong_line(line) for line in given.line_items]
    if any(wrong_lines):
        errors["line_items"] = wrong_lines
    lines = tuple(_line_item(line) for line in given.line_items)
    weight, unit = _weight(given, lines, errors)
    if errors:
        raise FieldErrors(errors)
    order = _order(scope, given, addresses, lines, weight, unit, shop_app, app)
    new = tuple(address for field, address in addresses.items() if field not in (known or {}))
    body = _encode(order_out(order, scope))
    return OrderDraft(scope=scope, order=order, new_addresses=new, event_id=new_id(), body=body)


def _order(
    scope: Scope,
    given: OrderIn,
    addresses: Mapping[str, Address],
    lines: tuple[LineItem, ...],
    weight: str | None,
    unit: WeightUnit | None,
    shop_app: ShopApp,
    app: AppMark | None,
) -> Order:
    moment = now()
    return Order(
        id=new_id(),
        order_number=given.order_number or None,
        order_status=given.order_status,
        shop_app=shop_app,
        app_id=Id(scope.actor.id) if scope.actor.kind == "app" else None,
        app=app,
        placed_at=given.placed_at,
        created_at=moment,
        updated_at=moment,
        details=OrderDetails(
            to_address=addresses["to_address"],
            from_address=addresses.get("from_address"),
            line_items=lines,
            currency=_upper(given.currency),
            subtotal_price=_money(given.subtotal_price),
            total_price=_money(given.total_price),
            total_tax=_money(given.total_tax),
            shipping_cost=_money(given.shipping_cost),
            shipping_cost_currency=_upper(given.shipping_cost_currency),
            shipping_method=given.shipping_method or None,
            notes=given.notes or None,
            weight=weight,
            weight_unit=unit,
        ),
    )


def _amount_errors(given: OrderIn) -> dict[str, Any]:
    errors: dict[str, Any] = {}
    for field in ("subtotal_price", "total_price", "total_tax", "shipping_cost", "weight"):
        if (getattr(given, field) or "").startswith("-"):
            errors[field] = [NOT_NEGATIVE]
    if given.total_price is not None and given.currency is None:
        errors["currency"] = [REQUIRED]
    if given.shipping_cost is not None and given.shipping_cost_currency is None:
        errors["shipping_cost_currency"] = [REQUIRED]
    return errors


def _wrong_line(given: LineItemIn) -> dict[str, list[str]]:
    wrong = {field: [NOT_NEGATIVE] for field in ("total_price", "weight") if (getattr(given, field) or "")[:1] == "-"}
    if given.manufacture_country and country_code(given.manufacture_country) is None:
        wrong["manufacture_country"] = ["Invalid country. Use an ISO 3166-1 code."]
    return wrong


def _line_item(given: LineItemIn) -> LineItem:
    return LineItem(
        id=new_id(),
        title=given.title,
        variant_title=given.variant_title,
        sku=given.sku,
        quantity=given.quantity,
        total_price=_money(given.total_price),
        currency=_upper(given.currency),
        weight=given.weight,
        weight_unit=given.weight_unit,
        manufacture_country=country_code(given.manufacture_country) if given.manufacture_country else None,
        max_ship_time=given.max_ship_time,
        max_delivery_time=given.max_delivery_time,
    )


def _weight(
    given: OrderIn, lines: tuple[LineItem, ...], errors: dict[str, Any]
) -> tuple[str | None, WeightUnit | None]:
    if given.weight is None and given.weight_unit is None and not errors and (summed := weight_of_lines(lines)):
        return summed[0], summed[1]  # type: ignore[return-value]
    for field in ("weight", "weight_unit"):
        if getattr(given, field) is None:
            errors.setdefault(field, [REQUIRED])
    return given.weight, given.weight_unit


def _money(text: str | None) -> str | None:
    if text is None or (len(text) > 3 and text[-3] == "."):
        return text
    return fixed(text, 2)


def _upper(text: str | None) -> str | None:
    return text.upper() if text else None


def order_out(order: Order, scope: Scope) -> OrderOut:
    details = order.details
    return OrderOut(
        object_id=order.id,
        object_owner=scope.owner,
        order_number=order.order_number,
        order_status=order.order_status,
        shop_app=order.shop_app,
        placed_at=to_wire(order.placed_at),
        to_address=_address_out(order, details.to_address, scope),
        from_address=_address_out(order, details.from_address, scope) if details.from_address else None,
        line_items=[_line_item_out(line) for line in details.line_items],
        transactions=[_transaction_out(label) for label in order.labels],
        currency=details.currency,
        subtotal_price=details.subtotal_price,
        total_price=details.total_price,
        total_tax=details.total_tax,
        shipping_cost=details.shipping_cost,
        shipping_cost_currency=details.shipping_cost_currency,
        shipping_method=details.shipping_method,
        notes=details.notes,
        weight=fixed(details.weight, 2) if details.weight else None,
        weight_unit=details.weight_unit,
        test=scope.is_test,
        app=order.app or UNSET,
    )


def packing_slip_out(slip: PackingSlip) -> PackingSlipOut:
    seconds = int((slip.expires_at - slip.created_at).total_seconds())
    url = services().file_url(slip.file_key, seconds, exact=True)
    return PackingSlipOut(slip_url=url, created=to_wire(slip.created_at), expires=to_wire(slip.expires_at))


def order_json(order: Order, scope: Scope) -> bytes:
    return _encode(order_out(order, scope))


def _address_out(order: Order, address: Address, scope: Scope) -> AddressOut:
    # The snapshot's own times are the order's: an address is written with the order or before it, and never changes.
    return address_out(StoredAddress(address=address, created_at=order.created_at, updated_at=order.created_at), scope)


def _line_item_out(line: LineItem) -> LineItemOut:
    return LineItemOut(
        object_id=line.id,
        title=line.title,
        variant_title=line.variant_title,
        sku=line.sku,
        quantity=line.quantity,
        total_price=line.total_price,
        currency=line.currency,
        weight=fixed(line.weight, 4) if line.weight else None,
        weight_unit=line.weight_unit,
        manufacture_country=line.manufacture_country,
        max_ship_time=to_wire(line.max_ship_time) if line.max_ship_time else None,
        max_delivery_time=to_wire(line.max_delivery_time) if line.max_delivery_time else None,
    )


def _transaction_out(label: LabelSummary) -> OrderTransaction:
    return OrderTransaction(
        object_id=label.label_id,
        object_status=label.status,
        carrier=label.carrier,
        tracking_number=label.tracking_number,
        tracking_status=label.tracking_status,
        label_url=services().file_url(label.file_key) if label.file_key else None,
    )
