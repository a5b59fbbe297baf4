"""A platform's ledger."""

from __future__ import annotations

from decimal import Decimal
from types import SimpleNamespace as Ns
from typing import Any

from tests.web.samples.shared import ago, option, shell


def line(number: int, kind: str, carrier: str, service: str, cost: str, charged: str, note: str = "") -> Ns:
    return Ns(
        kind=kind,
        account_name=("Lantern & Rope Supply", "Buoy Bakery", "A merchant with a rather long name for its shop")[
            number % 3
        ],
        carrier_name=carrier,
        service=service,
        tracking_number=f"BCN 4471 0093 22{number:02d}" if carrier else "",
        note=note,
        cost=Decimal(cost),
        charged=Decimal(charged),
        margin=Decimal(charged) - Decimal(cost),
        currency="USD",
        created_at=ago(hours=number * number),
    )


def ledger_page(**changes: Any) -> dict[str, Any]:
    selects = [
        Ns(
            name="account", label="Account", value="", options=[option("", "Every account"), option("a", "Buoy Bakery")]
        ),
        Ns(name="kind", label="Kind", value="", options=[option("", "Everything"), option("refund", "Refunds")]),
    ]
    dates = [Ns(name="from", label="From", value="2026-03-01"), Ns(name="to", label="To", value="")]
    context = {
        "shell": shell("ledger"),
        "filters": Ns(url="#", q="", hidden={}, selects=selects, dates=dates),
        "lines": [
            line(0, "purchase", "Beacon", "Ground", "8.70", "9.57"),
            line(1, "adjustment", "Beacon", "Ground", "1.20", "1.20", "Weighed again by the carrier"),
            line(2, "refund", "Harbour Post", "Parcel", "-6.20", "-7.00"),
            line(3, "purchase", "Gull Express", "International Priority", "41.255", "39.19"),
            line(4, "adjustment", "", "", "0", "-5", "Goodwill"),
        ],
        "totals": [
            Ns(
                currency="USD",
                lines=1204,
                cost=Decimal("10448.50"),
                charged=Decimal("11201.33"),
                margin=Decimal("752.83"),
            ),
            Ns(currency="EUR", lines=1, cost=Decimal("5.00"), charged=Decimal("4.50"), margin=Decimal("-0.50")),
        ],
        "page": Ns(previous_url=None, next_url="?after=x", note="5 lines on this page"),
        "csv_url": "#",
        "is_part": False,
        "is_filtered": False,
        "all_url": "#",
    }
    return context | changes


LEDGER_SCENES: dict[str, tuple[str, dict[str, Any]]] = {
    "ledger": ("ledger/list.html", ledger_page()),
    "ledger-empty": ("ledger/list.html", ledger_page(lines=[], totals=[])),
    "ledger-nothing": ("ledger/list.html", ledger_page(lines=[], totals=[], is_filtered=True)),
    "fragment-ledger": ("ledger/_rows.html", ledger_page(is_part=True)),
}
