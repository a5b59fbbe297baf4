"""The connect page over HTTP: who gets a code, who is sent back, and who is sent nowhere."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx
import pytest

from portside.accounts.actions import add_member
from portside.apps.actions import delete_app, update_app
from portside.apps.models import AppChanges
from portside.db.begin import begin, reading
from portside.kit.clock import now
from tests.support.cast import PASSWORD, Person
from tests.support.connecting import (
    CALLBACK,
    FRAME,
    ORIGIN,
    WINDOW,
    Partner,
    Visit,
    mailed_code,
    make_partner,
)

Maker = Callable[..., httpx.AsyncClient]


@pytest.fixture
async def partner(product: object) -> Partner:
    return await make_partner()


@pytest.fixture
def window(product: Maker) -> Visit:
    """A tab or popup."""
    return Visit(product(Accept="text/html"), WINDOW)


@pytest.fixture
def frame(product: Maker) -> Visit:
    """A frame on the partner's page."""
    return Visit(product(Accept="text/html"), FRAME)


@pytest.fixture(params=["window", "frame"])
def anywhere(request: pytest.FixtureRequest) -> Visit:
    visit: Visit = request.getfixturevalue(request.param)
    return visit


async def token_of(visit: Visit, partner: Partner, code: str) -> httpx.Response:
    fields = {
        "client_id": partner.app.client_id,
        "client_secret": partner.secret,
        "grant_type": "authorization_code",
        "code": code,
    }
    return await visit.client.post("/oauth/access_token", data=fields, headers={"Accept": "application/json"})


async def connections(partner: Partner) -> list[tuple[str, str, str]]:
    """(account, mode, scopes) that the app may act for."""
    async with reading() as tx:
        rows = await tx.fetch(
            "SELECT account_id, mode, scopes FROM connections WHERE app_id = $1 AND ended_at IS NULL", partner.app.id
        )
    return [(row["account_id"], row["mode"], row["scopes"]) for row in rows]


async def codes(partner: Partner) -> int:
    async with reading() as tx:
        count: int = await tx.fetchval("SELECT count(*) FROM oauth_codes WHERE app_id = $1", partner.app.id)
    return count


async def sign_in(visit: Visit, person: Person) -> None:
    """To Portside itself, in the same browser."""
    page = await visit.client.get("/sign-in")
    found = re.search(r'name="_csrf_token" value="([^"]+)"', page.text)
    assert found is not None
    fields = {"_csrf_token": found[1], "email": person.email, "password": PASSWORD}
    assert (await visit.client.post("/sign-in", data=fields)).status_code == 303


def policy(answer: httpx.Response) -> dict[str, str]:
    rules = answer.headers["content-security-policy"].split("; ")
    return {name: value for name, _, value in (rule.partition(" ") for rule in rules)}


async def test_a_merchant_logs_in_allows_and_the_code_is_worth_a_token(
    anywhere: Visit, partner: Partner, alice: Person
) -> None:
    page = await anywhere.open(partner.asks())
    assert page.status_code == 200 and "Bazaar" in page.text and "bazaar.example" in page.text
    consent = await anywhere.log_in(alice)
    assert "Allow Bazaar to ship for you?" in consent.text
    assert alice.email in consent.text and "Alice Ltd" in consent.text and "charged to you" in consent.text
    assert await connections(partner) == []
    done = await anywhere.press("allow")
    assert done.status_code == 200
    assert anywhere.went.keys() == {"code", "state"} and anywhere.went["state"] == "st 4&te"
    assert await connections(partner) == [(alice.account_id, "live", "*")]
    token = await token_of(anywhere, partner, anywhere.went["code"])
    assert token.status_code == 200 and token.json()["access_token"].startswith("oauth.")


