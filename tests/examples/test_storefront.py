"""What the example store decides by itself: whom it writes to, whom it shows what, and where its links lead."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from storefront import alerts, carriers, connect, messages, news
from storefront.database import Row, one
from tests.examples.conftest import BUYER, HOST, Shop, signed_in
from tests.examples.test_storefront_webhooks import label, scan, track


def ship(shop: Shop, order: Row, *scans: dict[str, Any], **changes: Any) -> Row:
    """A label, and what the carrier says of it, one piece of news after the other."""
    with shop.database.writing() as db:
        parcel = news.take_label(db, shop.settings, order, label(**changes), "usps", seq=1)
        for number in range(len(scans)):
            news.take_track(db, shop.settings, parcel, track(*scans[: number + 1]))
        found = one(db, "SELECT * FROM parcels WHERE id = ?", parcel["id"])
    assert found is not None
    return found


def told(shop: Shop) -> list[tuple[Any, ...]]:
    return shop.rows("SELECT channel, kind FROM messages WHERE kind != 'plain' ORDER BY id")


# Messages


def test_a_buyer_hears_each_thing_once_per_channel(shop: Shop) -> None:
    order = shop.place()
    for _ in range(2):
        ship(
            shop,
            order,
            scan(1, "TRANSIT", "package_accepted"),
            scan(2, "TRANSIT", "delivery_attempted", urgent=True),
            scan(3, "TRANSIT", "out_for_delivery"),
            scan(4, "DELIVERED", "delivered"),
        )
    kinds = ("shipped", "exception delivery_attempted", "out_for_delivery", "delivered")
    assert told(shop) == [(channel, kind) for kind in kinds for channel in ("mail", "sms")]


def test_who_hears_late_hears_only_that_it_is_there(shop: Shop) -> None:
    with shop.database.writing() as db:
        db.execute("UPDATE merchants SET tell_at = 'scan'")
    order = shop.place(sms_consent="none")
    parcel = ship(shop, order)
    assert told(shop) == []
    with shop.database.writing() as db:
        news.take_track(db, shop.settings, parcel, track(scan(1, "TRANSIT"), scan(2, "DELIVERED", "delivered")))
    assert told(shop) == [("mail", "delivered")]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"sms_consent": "none"}, [("mail", "shipped")]),
        ({"phone": ""}, [("mail", "shipped")]),
        ({"email": ""}, [("sms", "shipped")]),
    ],
)
def test_nobody_is_written_to_without_address_or_consent(
    shop: Shop, changes: dict[str, str], expected: list[tuple[str, str]]
) -> None:
    ship(shop, shop.place(**changes))
    assert told(shop) == expected


def test_labels_that_are_no_use_tell_nobody(shop: Shop) -> None:
    ship(shop, shop.place(), status="REFUNDED")
    assert told(shop) == []


def test_a_real_store_writes_to_nobody_about_test_labels(real_shop: Shop) -> None:
    ship(real_shop, real_shop.place())
    assert told(real_shop) == []
    order = real_shop.place()
    with real_shop.database.writing() as db:
        news.take_label(db, real_shop.settings, order, label("94002", object_id="b", test=False), "usps")
    assert told(real_shop) == [("mail", "shipped"), ("sms", "shipped")]


def test_unsubscribe_and_stop_end_it_and_resending_does_not_get_around_them(shop: Shop, browser: httpx.Client) -> None:
    order = shop.place()
    ship(shop, order)
    ((body,),) = shop.rows("SELECT body FROM messages WHERE channel = 'mail' AND kind = 'shipped'")
    link = body.split("No more mails: ")[1]
    assert browser.get(link.replace("nora%40", "other%40")).status_code == 404
    assert browser.get(link).status_code == 200
    assert shop.rows("SELECT * FROM opt_outs") == []
    given = dict(httpx.URL(link).params)
    assert browser.post("/unsubscribe", data={**given, "email": "other@buyer.example"}).status_code == 404
    assert browser.post("/unsubscribe", data=given).status_code == 200
    ((sms,),) = shop.rows("SELECT id FROM messages WHERE channel = 'sms'")
    assert browser.post(f"/mailbox/{sms}/stop").status_code == 200
    ship(shop, order, scan(1, "DELIVERED", "delivered"))
    assert told(shop) == [("mail", "shipped"), ("sms", "shipped")]
    with shop.database.writing() as db:
        message = one(db, "SELECT * FROM messages WHERE id = ?", sms)
        assert message is not None
        assert messages.resend(db, shop.settings, message) == "the buyer wants no more of them"


def test_resending_is_one_more_message(shop: Shop) -> None:
    ship(shop, shop.place(sms_consent="none"))
    with shop.database.writing() as db:
        message = one(db, "SELECT * FROM messages WHERE kind = 'shipped'")
        assert message is not None
        assert [messages.resend(db, shop.settings, message) for _ in range(2)] == ["", ""]
    assert told(shop) == [("mail", "shipped")] * 3


# Alerts


def test_an_exception_is_one_alert_and_a_delivery_resolves_it(shop: Shop) -> None:
    order = shop.place()
    held = scan(2, "TRANSIT", "package_held", city="Sparks", urgent=True)
    parcel = ship(shop, order, scan(1, "TRANSIT"), held, held)
    assert shop.rows("SELECT kind, place, state FROM alerts") == [("package_held", "Sparks, NV, US", "open")]
    with shop.database.writing() as db:
        news.take_track(db, shop.settings, parcel, track(held, scan(3, "DELIVERED", "delivered")))
    assert shop.rows("SELECT state FROM alerts") == [("resolved",)]
    assert shop.rows("SELECT what FROM alert_log") == [("Delivered; resolved by itself",)]


def test_silence_and_lateness_are_alerts_too(shop: Shop) -> None:
    parcel = ship(shop, shop.place(), scan(1, "TRANSIT", "package_accepted"))
    with shop.database.writing() as db:
        db.execute("UPDATE parcels SET eta = '2026-03-02T10:00:00+00:00' WHERE id = ?", (parcel["id"],))
        for _ in range(2):
            alerts.look_for_silence(db)
    assert sorted(kind for (kind,) in shop.rows("SELECT kind FROM alerts")) == ["eta_missed", "no_scan"]


def test_a_refund_that_is_rejected_is_an_alert(shop: Shop) -> None:
    ship(shop, shop.place(), status="REFUNDREJECTED")
    assert shop.rows("SELECT kind FROM alerts") == [("refund_rejected",)]


# Links


@pytest.mark.parametrize(
    "given",
    [
        "https://elsewhere.example/",
        "https://usps.com.elsewhere.example/",
        "https://notusps.com/",
        "https://tools.usps.com@elsewhere.example/",
        "https://elsewhere.example\\@tools.usps.com/",
        "http://tools.usps.com/",
        "https://tools.usps.com:8443/",
        "https://tools.usps.com/\r\nSet-Cookie: a=b",
        "javascript:alert(1)//usps.com",
        "//usps.com",
        "",
    ],
)
def test_only_the_carriers_own_pages_are_believed(given: str) -> None:
    assert (
        carriers.tracking_page("usps", "9/4?", given) == "https://tools.usps.com/go/TrackConfirmAction?tLabels=9%2F4%3F"
    )


def test_a_link_leads_to_the_carrier_or_to_our_page_as_the_merchant_likes(shop: Shop, browser: httpx.Client) -> None:
    parcel = ship(shop, shop.place())
    path = f"/t/{parcel['token']}"
    page = browser.get(path)
    assert page.status_code == 200 and BUYER["name"] not in page.text and BUYER["street1"] not in page.text
    target = browser.get(f"{path}/carrier?to=https://elsewhere.example", follow_redirects=False).headers["location"]
    assert target == parcel["carrier_url"]
    with shop.database.writing() as db:
        db.execute("UPDATE merchants SET link_to = 'carrier'")
    assert browser.get(path, follow_redirects=False).headers["location"] == target
    with shop.database.writing() as db:
        db.execute("UPDATE parcels SET carrier = 'somebody', carrier_url = 'https://elsewhere.example/'")
    assert browser.get(f"{path}/carrier", follow_redirects=False).headers["location"] == path
    assert browser.get("/t/nobody").status_code == 404


# Who sees what


def test_a_merchant_never_sees_anything_of_another(shop: Shop, browser: httpx.Client) -> None:
    order = shop.place()
    parcel = ship(shop, order, scan(1, "FAILURE", "package_lost", urgent=True))
    ((alert,),) = shop.rows("SELECT id FROM alerts")
    paths = [
        f"/dashboard/orders/{order['id']}",
        f"/dashboard/alerts/{alert}",
        f"/dashboard/orders/{order['id']}/packing-slip",
    ]
    signed_in(browser, "owner@quartz.example", "quill-demo")
    for path in paths:
        assert browser.get(path).status_code == 404
    for path, form in (
        (f"{paths[0]}/cancel", {}),
        (f"{paths[0]}/refresh", {"parcel": parcel["id"]}),
        (paths[1], {"action": "resolve"}),
    ):
        assert browser.post(path, data=form).status_code == 404
    for path in ("/dashboard", "/dashboard/alerts"):
        assert order["number"] not in browser.get(path).text
    assert shop.rows("SELECT state FROM alerts") == [("open",)]
    browser.post("/dashboard/sign-out")
    signed_in(browser, "owner@fernleaf.example", "fern-demo")
    assert [browser.get(path).status_code for path in paths[:2]] == [200, 200]
    assert order["number"] in browser.get("/dashboard").text


def test_nothing_of_the_dashboard_is_open(shop: Shop, browser: httpx.Client) -> None:
    for path in ("/dashboard", "/dashboard/orders/1", "/dashboard/alerts", "/dashboard/connect", "/dashboard/changes"):
        assert browser.get(path).url.path == "/dashboard/sign-in"
    for _ in range(9):
        browser.post("/dashboard/sign-in", data={"email": "owner@fernleaf.example", "password": "wrong"})
    right = {"email": "owner@fernleaf.example", "password": "fern-demo"}
    assert browser.post("/dashboard/sign-in", data=right).status_code == 422


def test_a_buyer_sees_own_orders_only(shop: Shop, browser: httpx.Client) -> None:
    own, second = shop.place(), shop.place()
    others, other_shop = shop.place(email="other@buyer.example"), shop.place("quartz")
    browser.post("/shops/fernleaf/account/link", data={"email": "nobody@buyer.example"})
    browser.post("/shops/fernleaf/account/link", data={"email": BUYER["email"]})
    ((body,),) = shop.rows("SELECT body FROM messages WHERE subject = 'Your orders'")
    token = body.split("token=")[1].split()[0]
    assert browser.get(f"/shops/fernleaf/account/enter?token={token}").status_code == 200
    assert "too old" in browser.post("/shops/quartz/account/enter", data={"token": token}).text
    page = browser.post("/shops/fernleaf/account/enter", data={"token": token}).text
    assert own["number"] in page and second["number"] in page
    assert others["number"] not in page and other_shop["number"] not in page
    assert browser.get(f"/shops/fernleaf/account/orders/{own['id']}").status_code == 200
    for foreign in (others, other_shop):
        assert browser.get(f"/shops/fernleaf/account/orders/{foreign['id']}").status_code == 404
    assert "too old" in browser.post("/shops/fernleaf/account/enter", data={"token": token}).text


def test_number_and_email_show_one_order_and_cannot_be_guessed(shop: Shop, browser: httpx.Client) -> None:
    own, second = shop.place(), shop.place()
    page = browser.post("/shops/fernleaf/account/order", data={"email": BUYER["email"], "number": own["number"]}).text
    assert own["number"] in page and second["number"] not in page
    browser.post("/shops/fernleaf/account/leave")
    for number in range(9):
        browser.post("/shops/fernleaf/account/order", data={"email": BUYER["email"], "number": f"FS-{number}"})
    right = {"email": BUYER["email"], "number": own["number"]}
    assert "There is no order" in browser.post("/shops/fernleaf/account/order", data=right).text


def test_forms_of_other_sites_are_refused(shop: Shop, browser: httpx.Client) -> None:
    for origin in ("https://elsewhere.example", "null", HOST + ".elsewhere.example"):
        answer = browser.post("/shops/fernleaf/cart", data={"product": "pot"}, headers={"Origin": origin})
        assert answer.status_code == 403


def test_nonsense_is_refused_and_breaks_nothing(shop: Shop, browser: httpx.Client) -> None:
    signed_in(browser, "owner@fernleaf.example", "fern-demo")
    for path in ("/dashboard/orders/" + "9" * 30, "/dashboard/alerts/" + "9" * 30, "/shops/nobody", "/t/%00"):
        assert browser.get(path).status_code == 404, path
    order = shop.place()
    for action in ("nonsense", "buy", "refund", "resend", "follow", "next-day"):
        assert browser.post(f"/dashboard/orders/{order['id']}/{action}", data={"parcel": "9" * 30}).status_code == 200
    for path in ("/shops/fernleaf/cart", "/shops/fernleaf/checkout", "/dashboard/connect/finish", "/unsubscribe"):
        assert browser.post(path).status_code < 500, path
    assert browser.post("/dashboard/settings").status_code == 200


def test_only_the_demo_shows_everybodys_mail(real_shop: Shop) -> None:
    real_shop.place()
    with real_shop.client() as client:
        assert client.get("/mailbox").status_code == 404
        assert "fern-demo" not in client.get("/dashboard/sign-in").text


# Checkout


def test_a_checkout_goes_on_without_portside_and_takes_no_price_from_the_form(
    shop: Shop, browser: httpx.Client
) -> None:
    browser.post("/shops/fernleaf/cart", data={"product": "pot", "by": "1"})
    browser.post("/shops/fernleaf/cart", data={"product": "ink", "by": "1"})
    page = browser.post("/shops/fernleaf/checkout", data=BUYER)
    assert page.status_code == 200 and "The shop's own prices" in page.text.replace("&#39;", "'")
    checkout = page.text.split('name="checkout" value="')[1].split('"')[0]
    form = {"checkout": checkout, "shipping": "Standard", "price": "0", "total": "1"}
    assert browser.post("/shops/quartz/orders", data=form).status_code == 200
    assert shop.rows("SELECT 1 FROM orders") == []
    assert "Thank you" in browser.post("/shops/fernleaf/orders", data=form).text
    assert shop.rows("SELECT total, shipping_price, status FROM orders") == [(1450 + 790, 790, "open")]
    # The same checkout cannot be paid twice.
    browser.post("/shops/fernleaf/orders", data=form)
    assert shop.rows("SELECT count(*) FROM orders") == [(1,)]


def test_an_address_that_lacks_something_is_shown_again(shop: Shop, browser: httpx.Client) -> None:
    browser.post("/shops/fernleaf/cart", data={"product": "pot", "by": "1"})
    page = browser.post("/shops/fernleaf/checkout", data={**BUYER, "city": " ", "email": "nowhere"})
    assert page.status_code == 422 and page.text.count("Please fill this in.") == 2


# OAuth


def test_a_state_is_good_once_and_for_its_merchant_only(shop: Shop, browser: httpx.Client) -> None:
    with shop.database.writing() as db:
        state = connect.begin(db, "fernleaf")
        assert not connect.consume(db, "quartz", state)
        assert connect.consume(db, "fernleaf", state)
        assert not connect.consume(db, "fernleaf", state)
        old = connect.begin(db, "fernleaf")
        db.execute("UPDATE oauth_states SET expires_at = '2026-01-01'")
        assert not connect.consume(db, "fernleaf", old)
        foreign = connect.begin(db, "fernleaf")
    signed_in(browser, "owner@quartz.example", "quill-demo")
    for given in (foreign, "forged", ""):
        answer = browser.post("/dashboard/connect/finish", data={"code": "a code", "state": given})
        assert answer.status_code == 400 and "did not begin on your dashboard" in answer.text
    assert shop.rows("SELECT * FROM connections") == []


def test_what_comes_back_in_the_address_is_shown_as_text(shop: Shop, browser: httpx.Client) -> None:
    page = browser.get('/shippo-oauth-redirect/?code="><script>alert(1)</script>&state=x')
    assert page.status_code == 200 and "<script>alert" not in page.text


def test_saying_no_at_portside_connects_nothing(shop: Shop, browser: httpx.Client) -> None:
    signed_in(browser, "owner@fernleaf.example", "fern-demo")
    with shop.database.writing() as db:
        state = connect.begin(db, "fernleaf")
    answer = browser.post("/dashboard/connect/finish", data={"error": "access_denied", "state": state})
    assert "You did not agree" in answer.text and shop.rows("SELECT * FROM connections") == []


def test_tokens_are_in_a_file_that_only_its_owner_reads(shop: Shop) -> None:
    assert shop.database.path.stat().st_mode & 0o077 == 0
