"""The data flow between a platform, its merchants, Portside, carriers and buyers, arrow by arrow, with the example
store as the platform: every process is real, and where a person acts, a browser does.

Two flows: a label is bought for a rate (F1), and in one call (F2). The arrows:

DF-1   platform -> Portside: rates of a shipment          DF-9   platform -> buyer: number and link, mail and text
DF-2   Portside -> platform: the rates                    DF-10  platform -> buyer's account: number and link
DF-3   platform -> Portside: buy this rate                DF-11  mail -> carrier's page
DF-3b  platform -> Portside: buy in one call              DF-12  buyer's account -> carrier's page
DF-4   Portside -> platform: label, by webhook            DF-13  carrier -> Portside: scans
DF-5   platform -> dashboard: tracking number             DF-14  Portside -> platform: scans, by webhook
DF-6   dashboard -> Portside: look now                    DF-15  platform -> dashboard: alert on an exception
DF-7   Portside -> dashboard: status as of now            DF-16  platform -> buyer: exception, delivery
DF-8   platform -> dashboard: updates by themselves       DF-17  dashboard -> carrier: contact, logged
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import FrameLocator, Page, expect

from tests.support.browser import browser_page
from tests.support.process import Installation
from tests.support.storefront import PASSWORD, Platform, Storefront, free_port, wait_for

PARTNER = "paula@story.example"

pytestmark = pytest.mark.browser


@pytest.fixture
def platform(installation: Installation, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Platform]:
    """The store hears of its merchants by a webhook in each account, or by one of its app (`param`)."""
    store = Storefront(tmp_path / "store", free_port())
    made = Platform(installation, installation.serve().url, store)
    made.register_app(PARTNER, webhooks=getattr(request, "param", "merchant"))
    with store.running(made.environ):
        yield made
    assert "Traceback" not in store.log(), store.log()


def test_flow_1_a_label_for_a_rate(platform: Platform) -> None:
    email, shop = "fern@story.example", "fernleaf"
    platform.open_account(email)
    with browser_page() as dashboard:
        if dashboard is None:
            return
        sign_in_to_the_store(dashboard, platform, "owner@fernleaf.example", "fern-demo")
        connect_in_a_frame(dashboard, platform, email)
        buyer = dashboard.context.new_page()
        number = buys(buyer, platform, shop, note="SIM_STORY_ADDRESS_ISSUE", express=True)
        order = the_order_is_pushed(platform, email, number)
        dashboard.goto(f"{platform.store.url}/dashboard")
        dashboard.get_by_role("link", name=number).click()
        df_1_and_2_rates_are_asked_and_shown(dashboard, platform, email)
        df_3_the_rate_is_bought_once(dashboard, platform, email, order)
        tracking = df_4_the_label_arrives_by_webhook(platform, email, order)
        df_5_the_dashboard_shows_it(dashboard, platform, number, tracking)
        df_9_the_buyer_gets_mail_and_text(buyer, platform, number, tracking)
        df_10_the_account_shows_it(buyer, platform, shop, number, tracking)
        df_11_and_12_links_lead_to_the_carrier(buyer, platform, tracking)
        df_13_14_and_8_scans_arrive_by_themselves(dashboard, buyer, platform, email, tracking)
        df_6_and_7_a_look_of_ones_own(dashboard)
        df_15_an_alert(dashboard, platform, email, number, tracking)
        df_16_the_buyer_hears_of_it_once(platform, "exception address_issue")
        df_17_the_carrier_is_asked(dashboard, tracking)
        it_arrives_after_all(dashboard, platform, email, tracking)


@pytest.mark.parametrize("platform", ["app"], indirect=True)
def test_flow_2_a_label_in_one_call_and_one_bought_at_portside(platform: Platform) -> None:
    email, shop = "quill@story.example", "quartz"
    platform.open_account(email)
    with browser_page() as dashboard:
        if dashboard is None:
            return
        sign_in_to_the_store(dashboard, platform, "owner@quartz.example", "quill-demo")
        connect_in_a_popup(dashboard, platform, email)
        connect_again_in_a_tab(dashboard, platform, email)
        buyer = dashboard.context.new_page()
        number = buys(buyer, platform, shop)
        order = the_order_is_pushed(platform, email, number)
        dashboard.goto(f"{platform.store.url}/dashboard")
        dashboard.get_by_role("link", name=number).click()
        df_3b_a_label_in_one_call(dashboard, platform, email)
        tracking = df_4_the_label_arrives_by_webhook(platform, email, order)
        df_5_the_dashboard_shows_it(dashboard, platform, number, tracking)
        df_9_the_buyer_gets_mail_and_text(buyer, platform, number, tracking)
        df_10_the_account_shows_it(buyer, platform, shop, number, tracking)
        df_11_and_12_links_lead_to_the_carrier(buyer, platform, tracking)
        df_13_14_and_8_scans_arrive_by_themselves(dashboard, buyer, platform, email, tracking)
        df_6_and_7_a_look_of_ones_own(dashboard)
        a_label_bought_at_portside_shows_up(dashboard, buyer, platform, email, shop)


# Before the first arrow: a merchant connects, a buyer buys, the order is pushed


def sign_in_to_the_store(page: Page, platform: Platform, email: str, password: str) -> None:
    page.goto(f"{platform.store.url}/dashboard")
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("link", name="Shipping").click()
    expect(page.locator("#connection")).to_contain_text("Ship your orders with Portside")


def connect_in_a_frame(page: Page, platform: Platform, email: str) -> None:
    page.get_by_role("link", name="Connect shipping").click()
    log_in_and_allow(page.frame_locator("iframe"), email)
    is_connected(page, platform)


def connect_in_a_popup(page: Page, platform: Platform, email: str) -> None:
    with page.expect_popup() as opened:
        page.get_by_role("link", name="in a popup").click()
    log_in_and_allow(opened.value, email)
    is_connected(page, platform)


def connect_again_in_a_tab(page: Page, platform: Platform, email: str) -> None:
    """It is the same merchant and account, so nothing is set up twice."""
    with page.context.expect_page() as opened:
        page.get_by_role("link", name="in a new tab").click()
    log_in_and_allow(opened.value, email)
    expect(opened.value.get_by_role("heading", name="Shipping is connected")).to_be_visible()
    opened.value.close()
    is_connected(page, platform)
    assert platform.call_as_store("/webhooks")["results"] == []
    assert len(platform.call(PARTNER, "/webhooks")["results"]) == 1


def log_in_and_allow(portside: Page | FrameLocator, email: str) -> None:
    """On Portside's page, wherever it is shown."""
    portside.get_by_text("Log in", exact=True).first.click()
    portside.get_by_label("E-mail").filter(visible=True).fill(email)
    portside.get_by_label("Password").filter(visible=True).last.fill(PASSWORD)
    portside.get_by_role("button", name="Log in").click()
    portside.get_by_role("button", name="Allow").click()


