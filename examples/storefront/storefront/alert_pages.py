"""The merchant's work list: parcels in trouble, and the sheet for talking to the carrier."""

from __future__ import annotations

import datetime as dt

from litestar import get, post
from litestar.exceptions import NotFoundException
from litestar.response import Redirect, Template

from storefront import alerts
from storefront.database import Connection, Row, one, rows
from storefront.web import Form, Store, WebRequest, go, merchant_of, own_order, page


@get("/dashboard/alerts", sync_to_thread=True)
def alert_list(request: WebRequest, store: Store) -> Template:
    """Everything that is not resolved, oldest first."""
    with store.database.reading() as db:
        merchant = merchant_of(request, db)
        found = alerts.of_merchant(db, merchant["id"])
        return page(
            "alerts.html",
            merchant=merchant,
            waiting=alerts.waiting(db, merchant["id"]),
            alerts=found,
            kinds=alerts.KINDS,
            age=age,
        )


@get("/dashboard/alerts/{alert_id:int}", sync_to_thread=True)
def alert_page(request: WebRequest, store: Store, alert_id: int) -> Template:
    """One alert with its log, and whom to ask."""
    with store.database.reading() as db:
        merchant = merchant_of(request, db)
        alert = _own_alert(db, merchant, alert_id)
        parcel = one(db, "SELECT * FROM parcels WHERE id = ?", alert["parcel_id"])
        assert parcel is not None
        order = own_order(db, merchant, parcel["order_id"])
        carrier, issue = alerts.desk(alert, parcel)
        return page(
            "alert.html",
            merchant=merchant,
            waiting=alerts.waiting(db, merchant["id"]),
            alert=alert,
            kind=alerts.KINDS[alert["kind"]],
            parcel=parcel,
            order=order,
            carrier=carrier,
            issue=issue,
            enquiry=alerts.enquiry(alert, parcel, order),
            outcomes=alerts.OUTCOMES,
            log=rows(db, "SELECT * FROM alert_log WHERE alert_id = ? ORDER BY rowid DESC", alert_id),
            age=age,
        )


@post("/dashboard/alerts/{alert_id:int}", sync_to_thread=True)
def change_alert(request: WebRequest, store: Store, alert_id: int, data: Form) -> Redirect:
    """Acknowledge, note, log a talk with the carrier, or resolve."""
    note = data.get("note", "").strip()[:1000]
    with store.database.writing() as db:
        alert = _own_alert(db, merchant_of(request, db), alert_id)
        match data.get("action"):
            case "acknowledge":
                alerts.move(db, alert, "acknowledged", "Acknowledged", note)
            case "resolve":
                alerts.move(db, alert, "resolved", "Resolved", note)
            case "note" if note:
                alerts.move(db, alert, alert["state"], "Note", note)
            case "contacted" if data.get("outcome") in alerts.OUTCOMES:
                state = "resolved" if data["outcome"] == "solved" else "acknowledged"
                alerts.move(db, alert, state, f"Contacted the carrier: {data['outcome']}", note)
            case _:
                return go(f"/dashboard/alerts/{alert_id}", "Nothing was written down.")
    return go(f"/dashboard/alerts/{alert_id}", "Written down.")


def _own_alert(db: Connection, merchant: Row, alert_id: int) -> Row:
    alert = one(db, "SELECT * FROM alerts WHERE id = ? AND merchant_id = ?", alert_id, merchant["id"])
    if alert is None:
        raise NotFoundException("There is no such alert.")
    return alert


def age(text: str) -> str:
    """How long ago, as people say it."""
    minutes = int((dt.datetime.now(dt.UTC) - dt.datetime.fromisoformat(text)).total_seconds() // 60)
    for size, name in ((1440, "day"), (60, "hour"), (1, "minute")):
        if minutes >= size:
            count = minutes // size
            return f"{count} {name}{'s' if count > 1 else ''} ago"
    return "just now"


routes = [alert_list, alert_page, change_alert]
