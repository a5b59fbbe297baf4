"""Creating an account: the code from the mail opens it, once, and nobody learns who is a customer already."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from portside.accounts import queries as accounts
from portside.audit.queries import list_entries
from portside.cli.accounts import open_account
from portside.db.begin import reading
from portside.db.pool import current_pool
from portside.kit import services as kit
from portside.kit.ids import new_id
from portside.kit.paging import PageRequest
from portside.kit.services import services
from portside.people import flows, rules
from portside.people.models import SignUp
from tests.support.cast import Person
from tests.web.conftest import Browser
from tests.web.people import code_to, latest_to, mails_to, subjects_to

PASSWORD = "rope and lantern"
_HANDLE = re.compile(r'name="handle" value="([0-9a-f]{40})"')


def fields(**changes: str) -> dict[str, str]:
    given = {"name": "Bob Buoy", "company": "Buoy Bakery", "email": some_email(), "password": PASSWORD, "next": ""}
    return given | changes


def some_email() -> str:
    return f"bob-{new_id()[-12:]}@example.com"


async def begin(browser: Browser, **changes: str) -> tuple[dict[str, str], str]:
    """The fields that were sent, and the path of the page that asks for the code."""
    await browser.get("/sign-up")
    given = fields(**changes)
    answer = await browser.post("/sign-up", given)
    assert answer.status_code == 303, answer.text
    path = answer.headers["location"]
    await browser.get(path)
    return given, path


def handle_of(path: str) -> str:
    found = re.search(r"handle=([0-9a-f]{40})", path)
    assert found
    return found[1]


async def test_the_code_opens_an_account_that_works_at_once(browser: Browser) -> None:
    given, path = await begin(browser)
    page = await browser.get(path)
    assert given["email"] in page.text and "30 minutes" in page.text
    assert "/mailbox" not in page.text
    code = await code_to(given["email"])
    answer = await browser.post("/sign-up/code", {"handle": handle_of(path), "code": f"{code[:3]} {code[3:]}"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/app/orders")
    app = await browser.get("/app/orders")
    assert "Buoy Bakery" in app.text and "Welcome aboard" in app.text
    await browser.post("/sign-out")
    await browser.get("/sign-in")
    again = await browser.post("/sign-in", {"email": given["email"].upper(), "password": PASSWORD, "next": ""})
    assert again.headers["location"] == "/app/orders"


async def test_a_new_account_is_what_the_operator_would_have_made(browser: Browser, product: object) -> None:
    email = some_email()
    by_hand = await open_account(services(), email=email, company="Buoy Bakery", name="Bob Buoy", password=PASSWORD)
    given, path = await begin(browser)
    await browser.post("/sign-up/code", {"handle": handle_of(path), "code": await code_to(given["email"])})
    async with reading() as tx:
        found = await accounts.find_account_by_email(tx, given["email"])
        assert found is not None
        facts = []
        for account_id in (by_hand, found.id):
            account = await tx.fetchrow(
                "SELECT first_name, last_name, company_name, parent_id, settings FROM accounts WHERE id = $1",
                account_id,
            )
            carriers = await tx.fetch(
                "SELECT mode, carrier, active FROM carrier_accounts WHERE account_id = $1 ORDER BY 1, 2", account_id
            )
            people = await tx.fetch(
                "SELECT m.role, u.name, u.email_verified_at IS NOT NULL AS verified FROM members m "
                "JOIN users u ON u.id = m.user_id WHERE m.account_id = $1",
                account_id,
            )
            facts.append([dict(account or {}), *(dict(row) for row in [*carriers, *people])])
    assert facts[0] == facts[1] and len(facts[0]) == 6


async def test_a_known_e_mail_gets_the_same_answers_and_another_mail(browser: Browser, alice: Person) -> None:
    unknown: list[tuple[int, list[str], str]] = []
    known: list[tuple[int, list[str], str]] = []
    for email, seen in ((some_email(), unknown), (alice.email.upper(), known)):
        await browser.get("/sign-up")
        asked = await browser.post("/sign-up", fields(email=email))
        path = asked.headers["location"]
        page = await browser.get(path)
        wrong = await browser.post("/sign-up/code", {"handle": handle_of(path), "code": "000000x"})
        again = await browser.post("/sign-up/resend", {"handle": handle_of(path)})
        for answer in (asked, page, wrong, again):
            text = answer.text.replace(handle_of(path), "HANDLE").replace(email, "EMAIL").replace(browser.token, "T")
            text = re.sub(r'name="_csrf_token" value="[^"]+"', "", text)
            seen.append((answer.status_code, sorted(answer.headers), text))
    assert unknown == known
    assert [status for status, _, _ in known] == [303, 200, 422, 200]
    assert (await subjects_to(alice.email.upper()))[0] == "You have an account already"
    assert "/forgot-password" in await latest_to(alice.email.upper())
    assert "code" not in "".join(await subjects_to(alice.email.upper()))


async def test_the_same_work_is_done_for_a_known_e_mail(alice: Person) -> None:
    """What the answer waits for is one password hash and one row, whoever it is: the rest is a job's."""
    for email in (alice.email, some_email()):
        given = SignUp(email=email, name="Bob", company="Buoy", password=PASSWORD)
        await flows.begin_sign_up(given)
        jobs = await current_pool().fetch("SELECT payload FROM jobs WHERE kind = 'people.send_code'")
        row = await current_pool().fetchrow("SELECT * FROM sign_ups WHERE email = $1", email)
        assert row is not None and row["password_hash"].startswith("$argon2id$") and row["code_mac"] is None
        assert any(row["id"] in str(dict(job)) for job in jobs)
        await mails_to(email)