async def test_a_newcomer_registers_on_the_same_page(anywhere: Visit, partner: Partner) -> None:
    email = f"ann-{now().timestamp():.0f}-{id(anywhere)}@example.com"
    prefill = {"email": email, "first_name": "Ann", "last_name": "Lee", "company_name": "Ann's Ropes"}
    page = await anywhere.open(partner.asks(**prefill))
    assert f'value="{email}"' in page.text and 'value="Ann Lee"' in page.text and "Ann&#39;s Ropes" in page.text
    fields = {"new_email": email, "name": "Ann Lee", "company": "Ann's Ropes", "new_password": "ropes and lanterns"}
    assert "Check your mail" in (await anywhere.press("register", fields)).text
    wrong = await anywhere.press("verify", {"code": "000000"})
    assert wrong.status_code == 422 and "not the code" in wrong.text
    consent = await anywhere.press("verify", {"code": await mailed_code(email)})
    assert "Allow Bazaar to ship for you?" in consent.text and "Ann&#39;s Ropes" in consent.text
    await anywhere.press("allow")
    token = (await token_of(anywhere, partner, anywhere.went["code"])).json()["access_token"]
    headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
    assert (await anywhere.client.get("/orders", headers=headers)).status_code == 200
    assert "portside_session" not in anywhere.client.cookies


async def test_a_known_e_mail_looks_like_any_other_when_registering(
    frame: Visit, partner: Partner, alice: Person
) -> None:
    async def answer(email: str) -> str:
        await frame.open(partner.asks())
        page = await frame.press(
            "register", {"new_email": email, "name": "A", "company": "A", "new_password": "ropes and lanterns"}
        )
        assert page.status_code == 200
        return re.sub(r'value="[^"]+"', "", page.text).replace(email, "")

    assert await answer(alice.email) == await answer("nobody-knows-me@example.com")


async def test_in_a_frame_no_cookie_is_set_or_believed(frame: Visit, partner: Partner, alice: Person) -> None:
    await sign_in(frame, alice)
    page = await frame.open(partner.asks())
    assert "New password" in page.text and alice.email not in page.text
    cookies = [page.headers.get("set-cookie")]
    cookies.append((await frame.log_in(alice)).headers.get("set-cookie"))
    cookies.append((await frame.press("allow")).headers.get("set-cookie"))
    assert cookies == [None, None, None]


async def test_who_is_signed_in_needs_no_password_in_a_window(window: Visit, partner: Partner, alice: Person) -> None:
    await sign_in(window, alice)
    page = await window.open(partner.asks(email=alice.email.upper()))
    assert "You are signed in as" in page.text and alice.email in page.text
    again = re.search(r'href="([^"]+)">Not you\?', page.text)
    assert again is not None
    await window.press("allow")
    assert window.went["code"]
    page = await window.open(again[1].replace("&amp;", "&"))
    assert "New password" in page.text and "You are signed in" not in page.text


async def test_who_is_signed_in_as_somebody_else_is_asked(
    window: Visit, partner: Partner, alice: Person, charlie: Person
) -> None:
    await sign_in(window, alice)
    page = await window.open(partner.asks(email=charlie.email))
    assert "Which account do you want to connect?" in page.text
    assert alice.email in page.text and charlie.email in page.text
    early = await window.press("allow")
    assert early.status_code == 410
    page = await window.open(partner.asks(email=charlie.email))
    consent = await window.press("stay")
    assert "Allow Bazaar to ship for you?" in consent.text
    await window.press("allow")
    assert [account for account, _, _ in await connections(partner)] == [alice.account_id]


async def test_staying_needs_the_session_that_the_page_was_shown_in(
    window: Visit, product: Maker, partner: Partner, alice: Person, charlie: Person
) -> None:
    await sign_in(window, alice)
    await window.open(partner.asks(email=charlie.email))
    other = Visit(product(Accept="text/html"), WINDOW)
    await sign_in(other, charlie)
    other.answer = window.answer
    assert (await other.press("stay")).status_code == 410


async def test_a_person_with_two_accounts_chooses(
    frame: Visit, partner: Partner, alice: Person, charlie: Person
) -> None:
    async with begin() as tx:
        user_id = await tx.fetchval("SELECT user_id FROM members WHERE account_id = $1", alice.account_id)
        await add_member(tx, charlie.account_id, user_id, "member")
    await frame.open(partner.asks())
    consent = await frame.log_in(alice)
    assert "<select" in consent.text and "Alice Ltd" in consent.text and "Charlie Ltd" in consent.text
    await frame.press("allow", {"account": charlie.account_id})
    assert [account for account, _, _ in await connections(partner)] == [charlie.account_id]


@pytest.mark.parametrize("account", ["charlie", "nothing"])
async def test_nobody_connects_somebody_elses_account(
    frame: Visit, partner: Partner, alice: Person, charlie: Person, account: str
) -> None:
    await frame.open(partner.asks())
    await frame.log_in(alice)
    refused = await frame.press("allow", {"account": charlie.account_id if account == "charlie" else "x'"})
    assert refused.status_code == 403
    assert await connections(partner) == []


