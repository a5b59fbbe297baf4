"""The clock, the shell, and the parts of forms and lists. The shop is obviously fictional."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace as Ns
from typing import Any

NOW = dt.datetime(2026, 3, 12, 14, 30, tzinfo=dt.UTC)

# The logo of a partner's app.
LOGO = "/app-logos/0192f1c87c5e7d3ab0c1d2e3f4a5b6c7?v=5a5a"


def ago(**span: float) -> dt.datetime:
    return NOW - dt.timedelta(**span)


def nav() -> list[Ns]:
    settings = [
        Ns(key="tokens", label="API tokens", href="settings-tokens.html", alert=""),
        Ns(key="alerts", label="Alerts", href="settings-alerts.html", alert=""),
        Ns(key="webhooks", label="Webhooks", href="settings-webhooks.html", alert="A webhook is in trouble"),
        Ns(key="event_log", label="Event log", href="settings-event-log.html", alert=""),
        Ns(key="integrations", label="Integrations", href="integrations.html", alert=""),
        Ns(key="connections", label="Connected apps", href="settings-connections.html", alert=""),
        Ns(key="apps", label="Developer apps", href="settings-apps.html", alert=""),
        Ns(key="people", label="People", href="settings-people.html", alert=""),
        Ns(key="activity", label="Activity", href="settings-activity.html", alert=""),
    ]
    return [
        Ns(key="orders", label="Orders", href="orders.html", icon="inbox", count=7, children=[], alert=""),
        Ns(
            key="shipments", label="Shipments", href="shipments.html", icon="package", count=None, children=[], alert=""
        ),
        Ns(key="alerts", label="Alerts", href="alerts.html", icon="triangle-alert", count="4", children=[], alert=""),
        Ns(key="batches", label="Batches", href="#", icon="layers", count=None, children=[], alert=""),
        Ns(key="ledger", label="Ledger", href="#", icon="scroll-text", count=None, children=[], alert=""),
        Ns(
            key="settings",
            label="Settings",
            href="settings-tokens.html",
            icon="settings",
            count=None,
            children=settings,
            alert="A webhook is in trouble",
        ),
    ]


def shell(active: str, child: str = "", mode: str = "live", **changes: Any) -> Ns:
    values = {
        "nav": nav(),
        "active": active,
        "active_child": child,
        "mode": mode,
        "mode_url": "#",
        "account": Ns(name="Lantern & Rope Supply"),
        "user": Ns(name="Alice", email="alice@lantern.example"),
        "accounts": [
            Ns(id="a1", name="Lantern & Rope Supply", is_here=True),
            Ns(id="a2", name="Buoy Bakery", is_here=False),
        ],
        "account_url": "#",
        "account_links": [Ns(label="Team", href="#", icon="users")],
        "sign_out_url": "#",
        "live_url": "/app/live/sample",
        "csrf_token": "sample-token",
        "home_url": "orders.html",
        "flashes": [],
    }
    return Ns(**(values | changes))


def form(errors: dict[str, str] | None = None, message: str = "", **data: str) -> Ns:
    return Ns(data=data, errors=errors or {}, message=message)


def substatus(code: str, text: str, action: bool = False) -> Ns:
    return Ns(code=code, text=text, action_required=action)


OUT = substatus("out_for_delivery", "The parcel is out for delivery.")
HELD = substatus("package_held", "The carrier holds the parcel. Ask the carrier what is missing.", True)
LOST = substatus("package_lost", "The carrier reports the parcel as lost. Open a claim.", True)


def track_of(status: str, sub: Ns | None = None) -> Ns:
    return Ns(status=status, substatus=sub)


def tab(label: str, count: int | None = None, active: bool = False) -> Ns:
    return Ns(label=label, href="#", count=count, active=active)


ORDER_TABS = [
    tab("All"),
    tab("To ship", 7, True),
    tab("Awaiting payment", 1),
    tab("Partly shipped", 1),
    tab("Shipped"),
    tab("Cancelled"),
]
SHIPMENT_TABS = [
    tab("All", None, True),
    tab("Not handed over", 1),
    tab("In transit", 3),
    tab("Needs action", 2),
    tab("Delivered"),
]


def option(value: str, label: str) -> Ns:
    return Ns(value=value, label=label)


def filters(url: str) -> Ns:
    store = [option("", "Every store"), option("web", "Web shop"), option("csv", "CSV import")]
    placed = [option("", "Any date"), option("7", "Last 7 days"), option("30", "Last 30 days")]
    return Ns(
        url=url,
        q="",
        hidden={"status": "PAID"},
        selects=[
            Ns(name="store", label="Store", value="", options=store),
            Ns(name="placed", label="Placed", value="7", options=placed),
        ],
    )
