"""The door out over TLS: certificates are verified, always."""

from __future__ import annotations

import asyncio
import datetime as dt
import ssl
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from portside.kit.http import (
    Answer,
    CarrierHosts,
    Door,
    SendFailed,
)
from tests.kit.doors import call, door, failure
from tests.kit.peer import Names, Peer, answers, reply, serve

__all__ = ["door"]


def certificate(folder: Path, *names: str, expired: bool = False) -> tuple[ssl.SSLContext, str]:
    """A self-signed certificate for the names: the context of a server that uses it, and its file."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
    start = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + dt.timedelta(days=30 if expired else 36500))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / f"{names[0]}-{expired}.pem"
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(pem + made.public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context, str(path)


async def test_tls_certificates_are_verified(tmp_path: Path) -> None:
    good, good_file = certificate(tmp_path, "good.example")
    old, old_file = certificate(tmp_path, "good.example", expired=True)
    both = CarrierHosts(frozenset({"good.example", "wrong.example"}))

    async def attempt(context: ssl.SSLContext, trusted: str | None, host: str) -> Answer | SendFailed:
        door = Door(resolver=Names(["127.0.0.1"]), extra_ca_file=trusted)
        async with serve(answers(reply()), tls=context) as peer:
            try:
                return await call(door, peer.port, host=host, scheme="https", destination=both)
            except SendFailed as error:
                assert peer.requests == []
                return error
            finally:
                await door.close()

    assert isinstance(await attempt(good, good_file, "good.example"), Answer)
    for context, trusted, host, why in [
        (good, good_file, "wrong.example", "wrong.example"),
        (good, None, "good.example", "self-signed"),
        (old, old_file, "good.example", "expired"),
    ]:
        error = await attempt(context, trusted, host)
        assert isinstance(error, SendFailed)
        assert (error.kind, error.sent) == ("tls", False)
        assert why in error.detail


async def test_https_to_a_plain_port_is_a_tls_failure(door: Door) -> None:
    async def plain(peer: Peer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(reply(b"", "400 Bad Request", Connection="close"))

    async with serve(plain) as peer:
        error = await failure(door, peer.port, scheme="https")
        assert (error.kind, error.sent) == ("tls", False)
