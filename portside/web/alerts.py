"""/app/alerts: the worklist of what somebody has to look after."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from litestar import Response

from portside.accounts.models import User
from portside.accounts.queries import find_users
from portside.alerts import queries, rules
from portside.alerts.actions import resolve_alerts
from portside.alerts.models import KINDS, Alert, AlertFilter, Kind, State
from portside.carriers.catalogue import carrier_name
from portside.db.begin import begin, reading
from portside.db.tx import Tx
from portside.kit.clock import now
from portside.kit.ids import Id, as_id
from portside.kit.paging import PageRequest, Slice
from portside.kit.scope import Scope
from portside.labels.models import Label
from portside.labels.queries import find_labels
from portside.orders.models import Order
from portside.orders.queries import find_orders, get_order, list_orders
from portside.orders.wire import OrderFilter
from portside.tracking.rules import place_name
from portside.web.answers import HOME, Flash, redirect, unchanged
from portside.web.lists import PAGE_SIZE, ListView, address
from portside.web.page import page
from portside.web.shell import MOST_COUNTED, capped
from portside.web.shipments import MOST_ORDERS, Told, told_of
from portside.web.visit import Shown, Visit
from portside.web.words import order_number, place, recipient, version

PATH = "/app/alerts"
_MOST_WORDS = 5
_TABS: tuple[tuple[State, str, str], ...] = (
    ("open", "", "Open"),
    ("snoozed", "snoozed", "Snoozed"),
    ("resolved", "resolved", "Resolved"),
)
_LOOKS: Mapping[Kind, tuple[str, str]] = {
    "not_delivered": ("bad", "package-x"),
    "returned": ("wait", "undo-2"),
    "needs_action": ("wait", "triangle-alert"),
    "late": ("wait", "clock"),
    "not_scanned": ("mute", "package"),
    "silent": ("wait", "circle-question-mark"),
    "refund_rejected": ("bad", "circle-x"),
    "not_bought": ("bad", "circle-alert"),
    "purchase_waits": ("bad", "circle-question-mark"),
}
_ENDS = {"delivered": "Delivered", "passed": "Passed by itself", "person": "Resolved"}


class View(ListView, frozen=True, kw_only=True):
    """What of the alerts is looked at, as the address says it; what cannot be understood counts as not said."""

    state: State
    kind: Kind | None
    who: str
    q: str

    def query(self, **changes: str) -> str:
        """The address of this view with changes; a page is left when anything else changes."""
        tab = next(key for state, key, _ in _TABS if state == self.state)
        values = {"tab": tab, "kind": self.kind or "", "who": self.who, "q": self.q, **changes}
        return address(PATH, values)


def view_of(visit: Visit) -> View:
    """The view that the address asks for."""
    tab, kind = visit.given("tab"), visit.given("kind")
    return View(
        state=next((state for state, key, _ in _TABS if key == tab), "open"),
        kind=next((known for known in KINDS if known == kind), None),
        who="me" if visit.given("who") == "me" else "",
        q=visit.given("q"),
        after=as_id(visit.given("after")),
        before=as_id(visit.given("before")),
    )


@page("GET", PATH)
async def show_alerts(visit: Visit) -> Shown | Response[bytes]:
    """The worklist; to htmx its rows, or nothing when what it has seen is still so."""
    view = view_of(visit)
    async with reading() as tx:
        found = await _found(tx, visit, view)
        seen = version(found.rows)
        if visit.given("seen") == seen:
            return unchanged()
        rows = await alert_rows(tx, visit.scope, found.rows)
        counts = {
            state: await queries.count_alerts(tx, visit.scope, state, MOST_COUNTED) for state in ("open", "snoozed")
        }
    context = {**_rows(view, found, rows, seen), "refresh": None}
    if visit.wants_fragment:
        refresh = {"tabs": _tabs(view, counts), "open": _count(counts, "open")}
        return Shown(template="alerts/_rows.html", context={**context, "refresh": refresh})
    context |= {
        "tabs": _tabs(view, counts),
        "filters": _filters(view),
        "settings_url": "/app/settings/alerts",
        "bulk_actions": [{"label": "Resolve", "icon": "check", "url": f"{PATH}/resolve"}],
    }
    return Shown(template="alerts/list.html", context=context, section="alerts")


@page("POST", f"{PATH}/resolve")
async def resolve_picked(visit: Visit) -> Response[bytes]:
    """Those whose boxes are ticked."""
    ids = [known for text in await visit.picked("alert") if (known := as_id(text)) is not None][:PAGE_SIZE]
    if not ids:
        return redirect(PATH, Flash("warning", "Select some alerts first."))
    async with begin() as tx:
        count = await resolve_alerts(tx, visit.scope, ids)
    return redirect(PATH, Flash("success", f"{count} {'alert' if count == 1 else 'alerts'} resolved."))


@page("GET", HOME + "/{order_id}/alerts")
async def poll_order_alerts(visit: Visit) -> Shown | Response[bytes]:
    """The open alerts of an order, if they are others than those that were seen."""
    async with reading() as tx:
        order = await get_order(tx, visit.scope, visit.id("order_id"))
        context = await order_alerts(tx, visit.scope, order.id)
    if visit.given("seen") == context["seen"]:
        return unchanged()
    return Shown(template="alerts/_order.html", context={"alerts": context})


async def order_alerts(tx: Tx, scope: Scope, order_id: Id) -> dict[str, Any]:
    """The `alerts` of alerts/_order.html."""
    found = await queries.list_alerts_of_order(tx, scope, order_id)
    seen = version(found)
    return {
        "rows": [
            {"href": f"{PATH}/{alert.id}", "label": rules.LABELS[alert.kind], "reason": rules.reason(alert)}
            for alert in found
        ],
        "seen": seen,
        "poll_url": f"{HOME}/{order_id}/alerts?seen={seen}",
    }


async def _found(tx: Tx, visit: Visit, view: View) -> Slice[Alert]:
    wanted = AlertFilter(state=view.state, kind=view.kind, assigned_to=visit.user.id if view.who else None)
    if view.q:
        words = view.q.split()[:_MOST_WORDS]
        orders = await list_orders(tx, visit.scope, PageRequest(size=MOST_ORDERS), OrderFilter(), words)
        number = "".join(view.q.split()).upper()
        ids = tuple(order.id for order in orders.rows)
        wanted = msgspec.structs.replace(wanted, number=number, order_ids=ids)
    return await queries.list_alerts(tx, visit.scope, view.page(), wanted)


async def alert_rows(tx: Tx, scope: Scope, alerts: Sequence[Alert]) -> list[dict[str, Any]]:
    """Alerts as pages show them, with their orders, recipients and people."""
    labels = await find_labels(tx, scope, [alert.label_id for alert in alerts if alert.label_id])
    told = await told_of(tx, scope, list(labels.values()))
    orders = await find_orders(tx, scope, [alert.order_id for alert in alerts if alert.order_id])
    users = await find_users(tx, [alert.assigned_to for alert in alerts if alert.assigned_to])
    return [
        _row(
            alert,
            labels.get(alert.label_id) if alert.label_id else None,
            orders.get(alert.order_id) if alert.order_id else None,
            told,
            users,
        )
        for alert in alerts
    ]


def _row(
    alert: Alert, label: Label | None, order: Order | None, told: Told, users: Mapping[Id, User]
) -> dict[str, Any]:
    rate = told.rates.get(label.rate_id) if label and label.rate_id else None
    shipment = told.shipments.get(rate.shipment_id) if rate else None
    to = shipment.details.address_to if shipment else order.details.to_address if order else None
    tone, icon = _LOOKS[alert.kind]
    user = users.get(alert.assigned_to) if alert.assigned_to else None
    return {
        "id": alert.id,
        "href": f"{PATH}/{alert.id}",
        "label": rules.LABELS[alert.kind],
        "tone": tone,
        "icon": icon,
        "reason": rules.reason(alert),
        "advice": rules.advice(alert),
        "state": rules.state_of(alert, now()),
        "order_number": order_number(order) if order else "",
        "order_href": f"{HOME}/{order.id}" if order else None,
        "recipient": recipient(to) if to else "",
        "place": place(to) if to else "",
        "carrier_name": rate.provider if rate else carrier_name(alert.carrier),
        "service": rate.quote.service_name if rate else "",
        "tracking_number": alert.tracking_number,
        "tracking_url": (label.tracking_url if label else None) or "",
        "last_place": place_name(alert.details.place),
        "last_at": alert.details.scanned_at,
        "assigned": (user.name or user.email) if user else "",
        "is_seen": alert.acknowledged_at is not None,
        "snoozed_until": alert.snoozed_until,
        "ending": _ENDS[alert.resolution] if alert.resolution else "",
        "resolved_at": alert.resolved_at,
        "created_at": alert.created_at,
    }


def _rows(view: View, found: Slice[Alert], rows: Sequence[Mapping[str, Any]], seen: str) -> dict[str, Any]:
    alerts = found.rows
    return {
        "alerts": rows,
        "page": {
            "previous_url": view.query(before=alerts[0].id) if found.has_previous and alerts else None,
            "next_url": view.query(after=alerts[-1].id) if found.has_next and alerts else None,
            "note": f"{len(alerts)} {'alert' if len(alerts) == 1 else 'alerts'} on this page",
            # A search looks at many orders, which is too much to do whenever one changes.
            "poll_url": None if view.q else view.query(**view.here(), seen=seen),
        },
        "can_pick": view.state != "resolved",
        "empty": _empty(view),
    }


def _count(counts: Mapping[str, int], state: State) -> str | None:
    return capped(counts[state]) if counts.get(state) else None


def _tabs(view: View, counts: Mapping[str, int]) -> list[dict[str, Any]]:
    return [
        {"label": label, "href": view.query(tab=key), "count": _count(counts, state), "active": state == view.state}
        for state, key, label in _TABS
    ]


def _filters(view: View) -> dict[str, Any]:
    tab = next(key for state, key, _ in _TABS if state == view.state)
    kinds = [{"value": "", "label": "Every kind"}]
    kinds += [{"value": kind, "label": rules.LABELS[kind]} for kind in KINDS]
    people = [{"value": "", "label": "Everybody's"}, {"value": "me", "label": "Mine"}]
    return {
        "url": PATH,
        "q": view.q,
        "hidden": {"tab": tab} if tab else {},
        "selects": [
            {"name": "kind", "label": "Kind", "value": view.kind or "", "options": kinds},
            {"name": "who", "label": "Whose", "value": view.who, "options": people},
        ],
    }


def _empty(view: View) -> dict[str, Any]:
    if view.q or view.kind or view.who:
        url = view.query(q="", kind="", who="")
        return {"title": "Nothing fits", "text": "No alert here fits.", "url": url, "action": "Show all of them"}
    if view.state != "open":
        return {"title": "None", "text": "No alert is in this state.", "url": None, "action": ""}
    text = "Parcels that do not arrive, refused refunds and failed purchases appear here."
    return {"title": "All is well", "text": text, "url": None, "action": ""}


routes = [show_alerts, resolve_picked, poll_order_alerts]