async def test_cancel_tells_the_app_at_every_step(anywhere: Visit, partner: Partner, alice: Person) -> None:
    await anywhere.open(partner.asks())
    await anywhere.press("cancel")
    assert anywhere.went["error"] == "access_denied" and anywhere.went["error_description"]
    assert anywhere.went["state"] == "st 4&te" and "code" not in anywhere.went
    await anywhere.open(partner.asks())
    await anywhere.log_in(alice)
    await anywhere.press("cancel")
    assert anywhere.went["error"] == "access_denied"
    assert await connections(partner) == []


async def test_without_a_state_none_comes_back(frame: Visit, partner: Partner, alice: Person) -> None:
    await frame.open(partner.asks(state=None))
    await frame.log_in(alice)
    await frame.press("allow")
    assert frame.went.keys() == {"code"}


async def test_narrower_scopes_are_said_and_granted(frame: Visit, partner: Partner, alice: Person) -> None:
    await frame.open(partner.asks(scope="orders:write tracking:read orders:read", mode="test"))
    consent = await frame.log_in(alice)
    assert "See and change your orders" in consent.text and "See where your parcels are" in consent.text
    assert "buy" not in consent.text and "Test mode" in consent.text
    await frame.press("allow")
    assert await connections(partner) == [(alice.account_id, "test", "orders:read orders:write tracking:read")]


@pytest.mark.parametrize(
    "given",
    [{"live": False}, {"verified": False}, {"origins": (), "verified": False}],
    ids=["not live", "not verified", "no origin"],
)
async def test_unknown_and_unfinished_apps_get_test_data_only(
    window: Visit, product: object, alice: Person, given: dict[str, object]
) -> None:
    partner = await make_partner(**given)  # type: ignore[arg-type]
    await window.open(partner.asks())
    consent = await window.log_in(alice)
    assert "Test mode" in consent.text and "so it gets test data only" in consent.text
    await window.press("allow")
    assert [mode for _, mode, _ in await connections(partner)] == ["test"]


# Bad clients and redirect URIs: a page, and nowhere to go.


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": None},
        {"client_id": ""},
        {"client_id": "partner_" + "0" * 24},
        {"client_id": "nul\x00"},
        {"redirect_uri": "https://evil.example/callback"},
        {"redirect_uri": CALLBACK + "/"},
        {"redirect_uri": CALLBACK + "?next=https://evil.example"},
        {"redirect_uri": CALLBACK.upper()},
        {"redirect_uri": "https://bazaar.example@evil.example/callback"},
        {"redirect_uri": "javascript:alert(1)"},
        {"redirect_uri": "//evil.example"},
        {"redirect_uri": CALLBACK + "\x00"},
    ],
)
async def test_a_bad_client_or_redirect_uri_is_sent_nowhere(
    anywhere: Visit, partner: Partner, changes: dict[str, str | None]
) -> None:
    answer = await anywhere.open(partner.asks(**changes))
    assert answer.status_code == 400
    assert "This link does not work" in answer.text
    assert "location" not in answer.headers and "refresh" not in answer.text and "<form" not in answer.text
    assert "evil.example" not in answer.text
    assert policy(answer)["frame-ancestors"] == "'none'"


@pytest.mark.parametrize("name", ["client_id", "redirect_uri"])
async def test_two_clients_or_redirect_uris_are_none(window: Visit, partner: Partner, name: str) -> None:
    right = {"client_id": partner.app.client_id, "redirect_uri": CALLBACK}[name]
    url = partner.asks(redirect_uri=CALLBACK)
    for more in (right, "https://evil.example"):
        answer = await window.open(f"{url}&{urlencode({name: more})}")
        assert answer.status_code == 400 and "location" not in answer.headers


async def test_an_app_with_two_redirect_uris_must_name_one(window: Visit, product: object) -> None:
    partner = await make_partner(redirect_uris=(CALLBACK, f"{ORIGIN}/other"))
    assert (await window.open(partner.asks())).status_code == 400
    assert (await window.open(partner.asks(redirect_uri=CALLBACK))).status_code == 200