def is_connected(page: Page, platform: Platform) -> None:
    expect(page.locator("#connection")).to_contain_text("Connected since")
    ((token, secret),) = platform.store.rows("SELECT access_token, webhook_secret FROM connections")
    assert token.startswith("oauth.") and (secret.startswith("whsec_") or platform.hook_id)


def buys(page: Page, platform: Platform, shop: str, *, note: str = "", express: bool = False, live: bool = True) -> str:
    """A buyer fills a cart and pays what the carriers ask; gives the order's number."""
    page.goto(f"{platform.store.url}/shops/{shop}")
    page.get_by_role("button", name="Add to cart").first.click()
    given = {"Name": "Nora Sample", "E-mail": f"nora@{shop}.example", "Street": "2 Sample Street", "City": "Chicago"}
    given |= {"State": "IL", "ZIP code": "60611", "Mobile phone": "+1 555 010 0177", "Apartment or note": note}
    for label, text in given.items():
        page.get_by_label(label).fill(text)
    page.get_by_label("Text me about this order").check()
    page.get_by_role("button", name="See shipping").click()
    expect(page.get_by_text("Prices of the carriers" if live else "The shop's own prices")).to_be_visible()
    page.get_by_role("radio", name="Express" if express else "Standard").check()
    page.get_by_role("button", name="Place order").click()
    return page.locator("#order-number").inner_text()


