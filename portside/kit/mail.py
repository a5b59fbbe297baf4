"""Mail through the operator's SMTP server: one message to one recipient, in text and HTML.

Nothing that comes from outside can add a header: addresses are checked, subjects are one line, and the standard library
writes the message (RFC 5322, 2045). Portside's own Message-ID stays the same when a message is sent twice.
"""

from __future__ import annotations

import datetime as dt
import re
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, getaddresses
from typing import Literal
from urllib.parse import parse_qs, unquote, urlsplit

import aiosmtplib
import msgspec

from portside.kit.tripwire import assert_no_transaction

TIMEOUT = 30.0
LONGEST_ADDRESS = 254
LONGEST_SUBJECT = 200
_PORTS = {"smtp": 25, "smtps": 465}
_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_DOMAIN = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*")
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})

# `implicit` from the first byte; `required` or nothing is sent; `offered` if the server offers it; `off` never.
Encryption = Literal["implicit", "required", "offered", "off"]


class BadMail(ValueError):
    """An address, or the address of a server, that cannot be used; the message says why, and shows no password."""


class MailRefused(Exception):
    """The server will not take this message, now or later."""


class MailDelayed(Exception):
    """The server did not take the message this time."""


class SmtpServer(msgspec.Struct, frozen=True, kw_only=True):
    """Where mail is handed in. Without a user nobody signs in."""

    host: str
    port: int
    encryption: Encryption
    user: str = ""
    password: str = ""

    def __repr__(self) -> str:
        return f"SmtpServer({self.host}:{self.port}, {self.encryption})"


class Mail(msgspec.Struct, frozen=True, kw_only=True):
    """One message. `id` makes its Message-ID; `text` and `html` say the same."""

    id: str
    recipient: str
    subject: str
    text: str
    html: str
    created_at: dt.datetime
    # What the sender is called instead, who gets answers, and where further mail is declined; empty: nothing is said.
    sender_name: str = ""
    reply_to: str = ""
    unsubscribe_url: str = ""


def read_server(url: str) -> SmtpServer:
    """`smtp://user:password@host:port?starttls=on|off`, or `smtps://…`. Raises BadMail.

    Without `starttls` a connection is encrypted if the server offers it, and has to be if a password crosses a network.
    """
    parts = urlsplit(url)
    try:
        port = parts.port or _PORTS.get(parts.scheme, 0)
    except ValueError as error:
        raise BadMail("the port is no port") from error
    wish = parse_qs(parts.query).get("starttls", [""])[-1]
    if not port or not parts.hostname or parts.path not in ("", "/") or wish not in ("", "on", "off"):
        raise BadMail("expected smtp://user:password@host:port?starttls=on|off or smtps://user:password@host:port")
    if parts.scheme == "smtps":
        encryption: Encryption = "implicit"
    elif wish:
        encryption = "required" if wish == "on" else "off"
    else:
        encryption = "required" if parts.username and parts.hostname not in _LOOPBACK else "offered"
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    return SmtpServer(host=parts.hostname, port=port, encryption=encryption, user=user, password=password)


def read_sender(text: str) -> Address:
    """`Portside <post@example.com>`, or the bare address. Raises BadMail."""
    found = getaddresses([text])
    if len(found) != 1 or not text.isprintable():
        raise BadMail("expected one address: Name <address>")
    name, address = found[0]
    return Address(display_name=name, addr_spec=checked_address(address))


def checked_address(text: str) -> str:
    """A mail address that is safe to hand to a server, its domain in ASCII (IDNA). Raises BadMail.

    Quoted local parts and ones beyond ASCII are refused: few servers take them.
    """
    local, at, domain = text.strip().rpartition("@")
    try:
        domain = domain.encode("idna").decode("ascii").lower()
    except UnicodeError as error:
        raise BadMail("the domain of this address is not valid") from error
    if not at or len(local) > 64 or not _LOCAL.fullmatch(local) or not _DOMAIN.fullmatch(domain):
        raise BadMail("this is not a mail address")
    address = f"{local}@{domain}"
    if len(address) > LONGEST_ADDRESS:
        raise BadMail("this address is too long")
    return address


def one_line(subject: str) -> str:
    """A subject without line breaks and control characters, cut to a sensible length."""
    words = "".join(each if each.isprintable() else " " for each in subject).split()
    return " ".join(words)[:LONGEST_SUBJECT]


def as_message(mail: Mail, sender: Address) -> EmailMessage:
    """The message as it is handed in. Raises BadMail."""
    message = EmailMessage(policy=SMTP)
    message["From"] = Address(one_line(mail.sender_name), addr_spec=sender.addr_spec) if mail.sender_name else sender
    message["To"] = Address(addr_spec=checked_address(mail.recipient))
    message["Subject"] = one_line(mail.subject)
    message["Date"] = format_datetime(mail.created_at)
    message["Message-ID"] = f"<{mail.id}@{sender.domain}>"
    # No answers from machines (RFC 3834); the second is what Exchange understands.
    message["Auto-Submitted"] = "auto-generated"
    if mail.reply_to:
        message["Reply-To"] = Address(addr_spec=checked_address(mail.reply_to))
    if mail.unsubscribe_url:
        # A mail reader's own button, answered by one request (RFC 2369, 8058).
        message["List-Unsubscribe"] = f"<{mail.unsubscribe_url}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message["X-Auto-Response-Suppress"] = "All"
    message.set_content(mail.text)
    message.add_alternative(mail.html, subtype="html")
    return message


class Mailer:
    """Hands messages to one server, one connection each."""

    def __init__(self, server: SmtpServer, sender: Address, timeout: float = TIMEOUT) -> None:
        self.server = server
        self.sender = sender
        self._timeout = timeout

    async def send(self, mail: Mail) -> None:
        """Hand one message in. Raises MailRefused, MailDelayed."""
        assert_no_transaction("mail")
        try:
            message = as_message(mail, self.sender)
        except BadMail as error:
            raise MailRefused(str(error)) from error
        try:
            await self._hand_in(message)
        except aiosmtplib.SMTPRecipientsRefused as error:
            # One recipient: what is said of it is said of the message.
            raise _judged(error.recipients[0].code, error.recipients[0].message) from error
        except aiosmtplib.SMTPDataError as error:
            raise _judged(error.code, error.message) from error
        except (aiosmtplib.SMTPException, OSError) as error:
            # Signing in, encryption, the sender: the operator can put that right, so the message waits.
            raise MailDelayed(f"{type(error).__name__}: {error}"[:500]) from error

    async def _hand_in(self, message: EmailMessage) -> None:
        server = self.server
        await aiosmtplib.send(
            message,
            hostname=server.host,
            port=server.port,
            username=server.user or None,
            password=server.password or None,
            use_tls=server.encryption == "implicit",
            start_tls={"required": True, "off": False}.get(server.encryption),
            local_hostname=self.sender.domain,
            timeout=self._timeout,
        )


def _judged(code: int, text: str) -> MailRefused | MailDelayed:
    """RFC 5321 §4.2.1: 4yz may go well later, 5yz will not."""
    told = f"{code} {text}"[:500]
    return MailRefused(told) if 500 <= code < 600 else MailDelayed(told)