async def test_a_deleted_app_is_unknown(window: Visit, partner: Partner) -> None:
    async with begin() as tx:
        await delete_app(tx, partner.person.scope, partner.app.id)
    assert (await window.open(partner.asks())).status_code == 400


@pytest.mark.parametrize("query", ["", "?", "?%ff=1", "?client_id=%ff", "?" + "a=1&" * 500])
async def test_no_address_breaks_the_page(window: Visit, product: object, query: str) -> None:
    answer = await window.open(f"/oauth/authorize/{query}")
    assert answer.status_code == 400 and "This link does not work" in answer.text


# What the app asked for wrongly goes back to it.


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"response_type": None}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"scope": None}, "invalid_scope"),
        ({"scope": "default"}, "invalid_scope"),
        ({"scope": "orders:read shipments:everything"}, "invalid_scope"),
        ({"scope": "*\x00"}, "invalid_request"),
        ({"mode": "real"}, "invalid_request"),
        ({"code_challenge": "short", "code_challenge_method": "S256"}, "invalid_request"),
        ({"code_challenge": "a" * 43}, "invalid_request"),
        ({"code_challenge": "a" * 43, "code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": "S256"}, "invalid_request"),
    ],
)
async def test_wrong_requests_go_back_with_their_name(
    anywhere: Visit, partner: Partner, changes: dict[str, str | None], error: str
) -> None:
    answer = await anywhere.open(partner.asks(**changes))
    location = answer.headers["location"]
    assert answer.status_code == 303 and location.startswith(f"{CALLBACK}?")
    query = dict(parse_qsl(urlsplit(location).query))
    assert query["error"] == error and query["error_description"] and query["state"] == "st 4&te"


@pytest.mark.parametrize("state", ["x" * 10_000, "nul\x00", "two"])
async def test_a_state_that_cannot_go_back_does_not(window: Visit, partner: Partner, state: str) -> None:
    url = partner.asks() + "&state=another" if state == "two" else partner.asks(state=state)
    answer = await window.open(url)
    query = dict(parse_qsl(urlsplit(answer.headers["location"]).query))
    assert query["error"] == "invalid_request" and "state" not in query


async def test_a_repeated_parameter_is_refused(window: Visit, partner: Partner) -> None:
    answer = await window.open(partner.asks() + "&scope=orders:read")
    assert "error=invalid_request" in answer.headers["location"]


async def test_a_redirect_uri_keeps_its_own_query(window: Visit, product: object, alice: Person) -> None:
    partner = await make_partner(redirect_uris=(f"{CALLBACK}?shop=7",))
    await window.open(partner.asks(state="<\"'>"))
    await window.log_in(alice)
    await window.press("allow")
    assert window.went["shop"] == "7" and window.went["code"] and window.went["state"] == "<\"'>"


# Frames.


async def test_only_verified_origins_may_frame(frame: Visit, window: Visit, partner: Partner, alice: Person) -> None:
    pages = [await frame.open(partner.asks()), await frame.log_in(alice), await frame.press("allow")]
    assert [policy(page)["frame-ancestors"] for page in pages] == [ORIGIN] * 3
    pages = [await window.open(partner.asks()), await window.log_in(alice), await window.press("allow")]
    assert [policy(page)["frame-ancestors"] for page in pages] == ["'none'"] * 3
    for page in pages:
        assert page.headers["referrer-policy"] == "no-referrer"
        assert page.headers["cache-control"] == "no-store"
        assert policy(page)["default-src"] == "'none'" and "script" not in page.headers["content-security-policy"]
    assert policy(await window.client.get("/sign-in"))["frame-ancestors"] == "'none'"


@pytest.mark.parametrize(
    ("given", "referer"),
    [
        ({"verified": False}, f"{ORIGIN}/"),
        ({"verified": False}, ""),
        ({"origins": (), "verified": False}, f"{ORIGIN}/"),
        ({}, "https://evil.example/"),
        ({}, f"{ORIGIN}.evil.example/"),
        ({}, "http://bazaar.example/"),
    ],
)
async def test_in_other_frames_there_is_only_a_link_to_a_window(
    frame: Visit, product: object, given: dict[str, object], referer: str
) -> None:
    partner = await make_partner(**given)  # type: ignore[arg-type]
    page = await frame.open(partner.asks(display="frame"), Referer=referer)
    assert page.status_code == 403 and "Continue in a new window" in page.text and "<form" not in page.text
    assert 'target="_blank"' in page.text and "display" not in page.text
    assert policy(page)["frame-ancestors"] in (ORIGIN, "'none'")


