"""An order as it is stored, and the draft of a new one."""

from __future__ import annotations

import datetime as dt
from typing import Literal

import msgspec

from portside.addresses.models import Address
from portside.apps.identity import AppMark
from portside.kit.ids import Id
from portside.kit.scope import Scope

OrderStatus = Literal["UNKNOWN", "AWAITPAY", "PAID", "REFUNDED", "CANCELLED", "PARTIALLY_FULFILLED", "SHIPPED"]
ShopApp = Literal[
    "Amazon",
    "Bigcommerce",
    "CSV_Import",
    "eBay",
    "ePages",
    "Etsy",
    "Godaddy",
    "Magento",
    "Shippo",
    "Shopify",
    "Spreecommerce",
    "StripeRelay",
    "Walmart",
    "Weebly",
    "WooCommerce",
]
# What a merchant still has to do something about, and of that what can be shipped now.
OPEN: tuple[OrderStatus, ...] = ("UNKNOWN", "AWAITPAY", "PAID", "PARTIALLY_FULFILLED")
TO_SHIP: tuple[OrderStatus, ...] = ("UNKNOWN", "PAID", "PARTIALLY_FULFILLED")
WeightUnit = Literal["g", "kg", "lb", "oz"]


class LineItem(msgspec.Struct, frozen=True, kw_only=True):
    """One line; price and weight are the line's totals, as decimal text."""

    id: Id
    title: str | None = None
    variant_title: str | None = None
    sku: str | None = None
    quantity: int | None = None
    total_price: str | None = None
    currency: str | None = None
    weight: str | None = None
    weight_unit: WeightUnit | None = None
    manufacture_country: str | None = None
    max_ship_time: dt.datetime | None = None
    max_delivery_time: dt.datetime | None = None


class OrderDetails(msgspec.Struct, frozen=True, kw_only=True):
    """What is shown and never searched. The addresses are snapshots of rows of their own."""

    to_address: Address
    from_address: Address | None = None
    line_items: tuple[LineItem, ...] = ()
    currency: str | None = None
    subtotal_price: str | None = None
    total_price: str | None = None
    total_tax: str | None = None
    shipping_cost: str | None = None
    shipping_cost_currency: str | None = None
    shipping_method: str | None = None
    notes: str | None = None
    weight: str | None = None
    weight_unit: WeightUnit | None = None


class LabelSummary(msgspec.Struct, frozen=True, kw_only=True):
    """What an order knows of one of its labels. A copy, which `labels/changes.py` writes whenever the label
    changes."""

    label_id: Id
    status: str
    carrier: str
    tracking_number: str | None = None
    tracking_status: str | None = None
    file_key: str | None = None


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """`app` is the partner's app that pushed it, if one did."""

    id: Id
    order_number: str | None
    order_status: OrderStatus
    shop_app: ShopApp
    app_id: Id | None
    app: AppMark | None = None
    placed_at: dt.datetime
    details: OrderDetails
    created_at: dt.datetime
    updated_at: dt.datetime
    event_seq: int = 1
    labels: tuple[LabelSummary, ...] = ()


class PackingSlip(msgspec.Struct, frozen=True, kw_only=True):
    """A drawn packing slip, and how long its link works."""

    file_key: str
    created_at: dt.datetime
    expires_at: dt.datetime


class OrderDraft(msgspec.Struct, frozen=True, kw_only=True):
    """An order to be written, with its scope (law 3) and its id. `new_addresses` are those that came with it;
    `body` is the finished answer, which is also the data of its event."""

    scope: Scope
    order: Order
    new_addresses: tuple[Address, ...]
    event_id: Id
    body: bytes
