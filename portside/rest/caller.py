"""Who calls, for which account, and what they may do: a request's credential and managed account, as a Scope."""

from __future__ import annotations

import time
from collections.abc import Iterable

import msgspec

from portside.accounts import actions, queries
from portside.accounts.models import Grant
from portside.db.begin import reading
from portside.db.tx import Tx
from portside.errors import Forbidden, NotAuthenticated, NotFound
from portside.kit.crypto import hash_token
from portside.kit.ids import Id, as_id
from portside.kit.scope import Scope
from portside.rest import short_tokens
from portside.rest.permissions import ACT_FOR_ACCOUNTS, MissingScope, allowed_by

# Every request would otherwise pay a round trip. A revocation is known at once in the process that made it
# (`forget`) and within this many seconds in all others.
CACHE_SECONDS = 1.0
_CACHE_SIZE = 10_000

# As servers give header names; whoever sends it may write it in any case.
MANAGED_ACCOUNT = b"shippo-account-id"

_SCHEMES = frozenset({"shippotoken", "bearer", "jwt", "token"})
_SHORT = "jwt"


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """Who calls: the scope that their credential opens and what they may do there (`allowed`; None is everything).

    `is_short` tells that they came with a short-lived token, which was made with the credential.
    """

    scope: Scope
    credential_id: Id
    allowed: frozenset[str] | None
    is_short: bool = False


_known: dict[bytes, tuple[float, Caller]] = {}
_managed: dict[tuple[Scope, Id], tuple[float, Scope]] = {}


def token_of(header: str) -> tuple[str, str]:
    """Scheme, in lower case, and token of an Authorization header: `ShippoToken x`, `Bearer x`, `JWT x`, or a bare
    `oauth.x`. Raises NotAuthenticated."""
    scheme, _, token = header.strip().partition(" ")
    if not scheme:
        raise NotAuthenticated
    if not token:
        return "", scheme
    if scheme.lower() not in _SCHEMES:
        raise NotAuthenticated("Token does not exist")
    return scheme.lower(), token.strip()


async def caller_of(header: str) -> Caller:
    """Who sends that Authorization header. Raises NotAuthenticated; Forbidden for a token that rests."""
    scheme, token = token_of(header)
    is_short = scheme == _SHORT
    # A short-lived token is none under another scheme, and the other way round.
    key = hash_token(f"{_SHORT} {token}" if is_short else token)
    known = _known.get(key)
    moment = time.monotonic()
    if known is not None and known[0] > moment:
        return known[1]
    _known.pop(key, None)
    caller, seconds = await _short_caller(token) if is_short else (await _caller(key), CACHE_SECONDS)
    if len(_known) >= _CACHE_SIZE:
        _known.clear()
    _known[key] = (moment + seconds, caller)
    return caller


async def _caller(token_hash: bytes) -> Caller:
    async with reading() as tx:
        grant = await _in_use(tx, await queries.find_grant_of_token(tx, token_hash))
    return Caller(scope=grant.scope, credential_id=grant.credential_id, allowed=allowed_by(grant.scopes))


async def _short_caller(token: str) -> tuple[Caller, float]:
    """Who came with a short-lived token, and for how many seconds that is known. It opens nothing once its credential
    is revoked, or its account is no longer managed by the credential's."""
    said = short_tokens.read(token)
    async with reading() as tx:
        grant = await _in_use(tx, await queries.find_grant_of_credential(tx, said.credential_id))
        scope = grant.scope
        if said.account_id != scope.account_id:
            try:
                scope = await queries.get_managed_scope(tx, scope, said.account_id)
            except NotFound as error:
                raise NotAuthenticated("Token does not exist") from error
    caller = Caller(
        scope=scope, credential_id=grant.credential_id, allowed=allowed_by(said.scopes) or frozenset(), is_short=True
    )
    return caller, min(CACHE_SECONDS, said.expires_at - time.time())


async def _in_use(tx: Tx, grant: Grant | None) -> Grant:
    if grant is None:
        raise NotAuthenticated("Token does not exist")
    if grant.rests:
        # Not 401: whoever throws the token away then would have to ask the merchant for another.
        raise Forbidden("This app may not use live data at the moment.")
    await actions.note_credential_used(tx, grant.credential_id)
    return grant


async def acting_scope(caller: Caller, headers: Iterable[tuple[bytes, bytes]]) -> Scope:
    """The scope that a request acts in: the caller's, or that of the managed account that SHIPPO-ACCOUNT-ID names.

    Raises NotFound when the header, even an empty one, names no account that the caller manages: an integration that
    lost its merchant's id must not ship on the platform's own account. Raises MissingScope.
    """
    for name, value in headers:
        if name == MANAGED_ACCOUNT:
            if caller.allowed is not None and ACT_FOR_ACCOUNTS not in caller.allowed:
                raise MissingScope(ACT_FOR_ACCOUNTS)
            return await _managed_scope(caller.scope, as_id(value.strip().decode("latin-1")))
    return caller.scope


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
    """Look every token up anew: one of them was revoked, or an app may do less or more than before."""
    _known.clear()