def the_order_is_pushed(platform: Platform, email: str, number: str) -> Any:
    """One order at Portside, though the store may try more than once; it is the app's."""
    wait_for(lambda: platform.store.rows("SELECT 1 FROM orders WHERE number = ? AND portside_id NOT NULL", number))
    (order,) = platform.call(email, "/orders?order_number=" + number)["results"]
    assert (order["order_status"], order["to_address"]["name"]) == ("PAID", "Nora Sample")
    assert order["shop_app"] == "Shippo"
    return order


# The arrows


def df_1_and_2_rates_are_asked_and_shown(page: Page, platform: Platform, email: str) -> None:
    page.get_by_role("button", name="Get rates").click()
    expect(page.get_by_role("button", name="Buy label")).not_to_have_count(0)
    shipment = platform.call(email, "/shipments")["results"][0]
    assert {rate["provider"] for rate in shipment["rates"]} == {"USPS", "UPS"}
    assert all(rate["object_id"] and rate["amount"] and rate["servicelevel"]["token"] for rate in shipment["rates"])
    expect(page.get_by_role("button", name="Buy label")).to_have_count(len(shipment["rates"]))


def df_3_the_rate_is_bought_once(page: Page, platform: Platform, email: str, order: Any) -> None:
    row = page.locator("#ship form.choice").filter(has_text="USPS Priority Mail").first
    row.get_by_role("button", name="Buy label").dblclick()
    expect(page.locator("#parcels section")).to_have_count(1)
    assert len(platform.call(email, f"/orders/{order['object_id']}")["transactions"]) == 1
    calls = platform.call(email, "/simulator/calls")["results"]
    assert len([call for call in calls if call["operation"] == "buy"]) == 1


def df_3b_a_label_in_one_call(page: Page, platform: Platform, email: str) -> None:
    page.get_by_role("button", name="Buy USPS Ground at once").dblclick()
    expect(page.locator("#parcels section")).to_have_count(1)
    calls = platform.call(email, "/simulator/calls")["results"]
    assert len([call for call in calls if call["operation"] == "buy"]) == 1


def df_4_the_label_arrives_by_webhook(platform: Platform, email: str, order: Any) -> str:
    """`transaction_created`, once, signed; the store keeps the sequence number that only the webhook has."""
    label = platform.call(email, f"/transactions?order={order['object_id']}")["results"][0]
    wait_for(
        lambda: platform.store.rows(
            "SELECT 1 FROM parcels WHERE transaction_id = ? AND label_seq > 0", label["object_id"]
        )
    )
    created = [
        event for event in platform.events("transaction_created") if event["data"]["object_id"] == label["object_id"]
    ]
    (told,) = created
    assert told["data"]["status"] == "SUCCESS" and told["data"]["label_url"] and told["data"]["tracking_url_provider"]
    assert told["data"]["tracking_number"] == label["tracking_number"]
    assert platform.call(email, f"/orders/{order['object_id']}")["order_status"] == "SHIPPED"
    return str(label["tracking_number"])


def df_5_the_dashboard_shows_it(page: Page, platform: Platform, number: str, tracking: str) -> None:
    expect(page.locator("#parcels")).to_contain_text(tracking)
    expect(page.locator("#order-status")).to_have_text("Shipped")
    listed = page.context.new_page()
    listed.goto(f"{platform.store.url}/dashboard")
    row = listed.get_by_role("row").filter(has_text=number)
    expect(row.get_by_role("link", name=tracking)).to_be_visible()
    listed.close()


def df_9_the_buyer_gets_mail_and_text(page: Page, platform: Platform, number: str, tracking: str) -> None:
    """One of each, to the address and number of the order, with a link that works."""
    told = platform.messages(tracking)
    assert sorted((channel, kind) for channel, kind, _, _ in told) == [("mail", "shipped"), ("sms", "shipped")]
    recipients = {channel: recipient for channel, _, recipient, _ in told}
    assert recipients["mail"].startswith("nora@") and recipients["sms"] == "+1 555 010 0177"
    page.goto(f"{platform.store.url}/mailbox")
    mail = page.locator("details.mail").filter(has_text=f"Your order {number} is on its way")
    mail.locator("summary").click()
    if not mail.locator("pre").is_visible():
        mail.locator("summary").click()
    mail.get_by_role("link", name="/t/").click()
    expect(page.get_by_role("heading", name="Your parcel")).to_be_visible()
    expect(page.locator("main")).to_contain_text(tracking)
    expect(page.locator("main")).not_to_contain_text("Nora")


