"""What may be written down of a request."""

from __future__ import annotations

from portside.kit.redact import redact_headers, redact_text


def test_headers() -> None:
    secret = {"Authorization", "Proxy-Authorization", "Cookie", "set-cookie", "X-API-Key", "apikey", "X-Auth-Token"}
    secret |= {"Shippo-Auth-Signature", "webhook-signature", "X-Client-Secret"}
    plain = {"Content-Type": "application/json", "X-Request-Id": "7", "Accept": "*/*"}
    assert redact_headers(dict.fromkeys(secret, "value") | plain) == dict.fromkeys(secret, "[redacted]") | plain


def test_text() -> None:
    text = "POST https://u:p4ss@a.example/x?key=k3y 'Bearer abcdef123' my/s3cret my%2Fs3cret ab"
    shown = redact_text(text, ["my/s3cret", "ab"])
    for secret in ("p4ss", "k3y", "abcdef123", "my/s3cret", "my%2Fs3cret"):
        assert secret not in shown
    assert shown.endswith(" ab"), "too short to be a secret"
