"""Mail with no account in hand: sealed until it is sent, of no use after its time, and shown to the operator."""

from __future__ import annotations

import datetime as dt
from typing import get_args

import pytest

from portside.db.begin import begin, reading
from portside.db.pool import current_pool
from portside.jobs.drain import drain
from portside.jobs.models import Run
from portside.kit.clock import now
from portside.kit.ids import Id, new_id
from portside.kit.paging import PageRequest
from portside.kit.services import services
from portside.notifications import jobs
from portside.notifications.actions import create_system_mail
from portside.notifications.models import SystemMail, SystemMailDraft, SystemMailName, Text
from portside.notifications.queries import list_kept_mails
from portside.notifications.render import render
from tests.support.smtp import SmtpDouble, server

__all__ = ["server"]
HOUR = dt.timedelta(hours=1)
CONTEXT = {
    "test": False,
    "public_url": "http://portside.test",
    "minutes": 30,
    "digits": "271828",
    "sign_in_url": "http://portside.test/sign-in",
    "forgot_url": "http://portside.test/forgot-password",
    "profile_url": "http://portside.test/app/settings/profile",
    "link": "http://portside.test/join?token=4f4f",
    "moment": dt.datetime(2026, 3, 14, 9, 5, tzinfo=dt.UTC),
    "email": "alice@new.example",
    "inviter": "Alice <b>Anchor</b>",
    "account_name": "Anchor & Rope",
    "role_words": "a member",
    "days": 7,
}


async def write(life: dt.timedelta = HOUR, to: str = "") -> str:
    recipient = to or f"bob-{new_id()[-12:]}@example.com"
    text = Text(subject="Your code", text="Your code: 271828", html="<p>271828</p>")
    draft = SystemMailDraft(name="sign_up_code", recipient=recipient, text=text, expires_at=now() + life)
    async with begin() as tx:
        await create_system_mail(tx, draft, services().keys)
    return recipient


async def kept(recipient: str) -> list[SystemMail]:
    async with reading() as tx:
        found = await list_kept_mails(tx, services().keys, PageRequest(size=500))
    return [mail for mail in found.rows if mail.recipient == recipient]


async def row_of(recipient: str) -> dict[str, object]:
    row = await current_pool().fetchrow("SELECT * FROM system_mails WHERE recipient = $1", recipient)
    return dict(row or {})


async def test_a_server_gets_it_and_we_keep_nothing(server: SmtpDouble) -> None:
    recipient = await write()
    before = await row_of(recipient)
    assert isinstance(before["sealed"], bytes) and b"271828" not in before["sealed"]
    await drain()
    (handed,) = [mail for mail in server.inbox if mail.recipients == [recipient]]
    assert handed.message["Subject"] == "Your code"
    after = await row_of(recipient)
    assert (after["state"], after["sealed"]) == ("sent", None)
    assert await kept(recipient) == []
    await jobs.send_system_mail(Run(job_id=1, attempt=1, payload={"mail": after["id"]}))
    assert len([mail for mail in server.inbox if mail.recipients == [recipient]]) == 1


async def test_without_a_server_it_is_kept_for_its_time(product: object) -> None:
    recipient = await write()
    await drain()
    (mail,) = await kept(recipient)
    assert mail.text is not None and mail.text.text == "Your code: 271828" and mail.state == "kept"
    await current_pool().execute("UPDATE system_mails SET expires_at = now() WHERE recipient = $1", recipient)
    assert await kept(recipient) == []
    await jobs.forget_system_mails(Run(job_id=1, attempt=1, payload={}))
    assert await row_of(recipient) == {}


async def test_a_mail_whose_key_is_gone_hides_no_other(product: object) -> None:
    lost, found = await write(), await write()
    await drain()
    await current_pool().execute("UPDATE system_mails SET sealed = 'nothing of ours' WHERE recipient = $1", lost)
    assert [mail.text for mail in await kept(lost)] == [None]
    assert [mail.text is None for mail in await kept(found)] == [False]


async def test_a_code_that_is_over_is_not_sent(server: SmtpDouble) -> None:
    recipient = await write(life=-HOUR)
    await drain()
    assert [mail for mail in server.inbox if mail.recipients == [recipient]] == []


async def test_an_address_that_no_server_takes_is_there_for_the_operator(server: SmtpDouble) -> None:
    recipient = await write(to=f'"bob {new_id()}"@example.com')
    await drain()
    (mail,) = await kept(recipient)
    assert (mail.state, mail.error) == ("refused", "this is not a mail address")


async def test_a_mail_that_is_gone_is_no_failure(product: object) -> None:
    await jobs.send_system_mail(Run(job_id=1, attempt=1, payload={"mail": Id(new_id())}))


@pytest.mark.parametrize("name", get_args(SystemMailName))
def test_every_mail_can_be_written_and_says_the_same_twice(name: SystemMailName) -> None:
    text = render(name, CONTEXT)
    assert text.subject and "\n" not in text.subject
    assert "http://portside.test" in text.text and "http://portside.test" in text.html
    assert "<b>Anchor</b>" not in text.html and "account_name" not in text.html
    for fact in ("271828", "http://portside.test/join?token=4f4f", "alice@new.example"):
        assert (fact in text.text) == (fact in text.html), fact
