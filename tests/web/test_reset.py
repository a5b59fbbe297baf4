"""A forgotten password: the same answer for everybody, a link that works once, and nobody stays signed in."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import httpx
import pytest

from portside.audit.queries import list_entries
from portside.db.begin import reading
from portside.db.pool import current_pool
from portside.jobs.drain import drain
from portside.kit.crypto import hash_token
from portside.kit.ids import new_id
from portside.kit.paging import PageRequest
from portside.people import flows
from tests.support.cast import PASSWORD, Person
from tests.web.conftest import Browser
from tests.web.people import code_to, link_to, mails_to, subjects_to

NEW = "another rope and lantern"


async def ask(browser: Browser, email: str) -> httpx.Response:
    await browser.get("/forgot-password")
    return await browser.post("/forgot-password", {"email": email})


async def link_of(browser: Browser, person: Person) -> str:
    assert (await ask(browser, person.email)).status_code == 200
    return await link_to(person.email)


def token_of(link: str) -> str:
    return link.partition("token=")[2]


async def test_the_link_sets_a_new_password_once_and_ends_every_session(
    at_desk: Browser, alice: Person, product: Callable[..., httpx.AsyncClient]
) -> None:
    other = Browser(product(Accept="text/html"))
    link = await link_of(other, alice)
    for _ in range(3):
        # A mail scanner that follows links uses nothing up.
        page = await other.get(link)
        assert page.status_code == 200 and alice.email in page.text
        assert page.headers["referrer-policy"] == "no-referrer"
    done = await other.post("/reset-password", {"handle": token_of(link), "password": NEW})
    assert done.status_code == 200 and "Your password was changed" in done.text
    assert "portside_session" not in other.client.cookies
    assert (await at_desk.get("/app/orders")).status_code == 303
    assert (await other.sign_in(alice)).status_code == 422
    assert (await other.sign_in(alice, NEW)).status_code == 303
    again = await other.post("/reset-password", {"handle": token_of(link), "password": "a third password"})
    assert again.status_code == 422 and "This link does not work" in again.text
    assert (await other.get(link)).status_code == 404
    assert (await subjects_to(alice.email))[0] == "Your password was changed"


async def test_known_and_unknown_people_get_the_same_answer(browser: Browser, alice: Person) -> None:
    unknown = f"nobody-{new_id()[-12:]}@example.com"
    answers = []
    for email in (alice.email, unknown):
        answer = await ask(browser, email)
        answers.append((answer.status_code, answer.text.replace(email, "EMAIL")))
    assert answers[0] == answers[1]
    assert await subjects_to(alice.email) == ["Set a new password"]
    assert await mails_to(unknown) == []


async def test_asking_is_throttled_known_or_not(browser: Browser, alice: Person) -> None:
    for email in (alice.email, f"nobody-{new_id()[-12:]}@example.com"):
        answers = [await ask(browser, email) for _ in range(6)]
        assert [answer.status_code for answer in answers] == [200] * 5 + [429]
        assert answers[-1].headers["retry-after"] == "3600"
    await drain()


async def test_a_link_is_good_for_an_hour(browser: Browser, alice: Person) -> None:
    link = await link_of(browser, alice)
    await current_pool().execute(
        "UPDATE password_resets SET expires_at = now() - interval '1 second' WHERE token_hash = $1",
        hash_token(token_of(link)),
    )
    assert "This link does not work" in (await browser.get(link)).text
    late = await browser.post("/reset-password", {"handle": token_of(link), "password": NEW})
    assert late.status_code == 422
    assert (await browser.sign_in(alice)).status_code == 303


async def test_one_of_many_at_once_wins_and_other_links_are_void(browser: Browser, alice: Person) -> None:
    first, second = await link_of(browser, alice), await link_of(browser, alice)
    assert first != second
    found = await asyncio.gather(*(flows.reset_password(token_of(first), f"{NEW} {n}") for n in range(5)))
    assert sum(user is not None for user in found) == 1
    assert await flows.reset_password(token_of(second), NEW) is None


async def test_who_locked_themselves_out_may_come_in_with_the_new_password(browser: Browser, alice: Person) -> None:
    for _ in range(11):
        await browser.sign_in(alice, "wrong")
    assert (await browser.sign_in(alice)).status_code == 429
    link = await link_of(browser, alice)
    await browser.post("/reset-password", {"handle": token_of(link), "password": NEW})
    assert (await browser.sign_in(alice, NEW)).status_code == 303


async def test_the_activity_tells_of_it_in_every_account_of_the_person(
    browser: Browser, alice: Person, bob: Person, charlie: Person
) -> None:
    await current_pool().execute(
        "INSERT INTO members (account_id, user_id, role, created_at) "
        "SELECT $1, id, 'member', now() FROM users WHERE email = $2",
        charlie.account_id,
        bob.email,
    )
    link = await link_of(browser, bob)
    await browser.post("/reset-password", {"handle": token_of(link), "password": NEW})
    for person in (alice, charlie):
        async with reading() as tx:
            entries = (await list_entries(tx, person.scope, PageRequest(size=10))).rows
        assert [(entry.action, entry.subject) for entry in entries] == [("password.reset", bob.email)]


@pytest.mark.parametrize("password", ["", "short", "x" * 1025, "aaaaaaaaaaaaa"])
async def test_a_weak_password_leaves_the_link_as_it_is(browser: Browser, alice: Person, password: str) -> None:
    link = await link_of(browser, alice)
    weak = await browser.post("/reset-password", {"handle": token_of(link), "password": password})
    assert weak.status_code == 422 and 'id="password-wrong"' in weak.text
    assert (await browser.post("/reset-password", {"handle": token_of(link), "password": NEW})).status_code == 200


@pytest.mark.parametrize("token", ["", "0" * 40, "ü" * 300, "%00"])
async def test_a_token_of_nobodys_is_no_good(browser: Browser, token: str) -> None:
    assert (await browser.client.get("/reset-password", params={"token": token})).status_code == 404
    answer = await browser.post("/reset-password", {"handle": token, "password": NEW})
    assert answer.status_code == 422 and "This link does not work" in answer.text


@pytest.mark.parametrize(
    "email", ["", "alice", "a@b", "x" * 300 + "@example.com", "a@example.com\r\nBcc: b@example.com"]
)
async def test_what_is_no_e_mail_is_told(browser: Browser, email: str) -> None:
    assert (await ask(browser, email)).status_code == 422


async def test_changing_the_password_needs_the_old_one(
    at_desk: Browser, alice: Person, product: Callable[..., httpx.AsyncClient]
) -> None:
    other = Browser(product(Accept="text/html"))
    await other.sign_in(alice)
    await at_desk.get("/app/settings/profile")
    change = "/app/settings/profile/password"
    wrong = await at_desk.post(change, {"password": "wrong", "new_password": NEW})
    assert wrong.status_code == 422 and "This is not your password." in wrong.text
    weak = await at_desk.post(change, {"password": PASSWORD, "new_password": "short"})
    assert weak.status_code == 422 and "At least 10 characters" in weak.text
    assert (await other.get("/app/orders")).status_code == 200
    done = await at_desk.post(change, {"password": PASSWORD, "new_password": NEW})
    assert done.status_code == 303
    assert "Your password was changed" in (await at_desk.get("/app/settings/profile")).text
    assert (await other.get("/app/orders")).status_code == 303
    assert await subjects_to(alice.email) == ["Your password was changed"]
    assert (await other.sign_in(alice, NEW)).status_code == 303


async def test_guessing_the_old_password_is_throttled(at_desk: Browser, alice: Person) -> None:
    await at_desk.get("/app/settings/profile")
    fields = {"password": "wrong", "new_password": NEW}
    texts = [(await at_desk.post("/app/settings/profile/password", fields)).text for _ in range(11)]
    assert "Too many attempts" in texts[-1] and "Too many attempts" not in texts[5]
    right = await at_desk.post("/app/settings/profile/password", {"password": PASSWORD, "new_password": NEW})
    assert right.status_code == 422


async def test_a_reset_voids_an_e_mail_change_that_somebody_began(
    at_desk: Browser, alice: Person, product: Callable[..., httpx.AsyncClient]
) -> None:
    await at_desk.get("/app/settings/profile")
    thief = f"thief-{new_id()[-12:]}@example.com"
    begun = await at_desk.post("/app/settings/profile/email", {"email": thief, "password": PASSWORD})
    assert begun.status_code == 303
    other = Browser(product(Accept="text/html"))
    link = await link_of(other, alice)
    await other.post("/reset-password", {"handle": token_of(link), "password": NEW})
    assert await current_pool().fetchval("SELECT count(*) FROM email_changes WHERE email = $1", thief) == 0


async def test_a_link_that_went_to_the_e_mail_before_is_void_once_that_was_changed(
    at_desk: Browser, alice: Person, product: Callable[..., httpx.AsyncClient]
) -> None:
    # Somebody reads the old mailbox, which is why alice leaves it.
    other = Browser(product(Accept="text/html"))
    link, email = await link_of(other, alice), f"new-{new_id()[-12:]}@example.com"
    await at_desk.get("/app/settings/profile")
    await at_desk.post("/app/settings/profile/email", {"email": email, "password": PASSWORD})
    done = await at_desk.post("/app/settings/profile/email/code", {"code": await code_to(email)})
    assert done.status_code == 303
    assert (await other.get(link)).status_code == 404
    refused = await other.post("/reset-password", {"handle": token_of(link), "password": NEW})
    assert refused.status_code == 422
    assert (await at_desk.get("/app/orders")).status_code == 200
