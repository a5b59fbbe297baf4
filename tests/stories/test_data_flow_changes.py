"""What else happens between the example store, a merchant and Portside: an order changes, a label is given back, a
parcel is followed that was sent some other way, and the two part, from either side."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.stories.test_data_flow import (
    buys,
    connect_in_a_frame,
    platform,
    sign_in_to_the_store,
    the_order_is_pushed,
)
from tests.support.browser import browser_page
from tests.support.storefront import PASSWORD, Platform, wait_for

__all__ = ["platform"]

pytestmark = pytest.mark.browser


def test_orders_change_labels_go_back_and_the_two_part(platform: Platform) -> None:
    email = "fern@story.example"
    platform.open_account(email)
    with browser_page() as page:
        if page is None:
            return
        sign_in_to_the_store(page, platform, "owner@fernleaf.example", "fern-demo")
        waits_until_shipping_is_connected(page, platform, email)
        order = the_address_is_corrected(page, platform, email)
        its_packing_slip_is_a_file(page)
        a_label_is_bought_and_given_back(page, platform, email, order)
        another_parcel_is_followed(page)
        a_refusal_is_said_and_may_be_tried_again(page, platform, email)
        an_order_is_cancelled(page, platform, email)
        the_merchant_disconnects_at_portside(page, platform, email)
        the_merchant_disconnects_in_the_store(page, platform, email)


def waits_until_shipping_is_connected(page: Page, platform: Platform, email: str) -> None:
    """An order that was placed before goes over when the merchant connects."""
    buyer = page.context.new_page()
    buyer.goto(f"{platform.store.url}/shops/fernleaf")
    buyer.get_by_role("button", name="Add to cart").first.click()
    for label, text in {"Name": "Nora Sample", "E-mail": "nora@early.example", "Street": "2 Sample Street"}.items():
        buyer.get_by_label(label).fill(text)
    for label, text in {"City": "Chicago", "State": "IL", "ZIP code": "60611"}.items():
        buyer.get_by_label(label).fill(text)
    buyer.get_by_role("button", name="See shipping").click()
    expect(buyer.get_by_text("The shop's own prices")).to_be_visible()
    buyer.get_by_role("button", name="Place order").click()
    number = buyer.locator("#order-number").inner_text()
    buyer.close()
    assert platform.call(email, "/orders")["results"] == []
    connect_in_a_frame(page, platform, email)
    the_order_is_pushed(platform, email, number)


def new_order(page: Page, platform: Platform, email: str, note: str = "") -> Any:
    """An order of a buyer's, open on the merchant's screen."""
    buyer = page.context.new_page()
    number = buys(buyer, platform, "fernleaf", note=note)
    buyer.close()
    order = the_order_is_pushed(platform, email, number)
    page.goto(f"{platform.store.url}/dashboard")
    page.get_by_role("link", name=number).click()
    return order


def the_address_is_corrected(page: Page, platform: Platform, email: str) -> Any:
    order = new_order(page, platform, email)
    page.get_by_text("Change address").click()
    page.get_by_label("Street").fill("20 Sample Street")
    page.get_by_role("button", name="Save address").click()
    expect(page.get_by_role("status")).to_contain_text("here and at Portside")
    expect(page.locator("address")).to_contain_text("20 Sample Street")
    assert platform.call(email, f"/orders/{order['object_id']}")["to_address"]["street1"] == "20 Sample Street"
    # What Portside refuses is said, and changes nothing here.
    page.get_by_text("Change address").click()
    page.get_by_label("ZIP code").fill("6" * 30)
    page.get_by_role("button", name="Save address").click()
    expect(page.get_by_role("status")).to_contain_text("zip")
    expect(page.locator("address")).to_contain_text("IL 60611")
    return order


def its_packing_slip_is_a_file(page: Page) -> None:
    link = page.get_by_role("link", name="Packing slip").get_attribute("href")
    assert link is not None
    answer = page.request.get(page.url.split("/dashboard")[0] + link)
    assert answer.status == 200 and answer.body().startswith(b"%PDF-")


def a_label_is_bought_and_given_back(page: Page, platform: Platform, email: str, order: Any) -> None:
    page.get_by_role("button", name="Buy USPS Ground at once").click()
    expect(page.locator("#order-status")).to_have_text("Shipped")
    expect(page.get_by_role("button", name="Save address")).to_have_count(0)
    page.get_by_role("button", name="Refund label").click()
    expect(page.locator("#parcels")).to_contain_text("Label: refunded")
    expect(page.locator("#order-status")).to_have_text("Open")
    assert platform.call(email, f"/orders/{order['object_id']}")["order_status"] != "SHIPPED"
    # Nobody is told anything more about a label that is no longer one.
    expect(page.locator("#parcels")).to_contain_text("No mail: the label is not valid.")
    page.get_by_role("button", name="Resend").first.click()
    expect(page.get_by_role("status")).to_have_text("Not sent: the label is not valid.")


def a_refusal_is_said_and_may_be_tried_again(page: Page, platform: Platform, email: str) -> None:
    """Each try is a purchase of its own; none of them makes a label."""
    order = new_order(page, platform, email, note="SIM_REFUSE")
    for tries in (1, 2):
        page.get_by_role("button", name="Buy USPS Ground at once").click()
        expect(page.locator("#parcels section")).to_have_count(tries)
        expect(page.get_by_role("status")).not_to_contain_text("Bought")
    expect(page.locator("#parcels")).to_contain_text("Label: error")
    expect(page.locator("#order-status")).to_have_text("Open")
    labels = platform.call(email, f"/orders/{order['object_id']}")["transactions"]
    assert [label["object_status"] for label in labels] in ([], ["ERROR", "ERROR"])
    told = "SELECT kind FROM messages m JOIN orders o ON o.id = m.order_id WHERE o.number = ?"
    assert platform.store.rows(told, order["order_number"]) == [("plain",)]


def another_parcel_is_followed(page: Page) -> None:
    """DF-6: a number that was not bought here."""
    page.get_by_text("Sent some other way?").click()
    page.get_by_label("Carrier").select_option("shippo")
    page.get_by_label("Tracking number").fill("SHIPPO_TRANSIT")
    page.get_by_role("button", name="Follow it").click()
    parcel = page.locator("#parcels section").filter(has_text="SHIPPO_TRANSIT")
    expect(parcel.locator(".status")).to_have_text("On its way")
    parcel.get_by_role("button", name="Refresh").click()
    expect(parcel).to_contain_text("Last checked")
    page.get_by_text("Sent some other way?").click()
    page.get_by_label("Tracking number").fill("nonsense")
    page.get_by_label("Carrier").select_option("shippo")
    page.get_by_role("button", name="Follow it").click()
    expect(page.get_by_role("status")).not_to_contain_text("followed")


def an_order_is_cancelled(page: Page, platform: Platform, email: str) -> None:
    order = new_order(page, platform, email)
    page.get_by_role("button", name="Cancel order").click()
    expect(page.locator("#order-status")).to_have_text("Cancelled")
    assert platform.call(email, f"/orders/{order['object_id']}")["order_status"] == "CANCELLED"
    expect(page.get_by_role("button", name="Get rates")).to_have_count(0)


def the_merchant_disconnects_at_portside(page: Page, platform: Platform, email: str) -> None:
    """The store notices when it next wants something, says so, and takes up again after the merchant connects anew."""
    portside = page.context.new_page()
    portside.goto(f"{platform.portside}/app/settings/connections")
    portside.get_by_label("E-mail").fill(email)
    portside.get_by_label("Password").fill(PASSWORD)
    portside.get_by_role("button", name="Sign in").click()
    expect(portside.get_by_text("Example Market").first).to_be_visible()
    portside.get_by_role("button", name="Disconnect").first.click()
    portside.locator("#confirm [data-confirm-yes]").click()
    expect(portside.get_by_text("Its tokens no longer work")).to_be_visible()
    portside.close()
    order = new_order_while_apart(page, platform)
    wait_for(lambda: platform.store.rows("SELECT 1 FROM connections WHERE broken_at NOT NULL"))
    page.goto(f"{platform.store.url}/dashboard/connect")
    expect(page.locator("#connection")).to_contain_text("no longer accepts our access")
    connect_in_a_frame(page, platform, email)
    the_order_is_pushed(platform, email, order)


def new_order_while_apart(page: Page, platform: Platform) -> str:
    """The buyer buys all the same."""
    buyer = page.context.new_page()
    number = buys(buyer, platform, "fernleaf", live=False)
    buyer.close()
    return number


def the_merchant_disconnects_in_the_store(page: Page, platform: Platform, email: str) -> None:
    ((hook,),) = platform.store.rows("SELECT webhook_id FROM connections")
    assert [row["object_id"] for row in platform.call_as_store("/webhooks")["results"]] == [hook]
    ((token,),) = platform.store.rows("SELECT access_token FROM connections")
    page.get_by_role("button", name="Disconnect").click()
    expect(page.get_by_role("status")).to_have_text("Shipping is disconnected.")
    assert platform.store.rows("SELECT * FROM connections") == []
    answer = page.request.get(f"{platform.portside}/orders", headers={"Authorization": f"Bearer {token}"})
    assert answer.status == 401
