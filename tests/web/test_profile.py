"""One's own name and e-mail; a new e-mail counts once it is verified, and what needs a verified one says so."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest

from portside.cli.accounts import open_account
from portside.db.pool import current_pool
from portside.kit.ids import new_id
from portside.kit.services import services
from tests.support.cast import PASSWORD, Person
from tests.web.conftest import Browser
from tests.web.people import code_to, subjects_to

PATH = "/app/settings/profile"


def some_email() -> str:
    return f"new-{new_id()[-12:]}@example.com"


async def test_the_name_changes_everywhere(at_desk: Browser) -> None:
    await at_desk.get(PATH)
    await at_desk.post(PATH + "/name", {"name": "Alice <Anchor>"})
    page = await at_desk.get("/app/orders")
    assert "Alice &lt;Anchor&gt;" in page.text and "<Anchor>" not in page.text
    for name in ("", "x" * 101, "Al\u202eice"):
        assert (await at_desk.post(PATH + "/name", {"name": name})).status_code == 422


async def test_a_new_e_mail_counts_once_its_code_came_back(
    at_desk: Browser, alice: Person, product: Callable[..., httpx.AsyncClient]
) -> None:
    await at_desk.get(PATH)
    email = some_email()
    wrong = await at_desk.post(PATH + "/email", {"email": email, "password": "wrong"})
    assert wrong.status_code == 422 and "This is not your password." in wrong.text
    assert (await at_desk.post(PATH + "/email", {"email": email, "password": PASSWORD})).status_code == 303
    page = await at_desk.get(PATH)
    assert email in page.text and f"You sign in as <strong>{alice.email}</strong>" in page.text
    other = Browser(product(Accept="text/html"))
    assert (await other.sign_in(alice)).status_code == 303
    bad = await at_desk.post(PATH + "/email/code", {"code": "12345"})
    assert bad.status_code == 422 and "That is not the code." in bad.text
    done = await at_desk.post(PATH + "/email/code", {"code": await code_to(email)})
    assert done.status_code == 303
    assert f"You sign in as <strong>{email}</strong>" in (await at_desk.get(PATH)).text
    assert await subjects_to(alice.email) == ["Your e-mail was changed"]
    await at_desk.post("/sign-out")
    await at_desk.get("/sign-in")
    again = await at_desk.post("/sign-in", {"email": email, "password": PASSWORD})
    assert again.headers["location"] == "/app/orders"


async def test_an_e_mail_of_somebody_else_is_not_told_and_never_taken(
    at_desk: Browser, alice: Person, charlie: Person
) -> None:
    await at_desk.get(PATH)
    asked = await at_desk.post(PATH + "/email", {"email": charlie.email, "password": PASSWORD})
    assert asked.status_code == 303
    assert await subjects_to(charlie.email) == ["This address is in use already"]
    for code in ("000000", "", "123456"):
        assert (await at_desk.post(PATH + "/email/code", {"code": code})).status_code == 422
    assert f"You sign in as <strong>{alice.email}</strong>" in (await at_desk.get(PATH)).text


async def test_an_e_mail_that_was_taken_meanwhile_is_not_taken_twice(at_desk: Browser, alice: Person) -> None:
    await at_desk.get(PATH)
    email = some_email()
    await at_desk.post(PATH + "/email", {"email": email, "password": PASSWORD})
    code = await code_to(email)
    await open_account(services(), email=email, company="Quick", name="Quick", password=PASSWORD)
    late = await at_desk.post(PATH + "/email/code", {"code": code})
    assert late.status_code == 422 and "somebody else" in late.text


async def test_cancelling_and_sending_again(at_desk: Browser, alice: Person) -> None:
    await at_desk.get(PATH)
    email = some_email()
    await at_desk.post(PATH + "/email", {"email": email, "password": PASSWORD})
    first = await code_to(email)
    assert (await at_desk.post(PATH + "/email/again")).status_code == 303
    second = await code_to(email)
    if first != second:
        assert (await at_desk.post(PATH + "/email/code", {"code": first})).status_code == 422
    await at_desk.post(PATH + "/email/cancel")
    assert (await at_desk.post(PATH + "/email/code", {"code": second})).status_code == 422
    assert f"You sign in as <strong>{alice.email}</strong>" in (await at_desk.get(PATH)).text


@pytest.mark.parametrize("email", ["", "nobody", "x" * 300 + "@example.com"])
async def test_what_is_no_e_mail_is_told(at_desk: Browser, email: str) -> None:
    await at_desk.get(PATH)
    assert (await at_desk.post(PATH + "/email", {"email": email, "password": PASSWORD})).status_code == 422


async def test_live_tokens_and_invitations_wait_for_a_verified_e_mail(browser: Browser, product: object) -> None:
    email = f"dora-{new_id()[-12:]}@example.com"
    await open_account(services(), email=email, company="Dora Ltd", name="Dora", password=PASSWORD, is_verified=False)
    await browser.get("/sign-in")
    await browser.post("/sign-in", {"email": email, "password": PASSWORD})
    await browser.get("/app/orders")
    tokens = "/app/settings/tokens"
    assert "shippo_test_" in (await browser.post(tokens, {"name": "Store"})).text
    await browser.post("/app/mode", {"mode": "live"})
    assert "Verify your e-mail before making live tokens" in (await browser.get(tokens)).text
    refused = await browser.post(tokens, {"name": "Store"})
    assert refused.status_code == 422 and "shippo_live_" not in refused.text
    people = await browser.get("/app/settings/people")
    assert "Verify your e-mail before inviting people" in people.text
    invited = await browser.post("/app/settings/people/invitations", {"email": some_email(), "role": "member"})
    assert invited.status_code == 422
    assert (
        await current_pool().fetchval(
            "SELECT count(*) FROM invitations i JOIN users u ON u.id = i.invited_by WHERE u.email = $1", email
        )
        == 0
    )
    assert (await browser.post(PATH + "/verify")).headers["location"] == PATH
    assert (await browser.post(PATH + "/email/code", {"code": await code_to(email)})).status_code == 303
    assert "shippo_live_" in (await browser.post(tokens, {"name": "Store"})).text
    assert "Verify your e-mail" not in (await browser.get("/app/settings/people")).text
