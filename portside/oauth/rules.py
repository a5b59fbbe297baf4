"""Pure facts of the OAuth protocol: what an authorization request may say, and how its answer goes back."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

import msgspec

from portside.accounts.rules import is_email
from portside.errors import AppError
from portside.kit.crypto import same
from portside.kit.ids import Id
from portside.kit.scope import Mode
from portside.oauth.models import Code, Prefill, Redemption, Refusal
from portside.rest.permissions import known_scopes

LONGEST_STATE = 2048
_LONGEST_NAME = 100
_LONGEST_SOURCE = 200
# RFC 7636 §4.1 and §4.2: 43 to 128 unreserved characters; the base64url of a SHA-256 has 43.
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")


class OAuthError(AppError):
    """An error of RFC 6749: `code` is its name there, the message is the description."""

    status = 400

    def __init__(self, error: str, description: str, status: int = 400) -> None:
        super().__init__(description, code=error)
        self.status = status

    def body(self) -> dict[str, Any]:
        return {"error": self.code, "error_description": self.message}


class AuthorizeRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What an authorization request asks for, beside its client and redirect URI."""

    mode: Mode
    scopes: str
    state: str | None
    code_challenge: str | None
    prefill: Prefill
    utm_source: str


def parameter(pairs: Sequence[tuple[str, str]], name: str) -> str | None:
    """The value of a parameter, None when it is absent or empty (RFC 6749 §3.1). Raises OAuthError if it is there
    twice, or holds what no text may."""
    values = [value for key, value in pairs if key == name]
    if len(values) > 1:
        raise OAuthError("invalid_request", f"The parameter {name} is there more than once.")
    if not values or not values[0]:
        return None
    if not _is_text(values[0]):
        raise OAuthError("invalid_request", f"The parameter {name} holds characters that it may not.")
    return values[0]


def state_of(pairs: Sequence[tuple[str, str]]) -> str | None:
    """The state, which goes back exactly as it came. Raises OAuthError when it is no text or too long; then no state
    can go back."""
    state = parameter(pairs, "state")
    if state is not None and len(state) > LONGEST_STATE:
        raise OAuthError("invalid_request", f"The state is longer than {LONGEST_STATE} characters.")
    return state


def authorize_request(pairs: Sequence[tuple[str, str]], *, may_grant_live: bool) -> AuthorizeRequest:
    """Read an authorization request whose client and redirect URI are known to be right.

    `may_grant_live` says what apps.rules says of the app. Raises OAuthError with what goes back to the redirect URI.
    """
    state = state_of(pairs)
    if (kind := parameter(pairs, "response_type")) != "code":
        error = "unsupported_response_type" if kind else "invalid_request"
        raise OAuthError(error, "The response_type must be code.")
    return AuthorizeRequest(
        mode=_mode(parameter(pairs, "mode"), may_grant_live),
        scopes=_scopes(parameter(pairs, "scope")),
        state=state,
        code_challenge=_challenge(parameter(pairs, "code_challenge"), parameter(pairs, "code_challenge_method")),
        prefill=prefill_of(pairs),
        utm_source=_first(pairs, "utm_source")[:_LONGEST_SOURCE],
    )


def _scopes(asked: str | None) -> str:
    if asked is None:
        raise OAuthError("invalid_scope", "The scope is missing; * is everything.")
    scopes = known_scopes(asked)
    if scopes is None:
        raise OAuthError("invalid_scope", "There is no such scope; docs/oauth.md lists those that there are.")
    return scopes


def _mode(asked: str | None, may_grant_live: bool) -> Mode:
    """Live wherever it may be, unless the app asks for test data."""
    if asked not in (None, "test", "live"):
        raise OAuthError("invalid_request", "The mode is test or live.")
    if asked == "live" and not may_grant_live:
        raise OAuthError("unauthorized_client", "This app may be connected to test data only.")
    return "live" if may_grant_live and asked != "test" else "test"


