"""Orders in every state, and the page that lists them."""

from __future__ import annotations

from types import SimpleNamespace as Ns
from typing import Any

from tests.web.samples.shared import HELD, LOGO, LOST, ORDER_TABS, OUT, ago, filters, shell, track_of

# Number | store | recipient | place | contents | service | weight | total | status | hours ago.
_ORDERS = """
LR-1042|Web shop|Maren Vogel|Hamburg, DE|2 × Brass lantern|Express|2.40 kg|148.00 EUR|PAID|0.1
LR-1041|Lighthouse Store|Chidi Balogun|Lagos, NG|Mooring rope 12 mm|International|6.5 kg|92.5 EUR|PAID|0.6
LR-1040|CSV import|Zofia Żółkiewska|Łódź, PL|5 items||0.85 kg|61.20 PLN|AWAITPAY|3
LR-1039|Marketplace|王小明|深圳, CN|Signal mirror|Standard|0.2 kg|18 EUR|PARTIALLY_FULFILLED|8
LR-1038|Web shop|Tom Ashworth|Portland, OR, US|3 × Canvas bucket|Standard|3 lb|75.00 USD|SHIPPED|26
LR-1037|API|Ines Carvalho|Porto, PT|Deck shoes, size 41|Express|1.1 kg|119.90 EUR|SHIPPED|30
LR-1036|Lighthouse Store|Liam O'Dwyer|Galway, IE|Storm lamp|Standard|1.75 kg|54 EUR|SHIPPED|52
LR-1035|Web shop|Anneke de Wit|Rotterdam, NL|12 items|Pallet|48 kg|1260.00 EUR|SHIPPED|75
LR-1034|Marketplace|Yusuf Demir|İzmir, TR|Compass|Standard|0.4 kg|83.00 EUR|REFUNDED|120
LR-1033|Web shop|Ólafur Jónsson|Reykjavík, IS|Wool blanket|Standard||9800 ISK|CANCELLED|190
LR-1032|API|Eleni Pappas|Αθήνα, GR|2 × Rope ladder|Economy|7.2 kg|210.00 EUR|SHIPPED|260
LR-1031|Web shop|Noor Haddad|Marseille, FR|Anchor print||0.15 kg|24.00 EUR|UNKNOWN|9000
"""
_TRACKS = {
    "LR-1039": track_of("TRANSIT"),
    "LR-1038": track_of("TRANSIT", OUT),
    "LR-1037": track_of("TRANSIT", HELD),
    "LR-1036": track_of("DELIVERED"),
    "LR-1035": track_of("FAILURE", LOST),
    "LR-1032": track_of("PRE_TRANSIT"),
}


def orders() -> list[Ns]:
    return [_order(*line.split("|")) for line in _ORDERS.strip().splitlines()]


def _order(
    number: str,
    source: str,
    name: str,
    place: str,
    contents: str,
    service: str,
    weight: str,
    total: str,
    status: str,
    hours: str,
) -> Ns:
    amount, _, unit = weight.partition(" ")
    price, _, currency = total.partition(" ")
    return Ns(
        id=f"order{number}",
        href="order-new.html",
        number=number,
        source=Ns(label=source, logo_url=LOGO if source == "Lighthouse Store" else None),
        recipient=name,
        place=place,
        contents=contents,
        service=service,
        weight=amount or None,
        weight_unit=unit,
        total=price,
        currency=currency,
        status=status,
        track=_TRACKS.get(number),
        placed_at=ago(hours=float(hours)),
    )


PAGE = Ns(previous_url=None, next_url="?after=x", note="12 orders on this page", poll_url="/orders-news")
BULK = [
    Ns(label="Buy labels", icon="tag", url="#"),
    Ns(label="Packing slips", icon="file-text", url="#"),
    Ns(label="Cancel", icon="circle-slash", url="#"),
]
EMPTY = Ns(
    title="No orders yet",
    text="Connect your shop by API, import a CSV file, or type in the first one.",
    url="#",
    action="New order",
)


def order_list(**changes: Any) -> dict[str, Any]:
    context = {
        "shell": shell("orders"),
        "tabs": ORDER_TABS,
        "filters": filters("orders.html"),
        "new_url": "#",
        "import_url": "#",
        "orders": orders(),
        "page": PAGE,
        "refresh": None,
        "bulk_actions": BULK,
        "empty": EMPTY,
    }
    return context | changes
