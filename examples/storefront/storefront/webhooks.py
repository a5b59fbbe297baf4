"""Where Portside's webhooks arrive: verified, stored once, answered at once. The work is done afterwards."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import logging
import time
from collections.abc import Mapping
from typing import Any

from litestar import Response, post

from storefront import carriers, news
from storefront.database import Connection, Row, now, one, rows
from storefront.refusals import ShippingError
from storefront.shipping import Shipping
from storefront.web import Store, WebRequest

log = logging.getLogger("storefront")

TOLERANCE = 300  # seconds
# A carrier's news may overtake the news of the label; then it is tried again a little later.
RETRY_SECONDS = (1, 2, 5, 15, 60)


@post("/webhooks/portside/{shop:str}", sync_to_thread=True)
def receive_for_merchant(request: WebRequest, store: Store, shop: str, body: bytes) -> Response[None]:
    """A webhook that we subscribed in one merchant's account, signed with its own secret."""
    with store.database.reading() as db:
        connection = one(db, "SELECT * FROM connections WHERE merchant_id = ?", shop)
    secret = connection["webhook_secret"] if connection else ""
    return _receive(store, shop, secret, request.headers, body)


@post("/webhooks/portside", sync_to_thread=True)
def receive_for_app(request: WebRequest, store: Store, body: bytes) -> Response[None]:
    """The app's own webhook, which hears of all connected merchants. `Portside-Account` says of whom; a header is not
    signed, so it only chooses among those who are connected to us."""
    account = request.headers.get("portside-account", "")
    with store.database.reading() as db:
        connection = one(db, "SELECT * FROM connections WHERE account_id = ?", account)
    shop = connection["merchant_id"] if connection else ""
    return _receive(store, shop, store.settings.app_webhook_secret, request.headers, body)


def _receive(store: Store, shop: str, secret: str, headers: Mapping[str, str], body: bytes) -> Response[None]:
    if not secret or not is_genuine(secret, headers, body):
        return Response(None, status_code=401)
    if not shop:
        return Response(None, status_code=204)
    with store.database.writing() as db:
        keep(db, shop, headers, body)
    store.bell.set()
    return Response(None, status_code=204)


def keep(db: Connection, shop: str, headers: Mapping[str, str], body: bytes) -> None:
    """Store an event; one that is here already is not stored again."""
    # Only `webhook-signature` signs the id. Without it anybody who kept a request could send it again under another id,
    # so such events are told apart by what they say.
    signed_id = headers.get("webhook-id") if "webhook-signature" in headers else None
    webhook_id = signed_id or hashlib.sha256(body).hexdigest()
    seq = headers.get("portside-event-seq", "")
    db.execute(
        "INSERT INTO inbox (webhook_id, merchant_id, seq, body, arrived_at, due_at) VALUES (?, ?, ?, ?, ?, ?) "
        "ON CONFLICT DO NOTHING",
        (webhook_id, shop, int(seq) if seq.isdecimal() else 0, body.decode(errors="replace"), now(), now()),
    )


# Signatures. Both are HMAC-SHA256 with the subscription's secret; while a secret is being replaced there are two of
# each, and one match is enough. `body` are the bytes as they arrived: parsed and written again they may differ.


def is_genuine(secret: str, headers: Mapping[str, str], body: bytes) -> bool:
    """Whether Portside sent it, just now. Every kind of signature that is there must be right, and one must be."""
    headers = {name.lower(): value for name, value in headers.items()}
    verdicts = []
    if "webhook-signature" in headers:
        verdicts.append(verify_standard(secret, headers, body))
    if "shippo-auth-signature" in headers:
        verdicts.append(verify_shippo(secret, headers, body))
    return bool(verdicts) and all(verdicts)


def verify_standard(secret: str, headers: Mapping[str, str], body: bytes) -> bool:
    """`webhook-signature`, as Standard Webhooks has it. `headers` with names in lower case."""
    sent, at = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    key = base64.b64decode(secret.removeprefix("whsec_"))
    expected = "v1," + base64.b64encode(_mac(key, f"{sent}.{at}.", body)).decode()
    return _is_fresh(at) and _is_among(expected, headers.get("webhook-signature", "").split(" "))