def _challenge(challenge: str | None, method: str | None) -> str | None:
    if challenge is None:
        if method is not None:
            raise OAuthError("invalid_request", "There is a code_challenge_method and no code_challenge.")
        return None
    # Without a method RFC 7636 means "plain", which protects nothing here.
    if method != "S256":
        raise OAuthError("invalid_request", "The code_challenge_method must be S256.")
    if not _CHALLENGE.fullmatch(challenge):
        raise OAuthError("invalid_request", "The code_challenge is not the base64url of a SHA-256.")
    return challenge


def prefill_of(pairs: Sequence[tuple[str, str]]) -> Prefill:
    """What the partner says of the merchant; what is malformed is as if it were not there."""
    email = _first(pairs, "email").strip()
    names = {name: _first(pairs, name).strip() for name in ("first_name", "last_name", "company_name")}
    shown = {name: text for name, text in names.items() if len(text) <= _LONGEST_NAME and text.isprintable()}
    return Prefill(email=email if is_email(email) else "", **shown)


def _first(pairs: Sequence[tuple[str, str]], name: str) -> str:
    """A parameter on which nothing depends."""
    return next((value for key, value in pairs if key == name and _is_text(value)), "")


def _is_text(value: str) -> bool:
    """Whether it can be kept and sent: no null character, no half of a surrogate pair."""
    return "\x00" not in value and not any("\ud800" <= character <= "\udfff" for character in value)


def proves(verifier: str, challenge: str) -> bool:
    """Whether this is the verifier of an S256 challenge (RFC 7636 §4.6)."""
    if not _VERIFIER.fullmatch(verifier):
        return False
    digest = hashlib.sha256(verifier.encode("ascii")).digest()
    return same(base64.urlsafe_b64encode(digest).rstrip(b"="), challenge)


def redirect_with(redirect_uri: str, parameters: dict[str, str | None]) -> str:
    """The redirect URI with parameters added to its query, those that are None left out (RFC 6749 §4.1.2)."""
    given = {name: value for name, value in parameters.items() if value is not None}
    return f"{redirect_uri}{'&' if '?' in redirect_uri else '?'}{urlencode(given)}"


def granted_uri(redirect_uri: str, code: str, state: str | None) -> str:
    """Where the browser goes when the person agreed."""
    return redirect_with(redirect_uri, {"code": code, "state": state})


def refused_uri(redirect_uri: str, error: OAuthError, state: str | None) -> str:
    """Where the browser goes when there is no code."""
    return redirect_with(redirect_uri, {"error": error.code, "error_description": error.message, "state": state})


def refusal_of(code: Code | None, app_id: Id, given: Redemption, moment: dt.datetime) -> Refusal | None:
    """Why that code gives that app no token; None if it does."""
    if code is None:
        return Refusal("unknown", "The code is not valid.")
    if code.app_id != app_id:
        # The same words as for an unknown one: a thief need not know that it was worth something.
        return Refusal("foreign", "The code is not valid.")
    if code.used_at is not None:
        return Refusal("reused", "The code was used before; the token that was made from it has been revoked.")
    if code.expires_at <= moment:
        return Refusal("expired", "The code has expired.")
    wanted = code.redirect_uri if code.redirect_uri_given or given.redirect_uri is not None else None
    if given.redirect_uri != wanted:
        return Refusal("redirect_uri", "The redirect_uri is not the one of the authorization request.")
    if not _is_proven(given.code_verifier, code.code_challenge):
        return Refusal("verifier", "The code_verifier does not fit the code_challenge.")
    return None


def _is_proven(verifier: str | None, challenge: str | None) -> bool:
    """A verifier without a challenge is refused too: somebody took the challenge out on the way (RFC 9700 §2.1.1)."""
    if verifier is None or challenge is None:
        return verifier is None and challenge is None
    return proves(verifier, challenge)
