"""One order: its parcel, rates, label and tracking in every state."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace as Ns
from typing import Any

from tests.web.samples.shared import LOGO, OUT, ago, form, option, shell, substatus


def address(name: str, *lines: str, validity: str = "unknown", **more: Any) -> Ns:
    values = {"company": "", "phone": "", "email": "", "messages": []}
    return Ns(**(values | more), name=name, lines=list(lines), validity=validity)


def line(title: str, variant: str, sku: str, quantity: int, weight: str | None, total: str) -> Ns:
    return Ns(
        title=title,
        variant=variant,
        sku=sku,
        quantity=quantity,
        weight=weight,
        weight_unit="kg",
        total=total,
        currency="EUR",
    )


def order(status: str) -> Ns:
    return Ns(
        id="o1",
        number="LR-1042",
        status=status,
        placed_at=ago(minutes=6),
        source=Ns(label="Lighthouse Store", logo_url=LOGO),
        currency="EUR",
        notes="Please leave with the harbour office if nobody is in.",
        shipping_method="Express (1–2 days)",
        line_items=[
            line("Brass lantern", "Polished, 28 cm", "LAN-28-P", 2, "1.1", "118.00"),
            line("Lamp oil, 1 l", "", "OIL-1", 1, None, "12.50"),
        ],
        subtotal="130.50",
        shipping_cost="17.50",
        tax=None,
        total="148.00",
    )


def rate(id_: str, carrier: str, service: str, days: int | None, amount: str, *attributes: str, **more: Any) -> Ns:
    values = {"arrives": None, "note": "", "chosen": False}
    return Ns(
        **(values | more),
        id=id_,
        carrier_name=carrier,
        service=service,
        days=days,
        amount=amount,
        currency="EUR",
        attributes=list(attributes),
    )


def rates() -> list[Ns]:
    return [
        rate("r1", "Harbour Post", "Parcel", 4, "6.90", "CHEAPEST", arrives=dt.date(2026, 3, 16)),
        rate("r2", "Beacon", "Ground", 2, "8.45", "BESTVALUE", arrives=dt.date(2026, 3, 14), chosen=True),
        rate("r3", "Gull Express", "Priority Overnight", 1, "24.10", "FASTEST", arrives=dt.date(2026, 3, 13)),
        rate("r4", "Tideway", "Economy Freight", None, "31.00", note="signature included"),
    ]


REFUSED = [
    Ns(source="Northern Lights", text="No service to this postal code."),
    Ns(source="Driftwood", text="Did not answer in time."),
]


def rating(state: str, offers: list[Ns] | None = None, messages: list[Ns] | None = None, problem: str = "") -> Ns:
    formats = [option("PDF_4x6", "PDF 4×6 in"), option("PDF_A6", "PDF A6"), option("ZPLII", "ZPL")]
    return Ns(
        state=state,
        poll_url="/rates",
        rates=offers or [],
        messages=messages or [],
        problem=problem,
        buy_url="/buy",
        formats=formats,
        format="PDF_4x6",
    )


def preset(value: str, label: str, length: str = "", width: str = "", height: str = "") -> Ns:
    return Ns(value=value, label=label, length=length, width=width, height=height, distance_unit="cm")


def parcel(done: bool = False, **errors: str) -> Ns:
    data = form(
        errors,
        preset="m",
        length="35",
        width="25",
        height="15",
        distance_unit="cm",
        weight="2.4",
        mass_unit="kg",
        message="Correct the marked fields." if errors else "",
    )
    presets = [
        preset("", "Own size"),
        preset("s", "Small box", "20", "15", "10"),
        preset("m", "Medium box", "35", "25", "15"),
    ]
    return Ns(
        rates_url="/rates",
        form=data,
        presets=presets,
        weight_note="Weight of the items plus packaging",
        done=done,
        customs=None,
    )


def customs(**errors: str) -> Ns:
    """Of an order that crosses a border."""
    given = {
        "contents_type": "MERCHANDISE",
        "non_delivery_option": "RETURN",
        "certify_signer": "Alice Harbour",
        "customs_mass_unit": "kg",
        "customs_currency": "EUR",
    }
    lantern = Ns(description="Brass lantern", quantity="2", weight="2.2", value="118", origin="DE", hs_code="9405.41")
    empty = Ns(description="", quantity="", weight="", value="", origin="DE", hs_code="")
    return Ns(
        form=form(errors, "Correct the marked fields." if errors else "", **given),
        lines=[lantern, empty],
        contents=[option("MERCHANDISE", "Merchandise"), option("OTHER", "Other")],
        incoterms=[option("", "Not said"), option("DDU", "The recipient pays")],
        undelivered=[option("RETURN", "Send it back")],
        countries=[option("DE", "Germany"), option("PT", "Portugal")],
    )


def label(status: str, **changes: Any) -> Ns:
    values = {
        "id": "l1",
        "status": status,
        "carrier_name": "Beacon",
        "service": "Ground",
        "amount": "8.45",
        "currency": "EUR",
        "created_at": ago(hours=20),
        "format": "PDF 4×6 in",
        "tracking_number": "BCN 4471 0093 2216",
        "tracking_url": "#carrier",
        "pdf_url": "#pdf",
        "invoice_url": "",
        "messages": [],
        "poll_url": "/label",
        "refund_url": "#refund",
        "return_url": "#return",
        "test": False,
    }
    return Ns(**(values | changes))


def scan(status: str, details: str, place: str, hours: float, sub: Ns | None = None) -> Ns:
    return Ns(status=status, substatus=sub, details=details, place=place, status_date=ago(hours=hours))


def history() -> list[Ns]:
    return [
        scan("TRANSIT", "On the vehicle for delivery", "Hamburg, DE", 2.2, OUT),
        scan("TRANSIT", "Arrived at the delivery depot", "Hamburg, DE", 7, substatus("package_arrived", "Arrived.")),
        scan("TRANSIT", "Accepted at the counter", "Bremen, DE", 18),
        scan("PRE_TRANSIT", "Shipment data received", "", 20, substatus("information_received", "Received.")),
    ]


def track(status: str = "TRANSIT", sub: Ns | None = OUT, events: list[Ns] | None = None, final: bool = False) -> Ns:
    return Ns(
        id="t1",
        status=status,
        substatus=sub,
        eta=dt.date(2026, 3, 12),
        checked_at=ago(minutes=4),
        carrier_name="Beacon",
        tracking_number="BCN 4471 0093 2216",
        tracking_url="#carrier",
        buyer_url="#buyer",
        history=history() if events is None else events,
        final=final,
        poll_url="/track",
        refresh_url="/track",
    )


def sender(errors: dict[str, str] | None = None) -> Ns:
    countries = [option("DE", "Germany"), option("US", "United States")]
    data = form(errors, name="Lantern & Rope Supply", street1="Am Kai 12", city="Bremen", zip="28195", country="DE")
    return Ns(save_url="#", form=data, countries=countries)


SHIP_TO = address(
    "Maren Vogel",
    "Speicherstraße 4",
    "2. Etage",
    "20457 Hamburg",
    "Germany",
    company="Kontor Vogel",
    email="maren@kontor.example",
    phone="+49 40 555 0100",
    validity="valid",
)
SHIP_FROM = address(
    "Lantern & Rope Supply",
    "Am Kai 12",
    "28195 Bremen",
    "Germany",
    validity="warning",
    messages=["The house number was not found."],
)


def order_page(status: str = "PAID", **changes: Any) -> dict[str, Any]:
    context = {
        "shell": shell("orders"),
        "order": order(status),
        "back_url": "orders.html",
        "slip_url": "#",
        "cancel_url": "#",
        "ship_to": SHIP_TO,
        "ship_from": SHIP_FROM,
        "edit_to_url": "#",
        "edit_from_url": None,
        "sender_form": None,
        "parcel_again": None,
        "labels": [],
        "track": None,
        "news": Ns(poll_url="/news"),
        "messages": Ns(rows=[], poll_url="/messages"),
        "alerts": Ns(rows=[], seen="", poll_url="/order-alerts"),
        "can_ship": True,
        "parcel": parcel(),
        "rating": rating("empty"),
    }
    return context | changes