def verify_shippo(secret: str, headers: Mapping[str, str], body: bytes) -> bool:
    """`Shippo-Auth-Signature: t=…,v1=…`; here the whole secret is the key."""
    pairs = [part.strip().partition("=") for part in headers.get("shippo-auth-signature", "").split(",")]
    at = next((value for name, _, value in pairs if name == "t"), "")
    expected = _mac(secret.encode(), f"{at}.", body).hex()
    return _is_fresh(at) and _is_among(expected, [value for name, _, value in pairs if name == "v1"])


def _mac(key: bytes, head: str, body: bytes) -> bytes:
    return hmac.new(key, head.encode() + body, hashlib.sha256).digest()


def _is_among(expected: str, given: list[str]) -> bool:
    return any(hmac.compare_digest(expected.encode(), each.encode()) for each in given)


def _is_fresh(at: str) -> bool:
    """An old request that somebody kept is not let in again."""
    return at.isascii() and at.isdigit() and abs(time.time() - int(at)) <= TOLERANCE


# What follows, in the background


def work_off(store: Store) -> None:
    """Handle everything that waits in the inbox, in the order of its arrival."""
    with store.database.reading() as db:
        waiting = rows(db, "SELECT rowid, * FROM inbox WHERE handled_at IS NULL AND due_at <= ? ORDER BY rowid", now())
    for event in waiting:
        try:
            outcome = _handle(store, event)
        except Exception:
            log.exception("Event %s could not be handled; it is tried again", event["webhook_id"])
            outcome = None
        with store.database.writing() as db:
            _note(db, event, outcome)


def _note(db: Connection, event: Row, outcome: str | None) -> None:
    """`outcome` None: not yet; it is tried again until it has been often enough."""
    attempts = event["attempts"] + 1
    if outcome is None and attempts <= len(RETRY_SECONDS):
        due = now(seconds=RETRY_SECONDS[attempts - 1])
        db.execute("UPDATE inbox SET attempts = ?, due_at = ? WHERE rowid = ?", (attempts, due, event["rowid"]))
    else:
        values = (attempts, now(), outcome or "given up: not a parcel of ours, or it failed each time", event["rowid"])
        db.execute("UPDATE inbox SET attempts = ?, handled_at = ?, outcome = ? WHERE rowid = ?", values)


def _handle(store: Store, event: Row) -> str | None:
    """What became of an event; None if it has to wait."""
    try:
        told = json.loads(event["body"])
        name, data = told["event"], told["data"]
        if name in ("transaction_created", "transaction_updated"):
            return _take_label(store, event, data)
        if name == "track_updated":
            return _take_track(store, event["merchant_id"], data)
    except ShippingError:
        return None
    except (ValueError, KeyError, TypeError) as error:
        return f"not understood: {error!r}"
    return "nothing to do"


def _take_label(store: Store, event: Row, label: dict[str, Any]) -> str:
    with store.database.reading() as db:
        order = one(
            db,
            "SELECT * FROM orders WHERE merchant_id = ? AND (portside_id = ? OR id = "
            "(SELECT order_id FROM parcels WHERE transaction_id = ?))",
            event["merchant_id"],
            label.get("order"),
            label["object_id"],
        )
        parcel = one(db, "SELECT * FROM parcels WHERE transaction_id = ?", label["object_id"])
        connection = one(db, "SELECT * FROM connections WHERE merchant_id = ?", event["merchant_id"])
    if order is None:
        return "a label for something that was not sold here"
    carrier = parcel["carrier"] if parcel else ""
    if not carrier and connection and label.get("rate"):
        shipping = Shipping(store.settings.portside_url, connection["access_token"])
        carrier = carriers.token_of(shipping.provider(label["rate"]))
    with store.database.writing() as db:
        news.take_label(db, store.settings, order, label, carrier, event["seq"])
    return "label written down"


def _take_track(store: Store, shop: str, track: dict[str, Any]) -> str | None:
    with store.database.writing() as db:
        parcel = news.find_parcel(db, shop, track)
        if parcel is None:
            return None
        news.take_track(db, store.settings, parcel, track)
    return "scans written down"
