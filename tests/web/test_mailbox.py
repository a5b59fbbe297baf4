"""The mailbox: every message of the account where no server sends them, shown as safely as a stranger's HTML."""

from __future__ import annotations

import re

import msgspec
import pytest

from portside.db.begin import begin
from portside.kit import services as kit
from portside.kit.ids import new_id
from portside.kit.mail import Mailer, read_sender, read_server
from portside.notifications.actions import create_messages
from portside.notifications.models import MessageDraft, Text
from tests.support.cast import Person
from tests.web.conftest import Browser

PATH = "/app/mailbox"
TEXT = Text(subject="Webhook <i>failing</i>", text="It fails & fails.", html="<p>It <b>fails</b>.</p>")


async def write(person: Person) -> None:
    draft = MessageDraft(
        scope=person.scope, event_id=new_id(), name="webhook_failing", recipient=person.email, text=TEXT
    )
    async with begin() as tx:
        assert await create_messages(tx, [draft]) == 1


async def test_a_message_is_read_where_it_stays(at_desk: Browser, alice: Person) -> None:
    empty = await at_desk.get(PATH)
    assert "No mail" in empty.text and 'href="/app/mailbox" aria-current="page"' in empty.text
    await write(alice)
    shown = await at_desk.get(PATH)
    assert "Webhook &lt;i&gt;failing&lt;/i&gt;" in shown.text and alice.email in shown.text
    link = re.search(rf'href="({PATH}/[0-9a-f]{{32}})"', shown.text)
    assert link is not None
    message = await at_desk.get(link[1])
    assert "It fails &amp; fails." in message.text and f'src="{link[1]}/html"' in message.text
    html = await at_desk.get(f"{link[1]}/html")
    assert html.text == TEXT.html
    policy = html.headers["content-security-policy"]
    assert "default-src 'none'" in policy and "sandbox" in policy and "script" not in policy


async def test_it_is_nobody_elses(at_desk: Browser, alice: Person, charlie: Person) -> None:
    await write(charlie)
    mail = await at_desk.get(PATH)
    assert "No mail" in mail.text
    await write(alice)
    link = re.search(rf'href="({PATH}/[0-9a-f]{{32}})"', (await at_desk.get(PATH)).text)
    assert link is not None
    await at_desk.post("/sign-out")
    await at_desk.sign_in(charlie)
    for path in (link[1], f"{link[1]}/html"):
        assert (await at_desk.get(path)).status_code == 404


async def test_older_mail_is_a_page_away(at_desk: Browser, alice: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("portside.web.lists.PAGE_SIZE", 2)
    for _ in range(3):
        await write(alice)
    first = await at_desk.get(PATH)
    link = re.search(rf'href="({PATH}\?after=[0-9a-f]{{32}})"', first.text)
    assert link is not None
    rest = await at_desk.poll(link[1])
    assert "1 message on this page" in rest.text and "<html" not in rest.text


async def test_with_a_server_there_is_none(at_desk: Browser, alice: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    await write(alice)
    mailer = Mailer(read_server("smtp://127.0.0.1"), read_sender("post@portside.example"))
    monkeypatch.setattr(kit, "_installed", msgspec.structs.replace(kit.services(), mailer=mailer))
    assert (await at_desk.get(PATH)).status_code == 404
    assert PATH not in (await at_desk.get("/app/settings/tokens")).text
