"""A merchant at a real browser: an order that is pushed appears, is rated, shipped and followed without one reload."""

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

pytestmark = pytest.mark.browser


def call(url: str, token: str, body: dict[str, Any]) -> Any:
    headers = {"Authorization": f"ShippoToken {token}", "Content-Type": "application/json"}
    with urllib.request.urlopen(urllib.request.Request(url, json.dumps(body).encode(), headers)) as answer:
        return json.load(answer)


def test_a_merchant_ships_an_order(installation: Installation) -> None:
    installation.command("create-account", "--email", EMAIL, "--password", PASSWORD, "--company", "Alice Ltd")
    token = installation.command("create-token", "--email", EMAIL, "--mode", "test")
    url = installation.serve().url
    with browser_page() as page:
        if page is None:
            return
        wrong = watched(page)
        sign_in(page, url)
        page.evaluate("window.sameDocument = true")
        call(f"{url}/orders", token, order_body(order_number="#1068"))
        expect(page.get_by_role("link", name="#1068")).to_be_visible()
        expect(page.locator("#tabs .count").first).to_have_text("1")
        assert page.evaluate("window.sameDocument")
        page.get_by_role("link", name="#1068").click()
        says_where_she_ships_from(page)
        page.evaluate("window.sameDocument = true")
        number = ships(page)
        opens_the_label(page)
        follows_the_parcel(page, url, token, number)
        assert page.evaluate("window.sameDocument")
        assert wrong == []


def watched(page: Page) -> list[str]:
    """Whatever the console complains about: scripts that fail, and anything the policy had to stop."""
    wrong: list[str] = []
    page.on("console", lambda message: wrong.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    return wrong


def sign_in(page: Page, url: str) -> None:
    page.goto(url)
    page.get_by_label("E-mail").fill(EMAIL)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Nothing to ship")).to_be_visible()


def says_where_she_ships_from(page: Page) -> None:
    given = {"Name": "Alice", "Street and number": "1 Demo Wharf", "City": "San Francisco"}
    for label, text in (given | {"State or province": "CA", "Postal code": "94111"}).items():
        page.get_by_label(label).fill(text)
    page.get_by_role("button", name="Ship from here").click()
    expect(page.get_by_role("button", name="Get rates")).to_be_visible()


def ships(page: Page) -> str:
    for name, size in (("Length", "10"), ("Width", "8"), ("Height", "4")):
        page.get_by_role("textbox", name=name).fill(size)
    page.get_by_role("button", name="Get rates").click()
    buy = page.get_by_role("button", name="Buy label · $")
    expect(buy).to_be_visible()
    buy.dblclick()
    expect(page.get_by_role("link", name="Open PDF")).to_be_visible()
    expect(page.locator("#labels section")).to_have_count(1)
    expect(page.locator("#order-status")).to_have_text("Shipped")
    expect(buy).to_have_count(0)
    number = page.locator("#labels .tabular-nums").first.inner_text()
    assert number.isalnum() and len(number) >= 18
    return number


def opens_the_label(page: Page) -> None:
    href = page.get_by_role("link", name="Open PDF").get_attribute("href")
    assert href is not None
    answer = page.request.get(href)
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.body().startswith(b"%PDF-")


def follows_the_parcel(page: Page, url: str, token: str, number: str) -> None:
    expect(page.locator("#track")).to_contain_text("No scans yet")
    for words in ("Label created", "Accepted by carrier"):
        call(f"{url}/simulator/advance", token, {"to_next_scan": True, "tracking_number": number})
        expect(page.locator("#track .timeline")).to_contain_text(words)
