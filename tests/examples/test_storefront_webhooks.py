"""What the example store makes of webhooks: forged, repeated, late and unknown ones."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from storefront import news, webhooks
from tests.examples.conftest import SECRET, Shop

OTHER = "whsec_" + base64.b64encode(b"the secret before that one").decode()
BODY = b'{"event": "track_updated", "test": true, "data": {}}'


def standard(secret: str, body: bytes, *, at: float | None = None, id_: str = "event-1") -> dict[str, str]:
    stamp = str(int(at or time.time()))
    key = base64.b64decode(secret.removeprefix("whsec_"))
    mac = hmac.new(key, f"{id_}.{stamp}.".encode() + body, hashlib.sha256).digest()
    signature = "v1," + base64.b64encode(mac).decode()
    return {"webhook-id": id_, "webhook-timestamp": stamp, "webhook-signature": signature}


def shippo(secret: str, body: bytes, *, at: float | None = None) -> dict[str, str]:
    stamp = str(int(at or time.time()))
    mac = hmac.new(secret.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
    return {"Shippo-Auth-Signature": f"t={stamp},v1={mac}"}


Signer = Callable[..., dict[str, str]]


@pytest.mark.parametrize("sign", [standard, shippo])
def test_signatures_are_verified(sign: Signer) -> None:
    right = sign(SECRET, BODY)
    assert webhooks.is_genuine(SECRET, right, BODY)
    assert not webhooks.is_genuine(OTHER, right, BODY)
    assert not webhooks.is_genuine(SECRET, right, BODY + b" ")
    for age in (-webhooks.TOLERANCE - 5, webhooks.TOLERANCE + 5):
        assert not webhooks.is_genuine(SECRET, sign(SECRET, BODY, at=time.time() + age), BODY)


def test_while_a_secret_is_replaced_one_match_is_enough() -> None:
    new, old = standard(SECRET, BODY), standard(OTHER, BODY)
    both = new | {"webhook-signature": f"{new['webhook-signature']} {old['webhook-signature']}"}
    assert webhooks.is_genuine(SECRET, both, BODY) and webhooks.is_genuine(OTHER, both, BODY)
    pair = (
        f"{shippo(SECRET, BODY)['Shippo-Auth-Signature']},{shippo(OTHER, BODY)['Shippo-Auth-Signature'].split(',')[1]}"
    )
    assert webhooks.is_genuine(OTHER, {"Shippo-Auth-Signature": pair}, BODY)


def test_one_wrong_signature_spoils_a_right_one_and_none_is_not_enough() -> None:
    assert webhooks.is_genuine(SECRET, standard(SECRET, BODY) | shippo(SECRET, BODY), BODY)
    assert not webhooks.is_genuine(SECRET, standard(SECRET, BODY) | shippo(OTHER, BODY), BODY)
    assert not webhooks.is_genuine(SECRET, {"webhook-id": "event-1"}, BODY)


@pytest.mark.parametrize(
    "headers", [{"webhook-signature": "v1,é", "webhook-timestamp": "²"}, {"Shippo-Auth-Signature": "t"}]
)
def test_nonsense_is_refused(headers: dict[str, str]) -> None:
    assert not webhooks.is_genuine(SECRET, headers, BODY)


def test_an_event_is_stored_once_and_only_for_its_merchant(shop: Shop, browser: httpx.Client) -> None:
    shop.connect("fernleaf")
    body = json.dumps({"event": "batch_created", "test": True, "data": "batch 1 created"}).encode()
    headers = standard(SECRET, body)
    for _ in range(3):
        assert browser.post("/webhooks/portside/fernleaf", content=body, headers=headers).status_code == 204
    assert browser.post("/webhooks/portside/fernleaf", content=body + b" ", headers=headers).status_code == 401
    # The other merchant is not connected, so nothing can be genuine there.
    assert browser.post("/webhooks/portside/quartz", content=body, headers=headers).status_code == 401
    assert shop.rows("SELECT merchant_id, webhook_id FROM inbox") == [("fernleaf", "event-1")]


def test_an_id_that_nobody_signed_makes_no_second_event(shop: Shop, browser: httpx.Client) -> None:
    """Shippo's own signature leaves the id out."""
    shop.connect("fernleaf")
    for webhook_id in ("first", "second"):
        sent = {**shippo(SECRET, BODY), "webhook-id": webhook_id}
        assert browser.post("/webhooks/portside/fernleaf", content=BODY, headers=sent).status_code == 204
    assert len(shop.rows("SELECT * FROM inbox")) == 1