async def test_an_operators_approval_stands_for_verified_origins(frame: Visit, product: object) -> None:
    partner = await make_partner(verified=False, approved=True)
    page = await frame.open(partner.asks())
    assert page.status_code == 200 and policy(page)["frame-ancestors"] == ORIGIN and "Test mode" not in page.text


async def test_browsers_that_do_not_tell_are_told_by_the_partner(product: Maker, partner: Partner) -> None:
    old = Visit(product(Accept="text/html"), {})
    assert policy(await old.open(partner.asks()))["frame-ancestors"] == "'none'"
    assert policy(await old.open(partner.asks(display="frame")))["frame-ancestors"] == ORIGIN
    told = Visit(product(Accept="text/html"), WINDOW)
    assert policy(await told.open(partner.asks(display="frame")))["frame-ancestors"] == "'none'"


# One answer for one interaction.


async def test_a_second_press_a_reload_and_the_back_button_make_no_second_code(
    anywhere: Visit, partner: Partner, alice: Person
) -> None:
    entry = await anywhere.open(partner.asks())
    consent = await anywhere.log_in(alice)
    await anywhere.press("allow")
    for before, step in ((consent, "allow"), (consent, "cancel"), (entry, "login"), (entry, "cancel")):
        anywhere.answer = before
        again = await anywhere.press(step, {"email": alice.email, "password": alice.password})
        assert again.status_code == 410 and "no longer valid" in again.text
        assert "Start again" in again.text and f'href="{ORIGIN}/"' in again.text
    assert await codes(partner) == 1


async def test_pressing_twice_at_once_makes_one_code(frame: Visit, partner: Partner, alice: Person) -> None:
    await frame.open(partner.asks())
    consent = await frame.log_in(alice)
    visits = [Visit(frame.client, FRAME) for _ in range(5)]
    for visit in visits:
        visit.answer = consent
    answers = await asyncio.gather(*[visit.press("allow") for visit in visits])
    assert sorted(answer.status_code for answer in answers) == [200, 410, 410, 410, 410]
    assert await codes(partner) == 1


async def test_two_connects_at_once_are_one_connection_with_two_good_codes(
    product: Maker, partner: Partner, alice: Person
) -> None:
    visits = [Visit(product(Accept="text/html"), kind) for kind in (FRAME, WINDOW, FRAME)]
    for visit in visits:
        await visit.open(partner.asks())
        await visit.log_in(alice)
    await asyncio.gather(*[visit.press("allow") for visit in visits])
    assert len(await connections(partner)) == 1
    tokens = [(await token_of(visit, partner, visit.went["code"])).json()["access_token"] for visit in visits]
    assert len(set(tokens)) == 3
    for token in tokens:
        headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
        assert (await visits[0].client.get("/orders", headers=headers)).status_code == 200


async def test_signing_in_renames_the_interaction(frame: Visit, partner: Partner, alice: Person) -> None:
    entry = await frame.open(partner.asks())
    before = frame.handle
    await frame.log_in(alice)
    assert frame.handle != before
    # Who knew the name from before has nothing of what alice did.
    frame.answer = entry
    assert (await frame.press("allow")).status_code == 410
    async with reading() as tx:
        rows = await tx.fetch("SELECT oauth_interactions::text AS row FROM oauth_interactions")
    assert before not in "".join(row["row"] for row in rows)


async def test_nothing_is_granted_before_somebody_has_signed_in(frame: Visit, partner: Partner) -> None:
    await frame.open(partner.asks())
    assert (await frame.press("allow")).status_code == 410
    assert await codes(partner) == 0


async def test_an_interaction_ends_after_a_quarter_of_an_hour(frame: Visit, partner: Partner, alice: Person) -> None:
    await frame.open(partner.asks())
    await frame.log_in(alice)
    async with begin() as tx:
        await tx.execute(
            "UPDATE oauth_interactions SET expires_at = now() - interval '1 second' WHERE app_id = $1", partner.app.id
        )
    over = await frame.press("allow")
    assert over.status_code == 410 and "Start again" in over.text
    assert policy(over)["frame-ancestors"] == ORIGIN


