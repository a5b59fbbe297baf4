"""Samples of what is shipped together: the form of many parcels, their rates, and batches."""

from __future__ import annotations

from types import SimpleNamespace as Ns
from typing import Any

from tests.web.samples.shared import ago, form, option, shell


def parcels(**errors: str) -> dict[str, Any]:
    rows = [
        bulk_row("o1", "#1068", "1.2"),
        bulk_row("o2", "#1069", "heavy" if errors else "0.4"),
        bulk_row("o3", "#1070", "", "Crosses a border: ship it from its page, where customs are declared."),
    ]
    preset = Ns(value="", label="Own size", length="", width="", height="", distance_unit="")
    size = {"length": "25", "width": "20", "height": "10", "distance_unit": "cm", "preset": ""}
    return {
        "shell": shell("orders"),
        "rows": rows,
        "ready": 2,
        "orders": "o1,o2,o3",
        "rates_url": "/bulk/rates",
        "presets": [preset],
        "form": form(errors, **size),
        "back_url": "/orders",
    }


def bulk_row(row_id: str, number: str, weight: str, obstacle: str = "") -> Ns:
    return Ns(
        id=row_id,
        href="#order",
        number=number,
        recipient="Bob Lighthouse",
        place="Porto, PT",
        contents="2 × Brass lantern",
        weight=weight,
        mass_unit="kg",
        obstacle=obstacle,
    )


def bulk_rates(waiting: int = 0) -> dict[str, Any]:
    offers = [
        Ns(id="r1", label="Beacon Ground", days=3, amount="8.45", currency="EUR"),
        Ns(id="r2", label="Beacon Air", days=None, amount="21.00", currency="EUR"),
    ]
    rows = [
        rated("#1068", offers, chosen="r1"),
        rated("#1069", [], problem="No carrier offers this parcel."),
        rated("#1070", [], is_waiting=True) if waiting else rated("#1070", offers, chosen="r2"),
    ]
    names = ("Cheapest", "Best value", "Fastest")
    return {
        "shell": shell("orders"),
        "rows": rows,
        "waiting": waiting,
        "poll_url": "/bulk/rates" if waiting else None,
        "buy_url": "/bulk/labels",
        "shipments": "s1,s2,s3",
        "preferences": [Ns(label=name, href="#", count=None, active=name == "Cheapest") for name in names],
        "formats": [option("PDF_4x6", "PDF 4×6 in"), option("ZPLII", "ZPL")],
        "format": "PDF_4x6",
        "back_url": "/orders",
    }


def rated(number: str, rates: list[Ns], *, chosen: str = "", problem: str = "", is_waiting: bool = False) -> Ns:
    return Ns(
        id=f"s{number[1:]}",
        href="#order",
        number=number,
        recipient="Bob Lighthouse",
        place="Porto, PT",
        is_waiting=is_waiting,
        problem=problem,
        chosen=chosen,
        rates=rates,
    )


def batch(status: str = "PURCHASED", **changes: Any) -> Ns:
    values = {
        "id": "b1",
        "href": "#batch",
        "name": "Batch …4a71c2",
        "size": 120,
        "bought": 118,
        "failed": 2,
        "done": 120,
        "percent": 100,
        "is_busy": False,
        "state": "Bought",
        "status": status,
        "format": "PDF 4×6 in",
        "files": ["#file-1", "#file-2"],
        "created_at": ago(hours=1),
    }
    return Ns(**(values | changes))


BUYING: dict[str, Any] = {
    "bought": 30,
    "failed": 0,
    "done": 30,
    "percent": 25,
    "is_busy": True,
    "state": "Buying labels",
    "files": [],
}


def batch_page(shown: Ns, **changes: Any) -> dict[str, Any]:
    problem = "The carrier refused to make the label."
    rows = [
        batch_row("#1068", "SUCCESS", tracking_number="BCN 4471 0093 2216", pdf_url="#pdf"),
        batch_row("#1069", "ERROR", problem=problem),
        batch_row("#1070", "QUEUED"),
    ]
    values = {
        "shell": shell("batches"),
        "batch": shown,
        "rows": rows,
        "page": Ns(previous_url=None, next_url="#next", note="100 labels on this page"),
        "failed_url": "#failed",
        "all_url": None,
        "poll_url": "/batch" if shown.is_busy else None,
        "back_url": "/batches",
        "refresh": None,
    }
    return values | changes


def batch_row(number: str, status: str, *, tracking_number: str = "", pdf_url: str = "", problem: str = "") -> Ns:
    return Ns(
        id=number[1:],
        href="#order",
        number=number,
        recipient="Bob Lighthouse",
        place="Porto, PT",
        tracking_number=tracking_number,
        tracking_url="#carrier" if tracking_number else "",
        pdf_url=pdf_url,
        status=status,
        problem=problem,
    )


def batch_list(*batches: Ns) -> dict[str, Any]:
    page = Ns(previous_url=None, next_url=None, note=f"{len(batches)} batches on this page")
    return {"shell": shell("batches"), "batches": list(batches), "page": page, "orders_url": "/orders"}


BATCH_SCENES: dict[str, tuple[str, dict[str, Any]]] = {
    "bulk-parcels": ("bulk/parcels.html", parcels()),
    "bulk-parcels-wrong": ("bulk/parcels.html", parcels(weight_o2="Enter a number.")),
    "bulk-rates": ("bulk/rates.html", bulk_rates()),
    "fragment-bulk-rates": ("bulk/_rates.html", bulk_rates(waiting=1)),
    "batches": ("batches/list.html", batch_list(batch(), batch(**BUYING))),
    "batches-empty": ("batches/list.html", batch_list()),
    "batch": ("batches/detail.html", batch_page(batch())),
    "batch-failed": ("batches/detail.html", batch_page(batch(), failed_url=None, all_url="#all")),
    "fragment-batch": ("batches/_batch.html", batch_page(batch("PURCHASING", **BUYING), refresh=Ns(to_ship="6"))),
}