async def test_wrong_codes_close_the_form_and_the_right_one_comes_too_late(browser: Browser) -> None:
    given, path = await begin(browser)
    code = await code_to(given["email"])
    wrong = f"{(int(code) + 1) % 1_000_000:06}"
    statuses = []
    for _ in range(rules.MOST_TRIES):
        await browser.get(path)
        statuses.append((await browser.post("/sign-up/code", {"handle": handle_of(path), "code": wrong})).text)
    assert all("That is not the code." in text for text in statuses[:-1])
    late = await browser.post("/sign-up/code", {"handle": handle_of(path), "code": code})
    assert late.status_code == 422 and "does not work any more" in late.text
    async with reading() as tx:
        assert await accounts.find_user_by_email(tx, given["email"]) is None


async def test_many_guesses_at_once_count_as_many(product: object) -> None:
    email = some_email()
    handle = await flows.begin_sign_up(SignUp(email=email, name="B", company="B", password=PASSWORD))
    await code_to(email)
    found = await asyncio.gather(*(flows.finish_sign_up(handle, f"{guess:06}x") for guess in range(20)))
    assert found.count("wrong") == rules.MOST_TRIES - 1 and found.count("over") == 20 - rules.MOST_TRIES + 1


async def test_two_finishing_at_once_make_one_account(product: object) -> None:
    email = some_email()
    given = SignUp(email=email, name="Bob", company="Buoy", password=PASSWORD)
    tabs = [(await flows.begin_sign_up(given), await code_to(email)) for _ in range(2)]
    found = await asyncio.gather(*(flows.finish_sign_up(*tab) for tab in [*tabs, *tabs, *tabs]))
    assert sum(isinstance(each, tuple) for each in found) == 1
    assert "taken" in found and set(map(type, found)) == {str, tuple}
    count = await current_pool().fetchval("SELECT count(*) FROM accounts WHERE email = $1", email)
    assert count == 1


async def test_who_is_on_no_team_gets_one_account_however_many_tabs(alice: Person) -> None:
    await current_pool().execute("DELETE FROM members WHERE account_id = $1", alice.account_id)
    given = SignUp(email=alice.email, name="Alice", company="Again", password=PASSWORD)
    tabs = [(await flows.begin_sign_up(given), await code_to(alice.email)) for _ in range(3)]
    found = await asyncio.gather(*(flows.finish_sign_up(*tab) for tab in tabs))
    assert sorted(isinstance(each, tuple) for each in found) == [False, False, True]
    assert found.count("taken") == 2


async def test_two_tabs_do_not_get_in_each_others_way(browser: Browser) -> None:
    first, first_path = await begin(browser)
    first_code = await code_to(first["email"])
    second, second_path = await begin(browser)
    second_code = await code_to(second["email"])
    crossed = await browser.post("/sign-up/code", {"handle": handle_of(first_path), "code": second_code + "0"})
    assert crossed.status_code == 422
    done = await browser.post("/sign-up/code", {"handle": handle_of(first_path), "code": first_code})
    assert done.status_code == 303
    # The other tab opens the other account, in place of the first one's session.
    await browser.get("/forgot-password")
    other = await browser.post("/sign-up/code", {"handle": handle_of(second_path), "code": second_code})
    assert other.headers.get("location") == "/app/orders"
    assert second["email"] in (await browser.get("/app/orders")).text
    await browser.get("/forgot-password")
    twice = await browser.post("/sign-up/code", {"handle": handle_of(second_path), "code": second_code})
    assert twice.headers.get("location") == "/app/orders"