@pytest.mark.parametrize("handle", ["", "forged", "x" * 10_000, "nul\x00", "\ud83d"])
async def test_a_forged_handle_is_nobodys(frame: Visit, partner: Partner, alice: Person, handle: str) -> None:
    await frame.open(partner.asks())
    await frame.log_in(alice)
    body = urlencode({"handle": handle, "step": "allow"}, errors="surrogatepass")
    answer = await frame.client.post(partner.asks(), content=body, headers={**FRAME, "Sec-Fetch-Site": "same-origin"})
    assert answer.status_code in (400, 410)
    assert await codes(partner) == 0


async def test_the_handle_of_another_app_request_or_window_is_foreign(
    frame: Visit, partner: Partner, alice: Person
) -> None:
    other = await make_partner(name="Harbour Books", redirect_uris=(f"{ORIGIN}/books",))
    await frame.open(partner.asks())
    consent = await frame.log_in(alice)
    for url in (
        other.asks(),
        partner.asks(state="another"),
        partner.asks(scope="orders:read"),
        partner.asks(mode="test"),
    ):
        body = {"handle": frame.handle, "step": "allow"}
        answer = await frame.client.post(url, data=body, headers={**FRAME, "Sec-Fetch-Site": "same-origin"})
        assert answer.status_code == 410, url
    moved = Visit(frame.client, WINDOW)
    moved.answer = consent
    assert (await moved.press("allow")).status_code == 410
    assert await codes(partner) == 0
    assert (await frame.press("allow")).status_code == 200


async def test_an_app_that_may_less_than_when_the_page_opened_gets_nothing(
    frame: Visit, partner: Partner, alice: Person
) -> None:
    await frame.open(partner.asks())
    await frame.log_in(alice)
    changes = AppChanges(name="Bazaar", redirect_uris=(CALLBACK,), origins=(ORIGIN,), site_url=f"{ORIGIN}/", live=False)
    async with begin() as tx:
        await update_app(tx, partner.person.scope, partner.app.id, changes)
    assert (await frame.press("allow")).status_code == 410
    assert await connections(partner) == []


async def test_live_data_needs_a_proved_e_mail(frame: Visit, partner: Partner, alice: Person) -> None:
    async with begin() as tx:
        await tx.execute("UPDATE users SET email_verified_at = NULL WHERE email = $1", alice.email)
    await frame.open(partner.asks())
    refused = await frame.log_in(alice)
    assert refused.status_code == 403 and "Verify your e-mail first" in refused.text
    await frame.open(partner.asks(mode="test"))
    await frame.log_in(alice)
    await frame.press("allow")
    assert await connections(partner) == [(alice.account_id, "test", "*")]


# Forms of others.


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"},
        {"Sec-Fetch-Site": "same-site", "Origin": "http://evil.portside.test"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "null"},
    ],
)
async def test_a_form_of_another_site_does_nothing(
    anywhere: Visit, partner: Partner, alice: Person, headers: dict[str, str]
) -> None:
    await anywhere.open(partner.asks())
    consent = await anywhere.log_in(alice)
    refused = await anywhere.press("allow", None, **headers)
    assert refused.status_code == 403 and "not ours" in refused.text
    assert await codes(partner) == 0
    anywhere.answer = consent
    assert (await anywhere.press("allow")).status_code == 200


async def test_without_the_browsers_word_on_the_site_a_foreign_origin_does_nothing(
    product: Maker, partner: Partner, alice: Person
) -> None:
    old = Visit(product(Accept="text/html"), {})
    await old.open(partner.asks())
    fields = {"handle": old.handle, "step": "login", "email": alice.email, "password": alice.password}
    refused = await old.client.post(partner.asks(), data=fields, headers={"Origin": "https://evil.example"})
    assert refused.status_code == 403
    allowed = await old.client.post(partner.asks(), data=fields, headers={"Origin": "null"})
    assert "Allow Bazaar to ship for you?" in allowed.text


@pytest.mark.parametrize("body", [b"step=%00", b"step=nothing", b"", b"\xff\xfe", b"step=login&email=%00a&handle=x"])
async def test_no_form_breaks_the_page(frame: Visit, partner: Partner, body: bytes) -> None:
    answer = await frame.client.post(partner.asks(), content=body, headers={**FRAME, "Sec-Fetch-Site": "same-origin"})
    assert answer.status_code == 400 and "could not be read" in answer.text


