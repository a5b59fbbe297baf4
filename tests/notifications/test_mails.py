"""Mails to the owners of an account: once per event and person, to a server or into the mailbox, never to others."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import httpx
import msgspec
import pytest

from portside.accounts.actions import add_member, create_user
from portside.db.begin import begin, reading
from portside.db.pool import current_pool
from portside.events import outbox
from portside.events.models import Event, EventName, EventRef
from portside.jobs.drain import drain
from portside.kit import services as kit
from portside.kit.clock import now
from portside.kit.ids import Id, new_id
from portside.kit.mail import Mailer, read_sender, read_server
from portside.kit.paging import PageRequest
from portside.notifications import flows
from portside.notifications.models import MailName, Message
from portside.notifications.queries import list_messages
from portside.notifications.render import render
from tests.support.cast import Person
from tests.support.partners import make_partner
from tests.support.smtp import SmtpDouble, smtp_double

URL = "https://hook:secret@shop.example/in?key=secret"
MERCHANT = {"email": "m@shop.example", "first_name": "M", "last_name": "M", "company_name": "Shop"}
NAMES: tuple[MailName, ...] = MailName.__args__  # type: ignore[attr-defined]


@pytest.fixture(autouse=True)
async def nobody_else(database: str) -> None:
    """What other tests have left to do is not done here."""
    await current_pool().execute("TRUNCATE jobs, mailbox_messages")


@pytest.fixture
def with_server(product: object) -> Iterator[Callable[[SmtpDouble], None]]:
    """Gives this process a server to hand mail to, for the rest of the test."""
    before = kit.services()

    def install(double: SmtpDouble) -> None:
        mailer = Mailer(read_server(f"smtp://127.0.0.1:{double.port}"), read_sender("post@portside.example"))
        kit.install(msgspec.structs.replace(before, mailer=mailer))

    yield install
    kit.install(before)


@pytest.fixture
async def server(with_server: Callable[[SmtpDouble], None]) -> AsyncIterator[SmtpDouble]:
    async with smtp_double() as double:
        with_server(double)
        yield double


async def happen(person: Person, name: EventName = "webhook_disabled", **data: Any) -> EventRef:
    """Something that owners are told of."""
    webhook = {"url": URL, "event": "track_updated", "disabled_reason": "gone", "failing_since": None, **data}
    payload = msgspec.json.encode({"event": name, "test": True, "data": webhook}).decode()
    event = Event(scope=person.scope, name=name, object_id=new_id(), seq=1, payload=payload)
    async with begin() as tx:
        await outbox.record(tx, event)
    return EventRef(event=event.id, account=person.account_id, mode="test")


async def messages(person: Person) -> list[Message]:
    async with reading() as tx:
        return (await list_messages(tx, person.scope, PageRequest(size=50))).rows


async def join(account_id: Id, email: str, role: str) -> None:
    async with begin() as tx:
        user_id = new_id()
        await create_user(tx, user_id=user_id, email=email, name="", password_hash="none")
        await add_member(tx, account_id, user_id, role)


async def test_owners_are_told_once_however_often_the_event_is_worked_on(alice: Person) -> None:
    bob, dora = f"bob-{new_id()}@example.com", f"dora-{new_id()}@example.com"
    await join(alice.account_id, bob, "member")
    await join(alice.account_id, dora, "owner")
    ref = await happen(alice)
    await drain()
    await flows.tell_owners(ref)
    await drain()
    told = await messages(alice)
    assert {message.recipient for message in told} == {alice.email, dora}
    assert len(told) == 2
    assert {(message.state, message.subject) for message in told} == {
        ("kept", "[Test] Webhook switched off: https://shop.example/in")
    }
    assert all("secret" not in message.body_text + message.body_html for message in told)


async def test_owners_of_a_platform_are_told_of_its_managed_accounts(api: httpx.AsyncClient, alice: Person) -> None:
    made = await api.post("/shippo-accounts", json=MERCHANT)
    assert made.status_code == 201, made.text
    managed = made.json()["object_id"]
    await happen(msgspec.structs.replace(alice, scope=msgspec.structs.replace(alice.scope, account_id=managed)))
    await drain()
    rows = await current_pool().fetch("SELECT recipient FROM mailbox_messages WHERE account_id = $1", managed)
    assert [row["recipient"] for row in rows] == [alice.email]


async def test_the_partner_hears_of_a_webhook_that_its_app_made_and_the_merchant_does_not(alice: Person) -> None:
    paula = await make_partner()
    await happen(alice, app={"client_id": paula.app.client_id, "name": paula.app.name})
    await drain()
    (told,) = await messages(paula.person)
    assert (told.recipient, await messages(alice)) == (paula.person.email, [])
    assert "Alice Ltd" in told.body_text and "/webhooks/" in told.body_text
    await happen(paula.person, app={"client_id": paula.app.client_id, "name": paula.app.name}, all_accounts=True)
    await drain()
    newest = (await messages(paula.person))[0]
    assert "Paula Ltd" in newest.body_text and "/app/settings/webhooks" in newest.body_text


async def test_a_server_gets_the_mail_and_we_keep_no_text(server: SmtpDouble, alice: Person) -> None:
    await happen(alice)
    await drain()
    (handed,) = server.inbox
    assert handed.recipients == [alice.email]
    assert handed.message["Subject"] == "[Test] Webhook switched off: https://shop.example/in"
    (message,) = await messages(alice)
    assert handed.message["Message-ID"] == f"<{message.id}@portside.example>"
    assert (message.state, message.body_text, message.body_html) == ("sent", "", "")
    await flows.send_mail(alice.scope, message.id)
    assert len(server.inbox) == 1


async def test_a_server_that_says_later_is_tried_again(server: SmtpDouble, alice: Person) -> None:
    server.refuse["END"] = "451 greylisted"
    await happen(alice)
    await drain()
    assert [message.state for message in await messages(alice)] == ["waiting"]
    del server.refuse["END"]
    await drain(until=now() + dt.timedelta(minutes=3))
    assert [message.state for message in await messages(alice)] == ["sent"]
    assert len(server.inbox) == 1


async def test_a_mail_that_is_refused_is_not_tried_again(server: SmtpDouble, alice: Person) -> None:
    server.refuse["RCPT"] = "550 no such user"
    await happen(alice)
    await drain(until=now() + dt.timedelta(hours=1))
    assert [(message.state, message.error) for message in await messages(alice)] == [("refused", "550 no such user")]
    assert server.commands.count("RCPT") == 1


@pytest.mark.parametrize("name", NAMES)
def test_every_mail_says_the_same_in_text_and_in_html_and_escapes_what_it_is_given(name: MailName) -> None:
    context = {
        "account_name": "<b>Lantern</b> & Rope",
        "test": False,
        "endpoint": 'https://shop.example/"><script>alert(1)</script>',
        "subscription": "all",
        "reason": "failing",
        "since": dt.datetime(2026, 3, 12, 14, 30, tzinfo=dt.UTC),
        "api_path": "",
        "webhooks_url": "https://ship.example/app/settings/webhooks",
        "public_url": "https://ship.example",
    }
    text = render(name, context)
    assert "\n" not in text.subject and "[Test]" not in text.subject
    assert "<b>Lantern</b> & Rope" in text.text
    assert "<script>" not in text.html and "<b>Lantern" not in text.html
    for body in (text.text, text.html):
        assert "https://ship.example/app/settings/webhooks" in body
    assert render(name, {**context, "test": True}).subject.startswith("[Test] ")
    of_app = render(name, {**context, "api_path": "/webhooks/1f"})
    for body in (of_app.text, of_app.html):
        assert "/webhooks/1f" in body and "https://ship.example/app/settings/webhooks" not in body
