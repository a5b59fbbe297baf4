"""Who calls: the bearer credential of a request, as a Scope."""

from __future__ import annotations

import time

from portside.accounts import actions, queries
from portside.db.begin import reading
from portside.errors import NotAuthenticated
from portside.kit.crypto import hash_token
from portside.kit.scope import Scope

# Every request would otherwise pay a round trip. A revocation is known at once in the process that made it
# (`forget`) and within this many seconds in all others.
CACHE_SECONDS = 1.0
_CACHE_SIZE = 10_000

_known: dict[bytes, tuple[float, Scope]] = {}

_SCHEMES = frozenset({"shippotoken", "bearer", "jwt", "token"})


def token_of(header: str) -> str:
    """The token in an Authorization header: `ShippoToken x`, `Bearer x`, `JWT x`, or a bare `oauth.x`.

    Raises NotAuthenticated.
    """
    scheme, _, token = header.strip().partition(" ")
    if not scheme:
        raise NotAuthenticated
    if not token:
        return scheme
    if scheme.lower() not in _SCHEMES:
        raise NotAuthenticated("Token does not exist")
    return token.strip()


async def scope_of(token: str) -> Scope:
    """The scope that a token opens. Raises NotAuthenticated."""
    key = hash_token(token)
    known = _known.get(key)
    moment = time.monotonic()
    if known is not None and known[0] > moment:
        return known[1]
    async with reading() as tx:
        scope = await queries.find_scope_of_token(tx, key)
        if scope is not None:
            await actions.note_token_used(tx, key)
    if scope is None:
        _known.pop(key, None)
        raise NotAuthenticated("Token does not exist")
    if len(_known) >= _CACHE_SIZE:
        _known.clear()
    _known[key] = (moment + CACHE_SECONDS, scope)
    return scope


def forget_tokens() -> None:
    """Look every token up anew: one of them was revoked."""
    _known.clear()
