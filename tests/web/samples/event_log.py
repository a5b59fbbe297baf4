"""The event log, one event of it, and tests of a receiver."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace as Ns
from typing import Any

from tests.web.samples.shared import NOW, ago, form, option, shell

BODY = """{
  "event": "track_updated",
  "test": false,
  "carrier": "usps",
  "data": {
    "carrier": "usps",
    "tracking_number": "92055901755477000000000018",
    "tracking_status": {"status": "TRANSIT", "status_details": "Out for delivery."}
  }
}"""
REQUEST = {
    "Content-Type": "application/json",
    "Shippo-API-Version": "2018-02-08",
    "webhook-id": "0192f1c8a4f27d10b4c5b8c1d2e3f405",
    "webhook-timestamp": "1773325800",
    "webhook-signature": "[redacted]",
}
ANSWER = {"content-type": "text/plain", "server": "shop"}


def told(host: str, state: str, answer: str = "", next_at: dt.datetime | None = None, count: int = 1) -> Ns:
    return Ns(
        id=f"{host}-{state}",
        url=f"https://{host}",
        host=host,
        state=state,
        answer=answer,
        count=count,
        at=ago(minutes=4),
        next_at=next_at,
    )


def event(number: int, name: str, *deliveries: Ns, more: int = 0) -> Ns:
    return Ns(
        id=f"0192f1c8a4f27d10b4c5b8c1d2e3f{number:03d}",
        href="settings-event.html",
        name=name,
        object_id=f"0192f0aa00007d108000aa11bb22c{number:03d}",
        object_url="#",
        seq=number % 5 + 1,
        created_at=ago(minutes=number * number * 7),
        told=list(deliveries),
        more=more,
    )


def events() -> list[Ns]:
    shop, warehouse = "shop.example/hooks/portside", "warehouse.example/inbox/labels-and-manifests"
    return [
        event(0, "order_created", told(shop, "queued", count=0)),
        event(1, "track_updated", told(shop, "delivered", "200"), told(warehouse, "delivered", "204")),
        event(
            2,
            "transaction_created",
            told(shop, "delivered", "200"),
            told(warehouse, "pending", "timeout: no answer in time", NOW + dt.timedelta(minutes=16)),
            more=3,
        ),
        event(3, "track_updated", told(shop, "failed", "404")),
        event(4, "order_updated"),
        event(5, "batch_purchased", told("a deleted webhook", "cancelled")),
    ]


def event_log(**changes: Any) -> dict[str, Any]:
    selects = [
        Ns(
            name="webhook",
            label="Webhook",
            value="",
            options=[option("", "Every webhook"), option("w1", "https://shop.example")],
        ),
        Ns(name="event", label="Event", value="", options=[option("", "Every event")]),
        Ns(name="state", label="State", value="", options=[option("", "Every state"), option("failed", "Given up")]),
    ]
    dates = [Ns(name="from", label="From", value="2026-03-01"), Ns(name="to", label="To", value="")]
    context = {
        "shell": shell("settings", "event_log"),
        "filters": Ns(url="#", q="", hidden={}, selects=selects, dates=dates),
        "csv_url": "#",
        "is_part": False,
        "since": "2026-03-11T14:30",
        "range_url": "#",
        "event_names": [option("track_updated", "track_updated")],
        "finished": [option("failed", "What was given up")],
        "endpoints": [option("w1", "https://shop.example/hooks/portside")],
        "events": events(),
        "page": Ns(previous_url=None, next_url="?after=x", note="6 events on this page"),
        "is_cut": False,
        "is_end": True,
        "retention_days": 90,
        "is_filtered": True,
        "all_url": "#",
        "poll_url": "/log?seen=1",
        "bulk_actions": [Ns(label="Send again", icon="redo-2", url="#")],
    }
    return context | changes


def attempt(number: int, status: int | None, error: str | None, next_at: dt.datetime | None = None) -> Ns:
    return Ns(
        number=number,
        status=status,
        error=error,
        duration_ms=128 * number,
        created_at=ago(minutes=30 - number),
        next_attempt_at=next_at,
        request_headers=REQUEST,
        response_headers=ANSWER if status else None,
        response_body="upstream is down" if status else None,
    )


def delivery(one: Ns, attempts: list[Ns], again_url: str | None = "#") -> Ns:
    return Ns(**vars(one), attempts=attempts, again_url=again_url)


def event_page(**changes: Any) -> dict[str, Any]:
    waiting = told("shop.example/hooks/portside", "pending", "503", NOW + dt.timedelta(minutes=16), 2)
    context = {
        "shell": shell("settings", "event_log"),
        "event": event(1, "track_updated"),
        "account": "",
        "body": BODY,
        "raw": BODY,
        "schema_url": "#",
        "deliveries": [
            delivery(
                waiting,
                [
                    attempt(2, 503, "The receiver answered 503.", NOW),
                    attempt(1, None, "https://shop.example: timeout: no answer in time", NOW),
                ],
            ),
            delivery(told("new.example/hook", "queued", count=0), [], None),
        ],
        "back_url": "settings-event-log.html",
    }
    return context | changes


def trial(verdict: str, status: int | None, is_forged: bool = False) -> Ns:
    error = "https://shop.example: connect: the connection failed" if status is None else ""
    return Ns(
        id=f"t{verdict}{status}{is_forged}",
        event="track_updated",
        is_forged=is_forged,
        verdict=verdict,
        status=status,
        error=error if status is None or status < 300 else f"The receiver answered {status}.",
        duration_ms=83,
        at=ago(minutes=1),
        request_headers=REQUEST,
        request_body=BODY,
        response_headers=ANSWER if status else {},
        response_body="invalid signature" if status == 401 else "",
    )


def trial_page(trials: list[Ns], **changes: Any) -> dict[str, Any]:
    context = {
        "shell": shell("settings", "webhooks"),
        "url": "https://shop.example/hooks/portside",
        "test_url": "#",
        "secret_url": "#",
        "back_url": "settings-webhooks.html",
        "events": [option("track_updated", "track_updated")],
        "form": form(event="track_updated"),
        "trials": trials,
    }
    return context | changes
