"""Samples of how orders come by hand: typed in, corrected, and imported from a file."""

from __future__ import annotations

from types import SimpleNamespace as Ns
from typing import Any

from tests.web.samples.order_page import address
from tests.web.samples.shared import ago, form, option, shell

COUNTRIES = [option("DE", "Germany"), option("US", "United States")]


def new_order(count: int = 1, focus: int | None = None, **errors: str) -> dict[str, Any]:
    names = ("title", "sku", "quantity", "weight", "total_price")
    empty = {f"item{number}_{name}": "" for number in range(count) for name in names}
    given = {
        "name": "Maren Vogel",
        "street1": "Speicherstraße 4",
        "country": "DE",
        "order_number": "",
        "order_status": "PAID",
        "weight": "",
        "weight_unit": "kg",
        "total_price": "",
        "currency": "EUR",
        "shipping_method": "",
        "notes": "",
        "key": "k1",
        "item0_title": "Brass lantern",
        "item0_quantity": "2",
    }
    return {
        "shell": shell("orders"),
        "save_url": "/app/orders/new",
        "back_url": "/orders",
        "form": form(errors, "Correct the marked fields." if errors else "", **(empty | given)),
        "items": Ns(count=count, add_url="/app/orders/new", focus=focus),
        "countries": COUNTRIES,
        "statuses": [option("PAID", "Paid: ready to ship"), option("AWAITPAY", "Awaiting payment")],
    }


def recipient(verdict: Ns | None = None, *rare: str, **errors: str) -> dict[str, Any]:
    given = {"name": "Mr Hippo", "street1": "215 Clayton St", "city": "San Francisc", "state": "CA", "zip": "94117"}
    given |= dict.fromkeys(rare, "12") | {"country": "US"}
    return {
        "shell": shell("orders"),
        "number": "LR-1042",
        "back_url": "/order",
        "save_url": "/app/orders/o1/recipient",
        "form": form(errors, "Correct the marked fields." if errors else "", **given),
        "rare": list(rare),
        "verdict": verdict,
        "countries": COUNTRIES,
    }


CARD = address("Mr Hippo", "215 CLAYTON ST", "San Francisco, CA 94117", "United States")
SUGGESTED = Ns(
    is_valid=True,
    messages=["The city was changed to the one of the ZIP code."],
    suggestion=Ns(card=CARD, fields={"name": "Mr Hippo", "street1": "215 CLAYTON ST"}),
)
NOT_FOUND = Ns(is_valid=False, messages=["The ZIP code is not known."], suggestion=None)


def upload(*files: Ns, **errors: str) -> dict[str, Any]:
    titles = ("Order Number", "Recipient Name", "Street Line 1", "City", "State/Province", "Country", "Order Weight")
    return {
        "shell": shell("orders"),
        "back_url": "/orders",
        "upload_url": "/app/orders/import",
        "template_url": "#template",
        "form": form(errors),
        "most_orders": 10_000,
        "most_megabytes": "5",
        "columns": [Ns(title=title, is_needed=title == "City") for title in titles],
        "files": list(files),
    }


def file_of(state: str, **counts: int) -> Ns:
    sums = {"ready": 0, "made": 0, "known": 0, "wrong": 0} | counts
    name = "orders-of-a-spring-market-with-a-rather-long-name-2026-03.csv"
    return Ns(
        href="#import", name=name, state=state, created_at=ago(minutes=3), unused=[], size=sum(sums.values()), **sums
    )


def wrong_row(line: int, number: str, *problems: tuple[int, str, str]) -> Ns:
    said = [Ns(line=each, column=column, text=text) for each, column, text in problems]
    return Ns(line=line, number=number, problems=said)


def ready_row(line: int, number: str) -> Ns:
    return Ns(
        line=line,
        number=number,
        recipient="Bob Lighthouse",
        place="Porto, PT",
        contents="2 × Brass lantern",
        weight="1.2",
        weight_unit="kg",
        total="118.00",
        currency="EUR",
    )


def import_page(file: Ns, **changes: Any) -> dict[str, Any]:
    wrong = [
        wrong_row(4, "1071", (4, "State/Province", "Carriers need the state or province."), (5, "Quantity", "Half.")),
        wrong_row(9, "", (9, "", "There are more cells than columns.")),
    ]
    values = {
        "shell": shell("orders"),
        "back_url": "/orders",
        "file": file,
        "wrong": wrong if file.wrong else [],
        "ready": [ready_row(2, "1069"), ready_row(3, "1070")] if file.state == "checked" else [],
        "start_url": "#start",
        "discard_url": "#discard",
        "errors_url": "#errors" if file.wrong else None,
        "upload_url": "/app/orders/import",
        "orders_url": "/orders",
        "poll_url": "/import" if file.state == "importing" else None,
        "refresh": None,
    }
    return values | changes


CHECKED = file_of("checked", ready=120, known=2, wrong=3)
CHECKED.unused = ["Gift wrap", "Internal comment of the warehouse"]

NEW_ORDER_SCENES: dict[str, tuple[str, dict[str, Any]]] = {
    "order-by-hand": ("orders/new.html", new_order(2)),
    "order-by-hand-wrong": (
        "orders/new.html",
        new_order(
            city="Carriers need the city.", item0_weight="A valid number is required.", weight="Give the weight."
        ),
    ),
    "fragment-items": ("orders/_items.html", new_order(2, focus=1)),
    "recipient": ("orders/recipient.html", recipient(None, "street_no", "street3")),
    "recipient-wrong": ("orders/recipient.html", recipient(zip="Carriers need the postal code.")),
    "recipient-suggested": ("orders/recipient.html", recipient(SUGGESTED)),
    "recipient-not-found": ("orders/recipient.html", recipient(NOT_FOUND)),
    "import": ("imports/upload.html", upload()),
    "import-wrong": (
        "imports/upload.html",
        upload(file_of("done", made=120, wrong=3), file_of("checked", ready=5), file="This is a workbook."),
    ),
    "import-checked": ("imports/detail.html", import_page(CHECKED)),
    "import-busy": ("imports/detail.html", import_page(file_of("importing", ready=80, made=40, wrong=3))),
    "fragment-import": (
        "imports/_import.html",
        import_page(file_of("done", made=120, wrong=3), refresh=Ns(to_ship="120")),
    ),
}