def df_10_the_account_shows_it(page: Page, platform: Platform, shop: str, number: str, tracking: str) -> None:
    """By a link in a mail; the other shop's account stays closed."""
    page.goto(f"{platform.store.url}/shops/{shop}/account")
    page.get_by_label("E-mail", exact=True).fill(f"nora@{shop}.example")
    page.get_by_role("button", name="Send me a link").click()
    expect(page.get_by_role("status")).to_contain_text("on its way")
    page.goto(f"{platform.store.url}/mailbox")
    page.get_by_role("link", name="/account/enter").first.click()
    page.get_by_role("button", name="See my orders").click()
    page.get_by_role("link", name=number).click()
    expect(page.locator("#parcels")).to_contain_text(tracking)
    other = "quartz" if shop == "fernleaf" else "fernleaf"
    answer = page.request.get(f"{platform.store.url}/shops/{other}/account")
    assert number not in answer.text() and "Send me a link" in answer.text()


def df_11_and_12_links_lead_to_the_carrier(page: Page, platform: Platform, tracking: str) -> None:
    """From the mail's page and from the account: our link, and from there the carrier's page and no other."""
    link = page.locator("#parcels").get_by_role("link", name="Track at USPS").get_attribute("href")
    ((token,),) = platform.store.rows("SELECT token FROM parcels WHERE tracking_number = ?", tracking)
    assert link == f"/t/{token}/carrier"
    for path in (link, f"{link}?url=https://elsewhere.example", f"{link}//elsewhere.example"):
        answer = page.request.get(platform.store.url + path, max_redirects=0)
        target = answer.headers.get("location", "")
        assert answer.status == 404 or target.startswith("https://tools.usps.com/"), (path, target)
    assert page.request.get(platform.store.url + link, max_redirects=0).headers["location"].endswith(tracking)


def df_13_14_and_8_scans_arrive_by_themselves(
    dashboard: Page, buyer: Page, platform: Platform, email: str, tracking: str
) -> None:
    """The carrier scans; Portside pushes; dashboard and account show it without being touched."""
    for page in (dashboard, buyer):
        page.evaluate("window.sameDocument = true")
    platform.scan_until(email, tracking, "TRANSIT")
    for page in (dashboard, buyer):
        page.bring_to_front()
        expect(page.locator("#parcels .status").first).to_have_text("On its way")
        assert page.evaluate("window.sameDocument")
    times = [row[0] for row in platform.store.rows("SELECT at FROM scans ORDER BY at DESC")]
    shown = dashboard.locator("#parcels .timeline li")
    expect(shown).to_have_count(len(times))
    assert times == sorted(times, reverse=True)
    a_repeat_changes_nothing(platform, tracking)


def a_repeat_changes_nothing(platform: Platform, tracking: str) -> None:
    """The oldest news once more, as Portside's log sends them again: same id, so nothing is handled twice."""
    before = platform.state(tracking)
    told = platform.store.rows("SELECT webhook_id, body FROM inbox ORDER BY rowid")
    oldest = next(id_ for id_, body in told if json.loads(body)["event"] == "track_updated")
    tries = len(platform.call_about_hook(f"/deliveries/{oldest}")["attempts"])
    platform.call_about_hook(f"/deliveries/{oldest}/resend", {})
    wait_for(lambda: len(platform.call_about_hook(f"/deliveries/{oldest}")["attempts"]) > tries)
    assert platform.state(tracking) == before
    assert len(told) == len({id_ for id_, _ in told})


