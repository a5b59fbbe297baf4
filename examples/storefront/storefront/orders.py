"""What happens to an order: placed, handed over to Portside, changed, cancelled, shipped."""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from typing import Any

from storefront import carriers, messages, news
from storefront.database import Connection, Row, changed, now, one, rows
from storefront.refusals import ShippingError, TokenRefused
from storefront.shipping import SECONDS, Offer, Shipping
from storefront.web import Store

ADDRESS = ("name", "street1", "street2", "city", "state", "zip", "country")
BUYER = (*ADDRESS, "email", "phone")


def place(db: Connection, merchant: Row, buyer: dict[str, str], lines: Sequence[dict[str, Any]], chosen: Offer) -> Row:
    """A new order, paid for. It is stored before Portside hears of it: nobody loses an order because a shipping
    service is down."""
    total = sum(line["price"] for line in lines) + chosen.price
    values = {
        **{field: buyer.get(field, "") for field in BUYER},
        "sms_consent": int("sms_consent" in buyer),
        "token": secrets.token_urlsafe(12),
        "merchant_id": merchant["id"],
        "number": f"{merchant['order_prefix']}-{_next_number(db)}",
        "placed_at": now(),
        "shipping_title": chosen.title,
        "shipping_price": chosen.price,
        "total": total,
    }
    made = db.execute(
        f"INSERT INTO orders ({', '.join(values)}) VALUES ({', '.join(':' + name for name in values)})", values
    )
    db.executemany(
        "INSERT INTO order_lines VALUES (:order_id, :product_id, :title, :quantity, :price, :pounds)",
        [{**line, "order_id": made.lastrowid} for line in lines],
    )
    order = one(db, "SELECT * FROM orders WHERE id = ?", made.lastrowid)
    assert order is not None
    if order["email"]:
        text = f"Hello {order['name']},\n\nThank you for your order {order['number']}. We write again when it is sent."
        messages.send_plain(db, merchant, order["email"], f"Your order {order['number']}", text, order["id"])
    changed(db, merchant["id"])
    return order


def _next_number(db: Connection) -> int:
    row = one(db, "SELECT coalesce(max(id), 0) + 1001 AS next FROM orders")
    assert row is not None
    return int(row["next"])


def lines_of(db: Connection, order: Row) -> list[Row]:
    return rows(db, "SELECT * FROM order_lines WHERE order_id = ?", order["id"])


def acting_for(store: Store, merchant_id: str, *, key: str = "", seconds: float = SECONDS) -> Shipping:
    """Portside with this merchant's token. Raises ShippingError if the merchant has connected none."""
    with store.database.reading() as db:
        found = one(db, "SELECT * FROM connections WHERE merchant_id = ? AND broken_at IS NULL", merchant_id)
    if found is None:
        raise ShippingError("Connect shipping first.")
    return Shipping(store.settings.portside_url, found["access_token"], key=key, seconds=seconds)


def mark_broken(store: Store, merchant_id: str) -> None:
    with store.database.writing() as db:
        db.execute("UPDATE connections SET broken_at = ? WHERE merchant_id = ?", (now(), merchant_id))
        changed(db, merchant_id)


def push_waiting(store: Store) -> None:
    """Hand over every order that Portside does not have yet, of merchants who have connected it."""
    with store.database.reading() as db:
        waiting = rows(
            db,
            "SELECT o.* FROM orders o JOIN connections c ON c.merchant_id = o.merchant_id AND c.broken_at IS NULL "
            "WHERE o.portside_id IS NULL AND o.status = 'open' ORDER BY o.id LIMIT 100",
        )
    for order in waiting:
        _push(store, order)


def _push(store: Store, order: Row) -> None:
    with store.database.reading() as db:
        lines, sender = lines_of(db, order), sender_of(db, order)
    try:
        # The key makes this order one order over there, though we may crash between the answer and our own commit.
        shipping = acting_for(store, order["merchant_id"], key=f"storefront-order-{order['token']}")
        portside_id, error = shipping.push_order(order, lines, sender), None
    except TokenRefused as refused:
        mark_broken(store, order["merchant_id"])
        portside_id, error = None, str(refused)
    except ShippingError as refused:
        portside_id, error = None, str(refused)
    if (portside_id, error) == (None, order["push_error"]):
        return
    with store.database.writing() as db:
        values = (portside_id, error, order["id"])
        db.execute("UPDATE orders SET portside_id = ?, push_error = ? WHERE id = ? AND portside_id IS NULL", values)
        changed(db, order["merchant_id"])


