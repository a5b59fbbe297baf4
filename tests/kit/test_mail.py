"""Mail: handed in as written, encrypted where it must be, and nothing from outside becomes a header."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from portside.kit.mail import (
    BadMail,
    Encryption,
    Mail,
    MailDelayed,
    Mailer,
    MailRefused,
    as_message,
    checked_address,
    read_sender,
    read_server,
)
from portside.kit.tripwire import NetworkInsideTransaction, hold
from tests.support.smtp import SmtpDouble, smtp_double

SENDER = read_sender("Portside ⚓ <post@portside.example>")


def mail(recipient: str = "alice@example.com", subject: str = "Ahoy") -> Mail:
    return Mail(
        id="0192f1c8",
        recipient=recipient,
        subject=subject,
        text="Grüße aus dem Hafen.\n.\nA line that is a dot ends nothing.\n",
        html="<p>Grüße aus dem Hafen.</p>",
        created_at=dt.datetime(2026, 3, 12, 14, 30, tzinfo=dt.UTC),
    )


def mailer(double: SmtpDouble, options: str = "", user: str = "", scheme: str = "smtp") -> Mailer:
    return Mailer(read_server(f"{scheme}://{user}127.0.0.1:{double.port}{options}"), SENDER, timeout=10)


async def test_a_message_arrives_as_it_was_written() -> None:
    async with smtp_double() as double:
        await mailer(double).send(mail(subject="Webhook “Störtebeker”"))
    (handed,) = double.inbox
    message = handed.message
    assert (handed.sender, handed.recipients) == ("post@portside.example", ["alice@example.com"])
    assert message["Subject"] == "Webhook “Störtebeker”"
    assert message["From"] == "Portside ⚓ <post@portside.example>"
    assert message["Message-ID"] == "<0192f1c8@portside.example>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Date"].datetime == dt.datetime(2026, 3, 12, 14, 30, tzinfo=dt.UTC)
    text, html = message.get_body(("plain",)), message.get_body(("html",))
    assert text is not None and text.get_content() == mail().text
    assert html is not None and html.get_content().strip() == mail().html


@pytest.mark.parametrize(
    "recipient", ["a@example.com\r\nBcc: x@example.com", "a@b.c,d@e.f", "<a@b.c>", "a b@c.d", "@", "a@-b.c"]
)
async def test_an_address_that_is_none_is_never_handed_in(recipient: str) -> None:
    async with smtp_double() as double:
        with pytest.raises(MailRefused):
            await mailer(double).send(mail(recipient=recipient))
    assert double.commands == []


def test_a_subject_is_one_line_whatever_it_is_made_of() -> None:
    message = as_message(mail(subject="Ahoy\r\nBcc: x@example.com\x00\u2028!"), SENDER)
    assert message["Subject"] == "Ahoy Bcc: x@example.com !"
    assert message["Bcc"] is None
    assert len(as_message(mail(subject="y" * 5000), SENDER)["Subject"]) == 200


def test_domains_beyond_ascii_are_written_in_ascii() -> None:
    assert checked_address(" alice@bücher.example ") == "alice@xn--bcher-kva.example"


async def test_encryption_and_signing_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    async with smtp_double(tmp_path) as double:
        await mailer(double, "?starttls=on", user="ship%40shop:p%40ss@").send(mail())
        await mailer(double, "?starttls=off").send(mail())
        # Offered, so it is used.
        await mailer(double).send(mail())
    assert [(handed.encrypted, handed.user) for handed in double.inbox] == [
        (True, "ship@shop"),
        (False, ""),
        (True, ""),
    ]
    async with smtp_double(tmp_path, implicit=True) as double:
        await mailer(double, scheme="smtps").send(mail())
    assert double.inbox[0].encrypted


async def test_a_server_that_cannot_prove_itself_gets_nothing(tmp_path: Path) -> None:
    async with smtp_double(tmp_path) as double:
        with pytest.raises(MailDelayed):
            await mailer(double, "?starttls=on", user="ship:secret@").send(mail())
    assert "AUTH" not in double.commands and double.inbox == []


async def test_a_password_does_not_go_over_a_line_that_is_not_encrypted() -> None:
    async with smtp_double() as double:
        with pytest.raises(MailDelayed):
            await mailer(double, "?starttls=on", user="ship:secret@").send(mail())
    assert "AUTH" not in double.commands


@pytest.mark.parametrize(
    ("command", "answer", "outcome"),
    [
        ("RCPT", "550 no such user", MailRefused),
        ("RCPT", "450 mailbox busy", MailDelayed),
        ("END", "554 spam", MailRefused),
        ("END", "451 try later", MailDelayed),
        ("AUTH", "535 wrong", MailDelayed),
        ("MAIL", "550 not you", MailDelayed),
    ],
)
async def test_what_a_server_says_decides_whether_to_try_again(
    command: str, answer: str, outcome: type[Exception]
) -> None:
    async with smtp_double() as double:
        double.refuse[command] = answer
        with pytest.raises(outcome) as refused:
            await mailer(double, "?starttls=off", user="ship:secret@").send(mail())
    assert answer[4:] in str(refused.value)
    assert "secret" not in str(refused.value)
    assert double.inbox == []


async def test_nobody_there_means_later() -> None:
    async with smtp_double() as double:
        pass
    with pytest.raises(MailDelayed):
        await mailer(double).send(mail())


async def test_the_tripwire_is_on_this_door_too() -> None:
    async with smtp_double() as double:
        with hold(), pytest.raises(NetworkInsideTransaction):
            await mailer(double).send(mail())
    assert double.commands == []


@pytest.mark.parametrize(
    ("url", "host", "port", "encryption"),
    [
        ("smtp://mail.example.com", "mail.example.com", 25, "offered"),
        ("smtp://u:p@mail.example.com:587", "mail.example.com", 587, "required"),
        ("smtp://u:p@localhost:1025", "localhost", 1025, "offered"),
        ("smtp://u:p@mail.example.com?starttls=off", "mail.example.com", 25, "off"),
        ("smtps://u:p@mail.example.com/", "mail.example.com", 465, "implicit"),
    ],
)
def test_urls_of_servers(url: str, host: str, port: int, encryption: Encryption) -> None:
    server = read_server(url)
    assert (server.host, server.port, server.encryption) == (host, port, encryption)
    assert "p@" not in repr(server)


@pytest.mark.parametrize(
    "url", ["mail.example.com", "http://mail.example.com", "smtp://", "smtp://host:port", "smtp://host?starttls=maybe"]
)
def test_urls_that_are_none(url: str) -> None:
    with pytest.raises(BadMail):
        read_server(url)


@pytest.mark.parametrize(
    "sender", ["", "Portside", "Portside <post>", "A <a@b.c>, B <b@b.c>", "A\r\nBcc: x@y.z <a@b.c>"]
)
def test_senders_that_are_none(sender: str) -> None:
    with pytest.raises(BadMail):
        read_sender(sender)