async def test_other_methods_are_refused_as_a_page(window: Visit, partner: Partner) -> None:
    answer = await window.client.put(partner.asks(), headers=WINDOW)
    assert answer.status_code == 405 and "text/html" in answer.headers["content-type"]


# Guessing.


async def test_wrong_and_unknown_look_the_same_and_are_counted_with_the_sign_in_page(
    frame: Visit, partner: Partner, alice: Person
) -> None:
    await frame.open(partner.asks())
    for email in (alice.email, "nobody@example.com"):
        wrong = await frame.press("login", {"email": email, "password": "wrong"})
        assert wrong.status_code == 422 and "E-mail or password is wrong." in wrong.text
        assert f'value="{email}"' in wrong.text and 'wrong"' not in wrong.text
    statuses = [
        (await frame.press("login", {"email": alice.email, "password": f"guess {n}"})).status_code for n in range(10)
    ]
    assert statuses == [422] * 9 + [429]
    assert (await frame.log_in(alice)).status_code == 429
    assert frame.answer.headers["retry-after"] == "900"
    window = Visit(frame.client, WINDOW)
    page = await window.client.get("/sign-in")
    found = re.search(r'name="_csrf_token" value="([^"]+)"', page.text)
    assert found is not None
    fields = {"_csrf_token": found[1], "email": alice.email, "password": PASSWORD}
    assert (await window.client.post("/sign-in", data=fields)).status_code == 429


async def test_a_code_is_guessed_five_times_and_no_more(frame: Visit, partner: Partner) -> None:
    email = f"guessed-{partner.app.id[-8:]}@example.com"
    await frame.open(partner.asks())
    fields = {"new_email": email, "name": "A", "company": "A", "new_password": "ropes and lanterns"}
    form = await frame.press("register", fields)
    right = await mailed_code(email)
    for _ in range(5):
        wrong = await frame.press("verify", {"code": "000000" if right != "000000" else "111111"})
        assert wrong.status_code == 422
    frame.answer = form
    late = await frame.press("verify", {"code": right})
    assert late.status_code == 422 and "Allow" not in late.text and "run out" in late.text


async def test_what_is_wrong_with_a_registration_is_said_by_the_field(frame: Visit, partner: Partner) -> None:
    await frame.open(partner.asks())
    fields = {"new_email": "no address", "name": "Ann", "company": "", "new_password": "short"}
    wrong = await frame.press("register", fields)
    assert wrong.status_code == 422
    for name in ("new_email", "company", "new_password"):
        assert f'id="{name}-wrong"' in wrong.text
    assert 'value="no address"' in wrong.text and 'value="Ann"' in wrong.text and "short" not in wrong.text


async def test_refusals_are_logged_without_secrets(
    frame: Visit, partner: Partner, alice: Person, capfd: pytest.CaptureFixture[str]
) -> None:
    await frame.open(partner.asks(redirect_uri="https://evil.example"))
    await frame.open(partner.asks(), Referer="https://evil.example/")
    await frame.open(partner.asks(state="s3cr3t-state"))
    await frame.log_in(alice)
    handle = frame.handle
    consent = frame.answer
    await frame.press("allow", None, **{"Sec-Fetch-Site": "cross-site"})
    frame.answer = consent
    await frame.press("allow")
    code = frame.went["code"]
    frame.answer = consent
    await frame.press("allow")
    logged = "".join(capfd.readouterr())
    for word in ("bad_client", "foreign_frame", "foreign_form", "unknown_interaction"):
        assert word in logged, logged
    for secret in (handle, code, "s3cr3t-state", alice.password):
        assert secret not in logged


async def test_the_accounts_log_tells_of_the_sign_in_and_the_connection(
    frame: Visit, partner: Partner, alice: Person
) -> None:
    await frame.open(partner.asks())
    await frame.log_in(alice)
    await frame.press("allow")
    async with reading() as tx:
        rows = await tx.fetch(
            "SELECT action, subject, details FROM audit_entries WHERE account_id = $1 ORDER BY id", alice.account_id
        )
    told = [(row["action"], row["subject"]) for row in rows]
    assert ("sign_in", alice.email) in told
    assert any("Bazaar" in f"{row['subject']} {row['details']}" for row in rows)
