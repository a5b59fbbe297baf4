"""Parcels that need somebody: what is wrong, what to do about it, and whom to ask (DF-15, DF-17)."""

from __future__ import annotations

import dataclasses
import datetime as dt

from storefront import carriers
from storefront.database import Connection, Row, changed, now, one, rows

SILENT_DAYS = 5
LATE_DAYS = 1
OUTCOMES = ("no answer", "will call back", "search begun", "claim filed", "new attempt agreed", "solved")


@dataclasses.dataclass(frozen=True)
class Kind:
    """`issue` is the carrier's desk that the enquiry is for."""

    reason: str
    action: str
    issue: str
    urgent: bool = False


LOST, ADDRESS, CUSTOMS, REFUND = "lost or delayed", "address exception", "customs", "unused label refund"
# By the substatus of the scan. Its wording is the carrier's and may change; the code does not.
KINDS = {
    "address_issue": Kind("The address cannot be found", "Ask the buyer for the right one.", ADDRESS, urgent=True),
    "contact_carrier": Kind("The carrier wants to be called", "Call the carrier.", LOST, urgent=True),
    "delivery_attempted": Kind("Nobody was there to take it", "Tell the buyer when the carrier comes again.", ADDRESS),
    "location_inaccessible": Kind("The place could not be reached", "Agree on another day with the buyer.", ADDRESS),
    "notice_left": Kind("The carrier left a notice", "Tell the buyer to follow the notice.", ADDRESS),
    "package_damaged": Kind("The parcel is damaged", "Send it anew and claim the value.", LOST, urgent=True),
    "package_held": Kind("The parcel is held", "Ask which paper or payment is missing.", CUSTOMS, urgent=True),
    "pickup_available": Kind("It waits to be picked up", "Remind the buyer to fetch it.", "other"),
    "reschedule_delivery": Kind("A new day has to be chosen", "Ask the buyer for a day; tell the carrier.", ADDRESS),
    "return_to_sender": Kind("The parcel comes back", "Ask the buyer: send it again, or refund?", ADDRESS, urgent=True),
    "package_unclaimed": Kind("Nobody has fetched it", "Remind the buyer before it comes back.", ADDRESS),
    "package_undeliverable": Kind("It cannot be delivered", "Ask the carrier why; send it anew.", ADDRESS, urgent=True),
    "package_disposed": Kind("It was disposed of", "Send it anew, and claim the value.", LOST, urgent=True),
    "package_lost": Kind("The parcel is lost", "Have it searched for, then send it anew.", LOST, urgent=True),
    "RETURNED": Kind("The parcel comes back", "Ask the buyer what to do.", ADDRESS, urgent=True),
    "FAILURE": Kind("It was not delivered", "Ask the carrier why.", LOST, urgent=True),
    "needs_action": Kind("The carrier waits for somebody", "See what the carrier says, and answer.", "other"),
    "no_scan": Kind("No news for days", "Ask the carrier where the parcel is.", LOST),
    "eta_missed": Kind("It is later than promised", "Tell the buyer; ask the carrier.", LOST),
    "refund_rejected": Kind("The label was not refunded", "Ask why: unused labels usually are.", REFUND),
}


def kind_of(parcel: Row) -> str | None:
    """What is wrong with a parcel, as its newest scan tells."""
    if parcel["label_status"] == "REFUNDREJECTED":
        return "refund_rejected"
    substatus = str(parcel["substatus"])
    if parcel["status"] in ("RETURNED", "FAILURE"):
        return substatus if substatus in KINDS else str(parcel["status"])
    if parcel["action_required"] and parcel["status"] != "DELIVERED":
        return substatus if substatus in KINDS else "needs_action"
    return None


def look_at(db: Connection, parcel: Row) -> None:
    """Open an alert if there is a reason; a delivered parcel needs nobody any more."""
    if parcel["status"] == "DELIVERED":
        for alert in rows(db, "SELECT * FROM alerts WHERE parcel_id = ? AND state != 'resolved'", parcel["id"]):
            move(db, alert, "resolved", "Delivered; resolved by itself")
    elif kind := kind_of(parcel):
        _open(db, parcel, kind, cause=parcel["status_at"] or "")


def look_for_silence(db: Connection) -> None:
    """Alerts that no scan brings: parcels that are late, and parcels of which nothing is heard."""
    on_the_way = "SELECT * FROM parcels WHERE status = 'TRANSIT' AND label_status IN ('SUCCESS', 'ELSEWHERE')"
    for parcel in rows(db, f"{on_the_way} AND status_at < ?", now(days=-SILENT_DAYS)):
        _open(db, parcel, "no_scan", cause=parcel["status_at"])
    # A simulated carrier's clock may be ahead of ours, so its own scans tell the time, too.
    for parcel in rows(db, f"{on_the_way} AND (eta < ? OR eta < status_at)", now(days=-LATE_DAYS)):
        _open(db, parcel, "eta_missed", cause=parcel["eta"])


def _open(db: Connection, parcel: Row, kind: str, *, cause: str) -> None:
    made = db.execute(
        "INSERT INTO alerts (merchant_id, parcel_id, kind, place, opened_at, cause) VALUES (?, ?, ?, ?, ?, ?) "
        "ON CONFLICT DO NOTHING",
        (parcel["merchant_id"], parcel["id"], kind, parcel["place"], now(), cause),
    )
    if made.rowcount:
        changed(db, parcel["merchant_id"])


def move(db: Connection, alert: Row, state: str, what: str, note: str = "") -> None:
    """To another state (or the same), with an entry in its log."""
    db.execute("UPDATE alerts SET state = ? WHERE id = ?", (state, alert["id"]))
    db.execute("INSERT INTO alert_log VALUES (?, ?, ?, ?)", (alert["id"], now(), what, note))
    changed(db, alert["merchant_id"])


def of_merchant(db: Connection, merchant_id: str) -> list[Row]:
    """The work list: unresolved alerts, oldest first, with their parcels and orders."""
    return rows(
        db,
        "SELECT a.*, p.carrier, p.tracking_number, o.number, o.name AS buyer, o.id AS order_id "
        "FROM alerts a JOIN parcels p ON p.id = a.parcel_id JOIN orders o ON o.id = p.order_id "
        "WHERE a.merchant_id = ? AND a.state != 'resolved' ORDER BY a.id",
        merchant_id,
    )


def waiting(db: Connection, merchant_id: str) -> int:
    row = one(db, "SELECT count(*) AS open FROM alerts WHERE merchant_id = ? AND state = 'open'", merchant_id)
    return int(row["open"]) if row else 0


def enquiry(alert: Row, parcel: Row, order: Row) -> str:
    """What to say to the carrier, ready to be sent."""
    kind = KINDS[alert["kind"]]
    seen = (
        dt.datetime.fromisoformat(parcel["status_at"]).strftime(" on %d %B at %H:%M UTC") if parcel["status_at"] else ""
    )
    last = f"{parcel['details'].rstrip('.')}{seen}{', ' + parcel['place'] if parcel['place'] else ''}"
    return (
        f"Tracking number {parcel['tracking_number']}, our reference {order['number']}.\n"
        f"{kind.reason}. Last news: {last}.\n"
        f"The parcel goes to {order['name']}, {order['city']}, {order['state']} {order['zip']}.\n"
        f"Please tell us where it is and what happens next."
    )


def desk(alert: Row, parcel: Row) -> tuple[carriers.Carrier | None, str]:
    """Whom to ask about it, and for which kind of question."""
    return carriers.CARRIERS.get(parcel["carrier"]), KINDS[alert["kind"]].issue
