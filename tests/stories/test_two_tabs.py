"""Two tabs of one browser: both show a pushed order and a label bought by API without a reload, on one stream."""

from __future__ import annotations

import json
import urllib.request
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.orders.data import order_body
from tests.support.browser import browser_page
from tests.support.process import Installation

EMAIL, PASSWORD = "alice@story.example", "a long enough secret"
SENDER = {"name": "Alice", "street1": "1 Demo Wharf", "city": "San Francisco", "state": "CA", "zip": "94111"}
PARCEL = {"length": 10, "width": 8, "height": 4, "distance_unit": "in", "weight": "0.4", "mass_unit": "lb"}

pytestmark = pytest.mark.browser


def call(url: str, token: str, body: dict[str, Any]) -> Any:
    headers = {"Authorization": f"ShippoToken {token}", "Content-Type": "application/json"}
    with urllib.request.urlopen(urllib.request.Request(url, json.dumps(body).encode(), headers)) as answer:
        return json.load(answer)


def buy_label(url: str, token: str, order: dict[str, Any]) -> str:
    """As a platform does; gives the tracking number."""
    shipment = {
        "address_from": {**SENDER, "country": "US"},
        "address_to": order["to_address"]["object_id"],
        "parcels": [PARCEL],
        "async": False,
    }
    rates = call(f"{url}/shipments", token, shipment)["rates"]
    body = {"rate": rates[0]["object_id"], "order": order["object_id"], "async": False}
    number: str = call(f"{url}/transactions", token, body)["tracking_number"]
    return number


def open_streams(installation: Installation) -> list[int]:
    """How many streams were open, each time that one was opened or closed."""
    lines = [json.loads(line) for line in installation.logs().splitlines() if '"live_stream_' in line]
    return [line["open"] for line in lines]


def test_two_tabs_hear_of_everything_on_one_stream(installation: Installation) -> None:
    installation.environ["PORTSIDE_LOG_LEVEL"] = "info"
    installation.command("create-account", "--email", EMAIL, "--password", PASSWORD, "--company", "Alice Ltd")
    token = installation.command("create-token", "--email", EMAIL, "--mode", "test")
    url = installation.serve().url
    with browser_page() as first:
        if first is None:
            return
        sign_in(first, url)
        second = first.context.new_page()
        second.goto(f"{url}/app/orders")
        order = call(f"{url}/orders", token, order_body(order_number="#1068"))
        for tab in (first, second):
            tab.evaluate("window.sameDocument = true")
            expect(tab.get_by_role("link", name="#1068")).to_be_visible()
        second.goto(f"{url}/app/orders/{order['object_id']}")
        second.evaluate("window.sameDocument = true")
        number = buy_label(url, token, order)
        expect(second.locator("#labels")).to_contain_text(number)
        expect(second.locator("#order-status")).to_have_text("Shipped")
        expect(second.locator("#track")).to_be_visible()
        expect(first.get_by_role("heading", name="Nothing to ship")).to_be_visible()
        assert all(tab.evaluate("window.sameDocument") for tab in (first, second))
        assert max(open_streams(installation)) == 1
        # The tab that asked for the stream goes; the other one goes on hearing.
        first.close()
        call(f"{url}/simulator/advance", token, {"to_next_scan": True, "tracking_number": number})
        expect(second.locator("#track .timeline")).to_contain_text("Label created")
        assert max(open_streams(installation)) == 1


def test_where_tabs_cannot_share_each_hears_while_it_is_looked_at(installation: Installation) -> None:
    installation.command("create-account", "--email", EMAIL, "--password", PASSWORD)
    token = installation.command("create-token", "--email", EMAIL, "--mode", "test")
    url = installation.serve("--no-worker").url
    with browser_page() as page:
        if page is None:
            return
        page.add_init_script("delete window.SharedWorker")
        sign_in(page, url)
        call(f"{url}/orders", token, order_body(order_number="#1068"))
        expect(page.get_by_role("link", name="#1068")).to_be_visible()


def sign_in(page: Page, url: str) -> None:
    page.goto(url)
    page.get_by_label("E-mail").fill(EMAIL)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Nothing to ship")).to_be_visible()
