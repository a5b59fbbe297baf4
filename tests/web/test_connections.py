"""Connected apps, the directory of integrations, and orders that show whose app pushed them."""

from __future__ import annotations

import re
from collections.abc import Callable

import httpx

from portside.accounts.people import remove_member
from portside.apps.actions import approve_app, certify_app, connect, set_logo
from portside.apps.models import App
from portside.db.begin import begin, reading
from portside.kit.ids import Id
from tests.orders.data import order_body
from tests.support.cast import Person, make_teammate
from tests.support.partners import Partner, grant, make_partner
from tests.web.conftest import Browser

PATH = "/app/settings/connections"
DIRECTORY = "/app/integrations"


async def certify(app: App, logo: bool = True) -> None:
    async with begin() as tx:
        await certify_app(tx, app.client_id, True)
        if logo:
            await tx.execute("UPDATE apps SET logo_key = $2 WHERE id = $1", app.id, f"app-logos/{app.id}/5a5a.png")


def plain(answer: httpx.Response) -> str:
    """The text of a page, without tags and extra spaces."""
    return " ".join(re.sub(r"<[^>]+>", " ", answer.text).split())


async def test_a_connected_app_is_shown_with_what_it_may_do_and_when_it_last_did(
    at_desk: Browser, alice: Person, product: Callable[..., httpx.AsyncClient]
) -> None:
    assert "No app is connected in test mode" in (await at_desk.get(PATH)).text
    partner = await make_partner(app_name="Lighthouse <Store>")
    token = await grant(alice.scope, partner.app, "orders:read orders:write")
    page = plain(await at_desk.get(PATH))
    assert "Lighthouse &lt;Store&gt;" in page and "See and change your orders" in page
    assert "Last used Never" in page and "Data Test" in page and "carrier accounts" not in page
    async with product() as app:
        assert (await app.get("/orders", headers={"Authorization": f"Bearer {token}"})).status_code == 200
    assert "Last used just now" in plain(await at_desk.get(PATH))
    await at_desk.post("/app/mode", {"mode": "live"})
    assert "Lighthouse" not in plain(await at_desk.get(PATH))


async def test_who_connected_it_is_named(at_desk: Browser, alice: Person) -> None:
    partner = await make_partner()
    async with begin() as tx:
        user_id = await tx.fetchval("SELECT user_id FROM members WHERE account_id = $1", alice.account_id)
        await connect(tx, alice.scope, partner.app.id, "*", user_id)
    page = plain(await at_desk.get(PATH))
    assert "just now by Alice" in page and "See and change your carrier accounts" in page


async def test_disconnect_ends_the_token_and_the_subscriptions_at_once(
    at_desk: Browser, alice: Person, charlie: Person, product: Callable[..., httpx.AsyncClient]
) -> None:
    partner = await make_partner()
    token = await grant(alice.scope, partner.app)
    others = await grant(charlie.scope, partner.app)
    async with product() as app:
        authorized = {"Authorization": f"Bearer {token}"}
        hook = {"url": "https://shops.example/hook", "event": "all", "is_test": True}
        assert (await app.post("/webhooks", json=hook, headers=authorized)).status_code == 201
        page = await at_desk.get(PATH)
        assert f'data-confirm="Disconnect “{partner.app.name.replace(chr(39), "&#39;")}”?' in page.text
        answer = await at_desk.post(f"{PATH}/{partner.app.id}/disconnect")
        assert answer.headers["location"] == PATH
        assert (await app.get("/orders", headers=authorized)).status_code == 401
        assert (await app.get("/orders", headers={"Authorization": f"Bearer {others}"})).status_code == 200
    assert "is disconnected" in plain(await at_desk.get(PATH))
    async with reading() as tx:
        assert not await tx.fetchval("SELECT count(*) FROM webhooks WHERE account_id = $1", alice.account_id)
    assert (await at_desk.post(f"{PATH}/{partner.app.id}/disconnect")).status_code == 404


async def test_only_the_owner_disconnects_and_nobody_reaches_another_account(
    at_desk: Browser, teammate: Browser, alice: Person, charlie: Person, product: Callable[..., httpx.AsyncClient]
) -> None:
    partner = await make_partner()
    token = await grant(alice.scope, partner.app)
    path = f"{PATH}/{partner.app.id}/disconnect"
    page = await teammate.get(PATH)
    assert partner.app.client_id not in page.text and "Last used" in page.text and "Disconnect</span>" not in page.text
    assert (await teammate.post(path)).status_code == 403
    other = Browser(product(Accept="text/html"))
    await other.sign_in(charlie)
    assert "Last used" not in (await other.get(PATH)).text
    assert (await other.post(path)).status_code == 404
    assert (await at_desk.client.post(path, data={"_csrf_token": "forged"})).status_code == 403
    for nothing in ("0" * 32, "x", "%00"):
        assert (await at_desk.post(f"{PATH}/{nothing}/disconnect")).status_code == 404
    async with product() as app:
        assert (await app.get("/orders", headers={"Authorization": f"Bearer {token}"})).status_code == 200


