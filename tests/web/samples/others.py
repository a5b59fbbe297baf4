"""Shipments, settings, and pages without a signed-in user."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace as Ns
from typing import Any

from tests.web.samples.order_list import orders
from tests.web.samples.shared import HELD, LOST, NOW, OUT, SHIPMENT_TABS, ago, filters, form, option, shell, track_of


def shipment(number: int, carrier: str, service: str, track: Ns | None, status: str = "SUCCESS", **changes: Any) -> Ns:
    who = orders()[number]
    values = {
        "id": f"s{number}",
        "href": "order-bought.html",
        "order_number": who.number,
        "recipient": who.recipient,
        "place": who.place,
        "carrier_name": carrier,
        "service": service,
        "tracking_number": f"BCN 4471 0093 22{number:02d}",
        "tracking_url": "#",
        "label_status": status,
        "label_hint": "",
        "track": track,
        "eta": dt.date(2026, 3, 14),
        "amount": "8.45",
        "currency": "EUR",
        "pdf_url": "#",
        "page_url": "#page",
        "refund_url": "#",
        "created_at": ago(hours=3 + number * 9),
    }
    return Ns(**(values | changes))


def shipments() -> list[Ns]:
    failed = {
        "tracking_number": "",
        "eta": None,
        "pdf_url": "",
        "page_url": "",
        "refund_url": None,
        "label_hint": "Postal code unknown",
    }
    return [
        shipment(0, "Beacon", "Ground", track_of("PRE_TRANSIT")),
        shipment(1, "Gull Express", "International Priority", None, "QUEUED", **failed),
        shipment(3, "Harbour Post", "Parcel", track_of("TRANSIT")),
        shipment(4, "UPS", "Ground", track_of("TRANSIT", OUT)),
        shipment(5, "DHL Express", "Worldwide", track_of("TRANSIT", HELD)),
        shipment(6, "Beacon", "Ground", track_of("DELIVERED"), eta=None),
        shipment(7, "Tideway", "Freight", track_of("FAILURE", LOST), eta=None),
        shipment(8, "USPS", "Priority Mail", track_of("RETURNED"), eta=None),
        shipment(9, "Harbour Post", "Letter", None, "ERROR", **failed),
        shipment(10, "Beacon", "Ground", track_of("UNKNOWN"), "REFUNDPENDING", eta=None),
    ]


def shipment_list(**changes: Any) -> dict[str, Any]:
    context = {
        "shell": shell("shipments"),
        "tabs": SHIPMENT_TABS,
        "filters": filters("shipments.html"),
        "shipments": shipments(),
        "page": Ns(previous_url="?before=x", next_url=None, note="10 shipments", poll_url="/shipments-news"),
        "empty": Ns(title="No shipments yet", text="A label you buy appears here.", url=None, action=""),
    }
    return context | changes


def mail(subject: str, hours: float, state: str = "kept") -> Ns:
    return Ns(href="#", subject=subject, recipient="alice@lantern.example", state=state, at=ago(hours=hours))


def mailbox_page(**changes: Any) -> dict[str, Any]:
    messages = [
        mail("Webhook works again: https://shop.example/hooks", 2),
        mail("[Test] Webhook is failing: https://shop.example/a/rather/long/path/that/does/not/fit", 5),
    ]
    context = {
        "shell": shell("settings", "mailbox"),
        "messages": messages,
        "page": Ns(previous_url=None, next_url="?after=x", note="2 messages on this page"),
    }
    return context | changes


def mail_page() -> dict[str, Any]:
    shown = mail("Webhook is failing: https://shop.example/hooks", 5, "refused")
    message = Ns(
        **vars(shown), text="It has accepted nothing since noon.\n", html_url="/mail-html", error="550 no such user"
    )
    return {"shell": shell("settings", "mailbox"), "message": message, "back_url": "#"}


def token(name: str, hint: str, used: dt.datetime | None, days: int) -> Ns:
    return Ns(
        id=name,
        name=name,
        hint=hint,
        mode="live",
        created_at=ago(days=days),
        created_by="Alice",
        last_used_at=used,
        revoke_url="#",
    )


def token_page(**changes: Any) -> dict[str, Any]:
    tokens = [
        token("Store plugin", "shippo_live_…9f3a", ago(minutes=2), 40),
        token("Warehouse script", "shippo_live_…01bc", ago(days=3), 12),
        token("Trial", "shippo_live_…77e0", None, 1),
    ]
    context = {
        "shell": shell("settings", "tokens"),
        "tokens": tokens,
        "created": None,
        "verification": None,
        "create_url": "#",
        "form": form(),
        "open_form": False,
    }
    return context | changes


def webhook(
    id_: str,
    url: str,
    event: str,
    last: Ns | None,
    active: bool = True,
    is_off: bool = False,
    heard: str = "",
    is_kept: bool = True,
) -> Ns:
    return Ns(
        id=id_,
        url=url,
        is_kept=is_kept,
        heard=heard,
        event=event,
        active=active,
        is_off=is_off,
        created_at=ago(days=9),
        last=last,
        secret_url="#",
        test_url="settings-webhook-test.html",
        log_url="settings-event-log.html",
        recover_url="#" if is_off else None,
        toggle_url="#",
        delete_url="#",
    )


def delivery(
    event: str, state: str, answer: str, attempts: int, hours: float, next_at: dt.datetime | None = None
) -> Ns:
    return Ns(
        id=f"{event}{hours}",
        event=event,
        url="https://shop.example/hooks/portside",
        state=state,
        answer=answer,
        attempts=attempts,
        at=ago(hours=hours),
        next_at=next_at,
        again_url="#",
        log_url="settings-event.html",
    )


def trouble(kind: str, host: str, answer: str = "") -> Ns:
    return Ns(
        kind=kind,
        host=host,
        since=ago(hours=5),
        answer=answer,
        recover_url="#",
        test_url="settings-webhook-test.html",
        log_url="settings-event-log.html",
    )


def webhook_page(**changes: Any) -> dict[str, Any]:
    hooks = [
        webhook(
            "w1", "https://shop.example/hooks/portside", "track_updated", Ns(ok=True, text="200", at=ago(minutes=3))
        ),
        webhook(
            "w2",
            "https://warehouse.example/inbox/labels-and-manifests",
            "transaction_created",
            Ns(ok=False, text="timed out", at=ago(hours=1)),
        ),
        webhook("w3", "https://old.example/hook", "all", None),
        webhook("w4", "https://paused.example/hook", "batch_purchased", None, active=False),
        webhook("w5", "https://gone.example/hook", "all", None, active=False, is_off=True),
        webhook("w6", "https://lantern.example/hook", "all", None, heard="Added by Lantern Shops", is_kept=False),
    ]
    deliveries = [
        delivery("track_updated", "delivered", "200", 1, 0.05),
        delivery("transaction_created", "waiting", "timed out", 3, 1, NOW + dt.timedelta(minutes=16)),
        delivery("track_updated", "failed", "410", 7, 30),
    ]
    context = {
        "shell": shell("settings", "webhooks"),
        "webhooks": hooks,
        "troubles": [],
        "more_troubles": 0,
        "patience": "5 days",
        "log_url": "settings-event-log.html",
        "secret": None,
        "create_url": "#",
        "form": form(),
        "open_form": False,
        "deliveries": Ns(list=deliveries, poll_url="/deliveries", waiting=True, log_url="settings-event-log.html"),
        "reaches": [option("", "This account"), option("app", "All accounts connected to Lantern Shops")],
        "events": [
            option("all", "All events"),
            option("track_updated", "track_updated"),
            option("transaction_created", "transaction_created"),
        ],
    }
    return context | changes


def sign_in(**changes: Any) -> dict[str, Any]:
    context = {
        "action_url": "#",
        "csrf_token": "sample-token",
        "next": "",
        "form": form(),
        "register_url": "sign-up.html",
        "forgot_url": "forgot-password.html",
        "demo": None,
    }
    return context | changes
