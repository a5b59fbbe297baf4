"""Signing in and out: what a stranger, a forger and a guesser get to see."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import msgspec
import pytest

from portside.db.begin import reading
from portside.kit import services as kit
from tests.support.cast import PASSWORD, Person
from tests.web.conftest import Browser

CSP = (
    "default-src 'self'; style-src 'self'; script-src 'self'; img-src 'self' data:; "
    "frame-ancestors 'none'; form-action 'self'; base-uri 'none'"
)


async def test_signing_in_opens_the_orders_and_out_closes_them(browser: Browser, alice: Person) -> None:
    assert (await browser.get("/")).headers["location"] == "/sign-in"
    answer = await browser.sign_in(alice)
    assert (answer.status_code, answer.headers["location"]) == (303, "/app/orders")
    cookie = answer.headers["set-cookie"]
    assert "portside_session=" in cookie and "HttpOnly" in cookie and "SameSite=lax" in cookie and "Path=/" in cookie
    page = await browser.get("/app/orders")
    assert page.status_code == 200
    assert "Alice Ltd" in page.text and alice.email in page.text
    assert (await browser.get("/")).headers["location"] == "/app/orders"
    session = browser.client.cookies["portside_session"]
    out = await browser.post("/sign-out")
    assert out.headers["location"] == "/sign-in"
    browser.client.cookies.set("portside_session", session)
    assert (await browser.get("/app/orders")).headers["location"] == "/sign-in?next=/app/orders"


@pytest.mark.parametrize("known", [True, False])
async def test_a_wrong_password_and_an_unknown_person_look_the_same(
    browser: Browser, alice: Person, known: bool
) -> None:
    await browser.get("/sign-in")
    email = alice.email if known else "nobody@example.com"
    answer = await browser.post("/sign-in", {"email": email, "password": "wrong"})
    assert answer.status_code == 422
    assert "E-mail or password is wrong." in answer.text
    assert f'value="{email}"' in answer.text
    assert "portside_session" not in browser.client.cookies


async def test_a_sign_in_renews_the_session(browser: Browser, alice: Person) -> None:
    await browser.sign_in(alice)
    first = browser.client.cookies["portside_session"]
    browser.client.cookies.delete("portside_session")
    await browser.get("/sign-in")
    browser.client.cookies.set("portside_session", first, domain="portside.test", path="/")
    await browser.post("/sign-in", {"email": alice.email, "password": PASSWORD})
    second = browser.client.cookies["portside_session"]
    assert first != second
    browser.client.cookies.set("portside_session", first, domain="portside.test", path="/")
    assert (await browser.get("/app/orders")).status_code == 303


async def test_guessing_is_stopped_and_the_right_password_too(browser: Browser, alice: Person) -> None:
    await browser.get("/sign-in")
    statuses = [
        (await browser.post("/sign-in", {"email": alice.email.upper(), "password": f"guess {number}"})).status_code
        for number in range(11)
    ]
    assert statuses == [422] * 10 + [429]
    refused = await browser.sign_in(alice)
    assert refused.status_code == 429
    assert "Too many attempts" in refused.text
    assert refused.headers["retry-after"] == "900"
    async with reading() as tx:
        names = [row["name"] for row in await tx.fetch("SELECT name FROM counters WHERE name LIKE 'sign-in e-mail%'")]
    assert names and not any(alice.email.split("@")[0] in name for name in names)


async def test_a_sign_in_starts_the_count_anew(browser: Browser, alice: Person) -> None:
    await browser.get("/sign-in")
    for number in range(9):
        await browser.post("/sign-in", {"email": alice.email, "password": f"guess {number}"})
    assert (await browser.sign_in(alice)).status_code == 303
    await browser.get("/app/orders")
    await browser.post("/sign-out")
    assert (await browser.sign_in(alice, "wrong")).status_code == 422


@pytest.mark.parametrize(
    "target",
    ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", "/\tx", "app/orders"],
)
async def test_next_leads_nowhere_else(browser: Browser, alice: Person, target: str) -> None:
    assert (await browser.sign_in(alice, target=target)).headers["location"] == "/app/orders"


async def test_next_leads_back_to_where_the_session_was_missing(browser: Browser, alice: Person) -> None:
    asked = await browser.get("/app/settings/tokens?x=1")
    assert asked.headers["location"] == "/sign-in?next=/app/settings/tokens%3Fx%3D1"
    form = await browser.get(asked.headers["location"])
    assert 'name="next" value="/app/settings/tokens?x=1"' in form.text
    assert (await browser.sign_in(alice, target="/app/settings/tokens?x=1")).headers["location"] == (
        "/app/settings/tokens?x=1"
    )


async def test_a_fragment_without_a_session_sends_the_whole_page_away(browser: Browser) -> None:
    answer = await browser.get(
        "/app/orders",
        **{"HX-Request-Type": "partial", "HX-Current-URL": "http://portside.test/app/orders?tab=all"},
    )
    assert answer.headers["hx-redirect"] == "/sign-in?next=/app/orders%3Ftab%3Dall"
    assert "location" not in answer.headers


async def test_a_sign_in_form_of_another_browser_is_refused(
    browser: Browser, alice: Person, product: Callable[..., httpx.AsyncClient]
) -> None:
    await browser.get("/sign-in")
    other = Browser(product(Accept="text/html"))
    other.token = browser.token
    answer = await other.post("/sign-in", {"email": alice.email, "password": PASSWORD})
    assert answer.status_code == 403
    assert "open for too long" in answer.text
    assert "portside_session" not in other.client.cookies


@pytest.mark.parametrize(
    ("token", "headers"),
    [
        ("", {}),
        ("k.forged", {}),
        (None, {"Sec-Fetch-Site": "cross-site"}),
        (None, {"Sec-Fetch-Site": "same-site"}),
        (None, {"Origin": "https://evil.example"}),
        (None, {"Origin": "null"}),
    ],
)
async def test_a_form_of_another_site_is_refused(at_desk: Browser, token: str | None, headers: dict[str, str]) -> None:
    if token is not None:
        at_desk.token = token
    answer = await at_desk.post("/app/mode", {"mode": "live"}, **headers)
    assert answer.status_code == 403
    assert "came from another site" in answer.text
    assert 'class="test-strip"' in (await at_desk.get("/app/orders")).text


async def test_the_token_of_another_session_is_refused(
    at_desk: Browser, charlie: Person, product: Callable[..., httpx.AsyncClient]
) -> None:
    other = Browser(product(Accept="text/html"))
    await other.sign_in(charlie)
    await other.get("/app/orders")
    at_desk.token = other.token
    assert (await at_desk.post("/app/mode", {"mode": "live"})).status_code == 403


async def test_a_form_of_ours_is_taken_by_field_and_by_header(at_desk: Browser) -> None:
    own = {"Sec-Fetch-Site": "same-origin", "Origin": "http://portside.test"}
    live = await at_desk.post("/app/mode", {"mode": "live"}, Referer="http://portside.test/app/orders/0", **own)
    assert live.headers["location"] == "/app/orders"
    assert 'class="test-strip"' not in (await at_desk.get("/app/orders")).text
    by_header = await at_desk.client.post("/app/mode", data={"mode": "test"}, headers={"x-csrftoken": at_desk.token})
    assert by_header.status_code == 303
    assert 'class="test-strip"' in (await at_desk.get("/app/orders")).text


async def test_the_mode_is_remembered_for_the_next_sign_in(at_desk: Browser, alice: Person) -> None:
    await at_desk.post("/app/mode", {"mode": "live"})
    await at_desk.post("/sign-out")
    await at_desk.sign_in(alice)
    assert 'class="test-strip"' not in (await at_desk.get("/app/orders")).text
    assert (await at_desk.post("/app/mode", {"mode": "sideways"})).status_code == 400


async def test_every_page_says_what_it_may_do(at_desk: Browser) -> None:
    for path, status in (("/app/orders", 200), ("/sign-in", 303), ("/app/nothing", 404), ("/nowhere", 404)):
        answer = await at_desk.get(path)
        assert answer.status_code == status
        assert answer.headers["content-security-policy"] == CSP
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "same-origin"
        assert answer.headers["cache-control"] == "no-store"


async def test_cookies_are_for_https_only_where_there_is_https(
    browser: Browser, alice: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "Secure" not in (await browser.sign_in(alice)).headers["set-cookie"]
    installed = kit.services()
    monkeypatch.setattr(kit, "_installed", msgspec.structs.replace(installed, public_url="https://ship.example"))
    await browser.get("/app/orders")
    await browser.post("/sign-out")
    assert "Secure" in (await browser.sign_in(alice)).headers["set-cookie"]
