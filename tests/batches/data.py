"""Batches as clients send them."""

from __future__ import annotations

from typing import Any

from tests.support.labelling import FROM, PARCEL, SHIPMENT, TO

__all__ = ["FROM", "PARCEL", "SHIPMENT", "TO", "batch_body"]


def batch_body(account: str, rows: int = 2, **changes: Any) -> dict[str, Any]:
    """A batch of so many shipments alike, by USPS Priority Mail."""
    return {
        "default_carrier_account": account,
        "default_servicelevel_token": "usps_priority",
        "batch_shipments": [{"shipment": SHIPMENT, "metadata": f"row {number}"} for number in range(1, rows + 1)],
        **changes,
    }
