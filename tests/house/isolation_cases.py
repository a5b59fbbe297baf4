"""What the isolation test sends: bodies that name an account's objects, and those that can name none."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from portside.kit.clock import now, to_wire
from tests.orders.data import order_body
from tests.support.objects import (
    CUSTOMS_ITEM,
    DECLARATION,
    PARCEL,
    RECIPIENT,
    SENDER,
    batch_body,
    pickup_body,
    service_group_body,
    shipment_body,
)

Ids = dict[str, str]
Body = Callable[[Ids, Ids], Any]

LINES = [{"title": "Rope", "quantity": 1, "weight": "1", "weight_unit": "lb", "total_price": "9", "currency": "USD"}]


def _manifest(**changes: Any) -> dict[str, Any]:
    return {"shipment_date": to_wire(now()), "address_from": SENDER, "async": False, **changes}


# Operation -> bodies that name somebody else's object (first ids) among objects of one's own (second ids).
BODIES: dict[str, list[Body]] = {
    "POST /orders": [
        lambda theirs, _: order_body(to_address=theirs["address_id"]),
        lambda theirs, _: order_body(from_address=theirs["address_id"]),
    ],
    "PUT /orders/{order_id}": [lambda theirs, _: order_body(to_address=theirs["address_id"])],
    "PATCH /orders/{order_id}": [lambda theirs, _: {"from_address": theirs["address_id"]}],
    "POST /shipments": [
        lambda theirs, _: shipment_body(address_from=theirs["address_id"]),
        lambda theirs, _: shipment_body(address_to=theirs["address_id"]),
        lambda theirs, _: shipment_body(address_return=theirs["address_id"]),
        lambda theirs, _: shipment_body(parcels=[theirs["parcel_id"]]),
        lambda theirs, _: shipment_body(parcels=[PARCEL, theirs["parcel_id"]]),
        lambda theirs, _: shipment_body(customs_declaration=theirs["declaration_id"]),
        lambda theirs, _: shipment_body(carrier_accounts=[theirs["carrier_account_id"]]),
        lambda theirs, _: shipment_body(order=theirs["order_id"]),
    ],
    "POST /transactions": [
        lambda theirs, _: {"rate": theirs["rate_id"], "async": False},
        lambda theirs, own: {"rate": own["other_rate_id"], "order": theirs["order_id"], "async": False},
        lambda theirs, _: {
            "shipment": shipment_body(),
            "carrier_account": theirs["carrier_account_id"],
            "servicelevel_token": "usps_priority",
        },
        lambda theirs, own: {
            "shipment": shipment_body(address_to=theirs["address_id"]),
            "carrier_account": own["carrier_account_id"],
            "servicelevel_token": "usps_priority",
        },
    ],
    "POST /customs/declarations": [lambda theirs, _: {**DECLARATION, "items": [theirs["item_id"]]}],
    "POST /refunds": [lambda theirs, _: {"transaction": theirs["transaction_id"]}],
    "POST /manifests": [
        lambda theirs, _: _manifest(carrier_account=theirs["carrier_account_id"]),
        lambda theirs, own: _manifest(
            carrier_account=own["carrier_account_id"], transactions=[theirs["transaction_id"]]
        ),
        lambda theirs, own: _manifest(carrier_account=own["carrier_account_id"], address_from=theirs["address_id"]),
    ],
    "POST /pickups": [
        lambda theirs, own: pickup_body(theirs["carrier_account_id"], own["transaction_id"]),
        lambda theirs, own: pickup_body(own["carrier_account_id"], theirs["transaction_id"]),
    ],
    "POST /batches": [lambda theirs, _: batch_body(theirs["carrier_account_id"])],
    "POST /service-groups": [lambda theirs, _: service_group_body(theirs["carrier_account_id"])],
    "PUT /service-groups": [
        lambda theirs, own: {
            **service_group_body(theirs["carrier_account_id"]),
            "object_id": own["group_id"],
            "is_active": True,
        }
    ],
    "POST /live-rates": [
        lambda theirs, _: {"address_to": theirs["address_id"], "address_from": SENDER, "line_items": LINES},
        lambda theirs, _: {"address_to": RECIPIENT, "address_from": theirs["address_id"], "line_items": LINES},
        lambda theirs, _: {
            "address_to": RECIPIENT,
            "address_from": SENDER,
            "line_items": LINES,
            "parcel": theirs["template_id"],
        },
    ],
    "POST /partner/ledger": [
        lambda theirs, _: {"account": theirs["account_id"], "currency": "USD", "note": "Stolen", "charged": "5"},
        lambda theirs, own: {
            "account": own["account_id"],
            "transaction": theirs["transaction_id"],
            "currency": "USD",
            "note": "Stolen",
            "charged": "5",
        },
    ],
    "PUT /live-rates/settings/parcel-template": [lambda theirs, _: {"object_id": theirs["template_id"]}],
}

# Where the answer is per row or per field, the refusal stands in it instead of in the status.
IN_THE_ANSWER: dict[str, list[Body]] = {
    "POST /orders/bulk": [lambda theirs, _: [order_body(to_address=theirs["address_id"])]],
    "POST /batches": [
        lambda theirs, own: batch_body(own["carrier_account_id"], carrier_account=theirs["carrier_account_id"]),
        lambda theirs, own: {
            **batch_body(own["carrier_account_id"]),
            "batch_shipments": [{"shipment": shipment_body(address_to=theirs["address_id"])}],
        },
    ],
    "POST /batches/{batch_id}/add_shipments": [lambda theirs, _: [{"shipment": theirs["shipment_id"]}]],
    "POST /batches/{batch_id}/remove_shipments": [lambda theirs, _: [theirs["batch_shipment_id"]]],
}

# Bodies of values only: numbers, texts, settings of the object in the path.
SELF_CONTAINED = {
    "POST /addresses": SENDER,
    "POST /parcels": PARCEL,
    "POST /customs/items": CUSTOMS_ITEM,
    "POST /tracks": None,
    "POST /webhooks": None,
    "PUT /webhooks/{webhook_id}": None,
    "POST /webhooks/{webhook_id}/recover": None,
    "POST /webhooks/{webhook_id}/resend": None,
    "POST /webhooks/{webhook_id}/rotate-secret": None,
    "POST /webhooks/{webhook_id}/test": None,
    "POST /carrier_accounts": None,
    "PUT /carrier_accounts/{carrier_account_id}": None,
    "POST /carrier_accounts/register/new": None,
    "POST /user-parcel-templates": None,
    "PUT /user-parcel-templates/{template_id}": None,
    "POST /shippo-accounts": None,
    "POST /embedded/authz": None,
    "PUT /shippo-accounts/{shippo_account_id}": None,
    "PUT /partner/accounts/{account_id}/settings": {"label_format": "PNG"},
    "PATCH /partner/accounts/{account_id}/settings": {"label_format": "PNG"},
    "PUT /partner/plans/{plan_name}": {},
    "PUT /partner/discount-tiers/{tier_name}": {},
    "POST /batches/{batch_id}/purchase": None,
    "POST /simulator/clock": None,
    "POST /simulator/advance": None,
    "POST /simulator/stories": None,
}

# Lists that filter by an object's id.
FILTERS = (
    "/transactions?rate={rate_id}",
    "/transactions?order={order_id}",
    "/transactions?tracking_number={tracking_number}",
    "/partner/ledger?account={account_id}",
    "/events?webhook={webhook_id}",
    "/events?subject={order_id}",
)