async def test_another_code_replaces_the_first(browser: Browser) -> None:
    given, path = await begin(browser)
    first = await code_to(given["email"])
    again = await browser.post("/sign-up/resend", {"handle": handle_of(path)})
    assert "Another mail is on its way" in again.text
    second = await code_to(given["email"])
    if first != second:
        wrong = await browser.post("/sign-up/code", {"handle": handle_of(path), "code": first})
        assert wrong.status_code == 422
    assert (await browser.post("/sign-up/code", {"handle": handle_of(path), "code": second})).status_code == 303


async def test_mails_for_one_sign_up_come_to_an_end(browser: Browser) -> None:
    given, path = await begin(browser)
    statuses = [(await browser.post("/sign-up/resend", {"handle": handle_of(path)})).status_code for _ in range(6)]
    assert statuses == [200] * (rules.MOST_CODES - 1) + [422] * (5 - rules.MOST_CODES + 1) + [429]
    assert len(await mails_to(given["email"])) <= rules.MOST_CODES


async def test_a_code_is_good_for_half_an_hour(browser: Browser) -> None:
    given, path = await begin(browser)
    code = await code_to(given["email"])
    await current_pool().execute(
        "UPDATE sign_ups SET expires_at = now() - interval '1 second' WHERE email = $1", given["email"]
    )
    late = await browser.post("/sign-up/code", {"handle": handle_of(path), "code": code})
    assert late.status_code == 422 and "does not work any more" in late.text
    assert "does not work any more" in (await browser.get(path)).text


async def test_sign_ups_of_one_e_mail_are_throttled_known_or_not(browser: Browser, alice: Person) -> None:
    for email in (some_email(), alice.email):
        statuses = []
        for _ in range(6):
            await browser.get("/sign-up")
            statuses.append((await browser.post("/sign-up", fields(email=email))).status_code)
        assert statuses == [303] * 5 + [429]


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("name", "", "Tell us your name."),
        ("name", "x" * 101, "At most 100 characters."),
        ("name", "Bob\x07", "characters that cannot be shown"),
        ("company", " ", "Tell us your company"),
        ("company", "Rope\u202eevil", "characters that cannot be shown"),
        ("email", "", "Tell us your e-mail address."),
        ("email", "bob", "does not look like an e-mail"),
        ("email", "bob@example.com\nBcc: all@example.com", "does not look like an e-mail"),
        ("email", "b" * 300 + "@example.com", "does not look like an e-mail"),
        ("password", "short", "At least 10 characters"),
        ("password", "x" * 1025, "At most 1024 characters."),
        ("password", "aaaaaaaaaaaa", "too easy to guess"),
    ],
)
async def test_what_is_wrong_is_told_beside_its_field(browser: Browser, field: str, value: str, told: str) -> None:
    await browser.get("/sign-up")
    answer = await browser.post("/sign-up", fields(**{field: value}))
    assert answer.status_code == 422 and told in answer.text
    assert PASSWORD not in answer.text
    missing = {name: text for name, text in fields().items() if name != field}
    assert (await browser.post("/sign-up", missing)).status_code == 422


@pytest.mark.parametrize("body", [b"name=%00", b"name=%ED%A0%80", b"\xff\xfe", b"name=%zz&email=%"])
async def test_bytes_that_are_no_text_are_refused(browser: Browser, body: bytes) -> None:
    for path in ("/sign-up", "/sign-up/code", "/sign-up/resend", "/forgot-password", "/reset-password", "/join"):
        answer = await browser.client.post(
            path, content=body, headers={"Content-Type": "application/x-www-form-urlencoded"}
        )
        assert 400 <= answer.status_code < 500, path
        multi = b'--b\r\nContent-Disposition: form-data; name="name"\r\nContent-Type: text/plain; charset=utf-7\r\n\r\n'
        form = {"Content-Type": "multipart/form-data; boundary=b"}
        answer = await browser.client.post(path, content=multi + b"+2AA-\r\n--b--\r\n", headers=form)
        assert 400 <= answer.status_code < 500, path


async def test_forms_of_other_sites_do_nothing(browser: Browser) -> None:
    for path in ("/sign-up", "/sign-up/code", "/sign-up/resend", "/forgot-password"):
        await browser.get("/sign-up")
        answer = await browser.post(path, fields(), **{"Sec-Fetch-Site": "cross-site"})
        assert answer.status_code == 403 and "open for too long" in answer.text


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"]
)
async def test_next_leads_nowhere_else(browser: Browser, target: str) -> None:
    given, path = await begin(browser, next=target)
    assert "evil" not in path and "javascript" not in path
    code = await code_to(given["email"])
    sent = {"handle": handle_of(path), "code": code, "next": target}
    assert (await browser.post("/sign-up/code", sent)).headers["location"] == "/app/orders"


