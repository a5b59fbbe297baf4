"""Signatures, checked by our own verifier and by code that is not ours."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from portside.webhooks.signing import (
    SECRET_BYTES,
    BadSignature,
    new_secret,
    signature_headers,
    verify_shippo,
    verify_standard,
)

BODY = '{"event":"track_updated","data":{"city":"Zürich"}}'.encode()


def lower(headers: dict[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def test_a_secret_is_whsec_and_32_bytes() -> None:
    first, second = new_secret(), new_secret()
    assert first != second and first.startswith("whsec_")
    assert len(base64.b64decode(first[6:])) == SECRET_BYTES


def test_signatures_by_hand() -> None:
    secret = "whsec_" + base64.b64encode(bytes(32)).decode()
    headers = signature_headers([secret], "0190", 1700000000, b"{}")
    digest = hmac.new(secret.encode(), b"1700000000.{}", hashlib.sha256).hexdigest()
    assert headers["Shippo-Auth-Signature"] == f"t=1700000000,v1={digest}"
    standard = hmac.new(bytes(32), b"0190.1700000000.{}", hashlib.sha256).digest()
    assert headers["webhook-signature"] == "v1," + base64.b64encode(standard).decode()


def test_the_standard_webhooks_library_accepts_what_we_sign() -> None:
    secret = new_secret()
    headers = signature_headers([secret], "msg", int(time.time()), BODY)
    assert Webhook(secret).verify(BODY, headers)["event"] == "track_updated"
    with pytest.raises(WebhookVerificationError):
        Webhook(new_secret()).verify(BODY, headers)


def test_during_a_rotation_each_secret_verifies() -> None:
    new, old = new_secret(), new_secret()
    now = int(time.time())
    headers = signature_headers([new, old], "msg", now, BODY)
    for secret in (new, old):
        Webhook(secret).verify(BODY, headers)
        verify_shippo(secret, headers["Shippo-Auth-Signature"], BODY, now)
        verify_standard(secret, lower(headers), BODY, now)
    with pytest.raises(BadSignature):
        verify_shippo(new_secret(), headers["Shippo-Auth-Signature"], BODY, now)


@pytest.mark.parametrize("late", [301, -301])
def test_an_old_or_early_signature_is_refused(late: int) -> None:
    secret = new_secret()
    headers = signature_headers([secret], "msg", 1_000_000, BODY)
    with pytest.raises(BadSignature):
        verify_shippo(secret, headers["Shippo-Auth-Signature"], BODY, 1_000_000 + late)
    with pytest.raises(BadSignature):
        verify_standard(secret, lower(headers), BODY, 1_000_000 + late)


@pytest.mark.parametrize("header", ["", "t=1", "v1=ab", "t=x,v1=ab", "t=1000000,t=1000000,v1=ab", "t=٣,v1=é"])
def test_a_header_that_says_nothing_is_refused(header: str) -> None:
    with pytest.raises(BadSignature):
        verify_shippo(new_secret(), header, BODY, 1_000_000)


def test_a_changed_body_is_refused() -> None:
    secret = new_secret()
    headers = signature_headers([secret], "msg", 1_000_000, BODY)
    with pytest.raises(BadSignature):
        verify_shippo(secret, headers["Shippo-Auth-Signature"], BODY + b" ", 1_000_000)
    with pytest.raises(BadSignature):
        verify_standard(secret, {**lower(headers), "webhook-id": "other"}, BODY, 1_000_000)
