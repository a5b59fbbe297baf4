"""Short-lived tokens (RFC 7519) that a page may hold: signed with the key ring, good as long as the credential they
were made with."""

from __future__ import annotations

import time
from typing import Any

import jwt
import msgspec

from portside.errors import NotAuthenticated
from portside.kit.crypto import UnknownKey
from portside.kit.ids import Id, as_id, new_id
from portside.kit.scope import Scope
from portside.kit.services import services

SECONDS = 12 * 3600
_ALGORITHM = "HS256"
_PURPOSE = "jwt"
_AUDIENCE = "portside"
# Ours have some 600 characters; a longer one is not worth the work.
_LONGEST = 1500


class ShortToken(msgspec.Struct, frozen=True, kw_only=True):
    """What a short-lived token says: for which account, with which scopes, on whose behalf, until when (Unix time)."""

    account_id: Id
    credential_id: Id
    scopes: str
    expires_at: int


def issue(scope: Scope, credential_id: Id, scopes: str) -> tuple[str, int]:
    """A token for the account of `scope`, and when it expires, in Unix time."""
    keys = services().keys
    issued_at = int(time.time())
    claims: dict[str, Any] = {
        "aud": _AUDIENCE,
        "jti": new_id(),
        "iat": issued_at,
        "exp": issued_at + SECONDS,
        "sub": scope.account_id,
        "user_object_id": scope.account_id,
        "is_test": scope.is_test,
        "oauth_app_id": scope.actor.id if scope.actor.kind == "app" else None,
        "scope": scopes,
        "grant": credential_id,
    }
    key = keys.key_for(_PURPOSE)
    return jwt.encode(claims, key, algorithm=_ALGORITHM, headers={"kid": keys.current}), claims["exp"]


def read(token: str) -> ShortToken:
    """What the token says, if it is ours, unchanged and not expired; whether its credential is still good is not known
    here. Raises NotAuthenticated."""
    if len(token) > _LONGEST:
        raise NotAuthenticated("Token does not exist")
    try:
        key_id = jwt.get_unverified_header(token).get("kid")
        key = services().keys.key_for(_PURPOSE, key_id) if isinstance(key_id, str) else b""
        claims = jwt.decode(
            token,
            key,
            algorithms=[_ALGORITHM],
            audience=_AUDIENCE,
            options={"require": ["aud", "exp", "iat", "sub", "scope", "grant"]},
        )
    except jwt.ExpiredSignatureError as error:
        raise NotAuthenticated("Token has expired") from error
    # Whoever is not the holder of a key may write what they like into a token, also what a parser cannot bear.
    except (jwt.PyJWTError, UnknownKey, ValueError, RecursionError) as error:
        raise NotAuthenticated("Token does not exist") from error
    account_id, credential_id = as_id(claims["sub"]), as_id(claims["grant"])
    if account_id is None or credential_id is None:
        raise NotAuthenticated("Token does not exist")
    return ShortToken(
        account_id=account_id,
        credential_id=credential_id,
        scopes=str(claims["scope"]),
        expires_at=int(claims["exp"]),
    )
