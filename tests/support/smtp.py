"""An SMTP server on the loopback that keeps what is handed in (RFC 5321), with STARTTLS and AUTH PLAIN if wanted."""

from __future__ import annotations

import asyncio
import base64
import datetime as dt
import email
import ipaddress
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from portside.kit import services as kit
from portside.kit.mail import Mailer, read_sender, read_server


class Handed(msgspec.Struct, kw_only=True):
    """One message, and how it came in."""

    sender: str
    recipients: list[str]
    message: EmailMessage
    encrypted: bool
    user: str


class SmtpDouble:
    """`refuse` maps a command (RCPT, AUTH, MAIL, or END for the message itself) to the line it is answered with."""

    def __init__(self, tls: ssl.SSLContext | None, *, implicit: bool) -> None:
        self.inbox: list[Handed] = []
        self.commands: list[str] = []
        self.refuse: dict[str, str] = {}
        self.port = 0
        self._tls = tls
        self._implicit = implicit

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._converse(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        encrypted, user, sender, recipients = self._implicit, "", "", list[str]()

        async def say(*lines: str) -> None:
            writer.write("".join(f"{line}\r\n" for line in lines).encode())
            await writer.drain()

        await say("220 double")
        while line := (await reader.readline()).decode().strip():
            verb, _, rest = line.partition(" ")
            verb = verb.upper()
            self.commands.append(verb)
            if verb in self.refuse:
                await say(self.refuse[verb])
            elif verb == "EHLO":
                offers = ["STARTTLS"] if self._tls and not encrypted else []
                await say("250-double", *(f"250-{offer}" for offer in offers), "250 AUTH PLAIN")
            elif verb == "STARTTLS" and self._tls:
                await say("220 go ahead")
                await writer.start_tls(self._tls)
                encrypted = True
            elif verb == "AUTH":
                user = base64.b64decode(rest.split(" ")[1]).decode().split("\0")[1]
                await say("235 welcome")
            elif verb == "MAIL":
                sender, recipients = _address(rest), []
                await say("250 ok")
            elif verb == "RCPT":
                recipients.append(_address(rest))
                await say("250 ok")
            elif verb == "DATA":
                await say("354 go ahead")
                content = await _read_data(reader)
                if "END" in self.refuse:
                    await say(self.refuse["END"])
                    continue
                message = email.message_from_bytes(content, policy=default)
                assert isinstance(message, EmailMessage)
                self.inbox.append(
                    Handed(sender=sender, recipients=recipients, message=message, encrypted=encrypted, user=user)
                )
                await say("250 taken")
            elif verb == "QUIT":
                await say("221 bye")
                return
            else:
                await say("502 what?")


def _address(rest: str) -> str:
    return rest.partition("<")[2].partition(">")[0]


async def _read_data(reader: asyncio.StreamReader) -> bytes:
    lines = []
    while (line := await reader.readline()) != b".\r\n":
        lines.append(line[1:] if line.startswith(b".") else line)
    return b"".join(lines)


@asynccontextmanager
async def smtp_double(folder: Path | None = None, *, implicit: bool = False) -> AsyncIterator[SmtpDouble]:
    """A running double; with a folder it encrypts, and leaves the certificate to be trusted there as `ca.pem`."""
    tls = _certified(folder) if folder else None
    double = SmtpDouble(tls, implicit=implicit)
    server = await asyncio.start_server(double.serve, "127.0.0.1", 0, ssl=tls if implicit else None)
    double.port = server.sockets[0].getsockname()[1]
    try:
        yield double
    finally:
        server.close()
        await server.wait_closed()


def _certified(folder: Path) -> ssl.SSLContext:
    """A context with a certificate of its own making for 127.0.0.1."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    today = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(today - dt.timedelta(days=1))
        .not_valid_after(today + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "ca.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(folder / "ca.pem", folder / "key.pem")
    return context


@pytest.fixture
async def server(product: object) -> AsyncIterator[SmtpDouble]:
    """Where this process hands its mail to, for the rest of the test."""
    before = kit.services()
    async with smtp_double() as double:
        mailer = Mailer(read_server(f"smtp://127.0.0.1:{double.port}"), read_sender("post@portside.example"))
        kit.install(msgspec.structs.replace(before, mailer=mailer))
        yield double
    kit.install(before)
