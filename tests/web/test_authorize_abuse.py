"""The connect page and those who press twice, forge, guess, or send forms that are not ours."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from urllib.parse import urlencode

import httpx
import pytest

from portside.apps.actions import mark_origin_verified, update_app
from portside.apps.models import AppChanges
from portside.db.begin import begin, reading
from portside.web.entry import LIMITS, Limit
from tests.support.cast import PASSWORD, Person
from tests.support.connecting import (
    CALLBACK,
    FRAME,
    ORIGIN,
    WINDOW,
    Partner,
    Visit,
    codes,
    connections,
    mailed_code,
    make_partner,
    policy,
    token_of,
)

Maker = Callable[..., httpx.AsyncClient]


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
    assert late.status_code == 422 and "does not work any more" in late.text


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


async def test_a_frame_that_may_not_stand_there_any_more_cannot_answer(
    frame: Visit, partner: Partner, alice: Person
) -> None:
    await frame.open(partner.asks(mode="test"))
    consent = await frame.log_in(alice)
    async with begin() as tx:
        await tx.execute("UPDATE app_origins SET verified_at = NULL WHERE app_id = $1", partner.app.id)
    refused = await frame.press("allow")
    assert refused.status_code == 403 and "Continue in a new window" in refused.text
    async with begin() as tx:
        await mark_origin_verified(tx, partner.person.scope, partner.app.id, ORIGIN)
    frame.answer = consent
    assert (await frame.press("allow")).status_code == 200


async def test_opening_the_page_over_and_over_is_stopped_without_keeping_anything(
    frame: Visit, partner: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(LIMITS, "connect", Limit(3, 3, 15))
    statuses = [(await frame.open(partner.asks())).status_code for _ in range(5)]
    assert statuses == [200, 200, 200, 429, 429]
    assert frame.answer.headers["retry-after"] == "900" and "Start again" in frame.page
    async with reading() as tx:
        kept = await tx.fetchval("SELECT count(*) FROM oauth_interactions WHERE app_id = $1", partner.app.id)
    assert kept == 3