async def test_next_leads_back_to_where_it_began(browser: Browser) -> None:
    given, path = await begin(browser, next="/app/settings/tokens?x=1")
    page = await browser.get(path)
    assert 'name="next" value="/app/settings/tokens?x=1"' in page.text
    sent = {"handle": handle_of(path), "code": await code_to(given["email"]), "next": "/app/settings/tokens?x=1"}
    assert (await browser.post("/sign-up/code", sent)).headers["location"] == "/app/settings/tokens?x=1"


@pytest.mark.parametrize("text", ["%ED%A0%80", "%FF", "%00", "x" * 5000])
async def test_addresses_that_are_no_text_break_nothing(at_desk: Browser, text: str) -> None:
    paths = [f"/sign-up/code?handle={text}", f"/join?token={text}", f"/reset-password?token={text}"]
    paths += [f"/sign-up?next={text}", f"/app/settings/activity?action={text}", f"/app/settings/activity?actor={text}"]
    paths += [f"/app/settings/activity.csv?after={text}", f"/mailbox/{text}"]
    for path in paths:
        assert (await at_desk.get(path)).status_code < 500, path


@pytest.mark.parametrize("handle", ["", "0" * 40, "x\x00y", "ü" * 500])
async def test_a_handle_of_nobodys_is_over(browser: Browser, handle: str) -> None:
    await browser.get("/sign-up")
    page = await browser.client.get("/sign-up/code", params={"handle": handle})
    assert (page.status_code == 422 and "does not work any more" in page.text) or (page.is_redirect and not handle)
    if "\x00" not in handle:
        answer = await browser.post("/sign-up/code", {"handle": handle, "code": "123456"})
        assert answer.status_code == 422


async def test_who_is_on_no_team_any_more_may_begin_anew(browser: Browser, alice: Person) -> None:
    await current_pool().execute("DELETE FROM members WHERE account_id = $1", alice.account_id)
    _, path = await begin(browser, email=alice.email, company="Second Try")
    sent = {"handle": handle_of(path), "code": await code_to(alice.email)}
    assert (await browser.post("/sign-up/code", sent)).status_code == 303
    page = await browser.get("/app/orders")
    assert "Second Try" in page.text and alice.email in page.text


async def test_the_activity_begins_with_the_sign_up(browser: Browser) -> None:
    given, path = await begin(browser)
    await browser.post("/sign-up/code", {"handle": handle_of(path), "code": await code_to(given["email"])})
    async with reading() as tx:
        found = await accounts.find_account_by_email(tx, given["email"])
        assert found is not None
        scope = await accounts.get_scope(tx, found.id, "test")
        entries = (await list_entries(tx, scope, PageRequest(size=10))).rows
    assert [entry.action for entry in entries] == ["sign_in", "sign_up"]
    assert all(entry.address.startswith("127.") and entry.subject == given["email"] for entry in entries)


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch, product: object) -> Callable[..., None]:
    """Changes settings of this process for one test."""

    def change(**settings: Any) -> None:
        before = kit.services()
        changed = msgspec.structs.replace(before.settings, **settings)
        monkeypatch.setattr(kit, "_installed", msgspec.structs.replace(before, settings=changed))

    return change


async def test_the_operator_may_keep_the_door_closed(browser: Browser, installed: Callable[..., None]) -> None:
    assert 'href="/sign-up"' in (await browser.get("/sign-in")).text
    installed(sign_up="closed")
    assert "/sign-up" not in (await browser.get("/sign-in")).text
    assert (await browser.get("/sign-up")).status_code == 404
    assert (await browser.post("/sign-up", fields())).status_code == 404


async def test_codes_lie_open_only_where_the_setting_says_so(browser: Browser, installed: Callable[..., None]) -> None:
    given, path = await begin(browser)
    code = await code_to(given["email"])
    mail = (await mails_to(given["email"]))[0]
    for url in ("/mailbox", f"/mailbox/{mail.id}", f"/mailbox/{mail.id}/html"):
        assert (await browser.get(url)).status_code == 404
    installed(open_mailbox="on")
    assert "/mailbox" in (await browser.get(path)).text
    assert f"{code} is your code" in (await browser.get("/mailbox")).text
    assert given["email"] in (await browser.get(f"/mailbox/{mail.id}")).text
    html = await browser.get(f"/mailbox/{mail.id}/html")
    assert code in html.text and "sandbox" in html.headers["content-security-policy"]
    rebound = await browser.get("/mailbox", Host="evil.example")
    assert rebound.status_code == 404
    assert (await browser.get("/mailbox", Host="[")).status_code == 404
    for host in ("127.0.0.1:8000", "[::1]:8000", "localhost"):
        assert (await browser.get("/mailbox", Host=host)).status_code == 200
    assert (await browser.get("/mailbox/nothing")).status_code == 404
    assert (await browser.get(f"/mailbox/{new_id()}")).status_code == 404
