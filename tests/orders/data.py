"""Bodies of orders that tests send."""

from __future__ import annotations

from typing import Any


def order_body(**changes: Any) -> dict[str, Any]:
    """A complete order; pass None for a field to leave it out."""
    body: dict[str, Any] = {
        "to_address": {
            "city": "San Francisco",
            "company": "Shippo",
            "country": "US",
            "email": "shippotle@example.com",
            "name": "Mr Hippo",
            "phone": "15553419393",
            "state": "CA",
            "street1": "215 Clayton St.",
            "zip": "94117",
        },
        "line_items": [
            {
                "quantity": 1,
                "sku": "HM-123",
                "title": "Hippo Magazines",
                "total_price": "12.10",
                "currency": "USD",
                "weight": "0.40",
                "weight_unit": "lb",
            }
        ],
        "placed_at": "2016-09-23T01:28:12Z",
        "order_number": "#1068",
        "order_status": "PAID",
        "shipping_cost": "12.83",
        "shipping_cost_currency": "USD",
        "shipping_method": "USPS First Class Package",
        "subtotal_price": "12.10",
        "total_price": "24.93",
        "total_tax": "0.00",
        "currency": "USD",
        "weight": "0.40",
        "weight_unit": "lb",
    }
    body.update(changes)
    return {name: value for name, value in body.items() if value is not None}
