"""What buyers are told, by mail and text message: once per parcel, channel and piece of news (DF-9, DF-16)."""

from __future__ import annotations

from typing import Literal
from urllib.parse import urlencode

from storefront import alerts, carriers, sessions
from storefront.database import Connection, Row, changed, now, one
from storefront.settings import Settings

Channel = Literal["mail", "sms"]
CHANNELS: tuple[Channel, ...] = ("mail", "sms")

TEXTS = {
    "shipped": ("Your order {number} is on its way", "Your parcel travels with {carrier}: {tracking_number}."),
    "out_for_delivery": ("Your parcel arrives today", "Your order {number} is out for delivery."),
    "delivered": ("Your parcel has arrived", "Your order {number} was delivered. Enjoy it!"),
    "exception": ("A hitch with your order {number}", "{reason}. We are looking into it and will write again."),
}


def tell_buyer(db: Connection, settings: Settings, parcel: Row) -> None:
    """Send what this parcel's news call for and what has not been sent yet."""
    order = _row(db, "orders", parcel["order_id"])
    merchant = _row(db, "merchants", parcel["merchant_id"])
    for kind in due(merchant, parcel):
        for channel in CHANNELS:
            if not why_not(db, settings, order, parcel, channel):
                _send(db, settings, merchant, order, parcel, channel, kind)


def due(merchant: Row, parcel: Row) -> list[str]:
    """What the buyer of a parcel should know by now, of the things this merchant wants to be told."""
    if parcel["status"] == "DELIVERED":
        return ["delivered"] if merchant["tell_progress"] else []
    kinds = []
    is_moving = parcel["status"] not in ("UNKNOWN", "PRE_TRANSIT")
    if is_moving or merchant["tell_at"] == "label":
        kinds.append("shipped")
    if (exception := alerts.kind_of(parcel)) and merchant["tell_exceptions"]:
        kinds.append(f"exception {exception}")
    elif parcel["substatus"] == "out_for_delivery" and merchant["tell_progress"]:
        kinds.append("out_for_delivery")
    return kinds


def why_not(db: Connection, settings: Settings, order: Row, parcel: Row, channel: Channel) -> str:
    """Why nothing is sent on a channel; empty if it is."""
    if parcel["label_status"] not in ("SUCCESS", "ELSEWHERE"):
        return "the label is not valid"
    if parcel["test"] and not settings.demo:
        return "it is a test label"
    if channel == "sms" and not order["sms_consent"]:
        return "the buyer did not agree to text messages"
    recipient = order["email" if channel == "mail" else "phone"]
    if not recipient:
        return "the order has no e-mail address" if channel == "mail" else "the order has no phone number"
    if one(db, "SELECT 1 FROM opt_outs WHERE merchant_id = ? AND channel = ? AND recipient = ?",
           parcel["merchant_id"], channel, recipient):  # fmt: skip
        return "the buyer wants no more of them"
    return ""


def resend(db: Connection, settings: Settings, message: Row) -> str:
    """Send a message once more because the merchant asked; gives why it was not, if so."""
    order, parcel = _row(db, "orders", message["order_id"]), _row(db, "parcels", message["parcel_id"])
    if reason := why_not(db, settings, order, parcel, message["channel"]):
        return reason
    latest = one(
        db,
        "SELECT max(again) AS again FROM messages WHERE parcel_id = ? AND channel = ? AND kind = ?",
        parcel["id"],
        message["channel"],
        message["kind"],
    )
    assert latest is not None
    merchant = _row(db, "merchants", parcel["merchant_id"])
    _send(db, settings, merchant, order, parcel, message["channel"], message["kind"], again=latest["again"] + 1)
    return ""


def _send(
    db: Connection,
    settings: Settings,
    merchant: Row,
    order: Row,
    parcel: Row,
    channel: Channel,
    kind: str,
    again: int = 0,
) -> None:
    """A real store would hand it to its mail server here, after the commit; ours keeps it in its mailbox."""
    subject, text = (part.format(**_words(order, parcel, kind)) for part in TEXTS[kind.split()[0]])
    link = f"{settings.public_url}/t/{parcel['token']}"
    if channel == "mail":
        recipient = order["email"]
        stop = unsubscribe_link(settings, merchant["id"], recipient)
        body = f"Hello {order['name']},\n\n{text}\n\nFollow it: {link}\n\n{merchant['name']}\n\nNo more mails: {stop}"
    else:
        recipient, subject = order["phone"], ""
        body = f"{merchant['name']}: {text} {link} Reply STOP to end."
    made = db.execute(
        "INSERT INTO messages (merchant_id, order_id, parcel_id, channel, kind, again, recipient, subject, body, "
        "sent_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        (merchant["id"], order["id"], parcel["id"], channel, kind, again, recipient, subject, body, now()),
    )
    if made.rowcount:
        changed(db, merchant["id"])


def send_plain(db: Connection, merchant: Row, recipient: str, subject: str, body: str, order_id: int | None) -> None:
    """A mail that is no tracking news: a confirmation, or a link to sign in. Nobody can unsubscribe from those."""
    db.execute(
        "INSERT INTO messages (merchant_id, order_id, channel, kind, recipient, subject, body, sent_at) "
        "VALUES (?, ?, 'mail', 'plain', ?, ?, ?, ?)",
        (merchant["id"], order_id, recipient, subject, f"{body}\n\n{merchant['name']}", now()),
    )


def unsubscribe_link(settings: Settings, shop: str, email: str) -> str:
    query = urlencode({"shop": shop, "email": email, "signature": sessions.sign(settings.secret, shop, email)})
    return f"{settings.public_url}/unsubscribe?{query}"


def opt_out(db: Connection, shop: str, channel: Channel, recipient: str) -> None:
    db.execute("INSERT INTO opt_outs VALUES (?, ?, ?) ON CONFLICT DO NOTHING", (shop, channel, recipient))
    changed(db, shop)


def _words(order: Row, parcel: Row, kind: str) -> dict[str, str]:
    exception = kind.partition(" ")[2]
    return {
        "number": order["number"],
        "carrier": carriers.name_of(parcel["carrier"]),
        "tracking_number": parcel["tracking_number"] or "",
        "reason": alerts.KINDS[exception].reason if exception else "",
    }


def _row(db: Connection, table: str, id_: object) -> Row:
    row = one(db, f"SELECT * FROM {table} WHERE id = ?", id_)
    assert row is not None
    return row
