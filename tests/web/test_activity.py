"""The activity of an account: who did what, from where; filtered, in pages, as CSV, and nobody else's."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from typing import get_args

import httpx
import msgspec

from portside.audit.actions import note
from portside.audit.models import Action, EntryFilter
from portside.audit.queries import list_entries
from portside.cli.accounts import open_account
from portside.db.begin import begin, reading
from portside.jobs.drain import drain
from portside.kit.ids import new_id
from portside.kit.paging import PageRequest
from portside.kit.scope import Actor, Scope
from portside.kit.services import services
from portside.web.activity import _WORDS
from tests.house.source import PACKAGE
from tests.support.cast import Person
from tests.web.conftest import Browser

PATH = "/app/settings/activity"


async def actions_of(person: Person, **which: str) -> list[tuple[str, str]]:
    async with reading() as tx:
        found = await list_entries(tx, person.scope, PageRequest(size=100), EntryFilter(**which))
    return [(entry.action, entry.subject) for entry in found.rows]


async def test_what_people_and_programs_do_is_written_down(
    at_desk: Browser, alice: Person, api: httpx.AsyncClient
) -> None:
    made = await at_desk.post("/app/settings/tokens", {"name": "Store plugin"})
    page = await at_desk.get("/app/settings/tokens")
    urls = re.findall(r'action="(/app/settings/tokens/[0-9a-f]{32}/revoke)"', page.text)
    await at_desk.post(urls[0])
    hook = {"url": "https://shop.example/hook?secret=querystring", "event": "track_updated"}
    assert (await api.post("/webhooks", json=hook)).status_code == 201
    secret = re.findall(r"shippo_test_[0-9a-f]{40}", made.text)[0]
    assert [action for action, _ in await actions_of(alice)] == [
        "webhook.created",
        "token.revoked",
        "token.created",
        "sign_in",
    ]
    page = await at_desk.get(PATH)
    for words in ("Signed in", "Token created", "Store plugin", "Token revoked", "Webhook added", "Alice"):
        assert words in page.text
    assert "Token “test token”" in page.text
    addresses = re.findall(r"\b127\.\d+\.\d+\.\d+\b", page.text)
    assert len(set(addresses)) == 2, "the browser's and the program's"
    assert secret not in page.text and "querystring" not in page.text


async def test_guessing_a_password_is_told_once(browser: Browser, alice: Person) -> None:
    for _ in range(14):
        await browser.sign_in(alice, "wrong")
    await drain()
    assert await actions_of(alice) == [("sign_in.refused", alice.email)]


async def test_the_log_is_filtered_by_person_and_by_action(at_desk: Browser, alice: Person, bob: Person) -> None:
    for action, actor in (("token.created", "user:1"), ("app.created", "app:2"), ("app.created", "user:1")):
        kind, _, given = actor.partition(":")
        async with begin() as tx:
            scope = Scope(alice.account_id, "test", "", Actor("user" if kind == "user" else "app", given))
            await note(tx, scope, action, f"{action} by {actor}")
    assert len(await actions_of(alice, action="app.created")) == 2
    assert await actions_of(alice, action="app.created", actor="app:2") == [("app.created", "app.created by app:2")]
    page = await at_desk.get(f"{PATH}?actor=app:2")
    assert "by app:2" in page.text and "by user:1" not in page.text
    part = await at_desk.poll(f"{PATH}?action=token.created")
    assert "<html" not in part.text and "token.created by user:1" in part.text and "by app:2" not in part.text
    assert "activity.csv?action=token.created" in part.text
    nothing = await at_desk.get(f"{PATH}?action=no.such&actor=x'--")
    assert nothing.status_code == 200 and "Nothing fits" in nothing.text
    assert (await at_desk.get(f"{PATH}?action=%00")).status_code == 400


async def test_pages_lead_through_the_whole_log(at_desk: Browser, alice: Person) -> None:
    async with begin() as tx:
        for number in range(120):
            await note(tx, alice.scope, "webhook.created", f"number {number:03}")
    seen: list[str] = []
    path: str | None = PATH
    for _ in range(5):
        if path is None:
            break
        page = await at_desk.get(path)
        seen += re.findall(r'title="(number \d{3})"', page.text)
        following = re.search(r'rel="next" href="([^"]+)"', page.text)
        path = following[1].replace("&amp;", "&") if following else None
    assert seen == [f"number {number:03}" for number in reversed(range(120))]


async def test_the_csv_holds_everything_and_no_formula(at_desk: Browser, alice: Person) -> None:
    async with begin() as tx:
        for number in range(510):
            await note(tx, alice.scope, "webhook.created", f"number {number:03}")
        await note(tx, alice.scope, "token.created", "=HYPERLINK(1)", {"mode": "@live"})
    answer = await at_desk.get(PATH + ".csv")
    assert answer.headers["content-type"].startswith("text/csv")
    assert "attachment" in answer.headers["content-disposition"]
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert len(rows) == 512 and rows[-1]["what"] == "sign_in" and rows[-1]["who"] == "Alice"
    assert rows[0]["subject"] == "'=HYPERLINK(1)"
    assert not any(cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row.values())
    some = list(csv.DictReader(io.StringIO((await at_desk.get(PATH + ".csv?action=sign_in")).text)))
    assert len(some) == 1


async def test_charlie_sees_nothing_of_it(
    at_desk: Browser, alice: Person, charlie: Person, product: Callable[..., httpx.AsyncClient]
) -> None:
    marker = f"only-alice-{new_id()}"
    async with begin() as tx:
        await note(tx, alice.scope, "token.created", marker)
    assert marker in (await at_desk.get(PATH)).text
    other = Browser(product(Accept="text/html"))
    await other.sign_in(charlie)
    assert marker not in (await other.get(PATH)).text
    assert marker not in (await other.get(PATH + ".csv")).text
    async with reading() as tx:
        entry = (await list_entries(tx, alice.scope, PageRequest(size=1))).rows[0]
    assert marker not in (await other.get(f"{PATH}?after={entry.id[:-1]}f")).text


async def test_carrier_accounts_are_written_down_without_their_secrets(
    at_desk: Browser, alice: Person, api: httpx.AsyncClient
) -> None:
    own = {"carrier": "ups", "account_id": "94567e", "parameters": {"password": "carriersecret"}}
    made = (await api.post("/carrier_accounts", json=own)).json()
    change = {**own, "parameters": {"password": "carriersecret2"}, "active": False}
    await api.put(f"/carrier_accounts/{made['object_id']}", json=change)
    page = (await at_desk.get(PATH)).text
    assert "Carrier account added" in page and "Carrier account changed" in page and "ups 94567e" in page
    assert "carriersecret" not in page


async def test_what_the_operator_does_is_written_down(alice: Person) -> None:
    email = f"dora-{new_id()[-12:]}@example.com"
    account_id = await open_account(services(), email=email, company="Dora", name="Dora", password="rope and lantern")
    dora = msgspec.structs.replace(alice, scope=msgspec.structs.replace(alice.scope, account_id=account_id))
    assert await actions_of(dora, actor="system:operator") == [("account.opened", email)]


def test_every_action_that_is_written_has_a_name() -> None:
    written = re.compile(r'\bnote(?:_everywhere)?\(\s*tx,\s*[\w.]+,\s*"([^"]+)"')
    texts = [path.read_text(encoding="utf-8") for path in PACKAGE.rglob("*.py")]
    used = {name for text in texts for name in written.findall(text)}
    assert len(used) > 15
    assert used - set(get_args(Action)) == set()
    assert set(_WORDS) == set(get_args(Action))
