"""What somebody has to look after: the worklist, one alert, the settings."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace as Ns
from typing import Any

from tests.web.samples.order_page import track
from tests.web.samples.shared import HELD, NOW, ago, form, option, shell, tab


def alert(number: int, label: str, tone: str, icon: str, reason: str, advice: str, **changes: Any) -> Ns:
    values = {
        "id": f"a{number}",
        "href": "alert.html",
        "label": label,
        "tone": tone,
        "icon": icon,
        "reason": reason,
        "advice": advice,
        "state": "open",
        "order_number": f"#20{number + 31}",
        "order_href": "order-bought.html",
        "recipient": ("Maren Vogel", "Ines Ferreira de Albuquerque", "Tom Hale")[number % 3],
        "place": ("Hamburg, DE", "Lisboa, PT", "Reno, NV, US")[number % 3],
        "carrier_name": ("Beacon", "Harbour Post", "USPS")[number % 3],
        "service": ("Ground", "Parcel", "Priority Mail")[number % 3],
        "tracking_number": f"BCN44710093220{number}",
        "tracking_url": "#",
        "last_place": ("Bremen, DE", "", "Reno, NV, US")[number % 3],
        "last_at": ago(days=number + 1),
        "assigned": "Bob" if number % 2 else "",
        "is_seen": bool(number % 2),
        "snoozed_until": None,
        "ending": "",
        "resolved_at": None,
        "created_at": ago(hours=2 + number * 11),
    }
    return Ns(**(values | changes))


def alerts() -> list[Ns]:
    return [
        alert(
            0,
            "Needs action",
            "wait",
            "triangle-alert",
            "The carrier holds the parcel.",
            "Ask the carrier which document or payment is missing.",
        ),
        alert(
            1,
            "Could not be delivered",
            "bad",
            "package-x",
            "The parcel was damaged by water and had to be disposed of at the facility in Hamburg.",
            "Send a replacement, and file a claim with photos of the damage.",
        ),
        alert(
            2,
            "Not handed over",
            "mute",
            "package",
            "The label has been there since 9 March, but the carrier has not scanned the parcel.",
            "Hand the parcel over, or ask for a refund of the unused label.",
        ),
        alert(
            3,
            "Label not bought",
            "bad",
            "circle-alert",
            "The postal code does not exist.",
            "Correct what the carrier says and buy again.",
            tracking_number="",
            service="",
        ),
    ]


def filters() -> Ns:
    kinds = [option("", "Every kind"), option("late", "Late")]
    whose = [option("", "Everybody's"), option("me", "Mine")]
    selects = [
        Ns(name="kind", label="Kind", value="", options=kinds),
        Ns(name="who", label="Whose", value="", options=whose),
    ]
    return Ns(url="alerts.html", q="", hidden={}, selects=selects)


TABS = [tab("Open", 4, True), tab("Snoozed", 1), tab("Resolved")]


def alert_list(**changes: Any) -> dict[str, Any]:
    context = {
        "shell": shell("alerts"),
        "tabs": TABS,
        "filters": filters(),
        "settings_url": "settings-alerts.html",
        "bulk_actions": [Ns(label="Resolve", icon="check", url="#")],
        "alerts": alerts(),
        "page": Ns(previous_url=None, next_url="?after=x", note="4 alerts on this page", poll_url="/alerts-news"),
        "can_pick": True,
        "empty": Ns(title="All is well", text="Parcels that do not arrive appear here.", url=None, action=""),
        "refresh": None,
    }
    return context | changes


def contact(known: bool = True) -> Ns:
    links = [Ns(label="Search for missing mail", url="#"), Ns(label="File a claim", url="#")]
    card = Ns(
        phone="1-800-555-0100",
        phone_words="1-800-555-0100",
        links=links,
        source="beacon.example/help",
        noted_on="2026-03",
    )
    return Ns(
        url="#",
        carrier_name="Beacon",
        known=card if known else None,
        reference="BCN447100932200",
        issue="lost_or_delayed",
        issues=[option("lost_or_delayed", "Lost or delayed"), option("damage", "Damage")],
        channels=[option("phone", "By phone"), option("web", "On the website")],
        text="Lost or delayed: BCN447100932200\n\nDear Beacon team,\n\nThe parcel has not arrived.\n\nThank you.",
    )


def entry(what: str, words: str, text: str, hours: float, who: str = "Bob") -> Ns:
    return Ns(what=what, words=words, who=who, text=text, at=ago(hours=hours))


def alert_page(number: int = 0, **changes: Any) -> dict[str, Any]:
    one = alerts()[number]
    one.seen_by = "Bob" if one.is_seen else ""
    for name in ("state", "snoozed_until", "ending"):
        setattr(one, name, changes.pop(name, getattr(one, name)))
    context = {
        "shell": shell("alerts"),
        "alert": one,
        "back_url": "alerts.html",
        "urls": Ns(note="#", assign="#", acknowledge="#", snooze="#", resolve="#", reopen="#"),
        "purchase": None,
        "track": track("TRANSIT", HELD),
        "entries": [
            entry("contact", "asked the carrier", "Lost or delayed, by phone: case 4711, they call back on Friday.", 1),
            entry("assigned", "gave it to", "Bob", 3, "Alice"),
            entry("changed", "There is another reason", "The carrier holds the parcel.", 5, "Portside"),
        ],
        "assignee": "u2",
        "people": [option("", "Nobody"), option("u1", "Alice"), option("u2", "Bob")],
        "tomorrow": "2026-03-13",
        "contact": contact(),
    }
    return context | changes


def waiting(is_open: bool = True, can_settle: bool = True) -> dict[str, Any]:
    """An alert of a purchase that waits for a person."""
    purchase = Ns(
        carrier_name="Harbour Post",
        is_open=is_open,
        can_settle=can_settle,
        ask_url="#" if is_open else None,
        release_url="#",
    )
    one = alert(
        1,
        "Purchase unclear",
        "bad",
        "circle-question-mark",
        "Harbour Post cannot be asked what became of this purchase. Look it up there.",
        "Look the purchase up at the carrier. It is never bought a second time by itself.",
        tracking_number="",
        last_place="",
        seen_by="Bob",
    )
    return alert_page(3, alert=one, purchase=purchase, track=None, entries=[], contact=contact(known=False))


def settings_page(errors: dict[str, str] | None = None, **changes: Any) -> dict[str, Any]:
    kinds = [
        Ns(value="not_delivered", label="Could not be delivered", checked=True),
        Ns(value="late", label="Late", checked=False),
    ]
    context = {
        "shell": shell("settings", "alerts"),
        "save_url": "#",
        "form": form(errors, first_scan_hours="48", silent_days="5", late_days="1"),
        "kinds": kinds,
    }
    return context | changes


def order_alerts(*rows: Ns) -> Ns:
    return Ns(rows=list(rows), seen="x", poll_url="/order-alerts")


ONE = Ns(href="alert.html", label="Needs action", reason="The carrier holds the parcel.")

ALERT_SCENES: dict[str, tuple[str, dict[str, Any]]] = {
    "alerts": ("alerts/list.html", alert_list()),
    "alerts-empty": ("alerts/list.html", alert_list(alerts=[], can_pick=False)),
    "alert": ("alerts/detail.html", alert_page()),
    "alert-bare": ("alerts/detail.html", alert_page(3, track=None, entries=[], contact=contact(known=False))),
    "alert-purchase": ("alerts/detail.html", waiting()),
    "alert-purchase-ended": ("alerts/detail.html", waiting(is_open=False)),
    "alert-purchase-member": ("alerts/detail.html", waiting(can_settle=False)),
    "alert-snoozed": (
        "alerts/detail.html",
        alert_page(1, state="snoozed", snoozed_until=NOW + dt.timedelta(days=3)),
    ),
    "alert-resolved": ("alerts/detail.html", alert_page(1, state="resolved", ending="Delivered")),
    "settings-alerts": ("settings/alerts.html", settings_page()),
    "settings-alerts-wrong": (
        "settings/alerts.html",
        settings_page({"silent_days": "Enter a whole number from 1 to 60."}),
    ),
    "settings-alerts-member": ("settings/alerts.html", settings_page(save_url=None)),
    "fragment-alerts": ("alerts/_rows.html", alert_list(refresh=Ns(tabs=TABS, open="4"))),
    "fragment-order-alerts": ("alerts/_order.html", {"shell": shell("orders"), "alerts": order_alerts(ONE)}),
    "fragment-contact": ("alerts/_contact.html", {"shell": shell("alerts"), "contact": contact()}),
}
