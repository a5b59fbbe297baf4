"""What apps send to the token and revocation endpoints, and what they get; and the short-lived tokens of pages."""

from __future__ import annotations

import base64
import binascii
import json
from typing import Any
from urllib.parse import parse_qsl, unquote_plus

import msgspec

from portside.oauth.models import Issued, Redemption
from portside.oauth.rules import OAuthError, parameter
from portside.rest.body import is_json

Pairs = list[tuple[str, Any]]

_MOST_FIELDS = 50
_GRANT_TYPE = "authorization_code"


class Credentials(msgspec.Struct, frozen=True, kw_only=True):
    """How an app says who it is; `is_basic` by the Authorization header."""

    client_id: str
    client_secret: str
    is_basic: bool


class TokenOut(msgspec.Struct, frozen=True, kw_only=True):
    """RFC 6749 §5.1; `account_id` is the object id of the account that the token opens, `mode` its data."""

    access_token: str
    token_type: str
    scope: str
    account_id: str
    mode: str


class JwtIn(msgspec.Struct, frozen=True, kw_only=True):
    scope: str


class JwtOut(msgspec.Struct, frozen=True, kw_only=True):
    """A short-lived token. Shippo's documentation spells the time of its end in two ways; it is there in both."""

    token: str
    expires_in: str
    expires_in_too: str = msgspec.field(name="expiresIn")


def pairs_of(raw: bytes, content_type: bytes) -> Pairs:
    """The parameters of a form or of a JSON object. Raises OAuthError, also when one is there twice (RFC 6749 §3.2)."""
    try:
        pairs = _json_pairs(raw) if is_json(raw, content_type) else _form_pairs(raw)
    except (ValueError, RecursionError) as error:
        raise OAuthError("invalid_request", "The body can be read neither as a form nor as JSON.") from error
    if len({name for name, _ in pairs}) < len(pairs):
        raise OAuthError("invalid_request", "A parameter is there more than once.")
    if not all(isinstance(value, str) for _, value in pairs):
        raise OAuthError("invalid_request", "Every parameter must be a text.")
    return pairs


def _form_pairs(raw: bytes) -> Pairs:
    text = raw.decode("utf-8")
    return list(parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=_MOST_FIELDS))


class _Object(tuple[tuple[str, Any], ...]):
    """A JSON object as it was written, a name that is there twice included."""


def _json_pairs(raw: bytes) -> Pairs:
    found = json.loads(raw, object_pairs_hook=_Object)
    if not isinstance(found, _Object):
        raise ValueError("not an object")
    return [(name, value) for name, value in found if value is not None]


def credentials_of(pairs: Pairs, authorization: str) -> Credentials:
    """Who the app says it is: in the Authorization header or in the body, not in both (RFC 6749 §2.3.1).

    Raises OAuthError; `invalid_client` if it does not say.
    """
    client_id, secret = parameter(pairs, "client_id"), parameter(pairs, "client_secret")
    scheme, _, encoded = authorization.strip().partition(" ")
    # Shippo's old clients send a token with every request; only Basic means a client here.
    if scheme.lower() == "basic":
        name, password = _basic(encoded)
        if secret is not None or client_id not in (None, name):
            raise OAuthError("invalid_request", "The client's credentials are in the header and in the body.")
        return Credentials(client_id=name, client_secret=password, is_basic=True)
    if client_id is None or secret is None:
        raise OAuthError("invalid_client", "The client_id or the client_secret is missing.", status=401)
    return Credentials(client_id=client_id, client_secret=secret, is_basic=False)


def _basic(encoded: str) -> tuple[str, str]:
    """Name and password, each of which was encoded as in a form first."""
    try:
        text = base64.b64decode(encoded.strip(), validate=True).decode("utf-8")
    except (binascii.Error, ValueError) as error:
        raise OAuthError("invalid_client", "The Authorization header cannot be read.", status=401) from error
    name, _, password = text.partition(":")
    return unquote_plus(name), unquote_plus(password)


def redemption(pairs: Pairs) -> Redemption:
    """The code that is to be exchanged. Raises OAuthError."""
    grant_type = parameter(pairs, "grant_type")
    if grant_type != _GRANT_TYPE:
        error = "unsupported_grant_type" if grant_type else "invalid_request"
        raise OAuthError(error, f"The grant_type must be {_GRANT_TYPE}.")
    code = parameter(pairs, "code")
    if code is None:
        raise OAuthError("invalid_request", "The code is missing.")
    return Redemption(
        code=code, redirect_uri=parameter(pairs, "redirect_uri"), code_verifier=parameter(pairs, "code_verifier")
    )


def token_to_revoke(pairs: Pairs) -> str:
    """The token that is to end. Raises OAuthError."""
    token = parameter(pairs, "token")
    if token is None:
        raise OAuthError("invalid_request", "The token is missing.")
    if token.startswith("eyJ") and token.count(".") == 2:
        raise OAuthError("unsupported_token_type", "A JWT ends with the token that it was made with.")
    return token


def token_out(issued: Issued) -> TokenOut:
    return TokenOut(
        access_token=issued.access_token,
        token_type="bearer",  # noqa: S106 - the name of a scheme
        scope=issued.scopes,
        account_id=issued.account_id,
        mode=issued.mode,
    )


def jwt_out(token: str, expires_at: int) -> JwtOut:
    return JwtOut(token=token, expires_in=str(expires_at), expires_in_too=str(expires_at))