def df_6_and_7_a_look_of_ones_own(page: Page) -> None:
    page.bring_to_front()
    page.get_by_role("button", name="Refresh").click()
    expect(page.get_by_role("status")).to_contain_text("what the carrier says now")
    parcel = page.locator("#parcels section").first
    expect(parcel).to_contain_text("Last checked")
    expect(parcel).to_contain_text("Expected")
    newest = parcel.locator(".timeline li").first.inner_text()
    assert "On its way" in parcel.inner_text() and newest


def df_15_an_alert(page: Page, platform: Platform, email: str, number: str, tracking: str) -> None:
    page.goto(f"{platform.store.url}/dashboard/alerts")
    page.evaluate("window.sameDocument = true")
    platform.scan_until(email, tracking, "address_issue", column="substatus")
    alert = page.locator("a.alert").filter(has_text="The address cannot be found")
    expect(alert).to_contain_text(number)
    expect(alert).to_contain_text("Ask the buyer for the right one.")
    expect(alert).to_contain_text("last seen in")
    expect(page.locator("#alerts-link")).to_have_text("Alerts 1")
    assert page.evaluate("window.sameDocument")


def df_16_the_buyer_hears_of_it_once(platform: Platform, kind: str) -> None:
    told = platform.store.rows("SELECT channel FROM messages WHERE kind = ?", kind)
    assert sorted(told) == [("mail",), ("sms",)]


def df_17_the_carrier_is_asked(page: Page, tracking: str) -> None:
    page.locator("a.alert").click()
    contact = page.locator("#contact")
    expect(contact.get_by_role("link", name="1-800-275-8777")).to_be_visible()
    assert (contact.get_by_role("link", name="Address exception").get_attribute("href") or "").startswith(
        "https://www.usps.com/"
    )
    text = contact.locator("#enquiry").input_value()
    assert tracking in text and "The address cannot be found" in text and "Chicago, IL 60611" in text
    contact.get_by_label("What came of it").select_option("will call back")
    contact.get_by_label("Note").fill("They call on Monday")
    contact.get_by_role("button", name="Log the contact").click()
    expect(page.locator("#log")).to_contain_text("Contacted the carrier: will call back: They call on Monday")
    expect(page.locator("#alert .status").first).to_have_text("Acknowledged")


def it_arrives_after_all(page: Page, platform: Platform, email: str, tracking: str) -> None:
    """DELIVERED resolves the alert by itself, tells the buyer, and nothing that comes later undoes it."""
    platform.scan_until(email, tracking, "DELIVERED")
    expect(page.locator("#log")).to_contain_text("Delivered; resolved by itself")
    df_16_the_buyer_hears_of_it_once(platform, "delivered")
    a_repeat_changes_nothing(platform, tracking)
    assert platform.store.rows("SELECT status FROM orders") == [("delivered",)]
    told = [event["data"] for event in platform.events("track_updated")]
    assert [track["tracking_status"]["status"] for track in told][-1] == "DELIVERED"


def a_label_bought_at_portside_shows_up(
    dashboard: Page, buyer: Page, platform: Platform, email: str, shop: str
) -> None:
    """The same arrows when the merchant buys in Portside's own app: the platform hears of it all the same."""
    number = buys(buyer, platform, shop)
    order = the_order_is_pushed(platform, email, number)
    dashboard.goto(f"{platform.store.url}/dashboard")
    dashboard.get_by_role("link", name=number).click()
    with dashboard.expect_popup() as opened:
        dashboard.get_by_role("link", name="Open in Portside").click()
    portside = opened.value
    portside.get_by_label("E-mail").fill(email)
    portside.get_by_label("Password").fill(PASSWORD)
    portside.get_by_role("button", name="Sign in").click()
    expect(portside.get_by_text(number).first).to_be_visible()
    expect(portside.get_by_text("Example Market").first).to_be_visible()
    for name, size in (("Length", "10"), ("Width", "8"), ("Height", "4")):
        portside.get_by_role("textbox", name=name).fill(size)
    portside.get_by_role("button", name="Get rates").click()
    portside.get_by_role("button", name="Buy label · $").click()
    expect(portside.get_by_role("link", name="Open PDF")).to_be_visible()
    portside.close()
    tracking = df_4_the_label_arrives_by_webhook(platform, email, order)
    df_5_the_dashboard_shows_it(dashboard, platform, number, tracking)
