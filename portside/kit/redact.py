"""Takes secrets out of what is logged, stored in a call log or raised."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from urllib.parse import quote

MASK = "[redacted]"

_SECRET_NAME = re.compile(
    r"auth|cookie|token|secret|password|passwd|credential|signature|api[-_]?key|access[-_]?key", re.I
)
_BEARER = re.compile(r"\b(bearer|basic|shippotoken)(\s+)[\w.~+/=-]{6,}", re.I)
_QUERY = re.compile(r"([?&][^=&\s\"'<>]+=)[^&\s\"'<>#]+")
_USERINFO = re.compile(r"(\w://)[^/@\s]+@")
# A shorter secret would black out ordinary text and is no secret.
_SHORTEST = 4


def is_secret_name(name: str) -> bool:
    """Whether a header, form field or JSON member of this name carries a secret."""
    return _SECRET_NAME.search(name) is not None


def redact_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers with the values of the secret ones masked."""
    return {name: MASK if is_secret_name(name) else value for name, value in headers.items()}


def redact_text(text: str, secrets: Iterable[str] = ()) -> str:
    """The text without the named secrets (plain or percent-encoded), credentials, and values in queries of URLs."""
    for secret in sorted(secrets, key=len, reverse=True):
        if len(secret) >= _SHORTEST:
            text = text.replace(secret, MASK).replace(quote(secret, safe=""), MASK)
    text = _BEARER.sub(rf"\1\2{MASK}", text)
    return _QUERY.sub(rf"\1{MASK}", _USERINFO.sub(rf"\1{MASK}@", text))
