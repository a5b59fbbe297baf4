"""A body of every event about nothing real: what a test of a receiver sends, and the catalogue's examples."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping

import msgspec

from portside.addresses.wire import AddressOut, ValidationResults
from portside.events.models import EventName, envelope
from portside.kit.clock import UTC
from portside.kit.ids import Id
from portside.kit.nulls import json_without_nulls
from portside.kit.scope import SYSTEM, Scope
from portside.labels.wire import BillingOut, TransactionOut
from portside.orders.wire import LineItemOut, OrderOut
from portside.tracking.models import SUBSTATUSES
from portside.tracking.wire import PlaceOut, ServiceLevelOut, TrackingStatusOut, TrackOut
from portside.webhooks.models import Health, Webhook
from portside.webhooks.wire import webhook_payload

# Stands beside `data`, as Shippo's own test call has it; no event ever carries it there.
MARK = "Portside test webhook"
OWNER = "sample@example.com"
_MADE = "2026-01-15T12:00:00.000Z"
_LATER = "2026-01-16T08:30:00.000Z"
_DUE = "2026-01-18T20:00:00.000Z"


def _id(number: int) -> Id:
    """An id in the shape of all ids that can belong to nothing: it was made when time began."""
    return Id(f"{0:012x}7{0:03x}8{number:015x}")


_LABEL, _RATE, _PARCEL, _ORDER, _SCAN, _BATCH, _WEBHOOK, _ADDRESS, _LINE = (_id(number) for number in range(1, 10))
_NUMBER = "SAMPLE0000000000000001"
_FROM = PlaceOut(city="Portland", state="OR", zip="97201", country="US")
_TO = PlaceOut(city="Chicago", state="IL", zip="60611", country="US")


def sample_body(name: EventName) -> str:
    """The body of an event as it would be delivered, but for a mark at its end; always `"test": true`."""
    return f'{_BODIES[name]()[:-1]},"metadata":{msgspec.json.encode(MARK).decode()}}}'


def _transaction(name: EventName, *, is_moving: bool) -> str:
    label = TransactionOut(
        object_state="VALID",
        status="SUCCESS",
        object_created=_MADE,
        object_updated=_LATER if is_moving else _MADE,
        object_id=_LABEL,
        object_owner=OWNER,
        test=True,
        rate=_RATE,
        tracking_number=_NUMBER,
        tracking_status="TRANSIT" if is_moving else "UNKNOWN",
        eta=_DUE,
        tracking_url_provider=f"https://carrier.example/track/{_NUMBER}",
        label_url="https://portside.example/files/sample.pdf",
        label_file_type="PDF_4x6",
        commercial_invoice_url=None,
        messages=[],
        order=_ORDER,
        metadata="Sample label",
        parcel=_PARCEL,
        billing=BillingOut(),
        qr_code_url=None,
        created_by=None,
    )
    return envelope(name, test=True, data=json_without_nulls(label, keep=("created_by",)))


def _track() -> str:
    scan = TrackingStatusOut(
        object_id=_SCAN,
        object_created=_LATER,
        object_updated=_LATER,
        status="TRANSIT",
        status_details="Sample: out for delivery.",
        status_date=_LATER,
        substatus=SUBSTATUSES["out_for_delivery"],
        location=_TO,
    )
    track = TrackOut(
        messages=[],
        carrier="usps",
        tracking_number=_NUMBER,
        address_from=_FROM,
        address_to=_TO,
        eta=_DUE,
        original_eta=_DUE,
        servicelevel=ServiceLevelOut(token="usps_priority", name="Priority Mail"),  # noqa: S106
        metadata="Sample label",
        tracking_status=scan,
        tracking_history=[scan],
        transaction=_LABEL,
        test=True,
    )
    return envelope("track_updated", test=True, data=json_without_nulls(track), carrier=track.carrier)


def _batch(name: EventName, what: str) -> str:
    return envelope(name, test=True, data=msgspec.json.encode(f"batch {_BATCH} {what}"))


def _order(name: EventName) -> str:
    line = LineItemOut(
        object_id=_LINE,
        title="Sample mug",
        variant_title=None,
        sku="SAMPLE-1",
        quantity=1,
        total_price="24.00",
        currency="USD",
        weight="0.4000",
        weight_unit="kg",
        manufacture_country=None,
        max_ship_time=None,
        max_delivery_time=None,
    )
    order = OrderOut(
        object_id=_ORDER,
        object_owner=OWNER,
        order_number="SAMPLE-1001",
        order_status="PAID",
        shop_app="Shippo",
        placed_at=_MADE,
        to_address=_address(),
        from_address=None,
        line_items=[line],
        transactions=[],
        currency="USD",
        subtotal_price="24.00",
        total_price="30.00",
        total_tax="1.00",
        shipping_cost="5.00",
        shipping_cost_currency="USD",
        shipping_method="Sample shipping",
        notes=None,
        weight="0.40",
        weight_unit="kg",
        test=True,
    )
    return envelope(name, test=True, data=msgspec.json.encode(order))


def _address() -> AddressOut:
    return AddressOut(
        object_id=_ADDRESS,
        is_complete=True,
        validation_results=ValidationResults(),
        name="Sample Buyer",
        company="",
        street_no="",
        street1="1 Sample Street",
        street2="",
        street3="",
        city=_TO.city,
        state=_TO.state,
        zip=_TO.zip,
        country=_TO.country,
        phone="",
        email="buyer@example.com",
        is_residential=None,
        test=True,
        object_created=_MADE,
        object_updated=_MADE,
        object_owner=OWNER,
        longitude=None,
        latitude=None,
        metadata="",
    )


def _webhook(name: EventName) -> str:
    made, later = dt.datetime(2026, 1, 15, 12, tzinfo=UTC), dt.datetime(2026, 1, 16, 8, 30, tzinfo=UTC)
    is_gone = name == "webhook_disabled"
    webhook = Webhook(
        id=_WEBHOOK,
        event="all",
        url="https://shop.example/hooks/old",
        active=not is_gone,
        health=Health(failing_since=later if name == "webhook_failing" else None),
        disabled_at=later if is_gone else None,
        disabled_reason="gone" if is_gone else None,
        created_at=made,
        updated_at=later if is_gone else made,
    )
    return webhook_payload(name, webhook, Scope(_id(0), "test", OWNER, SYSTEM))


_BODIES: Mapping[EventName, Callable[[], str]] = {
    "transaction_created": lambda: _transaction("transaction_created", is_moving=False),
    "transaction_updated": lambda: _transaction("transaction_updated", is_moving=True),
    "track_updated": _track,
    "batch_created": lambda: _batch("batch_created", "created"),
    "batch_purchased": lambda: _batch("batch_purchased", "processing complete"),
    "order_created": lambda: _order("order_created"),
    "order_updated": lambda: _order("order_updated"),
    "webhook_disabled": lambda: _webhook("webhook_disabled"),
    "webhook_failing": lambda: _webhook("webhook_failing"),
    "webhook_recovered": lambda: _webhook("webhook_recovered"),
}
