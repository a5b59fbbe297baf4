"""A merchant at a real browser: a parcel that comes back shows up in the open worklist, and the carrier is asked."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.orders.data import order_body
from tests.stories.test_merchant_app import EMAIL, PASSWORD, call, sign_in, watched
from tests.support.browser import browser_page
from tests.support.objects import shipment_body
from tests.support.process import Installation

# An alert is made by a job after the news, so the list may hear of the news a little too early and looks again.

pytestmark = pytest.mark.browser


def ship_what_comes_back(url: str, token: str) -> str:
    order = call(f"{url}/orders", token, order_body(order_number="#2041"))
    shipment = call(f"{url}/shipments", token, shipment_body(metadata="SIM_STORY_RETURNED"))
    rate = next(rate["object_id"] for rate in shipment["rates"] if rate["provider"] == "USPS")
    label = call(f"{url}/transactions", token, {"rate": rate, "order": order["object_id"], "async": False})
    return str(label["tracking_number"])


def test_a_merchant_looks_after_a_parcel_that_comes_back(installation: Installation) -> None:
    installation.command("create-account", "--email", EMAIL, "--password", PASSWORD, "--company", "Alice Ltd")
    token = installation.command("create-token", "--email", EMAIL, "--mode", "test")
    url = installation.serve().url
    with browser_page() as page:
        if page is None:
            return
        wrong = watched(page)
        sign_in(page, url)
        number = ship_what_comes_back(url, token)
        page.get_by_role("link", name="Alerts").first.click()
        expect(page.get_by_role("heading", name="All is well")).to_be_visible()
        page.evaluate("window.sameDocument = true")
        call(f"{url}/simulator/advance", token, {"days": 40})
        expect(page.get_by_role("link", name="Comes back")).to_be_visible()
        expect(page.locator("#count-alerts")).to_have_text("1")
        assert page.evaluate("window.sameDocument")
        page.get_by_role("link", name="Comes back").click()
        expect(page.locator("#track .timeline")).to_contain_text("Return")
        page.get_by_role("button", name="Contact carrier").click()
        expect(page.get_by_label("What to say")).to_have_value(re.compile(f"^Something else: {number}"))
        page.get_by_label("What is it about?").select_option("Damage")
        expect(page.get_by_label("What to say")).to_have_value(re.compile(f"^Damage: {number}"))
        page.get_by_label("What came of it?").fill("Case 4711")
        page.get_by_role("button", name="Write it down").click()
        expect(page.get_by_text("Damage, by phone: Case 4711")).to_be_visible()
        page.get_by_role("button", name="Resolve").click()
        expect(page.get_by_role("heading", name="All is well")).to_be_visible()
        expect(page.locator("#count-alerts")).to_have_text("")
        assert wrong == []