def sender_of(db: Connection, order: Row) -> dict[str, str]:
    merchant = one(db, "SELECT ships_from FROM merchants WHERE id = ?", order["merchant_id"])
    assert merchant is not None
    sender: dict[str, str] = json.loads(merchant["ships_from"])
    return sender


def fetch_rates(store: Store, order: Row) -> None:
    """Ask the carriers and keep what they offer on the order's page."""
    with store.database.reading() as db:
        lines, sender = lines_of(db, order), sender_of(db, order)
    found = acting_for(store, order["merchant_id"]).rates(order, lines, sender)
    with store.database.writing() as db:
        db.execute("DELETE FROM rates WHERE order_id = ?", (order["id"],))
        db.executemany(
            "INSERT INTO rates VALUES (?, ?, ?, ?, ?, ?, ?)",
            [
                (
                    rate.object_id,
                    order["id"],
                    carriers.token_of(rate.provider),
                    rate.servicelevel.name,
                    rate.amount,
                    rate.currency,
                    rate.estimated_days,
                )
                for rate in found
            ],
        )
        changed(db, order["merchant_id"])


def buy(store: Store, order: Row, rate_id: str) -> Row:
    """The label of one of the rates that were fetched for this order."""
    _still_open(order)
    with store.database.reading() as db:
        rate = one(db, "SELECT * FROM rates WHERE id = ? AND order_id = ?", rate_id, order["id"])
    if rate is None:
        raise ShippingError("This rate is gone. Get rates again.")
    label = acting_for(store, order["merchant_id"]).buy(rate_id, order)
    return _take(store, order, label, rate["carrier"])


def buy_at_once(store: Store, order: Row) -> Row:
    """The label without a look at rates: the second flow, in one call."""
    _still_open(order)
    with store.database.reading() as db:
        lines, sender = lines_of(db, order), sender_of(db, order)
        made = one(db, "SELECT count(*) AS labels FROM parcels WHERE order_id = ?", order["id"])
    assert made is not None
    # Two clicks are one purchase; after a refusal or a refund it is another.
    key = f"storefront-label-{order['token']}-{made['labels']}"
    label = acting_for(store, order["merchant_id"], key=key).buy_at_once(order, lines, sender)
    return _take(store, order, label, carriers.token_of(label["rate"]["provider"]))


def _take(store: Store, order: Row, label: dict[str, Any], carrier: str) -> Row:
    with store.database.writing() as db:
        parcel = news.take_label(db, store.settings, order, label, carrier)
    if parcel["label_status"] == "ERROR":
        raise ShippingError(parcel["problem"] or "The carrier refused to make the label.")
    return parcel


def change_address(store: Store, order: Row, form: dict[str, str]) -> None:
    """Until the order is shipped. What Portside has is changed first, so that no label goes to the old address."""
    fields = {field: form.get(field, "").strip()[:100] for field in ADDRESS if field != "country"}
    if not all(fields[field] for field in ("name", "street1", "city", "state", "zip")):
        raise ShippingError("An address needs a name, a street, a city, a state and a ZIP code.")
    _still_open(order)
    if order["portside_id"]:
        acting_for(store, order["merchant_id"]).change_address({**dict(order), **fields})
    with store.database.writing() as db:
        db.execute(
            f"UPDATE orders SET {', '.join(f'{field} = :{field}' for field in fields)} WHERE id = :id",
            {**fields, "id": order["id"]},
        )
        db.execute("DELETE FROM rates WHERE order_id = ?", (order["id"],))
        changed(db, order["merchant_id"])


def cancel(store: Store, order: Row) -> None:
    """Until the order is shipped, here and over there."""
    _still_open(order)
    if order["portside_id"]:
        acting_for(store, order["merchant_id"]).cancel_order(order["portside_id"])
    with store.database.writing() as db:
        db.execute("UPDATE orders SET status = 'cancelled' WHERE id = ?", (order["id"],))
        changed(db, order["merchant_id"])


def _still_open(order: Row) -> None:
    if order["status"] != "open":
        raise ShippingError(f"This order is {order['status']}; it can no longer be changed.")


def check_now(store: Store, parcel: Row) -> None:
    """Ask the carrier, because the merchant wants to know now."""
    track = acting_for(store, parcel["merchant_id"]).track(parcel["carrier"], parcel["tracking_number"])
    with store.database.writing() as db:
        news.take_track(db, store.settings, parcel, track, asked=True)


def follow(store: Store, order: Row, carrier: str, number: str) -> None:
    """A parcel of this order that was sent some other way."""
    track = acting_for(store, order["merchant_id"]).follow(carrier, number, f"order {order['number']}")
    with store.database.writing() as db:
        news.take_foreign_number(db, store.settings, order, track, test=carrier == "shippo")
