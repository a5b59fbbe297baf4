"""What labels and carriers tell us, written down. The same news may come twice and out of order, by webhook or because
we asked: whatever the order, what is kept in the end is the same."""

from __future__ import annotations

import datetime as dt
import secrets
from typing import Any

from storefront import alerts, messages
from storefront.database import Connection, Row, changed, now, one, rows, stamp
from storefront.settings import Settings

PURCHASED = ("SUCCESS", "ELSEWHERE")


def take_label(
    db: Connection, settings: Settings, order: Row, label: dict[str, Any], carrier: str, seq: int = 0
) -> Row:
    """A transaction as it is now. `seq` counts its versions (`Portside-Event-Seq`); older ones than the newest that we
    have seen are skipped, and the answer to a purchase (0) never overwrites what a webhook told (DF-4)."""
    merchant_id = order["merchant_id"]
    values = {
        "token": secrets.token_urlsafe(12),
        "order_id": order["id"],
        "merchant_id": merchant_id,
        "transaction_id": label["object_id"],
        "label_status": label["status"],
        "label_seq": seq,
        "label_url": label.get("label_url") or "",
        "problem": " ".join(message.get("text") or "" for message in label.get("messages") or []),
        "test": int(bool(label.get("test"))),
        "carrier": carrier,
        "tracking_number": label.get("tracking_number") or None,
        "carrier_url": label.get("tracking_url_provider") or "",
        "eta": _moment(label.get("eta")),
        "created_at": now(),
    }
    # The merchant may have given us this number before we heard of its label.
    db.execute(
        "UPDATE parcels SET transaction_id = :transaction_id WHERE merchant_id = :merchant_id AND carrier = :carrier "
        "AND tracking_number = :tracking_number AND transaction_id IS NULL",
        values,
    )
    db.execute(
        f"INSERT INTO parcels ({', '.join(values)}) VALUES ({', '.join(':' + name for name in values)}) "
        "ON CONFLICT (transaction_id) DO UPDATE SET label_status = excluded.label_status, "
        "label_seq = excluded.label_seq, label_url = excluded.label_url, problem = excluded.problem, "
        "tracking_number = excluded.tracking_number, carrier_url = excluded.carrier_url, "
        "carrier = coalesce(nullif(excluded.carrier, ''), carrier), eta = coalesce(excluded.eta, eta) "
        "WHERE excluded.label_seq >= label_seq",
        values,
    )
    db.execute("DELETE FROM rates WHERE order_id = ?", (order["id"],))
    parcel = one(db, "SELECT * FROM parcels WHERE transaction_id = ?", label["object_id"])
    assert parcel is not None
    return _settled(db, settings, parcel)


def take_foreign_number(db: Connection, settings: Settings, order: Row, track: dict[str, Any], *, test: bool) -> Row:
    """A parcel of this order whose label was bought elsewhere."""
    db.execute(
        "INSERT INTO parcels (token, order_id, merchant_id, label_status, test, carrier, tracking_number, created_at) "
        "VALUES (?, ?, ?, 'ELSEWHERE', ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        (
            secrets.token_urlsafe(12),
            order["id"],
            order["merchant_id"],
            int(test),
            track["carrier"],
            track["tracking_number"],
            now(),
        ),
    )
    found = find_parcel(db, order["merchant_id"], track)
    assert found is not None
    return take_track(db, settings, found, track)


def find_parcel(db: Connection, merchant_id: str, track: dict[str, Any]) -> Row | None:
    """The parcel of this merchant that a track is about."""
    return one(
        db,
        "SELECT * FROM parcels WHERE merchant_id = ? AND (transaction_id = ? OR (carrier = ? AND tracking_number = ?))",
        merchant_id,
        track.get("transaction"),
        track["carrier"],
        track["tracking_number"],
    )


def take_track(db: Connection, settings: Settings, parcel: Row, track: dict[str, Any], *, asked: bool = False) -> Row:
    """A parcel's whole history as the carrier knows it. Scans are added to those that we have, and the newest by
    `status_date` is the current one, so that neither a repeat nor a late arrival changes anything (DF-13, DF-14).

    `asked`: it is the answer to our own question, so the time of the check is kept (DF-7)."""
    for scan in [*(track.get("tracking_history") or []), track.get("tracking_status")]:
        if scan and scan.get("status_date"):
            _keep_scan(db, parcel["id"], scan)
    current = one(db, "SELECT * FROM scans WHERE parcel_id = ? ORDER BY at DESC, rowid DESC LIMIT 1", parcel["id"])
    if current is not None and current["status"] != "DELIVERED":
        # Once delivered is delivered: a scan that is dated later was made earlier and written down late.
        current = one(db, "SELECT * FROM scans WHERE parcel_id = ? AND status = 'DELIVERED'", parcel["id"]) or current
    if current is not None:
        db.execute(
            "UPDATE parcels SET status = :status, substatus = :substatus, details = :details, place = :place, "
            "action_required = :action_required, status_at = :at WHERE id = :parcel_id",
            dict(current),
        )
    eta = _moment(track.get("eta"))
    db.execute("UPDATE parcels SET eta = coalesce(?, eta) WHERE id = ?", (eta, parcel["id"]))
    if asked:
        db.execute("UPDATE parcels SET checked_at = ? WHERE id = ?", (now(), parcel["id"]))
    fresh = one(db, "SELECT * FROM parcels WHERE id = ?", parcel["id"])
    assert fresh is not None
    return _settled(db, settings, fresh)


def _keep_scan(db: Connection, parcel_id: int, scan: dict[str, Any]) -> None:
    substatus = scan.get("substatus") or {}
    location = scan.get("location") or {}
    place = ", ".join(location[part] for part in ("city", "state", "country") if location.get(part))
    db.execute(
        "INSERT INTO scans VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        (
            parcel_id,
            _moment(scan["status_date"]),
            scan["status"],
            substatus.get("code") or "",
            scan.get("status_details") or "",
            place,
            int(bool(substatus.get("action_required"))),
        ),
    )


def _settled(db: Connection, settings: Settings, parcel: Row) -> Row:
    """What follows from a parcel's news: alerts for the merchant, messages for the buyer, the order's status."""
    alerts.look_at(db, parcel)
    messages.tell_buyer(db, settings, parcel)
    settle_order(db, parcel["order_id"])
    changed(db, parcel["merchant_id"])
    return parcel


def settle_order(db: Connection, order_id: int) -> None:
    """An order is shipped when it has a valid label, delivered when all of its parcels are."""
    states = [
        row["status"]
        for row in rows(db, "SELECT status, label_status FROM parcels WHERE order_id = ?", order_id)
        if row["label_status"] in PURCHASED
    ]
    status = "open"
    if states:
        status = "delivered" if set(states) == {"DELIVERED"} else "shipped"
    db.execute("UPDATE orders SET status = ? WHERE id = ? AND status != 'cancelled'", (status, order_id))


def _moment(text: str | None) -> str | None:
    """A time as the API writes it, as our database does."""
    return stamp(dt.datetime.fromisoformat(text)) if text else None
