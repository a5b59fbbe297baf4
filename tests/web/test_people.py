"""People of an account: invited by mail, with roles, removed at once; and nobody else gets in."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import httpx
import pytest

from portside.accounts import people
from portside.accounts.queries import list_members
from portside.db.begin import begin, reading
from portside.db.pool import current_pool
from portside.errors import Conflict
from portside.kit.crypto import hash_token
from portside.kit.ids import Id, new_id
from portside.people import flows
from portside.people.queries import list_invitations
from tests.support.cast import PASSWORD, Person
from tests.web.conftest import Browser
from tests.web.people import link_to, mails_to, subjects_to

PATH = "/app/settings/people"
Maker = Callable[..., httpx.AsyncClient]


def some_email() -> str:
    return f"dora-{new_id()[-12:]}@example.com"


async def invite(browser: Browser, email: str, role: str = "member") -> str:
    """The path of the link that was mailed."""
    await browser.get(PATH)
    answer = await browser.post(PATH + "/invitations", {"email": email, "role": role})
    assert answer.status_code == 303, answer.text
    return await link_to(email)


def token_of(link: str) -> str:
    return link.partition("token=")[2]


async def members_of(person: Person) -> dict[str, str]:
    async with reading() as tx:
        return {each.user.email: each.role for each in await list_members(tx, person.scope)}


async def user_id_of(person: Person) -> Id:
    found: str = await current_pool().fetchval("SELECT id FROM users WHERE email = $1", person.email)
    return Id(found)


async def test_somebody_new_joins_by_the_link_once(at_desk: Browser, alice: Person, product: Maker) -> None:
    email = some_email()
    link = await invite(at_desk, email)
    assert (await subjects_to(email)) == ["Alice invites you to Alice Ltd"]
    page = await at_desk.get(PATH)
    assert email in page.text and "Send again" in page.text
    dora = Browser(product(Accept="text/html"))
    for _ in range(2):
        shown = await dora.get(link)
        assert shown.status_code == 200 and "Join Alice Ltd" in shown.text and 'name="name"' in shown.text
    fields = {"token": token_of(link), "name": "Dora", "password": "rope and lantern"}
    weak = await dora.post("/join", {**fields, "password": "short"})
    assert weak.status_code == 422 and "At least 10 characters" in weak.text
    joined = await dora.post("/join", fields)
    assert (joined.status_code, joined.headers["location"]) == (303, "/app/orders")
    app = await dora.get("/app/orders")
    assert "Alice Ltd" in app.text and email in app.text and "You work on Alice Ltd now." in app.text
    assert (await members_of(alice))[email] == "member"
    assert (await dora.get(link)).status_code == 404
    other = Browser(product(Accept="text/html"))
    await other.get("/sign-in")
    assert "does not work" in (await other.post("/join", fields)).text
    assert email not in (await at_desk.get(PATH)).text.partition("Invited")[2]


async def test_somebody_with_an_account_joins_and_switches_between_the_two(
    at_desk: Browser, alice: Person, charlie: Person, product: Maker
) -> None:
    link = await invite(at_desk, charlie.email, "owner")
    guest = Browser(product(Accept="text/html"))
    shown = await guest.get(link)
    assert "Your password" in shown.text and 'name="name"' not in shown.text
    wrong = await guest.post("/join", {"token": token_of(link), "password": "wrong"})
    assert wrong.status_code == 422 and "This is not your password." in wrong.text
    joined = await guest.post("/join", {"token": token_of(link), "password": PASSWORD})
    assert joined.status_code == 303
    here = await guest.get("/app/orders")
    assert "Alice Ltd" in here.text and "Charlie Ltd" in here.text
    moved = await guest.post("/app/account", {"account": charlie.account_id})
    assert moved.headers["location"] == "/app/orders"
    assert charlie.email not in (await members_of(alice)) or (await members_of(alice))[charlie.email] == "owner"
    tokens = await guest.get("/app/settings/tokens")
    assert "Programs use a token to act for Charlie Ltd." in tokens.text
    # The account that was opened last is the one that the next sign-in leads to.
    await guest.post("/app/account", {"account": alice.account_id})
    await guest.post("/sign-out")
    await guest.sign_in(charlie)
    assert "act for Alice Ltd." in (await guest.get("/app/settings/tokens")).text


async def test_who_is_signed_in_joins_with_one_button(at_desk: Browser, charlie: Person, product: Maker) -> None:
    link = await invite(at_desk, charlie.email.upper())
    guest = Browser(product(Accept="text/html"))
    await guest.sign_in(charlie)
    shown = await guest.get(link)
    assert "Accept the invitation" in shown.text and 'type="password"' not in shown.text
    assert (await guest.post("/join", {"token": token_of(link)})).status_code == 303
    assert "You work on Alice Ltd now." in (await guest.get("/app/orders")).text


async def test_who_is_signed_in_as_somebody_else_is_told_and_does_not_join(
    at_desk: Browser, alice: Person, charlie: Person, product: Maker
) -> None:
    email = some_email()
    link = await invite(at_desk, email)
    guest = Browser(product(Accept="text/html"))
    await guest.sign_in(charlie)
    shown = await guest.get(link)
    assert f'You are signed in as <strong class="wrap-anywhere">{charlie.email}</strong>' in shown.text
    incomplete = await guest.post("/join", {"token": token_of(link)})
    assert incomplete.status_code == 422
    assert charlie.email not in await members_of(alice)
    fields = {"token": token_of(link), "name": "Dora", "password": "rope and lantern"}
    assert (await guest.post("/join", fields)).status_code == 303
    assert set(await members_of(alice)) == {alice.email, email}
    assert email in (await guest.get("/app/orders")).text


async def test_a_person_cannot_open_an_account_that_is_not_theirs(at_desk: Browser, charlie: Person) -> None:
    for account in (charlie.account_id, new_id(), "x", ""):
        assert (await at_desk.post("/app/account", {"account": account})).status_code == 404
    assert "Alice Ltd" in (await at_desk.get("/app/orders")).text


async def test_an_invitation_is_sent_again_and_taken_back(at_desk: Browser, alice: Person, product: Maker) -> None:
    email = some_email()
    first = await invite(at_desk, email)
    twice = await at_desk.post(PATH + "/invitations", {"email": email.upper(), "role": "member"})
    assert twice.status_code == 422 and "invited already" in twice.text
    async with reading() as tx:
        (invitation,) = await list_invitations(tx, alice.scope)
    url = f"{PATH}/invitations/{invitation.id}"
    assert (await at_desk.post(url + "/resend")).status_code == 303
    second = await link_to(email)
    guest = Browser(product(Accept="text/html"))
    assert first != second
    assert [(await guest.get(link)).status_code for link in (first, second)] == [404, 200]
    assert (await at_desk.post(url + "/cancel")).status_code == 303
    assert (await guest.get(second)).status_code == 404
    fields = {"token": token_of(second), "name": "Dora", "password": "rope and lantern"}
    assert "does not work" in (await guest.post("/join", fields)).text
    assert (await at_desk.post(url + "/cancel")).status_code == 404
    assert (await at_desk.post(url + "/resend")).status_code == 404
    assert set(await members_of(alice)) == {alice.email}
    # And may be invited anew.
    assert await invite(at_desk, email) not in (first, second)


async def test_an_invitation_is_good_for_seven_days(at_desk: Browser, product: Maker) -> None:
    email = some_email()
    link = await invite(at_desk, email)
    await current_pool().execute(
        "UPDATE invitations SET expires_at = now() - interval '1 second' WHERE token_hash = $1",
        hash_token(token_of(link)),
    )
    guest = Browser(product(Accept="text/html"))
    assert (await guest.get(link)).status_code == 404
    assert "Expired" in (await at_desk.get(PATH)).text


async def test_two_accepting_at_once_make_one_person(at_desk: Browser, alice: Person) -> None:
    email = some_email()
    link = await invite(at_desk, email)
    found = await asyncio.gather(*(flows.join_anew(token_of(link), "Dora", "rope and lantern") for _ in range(5)))
    assert sum(not isinstance(each, str) for each in found) == 1
    assert list(await members_of(alice)).count(email) == 1
    count = await current_pool().fetchval("SELECT count(*) FROM users WHERE email = $1", email)
    assert count == 1


async def test_a_removed_member_is_out_at_once_with_the_tokens_they_made(
    at_desk: Browser, alice: Person, bob: Person, product: Maker
) -> None:
    desk = Browser(product(Accept="text/html"))
    await desk.sign_in(bob)
    assert (await desk.get("/app/orders")).status_code == 200
    async with product(bob.token) as kept, product(alice.token) as alices:
        assert (await kept.get("/orders")).status_code == 200
        page = await at_desk.get(PATH)
        assert bob.email in page.text and "Revoke the 2 API tokens they made" in page.text
        user_id = await user_id_of(bob)
        assert (await at_desk.post(f"{PATH}/{user_id}/remove", {"tokens": "1"})).status_code == 303
        assert (await desk.get("/app/orders")).status_code == 303
        assert (await kept.get("/orders")).status_code == 401
        assert (await alices.get("/orders")).status_code == 200
    assert (await desk.sign_in(bob)).status_code == 422
    assert (await at_desk.post(f"{PATH}/{user_id}/remove")).status_code == 404
    link = await invite(at_desk, bob.email)
    await desk.get(link)
    # The link of the time before opens nothing; the new one does, with the password that bob has.
    assert (await desk.post("/join", {"token": token_of(link), "password": PASSWORD})).status_code == 303


async def test_the_link_of_a_removed_member_opens_nothing(at_desk: Browser, alice: Person, product: Maker) -> None:
    email = some_email()
    link = await invite(at_desk, email)
    dora = Browser(product(Accept="text/html"))
    await dora.get(link)
    fields = {"token": token_of(link), "name": "Dora", "password": "rope and lantern"}
    await dora.post("/join", fields)
    user_id = await current_pool().fetchval("SELECT id FROM users WHERE email = $1", email)
    await at_desk.get(PATH)
    await at_desk.post(f"{PATH}/{user_id}/remove")
    await dora.get("/sign-in")
    assert (await dora.get(link)).status_code == 404
    assert "does not work" in (await dora.post("/join", fields)).text
    assert set(await members_of(alice)) == {alice.email}


@pytest.mark.parametrize("deed", ["role", "remove"])
async def test_what_somebody_sent_who_decides_no_more_is_void(
    at_desk: Browser, alice: Person, bob: Person, product: Maker, deed: str
) -> None:
    bobs = await user_id_of(bob)
    await at_desk.get(PATH)
    await at_desk.post(f"{PATH}/{bobs}/role", {"role": "owner"})
    desk = Browser(product(Accept="text/html"))
    await desk.sign_in(bob)
    back_door, other = await invite(desk, some_email(), "owner"), await invite(at_desk, some_email())
    await at_desk.get(PATH)
    await at_desk.post(f"{PATH}/{bobs}/{deed}", {"role": "member"})
    guest = Browser(product(Accept="text/html"))
    assert [(await guest.get(link)).status_code for link in (back_door, other)] == [404, 200]
    assert bob.email not in await members_of(alice) or (await members_of(alice))[bob.email] == "member"


async def test_roles_change_and_the_last_owner_stays(at_desk: Browser, alice: Person, bob: Person) -> None:
    alices, bobs = await user_id_of(alice), await user_id_of(bob)
    await at_desk.get(PATH)
    for url, fields in ((f"{alices}/role", {"role": "member"}), (f"{alices}/remove", {})):
        await at_desk.post(f"{PATH}/{url}", fields)
        assert "An account needs an owner." in (await at_desk.get(PATH)).text
    await at_desk.post("/app/settings/profile/leave", {"account": alice.account_id})
    assert "An account needs an owner." in (await at_desk.get("/app/settings/profile")).text
    assert (await members_of(alice))[alice.email] == "owner"
    assert (await at_desk.post(f"{PATH}/{bobs}/role", {"role": "captain"})).status_code == 400
    assert (await at_desk.post(f"{PATH}/{bobs}/role", {"role": "owner"})).headers["location"] == PATH
    stepped = await at_desk.post(f"{PATH}/{alices}/role", {"role": "member"})
    assert stepped.headers["location"] == "/app/orders"
    assert await members_of(alice) == {alice.email: "member", bob.email: "owner"}
    assert (await at_desk.get(PATH)).status_code == 403


async def test_two_owners_cannot_leave_at_once(alice: Person, bob: Person) -> None:
    ids = [await user_id_of(person) for person in (alice, bob)]
    async with begin() as tx:
        await people.change_role(tx, alice.scope, ids[1], "owner")

    async def leave(user_id: Id) -> bool:
        try:
            async with begin() as tx:
                await people.remove_member(tx, alice.scope, user_id)
        except Conflict:
            return False
        return True

    assert sorted(await asyncio.gather(*map(leave, ids))) == [False, True]
    assert list((await members_of(alice)).values()) == ["owner"]


async def test_members_work_but_do_not_decide(alice: Person, bob: Person, product: Maker) -> None:
    desk = Browser(product(Accept="text/html"))
    await desk.sign_in(bob)
    page = await desk.get("/app/orders")
    assert page.status_code == 200 and PATH not in page.text and "/app/settings/activity" not in page.text
    for path in (PATH, "/app/settings/activity", "/app/settings/activity.csv"):
        refused = await desk.get(path)
        assert refused.status_code == 403 and "Only an owner" in refused.text
    await desk.get("/app/orders")
    own, alices = await user_id_of(bob), await user_id_of(alice)
    posts = {
        PATH + "/invitations": {"email": some_email(), "role": "owner"},
        f"{PATH}/invitations/{new_id()}/resend": {},
        f"{PATH}/invitations/{new_id()}/cancel": {},
        f"{PATH}/{own}/role": {"role": "owner"},
        f"{PATH}/{alices}/remove": {},
    }
    for path, fields in posts.items():
        assert (await desk.post(path, fields)).status_code == 403, path
    assert await members_of(alice) == {alice.email: "owner", bob.email: "member"}
    left = await desk.post("/app/settings/profile/leave", {"account": alice.account_id})
    assert left.headers["location"] == "/sign-in"
    assert (await desk.get("/app/orders")).status_code == 303


async def test_charlie_reaches_nobody_of_alices_team(
    alice: Person, bob: Person, charlie: Person, at_desk: Browser, product: Maker
) -> None:
    await invite(at_desk, some_email())
    async with reading() as tx:
        (invitation,) = await list_invitations(tx, alice.scope)
    desk = Browser(product(Accept="text/html"))
    await desk.sign_in(charlie)
    await desk.get(PATH)
    bobs = await user_id_of(bob)
    for path, fields in (
        (f"{PATH}/{bobs}/remove", {}),
        (f"{PATH}/{bobs}/role", {"role": "owner"}),
        (f"{PATH}/invitations/{invitation.id}/cancel", {}),
        (f"{PATH}/invitations/{invitation.id}/resend", {}),
        ("/app/settings/profile/leave", {"account": alice.account_id}),
    ):
        assert (await desk.post(path, fields)).status_code == 404, path
    assert await members_of(alice) == {alice.email: "owner", bob.email: "member"}


async def test_a_very_long_address_is_named_in_full(at_desk: Browser) -> None:
    email = f"{'d' * 60}@{'x' * 60}.{'y' * 60}.{'z' * 55}.example"
    await invite(at_desk, email)
    assert f"An invitation to {email} is on its way." in (await at_desk.get(PATH)).text


@pytest.mark.parametrize(
    ("email", "told"),
    [("", "Tell us"), ("x", "does not look like"), ("x" * 300 + "@example.com", "does not look like")],
)
async def test_what_is_no_e_mail_is_told(at_desk: Browser, email: str, told: str) -> None:
    await at_desk.get(PATH)
    answer = await at_desk.post(PATH + "/invitations", {"email": email, "role": "member"})
    assert answer.status_code == 422 and told in answer.text and 'data-open-dialog="invite"' in answer.text


async def test_who_is_on_the_team_is_not_invited(at_desk: Browser, alice: Person, bob: Person) -> None:
    await at_desk.get(PATH)
    for email in (bob.email, alice.email.upper()):
        answer = await at_desk.post(PATH + "/invitations", {"email": email, "role": "member"})
        assert answer.status_code == 422 and "on the team already" in answer.text
    assert await mails_to(bob.email) == []


async def test_inviting_is_throttled(at_desk: Browser) -> None:
    await at_desk.get(PATH)
    answers = [await at_desk.post(PATH + "/invitations", {"email": some_email(), "role": "member"}) for _ in range(31)]
    assert [answer.status_code for answer in answers] == [303] * 30 + [422]
    assert "Too many invitations" in answers[-1].text


async def test_an_invitation_form_of_another_site_does_nothing(at_desk: Browser, alice: Person, product: Maker) -> None:
    link = await invite(at_desk, some_email())
    guest = Browser(product(Accept="text/html"))
    await guest.get(link)
    fields = {"token": token_of(link), "name": "Dora", "password": "rope and lantern"}
    forged = await guest.post("/join", fields, **{"Sec-Fetch-Site": "cross-site"})
    assert forged.status_code == 403
    assert set(await members_of(alice)) == {alice.email}