def test_the_apps_own_webhook_finds_the_merchant_by_account(shop: Shop) -> None:
    store = dataclasses.replace(shop.store, settings=dataclasses.replace(shop.settings, app_webhook_secret=OTHER))
    shop.connect("quartz", account="2" * 32)
    body = json.dumps({"event": "batch_created", "test": True, "data": "x"}).encode()
    with Shop(store).client() as client:
        for account, status in (("2" * 32, 204), ("3" * 32, 204)):
            headers = standard(OTHER, body, id_=account) | {"Portside-Account": account}
            assert client.post("/webhooks/portside", content=body, headers=headers).status_code == status
        assert client.post("/webhooks/portside", content=body, headers=standard(SECRET, body)).status_code == 401
    assert shop.rows("SELECT merchant_id FROM inbox") == [("quartz",)]


# News in any order


def label(number: str = "9400000000000000000001", **changes: Any) -> dict[str, Any]:
    given = {
        "object_id": "label-1",
        "status": "SUCCESS",
        "test": True,
        "label_url": "https://portside.example/label.pdf",
        "tracking_number": number,
        "tracking_url_provider": f"https://tools.usps.com/go/TrackConfirmAction_input?origTrackNum={number}",
    }
    return {**given, **changes}


def scan(day: int, status: str, code: str = "", *, city: str = "Reno", urgent: bool = False) -> dict[str, Any]:
    return {
        "status": status,
        "status_details": f"{status} {code}",
        "status_date": f"2026-03-{day:02}T10:00:00Z",
        "substatus": {"code": code, "action_required": urgent},
        "location": {"city": city, "state": "NV", "country": "US"},
    }


def track(*scans: dict[str, Any]) -> dict[str, Any]:
    return {
        "carrier": "usps",
        "tracking_number": "9400000000000000000001",
        "transaction": "label-1",
        "tracking_status": scans[-1],
        "tracking_history": list(scans),
    }


def test_an_older_version_of_a_label_changes_nothing(shop: Shop) -> None:
    order = shop.place()
    with shop.database.writing() as db:
        news.take_label(db, shop.settings, order, label(), "usps", seq=1)
        news.take_label(db, shop.settings, order, label(status="REFUNDED"), "", seq=3)
        for seq in (2, 1, 0):
            news.take_label(db, shop.settings, order, label(), "usps", seq=seq)
    assert shop.rows("SELECT label_status, label_seq, carrier FROM parcels") == [("REFUNDED", 3, "usps")]
    assert shop.rows("SELECT status FROM orders") == [("open",)]


def test_scans_are_ordered_by_their_date_however_they_arrive(shop: Shop) -> None:
    order = shop.place()
    first, second = scan(1, "TRANSIT", "package_accepted"), scan(2, "TRANSIT", "package_departed")
    third = scan(3, "DELIVERED", "delivered", city="Austin")
    with shop.database.writing() as db:
        parcel = news.take_label(db, shop.settings, order, label(), "usps", seq=1)
        for told in (track(first, second, third), track(first), track(first, second), track(third, second)):
            news.take_track(db, shop.settings, parcel, told)
    assert shop.rows("SELECT status, status_at, place FROM parcels") == [
        ("DELIVERED", "2026-03-03T10:00:00+00:00", "Austin, NV, US")
    ]
    assert shop.rows("SELECT count(*) FROM scans") == [(3,)]
    assert shop.rows("SELECT status FROM orders") == [("delivered",)]


