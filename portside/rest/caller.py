"""Who calls, and for which account: a request's bearer credential and managed account, as a Scope."""

from __future__ import annotations

import time
from collections.abc import Iterable

from portside.accounts import actions, queries
from portside.db.begin import reading
from portside.errors import NotAuthenticated, NotFound
from portside.kit.crypto import hash_token
from portside.kit.ids import Id, as_id
from portside.kit.scope import Scope

# Every request would otherwise pay a round trip. A revocation is known at once in the process that made it
# (`forget`) and within this many seconds in all others.
CACHE_SECONDS = 1.0
_CACHE_SIZE = 10_000

_known: dict[bytes, tuple[float, Scope]] = {}
_managed: dict[tuple[Scope, Id], tuple[float, Scope]] = {}

# As servers give header names; whoever sends it may write it in any case.
MANAGED_ACCOUNT = b"shippo-account-id"

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


async def acting_scope(caller: Scope, headers: Iterable[tuple[bytes, bytes]]) -> Scope:
    """The scope that a request acts in: the caller's, or that of the managed account that SHIPPO-ACCOUNT-ID names.

    Raises NotFound when the header, even an empty one, names no account that the caller manages: an integration that
    lost its merchant's id must not ship on the platform's own account.
    """
    for name, value in headers:
        if name == MANAGED_ACCOUNT:
            return await _managed_scope(caller, as_id(value.strip().decode("latin-1")))
    return caller


async def _managed_scope(caller: Scope, account_id: Id | None) -> Scope:
    if account_id is None:
        raise NotFound
    key = (caller, account_id)
    known = _managed.get(key)
    moment = time.monotonic()
    if known is not None and known[0] > moment:
        return known[1]
    async with reading() as tx:
        scope = await queries.get_managed_scope(tx, caller, account_id)
    if len(_managed) >= _CACHE_SIZE:
        _managed.clear()
    _managed[key] = (moment + CACHE_SECONDS, scope)
    return scope


def forget_managed_accounts() -> None:
    """Look every managed account up anew: what is said of one of them has changed."""
    _managed.clear()


def forget_tokens() -> None:
    """Look every token up anew: one of them was revoked."""
    _known.clear()
