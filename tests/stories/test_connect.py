"""Merchants connect a store to their shipping at a real browser, from another site: in a frame, a popup and a tab.

Each way twice: first by registering, with a browser that lets foreign frames keep cookies; then by logging in, with one
that does not. Each visit ends with an order that the store pushes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import partial
from urllib.parse import urlencode

import httpx
import msgspec
import pytest
from playwright.sync_api import FrameLocator, Page, expect

from tests.orders.data import order_body
from tests.support.browser import browser_page
from tests.support.inbox import Inbox, mail_inbox
from tests.support.partner_site import PartnerSite, cookie_site, partner_site
from tests.support.patience import PATIENCE
from tests.support.process import Installation

PASSWORD = "ropes and lanterns"

pytestmark = pytest.mark.browser

Place = Page | FrameLocator
Going = Callable[[Place], None]
Visit = Callable[..., None]


class Store(msgspec.Struct, frozen=True, kw_only=True):
    """The partner's side: its site, its app, and where Portside and the merchants' mail are."""

    url: str
    site: PartnerSite
    client: dict[str, str]
    inbox: Inbox

    def asks(self, state: str, **more: str) -> str:
        """Where the store sends its merchants."""
        query = {"response_type": "code", "client_id": self.client["client_id"], "scope": "*", "state": state, **more}
        return f"{self.url}/oauth/authorize?{urlencode(query)}"

    def pushes_an_order(self, state: str) -> None:
        """What came back last is for this visit, and is worth a token that may push orders."""
        back = self.site.returned[-1]
        assert back.keys() == {"code", "state"} and back["state"] == state
        fields = {**self.client, "grant_type": "authorization_code", "code": back["code"]}
        token = httpx.post(f"{self.url}/oauth/access_token", data=fields, timeout=PATIENCE).json()["access_token"]
        headers = {"Authorization": f"Bearer {token}"}
        pushed = httpx.post(
            f"{self.url}/orders", json=order_body(order_number=state), headers=headers, timeout=PATIENCE
        )
        assert pushed.status_code == 201, pushed.text


def test_three_ways_to_connect_two_visits_each(installation: Installation) -> None:
    with mail_inbox() as inbox, partner_site() as site:
        client = registered(installation, site)
        store = Store(url=installation.serve(environ=inbox.environ).url, site=site, client=client, inbox=inbox)
        for visit, foreign_cookies in ((registers, True), (logs_in, False)):
            with browser_page(foreign_cookies=foreign_cookies) as page:
                if page is None:
                    return
                assert keeps_foreign_cookies(page, site) is foreign_cookies
                kept = page.context.cookies()
                connects_in_every_way(page, store, visit)
                assert page.context.cookies() == kept
                shows_nothing_to_another_site(page, store)
        assert len(site.returned) == 6


def connects_in_every_way(page: Page, store: Store, visit: Visit) -> None:
    for connect in (by_frame, by_popup, by_tab):
        name = connect.__name__.removeprefix("by_")
        state = f"{name} {visit.__name__}"
        connect(page, store, store.asks(state), partial(visit, store=store, name=name))
        store.pushes_an_order(state)


def shows_nothing_to_another_site(page: Page, store: Store) -> None:
    """The same page, framed by a host that the app has not registered."""
    with page.expect_console_message(lambda message: "frame-ancestors" in message.text):
        page.goto(store.site.page("frame", store.asks("stolen")).replace("store.localhost", "evil.localhost"))
    assert not [frame.url for frame in page.frames if frame.url.startswith(store.url)]


def registered(installation: Installation, site: PartnerSite) -> dict[str, str]:
    """The store's app, approved by the operator."""
    made = installation.command(
        "create-app", "--name", "Bazaar", "--redirect-uri", site.redirect_uri, "--origin", site.origin, "--live"
    )
    app = json.loads(made)
    return {"client_id": app["client_id"], "client_secret": app["client_secret"]}


def keeps_foreign_cookies(page: Page, site: PartnerSite) -> bool:
    """Whether a frame of another site than the page's keeps a cookie that asks to be kept there."""
    with cookie_site() as foreign:
        for path in ("set", "look"):
            page.goto(site.page("frame", f"{foreign}/{path}"))
            expect(page.frame_locator("iframe").locator("#cookies")).to_be_attached()
        sent = page.frame_locator("iframe").locator("#cookies").inner_text()
    return "foreign=1" in sent


def by_frame(page: Page, store: Store, url: str, goes: Going) -> None:
    shop = store.site.page("frame", url)
    page.goto(shop)
    inside = page.frame_locator("iframe")
    goes(inside)
    expect(inside.get_by_role("heading", name="Back at the store")).to_be_visible()
    assert page.url == shop


def by_popup(page: Page, store: Store, url: str, goes: Going) -> None:
    page.goto(store.site.page("popup", url))
    with page.expect_popup() as opened:
        page.get_by_role("button", name="Connect shipping").click()
    popup = opened.value
    with popup.expect_event("close"):
        goes(popup)
    expect(page.get_by_text("Shipping is connected")).to_be_visible()


def by_tab(page: Page, store: Store, url: str, goes: Going) -> None:
    page.goto(store.site.page("tab", url))
    with page.context.expect_page() as opened:
        page.get_by_role("link", name="Connect shipping").click()
    tab = opened.value
    goes(tab)
    expect(tab.get_by_role("heading", name="Back at the store")).to_be_visible()
    tab.close()


def registers(place: Place, store: Store, name: str) -> None:
    email = f"{name}@merchant.example"
    given = {"E-mail": email, "Your name": "Ann Lee", "Company or shop": f"Ann's {name}", "New password": PASSWORD}
    form = place.get_by_role("form", name="Create account")
    for label, text in given.items():
        form.get_by_label(label).fill(text)
    form.get_by_role("button", name="Create account").click()
    expect(place.get_by_role("heading", name="Check your mail")).to_be_visible()
    place.get_by_label("Code").fill(code_in(store.inbox.wait_for(email)))
    place.get_by_role("button", name="Continue").click()
    allows(place, email)


def logs_in(place: Place, store: Store, name: str) -> None:
    """With the keyboard alone."""
    email = f"{name}@merchant.example"
    place.get_by_role("radio", name="Create account").press("ArrowRight")
    form = place.get_by_role("form", name="Log in")
    form.get_by_label("E-mail").press_sequentially(email)
    form.get_by_label("Password").press_sequentially(PASSWORD)
    form.get_by_label("Password").press("Enter")
    allows(place, email)


def allows(place: Place, email: str) -> None:
    expect(place.get_by_role("heading", name="Allow Bazaar to ship for you?")).to_be_visible()
    expect(place.get_by_text(f"You are signed in as {email}")).to_be_visible()
    # The page goes away under the press.
    place.get_by_role("button", name="Allow").press("Enter", no_wait_after=True)


def code_in(text: str) -> str:
    found = re.search(r"\b\d{6}\b", text)
    assert found is not None, text
    return found[0]
