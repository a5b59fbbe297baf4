"""AWS Signature Version 4, by which S3-compatible stores know who asks.

After "Signature Calculations for the Authorization Header: Transferring Payload in a Single Chunk", Amazon S3 API
Reference: https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
from collections.abc import Mapping
from urllib.parse import parse_qsl, quote, unquote, urlsplit

_ALGORITHM = "AWS4-HMAC-SHA256"
# What stands for itself (RFC 3986, unreserved); everything else is percent-encoded.
_UNRESERVED = "-_.~"
_DEFAULT_PORTS = {"http": ":80", "https": ":443"}


class Signer:
    """Signs requests to one service in one region with one access key. `repr` shows neither key nor secret."""

    def __init__(self, key_id: str, secret: str, region: str, service: str = "s3") -> None:
        self._key_id = key_id
        self._secret = secret
        self._region = region
        self._service = service

    def headers(
        self, method: str, url: str, payload: bytes, moment: dt.datetime, headers: Mapping[str, str] | None = None
    ) -> dict[str, str]:
        """The given headers and those that sign them, the URL (with its host) and the payload at this moment (UTC).

        A store refuses what was signed more than a quarter of an hour ago by its own clock.
        """
        digest = hashlib.sha256(payload).hexdigest()
        stamp = f"{moment:%Y%m%dT%H%M%SZ}"
        sent = {**(headers or {}), "x-amz-content-sha256": digest, "x-amz-date": stamp}
        named = {name.lower(): " ".join(value.split()) for name, value in {**sent, "host": _host(url)}.items()}
        signed_names = ";".join(sorted(named))
        parts = urlsplit(url)
        request = "\n".join(
            (
                method,
                quote(unquote(parts.path) or "/", safe="/" + _UNRESERVED),
                _query(parts.query),
                *(f"{name}:{named[name]}" for name in sorted(named)),
                "",
                signed_names,
                digest,
            )
        )
        scope = f"{stamp[:8]}/{self._region}/{self._service}/aws4_request"
        text = "\n".join((_ALGORITHM, stamp, scope, hashlib.sha256(request.encode()).hexdigest()))
        signature = hmac.digest(self._key_of(stamp[:8]), text.encode(), "sha256").hex()
        credential = f"Credential={self._key_id}/{scope}"
        sent["Authorization"] = f"{_ALGORITHM} {credential}, SignedHeaders={signed_names}, Signature={signature}"
        return sent

    def _key_of(self, day: str) -> bytes:
        key = b"AWS4" + self._secret.encode()
        for part in (day, self._region, self._service, "aws4_request"):
            key = hmac.digest(key, part.encode(), "sha256")
        return key


def _host(url: str) -> str:
    """As it stands in the `Host` header: without the scheme's own port."""
    parts = urlsplit(url)
    return parts.netloc.lower().removesuffix(_DEFAULT_PORTS[parts.scheme])


def _query(query: str) -> str:
    pairs = ((quote(name, safe=_UNRESERVED), quote(value, safe=_UNRESERVED)) for name, value in _pairs(query))
    return "&".join(f"{name}={value}" for name, value in sorted(pairs))


def _pairs(query: str) -> list[tuple[str, str]]:
    return parse_qsl(query, keep_blank_values=True)