def test_a_scan_that_is_dated_after_the_delivery_does_not_undo_it(shop: Shop) -> None:
    order = shop.place()
    with shop.database.writing() as db:
        parcel = news.take_label(db, shop.settings, order, label(), "usps", seq=1)
        news.take_track(db, shop.settings, parcel, track(scan(3, "DELIVERED", "delivered")))
        news.take_track(db, shop.settings, parcel, track(scan(4, "TRANSIT", "package_arrived")))
    assert shop.rows("SELECT status FROM parcels") == [("DELIVERED",)]


def test_news_of_a_parcel_that_overtake_its_label_wait_for_it(shop: Shop) -> None:
    order = shop.place()
    headers = {"webhook-id": "early", "portside-event-seq": "1"}
    told = {"event": "track_updated", "test": True, "data": track(scan(1, "TRANSIT", "package_accepted"))}
    with shop.database.writing() as db:
        webhooks.keep(db, "fernleaf", headers, json.dumps(told).encode())
    webhooks.work_off(shop.store)
    assert shop.rows("SELECT attempts, handled_at FROM inbox") == [(1, None)]
    with shop.database.writing() as db:
        news.take_label(db, shop.settings, order, label(), "usps", seq=1)
        db.execute("UPDATE inbox SET due_at = '2026-01-01'")
    webhooks.work_off(shop.store)
    assert shop.rows("SELECT outcome FROM inbox") == [("scans written down",)]
    assert shop.rows("SELECT status FROM parcels") == [("TRANSIT",)]


def test_a_number_that_the_merchant_brought_becomes_the_labels(shop: Shop) -> None:
    order = shop.place()
    with shop.database.writing() as db:
        told = track(scan(1, "TRANSIT", "package_accepted")) | {"transaction": None}
        news.take_foreign_number(db, shop.settings, order, told, test=True)
        news.take_label(db, shop.settings, order, label(), "usps", seq=1)
    assert shop.rows("SELECT transaction_id, label_status, status FROM parcels") == [("label-1", "SUCCESS", "TRANSIT")]


def test_an_event_that_cannot_be_handled_holds_up_no_other(shop: Shop) -> None:
    order = shop.place()
    nonsense = scan(1, "TRANSIT") | {"status_date": "2026-03-01T99:00:00Z"}
    with shop.database.writing() as db:
        news.take_label(db, shop.settings, order, label(), "usps", seq=1)
        for name, told in (
            ("bad", nonsense),
            ("worse", scan(1, "TRANSIT") | {"status": None}),
            ("good", scan(2, "TRANSIT")),
        ):
            body = {"event": "track_updated", "data": track(told)}
            webhooks.keep(db, "fernleaf", standard(SECRET, b"", id_=name), json.dumps(body).encode())
    webhooks.work_off(shop.store)
    outcomes = dict(shop.rows("SELECT webhook_id, outcome FROM inbox"))
    assert outcomes["good"] == "scans written down"
    assert outcomes["bad"].startswith("not understood") and outcomes["worse"] is None
    assert shop.rows("SELECT attempts FROM inbox WHERE webhook_id = 'worse'") == [(1,)]
    assert shop.rows("SELECT count(*) FROM scans") == [(1,)]


def test_events_about_others_parcels_and_nonsense_are_put_aside(shop: Shop) -> None:
    bodies = [
        b"nonsense",
        b'{"event": "track_updated"}',
        b'{"event": "transaction_created", "data": {"object_id": "x"}}',
    ]
    with shop.database.writing() as db:
        for number, body in enumerate(bodies):
            webhooks.keep(db, "fernleaf", standard(SECRET, body, id_=str(number)), body)
    webhooks.work_off(shop.store)
    outcomes = [outcome for (outcome,) in shop.rows("SELECT outcome FROM inbox ORDER BY webhook_id")]
    assert [outcome.startswith("not understood") for outcome in outcomes] == [True, True, False]
    assert outcomes[2] == "a label for something that was not sold here"
