"""Orders through the SDK."""

from __future__ import annotations

import shippo
from shippo.models import components, operations

from tests.compat.python_sdk.bodies import UNKNOWN, buyer, moment, order_request, refused, shipment_request

PAID, SHIPPED = components.OrderStatusEnum.PAID, components.OrderStatusEnum.SHIPPED


def listed(sdk: shippo.Shippo, **given: object) -> list[components.Order]:
    return list(sdk.orders.list(request=operations.ListOrdersRequest(results=100, **given)).results)


def test_an_order_is_created_retrieved_and_listed(sdk: shippo.Shippo) -> None:
    made = sdk.orders.create(request=order_request())
    assert (made.order_number, made.order_status, made.total_price) == ("#1068", PAID, "24.93")
    assert made.transactions == []
    assert made.line_items is not None and (made.line_items[0].sku, made.line_items[0].quantity) == ("DM-123", 1)
    assert made.from_address is not None and made.from_address.city == "San Francisco"
    found = sdk.orders.get(order_id=made.object_id)
    assert (found.object_id, found.to_address.name) == (made.object_id, "Carla Buyer")
    assert listed(sdk)[0].object_id == made.object_id


def test_orders_are_filtered(sdk: shippo.Shippo) -> None:
    made = sdk.orders.create(request=order_request())
    assert made.object_id in {order.object_id for order in listed(sdk, order_status=[PAID])}
    assert listed(sdk, order_status=[components.OrderStatusEnum.REFUNDED]) == []
    assert listed(sdk, start_date=moment(days=30), end_date=moment(days=31)) == []
    assert made.object_id in {order.object_id for order in listed(sdk, start_date=moment(days=-1))}
    assert listed(sdk, shop_app=components.OrderShopAppEnum.SHOPIFY) == []


def test_a_label_ships_the_order(sdk: shippo.Shippo) -> None:
    order = sdk.orders.create(request=order_request())
    shipment = sdk.shipments.create(request=shipment_request())
    request = components.TransactionCreateRequest(rate=shipment.rates[0].object_id, order=order.object_id, async_=False)
    sdk.transactions.create(request=request)
    found = sdk.orders.get(order_id=order.object_id)
    assert found.order_status == SHIPPED
    # This release has no fields for what an order tells of its labels, but it counts them.
    assert found.transactions is not None and len(found.transactions) == 1


def test_errors(sdk: shippo.Shippo) -> None:
    with refused(400, "to_address", "country"):
        sdk.orders.create(request=order_request(to_address=buyer(country="nowhere")))
    with refused(404):
        sdk.orders.get(order_id=UNKNOWN)
