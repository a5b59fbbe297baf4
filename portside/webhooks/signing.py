"""Webhook secrets and signatures: Shippo's header and Standard Webhooks 1.0.0, side by side.

Shippo's is Stripe-shaped: `Shippo-Auth-Signature: t=<unix>,v1=<hex>`, HMAC-SHA256 of `<t>.<body>` under the secret's
text. Standard Webhooks signs `<id>.<t>.<body>` under the bytes behind `whsec_`, in base64. Every attempt is signed
afresh, because receivers refuse old timestamps.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import secrets
from collections.abc import Mapping, Sequence

SECRET_PREFIX = "whsec_"  # noqa: S105  (the public prefix of a secret)
SECRET_BYTES = 32
# How far the sender's clock may be off, in seconds; both schemes' verifiers use it.
TOLERANCE = 300


class BadSignature(Exception):
    """The request was not signed with this secret, was changed, or is too old."""


def new_secret() -> str:
    """`whsec_` and 32 random bytes in base64."""
    return SECRET_PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def signature_headers(secret_texts: Sequence[str], event_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The headers that sign one attempt with all valid secrets, the current one first.

    Verifiers of Shippo's header that know only one `v1` mostly read the last: the receiver that has not yet learned
    of a new secret goes on working.
    """
    shippo = [_mac(text.encode(), f"{timestamp}.".encode(), body).hex() for text in secret_texts]
    head = f"{event_id}.{timestamp}.".encode()
    standard = [base64.b64encode(_mac(_key(text), head, body)).decode() for text in secret_texts]
    return {
        "Shippo-Auth-Signature": ",".join([f"t={timestamp}", *(f"v1={mac}" for mac in shippo)]),
        "webhook-id": event_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(f"v1,{mac}" for mac in standard),
    }


def verify_shippo(secret_text: str, header: str, body: bytes, now: float) -> None:
    """What a receiver does with `Shippo-Auth-Signature`; `now` in Unix seconds. Raises BadSignature."""
    pairs = [part.strip().partition("=") for part in header.split(",")]
    stamps = [value for name, _, value in pairs if name == "t"]
    macs = [value for name, _, value in pairs if name == "v1"]
    if len(stamps) != 1:
        raise BadSignature("The header names no time.")
    _check_time(stamps[0], now)
    expected = _mac(secret_text.encode(), f"{stamps[0]}.".encode(), body).hex()
    if not any(hmac.compare_digest(expected.encode(), mac.encode()) for mac in macs):
        raise BadSignature("No signature matches.")


def verify_standard(secret_text: str, headers: Mapping[str, str], body: bytes, now: float) -> None:
    """What a receiver does with the Standard Webhooks headers (names in lower case). Raises BadSignature."""
    stamp = headers.get("webhook-timestamp", "")
    _check_time(stamp, now)
    head = f"{headers.get('webhook-id', '')}.{stamp}.".encode()
    expected = "v1," + base64.b64encode(_mac(_key(secret_text), head, body)).decode()
    given = headers.get("webhook-signature", "").split(" ")
    if not any(hmac.compare_digest(expected.encode(), mac.encode()) for mac in given):
        raise BadSignature("No signature matches.")


def _check_time(text: str, now: float) -> None:
    if not (text.isascii() and text.isdigit()) or abs(now - int(text[:12])) > TOLERANCE:
        raise BadSignature("The signature is too old, or its time cannot be read.")


def _key(text: str) -> bytes:
    try:
        return base64.b64decode(text.removeprefix(SECRET_PREFIX), validate=True)
    except binascii.Error:
        raise BadSignature("The secret is not whsec_ and base64.") from None


def _mac(key: bytes, head: bytes, body: bytes) -> bytes:
    return hmac.digest(key, head + body, "sha256")