async def test_the_directory_has_a_tile_for_certified_apps(at_desk: Browser, alice: Person) -> None:
    plain_app, certified = await make_partner(app_name="Plain Shops"), await make_partner(app_name="Certified Shops")
    async with begin() as tx:
        await tx.execute("UPDATE apps SET site_url = 'https://shops.example/ship' WHERE id = $1", certified.app.id)
    await certify(certified.app)
    page = await at_desk.get(DIRECTORY)
    assert "Certified Shops" in page.text and "Plain Shops" not in page.text
    assert 'href="https://shops.example/ship"' in page.text and f"/app-logos/{certified.app.id}?v=5a5a" in page.text
    assert "Connected</span>" not in _tile(page, "Certified Shops")
    await grant(alice.scope, certified.app)
    await grant(alice.scope, plain_app.app)
    assert "Connected" in _tile(await at_desk.get(DIRECTORY), "Certified Shops")
    async with begin() as tx:
        await certify_app(tx, certified.app.client_id, False)
    assert "Certified Shops" not in (await at_desk.get(DIRECTORY)).text


async def test_the_directory_of_live_mode_has_only_apps_that_may_go_live(at_desk: Browser) -> None:
    live, test = await make_partner(app_name="Live Shops"), await make_partner(app_name="Test Shops")
    async with begin() as tx:
        await tx.execute("UPDATE apps SET live = false WHERE id = $1", test.app.id)
    for partner in (live, test):
        await certify(partner.app, logo=False)
    page = await at_desk.get(DIRECTORY)
    assert "Live Shops" in page.text and "Test Shops" in page.text
    await at_desk.post("/app/mode", {"mode": "live"})
    page = await at_desk.get(DIRECTORY)
    assert "Live Shops" in page.text and "Test Shops" not in page.text


async def _push(partner: Partner, person: Person, product: Callable[..., httpx.AsyncClient]) -> str:
    token = await grant(person.scope, partner.app)
    async with product() as app:
        made = await app.post("/orders", json=order_body(), headers={"Authorization": f"Bearer {token}"})
        assert made.status_code == 201, made.text
        return str(made.json()["object_id"])


async def test_an_order_shows_the_app_that_pushed_it_and_a_certified_ones_logo(
    at_desk: Browser, alice: Person, product: Callable[..., httpx.AsyncClient]
) -> None:
    partner = await make_partner(app_name="Lighthouse Store")
    async with begin() as tx:
        await set_logo(tx, partner.person.scope, partner.app.id, f"app-logos/{partner.app.id}/5a5a.png")
    order_id = await _push(partner, alice, product)
    logo = f"/app-logos/{partner.app.id}?v=5a5a"
    for path in ("/app/orders", f"/app/orders/{order_id}"):
        page = await at_desk.get(path)
        assert "Lighthouse Store" in page.text and logo not in page.text, path
    await certify(partner.app)
    for path in ("/app/orders", f"/app/orders/{order_id}"):
        page = await at_desk.get(path)
        assert "Lighthouse Store" in page.text and f'src="{logo}"' in page.text, path


async def test_an_order_pushed_with_a_token_of_the_account_shows_its_store(
    at_desk: Browser, api: httpx.AsyncClient
) -> None:
    await api.post("/orders", json=order_body())
    page = await at_desk.get("/app/orders")
    assert "app-logo" not in page.text and ">API or by hand<" in page.text


def _tile(page: httpx.Response, name: str) -> str:
    """The list item of one app."""
    return next(item for item in page.text.split("<li ") if name in item)


async def test_a_site_that_nobody_verified_is_not_shown(at_desk: Browser, alice: Person) -> None:
    partner = await make_partner(app_name="Borrower")
    async with begin() as tx:
        await tx.execute(
            "UPDATE apps SET site_url = 'https://famous.example/', approved = false WHERE id = $1", partner.app.id
        )
    await grant(alice.scope, partner.app)
    page = (await at_desk.get(PATH)).text
    assert "Borrower" in page and "famous.example" not in page


async def test_a_live_connection_that_rests_says_so(at_desk: Browser, alice: Person) -> None:
    partner = await make_partner()
    await grant(alice.live_scope, partner.app)
    await at_desk.post("/app/mode", {"mode": "live"})
    assert "may not use live data" not in plain(await at_desk.get(PATH))
    async with begin() as tx:
        await approve_app(tx, partner.app.client_id, False)
    assert "may not use live data at the moment" in plain(await at_desk.get(PATH))


async def test_a_connection_outlives_who_granted_it_and_says_so(at_desk: Browser, alice: Person) -> None:
    partner = await make_partner()
    bob = await make_teammate(alice, "bob")
    async with begin() as tx:
        user_id = Id(await tx.fetchval("SELECT id FROM users WHERE email = $1", bob.email))
        await connect(tx, alice.scope, partner.app.id, "*", user_id)
    people = plain(await at_desk.get("/app/settings/people"))
    assert "no longer on the team" not in plain(await at_desk.get(PATH))
    assert "Apps that they connected stay connected" in people
    async with begin() as tx:
        await remove_member(tx, alice.scope, user_id)
    page = plain(await at_desk.get(PATH))
    assert "just now by Bob, who is no longer on the team" in page and "Disconnect" in page
