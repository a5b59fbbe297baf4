"""The connect page over HTTP: who gets a code, for which account, and what the app may do with it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import httpx
import msgspec
import pytest

from portside.accounts.actions import add_member
from portside.apps.actions import set_logo
from portside.db.begin import begin
from portside.kit import services as kit
from portside.kit.clock import now
from tests.support.cast import Person
from tests.support.connecting import WINDOW, Partner, Visit, connections, mailed_code, make_partner, sign_in, token_of

Maker = Callable[..., httpx.AsyncClient]


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


async def test_the_page_shows_the_apps_logo(anywhere: Visit, partner: Partner) -> None:
    assert "/app-logos/" not in (await anywhere.open(partner.asks())).text
    async with begin() as tx:
        await set_logo(tx, partner.person.scope, partner.app.id, "logos/0123.png")
    page = await anywhere.open(partner.asks())
    assert f'src="/app-logos/{partner.app.id}?v=0123"' in page.text
    assert "img-src 'self'" in page.headers["content-security-policy"]


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
    consent = await frame.log_in(alice)
    assert "connect-rested" not in consent.text
    cookies.append(consent.headers.get("set-cookie"))
    cookies.append((await frame.press("allow")).headers.get("set-cookie"))
    assert cookies == [None, None, None]


async def test_who_is_signed_in_needs_no_password_in_a_window(window: Visit, partner: Partner, alice: Person) -> None:
    await sign_in(window, alice)
    page = await window.open(partner.asks(email=alice.email.upper()))
    assert "You are signed in as" in page.text and alice.email in page.text
    # tests/web/test_browser.py tells what that does; whoever typed a password is not held up.
    assert "connect-rested" in page.text
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


async def test_another_code_is_sent_and_only_that_one_counts(frame: Visit, partner: Partner) -> None:
    email = f"again-{partner.app.id[-8:]}@example.com"
    await frame.open(partner.asks())
    fields = {"new_email": email, "name": "A", "company": "A", "new_password": "ropes and lanterns"}
    await frame.press("register", fields)
    first = await mailed_code(email)
    sent = await frame.press("resend")
    assert sent.status_code == 200 and "new code" in sent.text
    second = await mailed_code(email)
    if first != second:
        assert (await frame.press("verify", {"code": first})).status_code == 422
    assert "Allow Bazaar to ship for you?" in (await frame.press("verify", {"code": second})).text


@pytest.fixture
def closed(product: object) -> Iterator[None]:
    """An installation whose operator opens the accounts."""
    before = kit.services()
    settings = msgspec.structs.replace(before.settings, sign_up="closed")
    kit.install(msgspec.structs.replace(before, settings=settings))
    yield
    kit.install(before)


async def test_where_the_operator_opens_accounts_one_can_only_log_in(
    frame: Visit, partner: Partner, alice: Person, closed: None
) -> None:
    page = await frame.open(partner.asks())
    assert "New password" not in page.text
    fields = {"new_email": "new@example.com", "name": "A", "company": "A", "new_password": "ropes and lanterns"}
    assert (await frame.press("register", fields)).status_code == 403
    assert "Allow Bazaar" in (await frame.log_in(alice)).text
