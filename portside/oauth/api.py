"""/oauth/access_token, /oauth/revoke and /embedded/authz: tokens for apps, their end, and tokens for pages"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import structlog
from litestar import Request, post
from litestar.status_codes import HTTP_200_OK
from litestar.types import ASGIApp, ControllerRouterHandler

from portside.apps.models import App
from portside.db.begin import begin
from portside.errors import AppError, FieldErrors, Forbidden
from portside.oauth import actions, wire
from portside.oauth.flows import WINDOW, Throttled, client_of
from portside.oauth.models import Refusal
from portside.oauth.rules import OAuthError
from portside.rest import short_tokens
from portside.rest.client_address import client_address
from portside.rest.endpoint import Answer, Call, Route, endpoint, header, read_body
from portside.rest.permissions import EVERYTHING, MissingScope, allowed_by, known_scopes

_log = structlog.get_logger(__name__)

# An authorization code and its company are short.
_MOST_BYTES = 20_000
# RFC 6749 §5.1: nobody between us and the app may keep a token.
_NOT_KEPT = ((b"cache-control", b"no-store"), (b"pragma", b"no-cache"))

Work = Callable[[App, wire.Pairs, str], Awaitable[Any]]


@post("/oauth/access_token", status_code=HTTP_200_OK)
async def exchange_code(request: Request[Any, Any, Any]) -> ASGIApp:
    """Exchange an authorization code for a token (RFC 6749 §4.1.3)."""
    return await _for_client(request, _exchange)


@post("/oauth/revoke", status_code=HTTP_200_OK)
async def revoke_token(request: Request[Any, Any, Any]) -> ASGIApp:
    """End a token (RFC 7009)."""
    return await _for_client(request, _revoke)


@endpoint("POST", "/embedded/authz", takes=wire.JwtIn, gives=wire.JwtOut, keeps_answer=False, permission="")
async def create_jwt(call: Call, given: wire.JwtIn) -> wire.JwtOut:
    """Create a short-lived token.

    It carries only the scope that is asked for, is good for 12 hours, and ends early with the token that it was made
    with. It is sent as `Authorization: JWT …`, and can be given to a page.
    """
    if call.caller.is_short:
        raise Forbidden("A JWT cannot make another one.")
    scopes = known_scopes(given.scope)
    if scopes is None or scopes == EVERYTHING:
        raise FieldErrors({"scope": [f'"{given.scope[:100]}" is not a scope that a JWT can have.']})
    lacking = (allowed_by(scopes) or frozenset()) - (call.caller.allowed or frozenset())
    if call.caller.allowed is not None and lacking:
        raise MissingScope(min(lacking))
    return wire.jwt_out(*short_tokens.issue(call.scope, call.caller.credential_id, scopes))


async def _for_client(request: Request[Any, Any, Any], work: Work) -> Answer:
    """Do the work for the app that asks; every error in the shape of RFC 6749 §5.2."""
    authorization = header(request.scope, b"authorization").decode("latin-1")
    address = client_address(request.scope)
    try:
        raw, content_type = await _body(request)
        pairs = wire.pairs_of(raw, content_type)
        app = await client_of(wire.credentials_of(pairs, authorization), address)
        found = await work(app, pairs, address)
    except OAuthError as error:
        _log.info("oauth_refused", path=request.scope["path"], error=error.code, reason=error.message, address=address)
        return _refused(error, is_basic=authorization.lower().startswith("basic"))
    return Answer(HTTP_200_OK, b"" if found is None else msgspec.json.encode(found), headers=_NOT_KEPT)


async def _body(request: Request[Any, Any, Any]) -> tuple[bytes, bytes]:
    try:
        return await read_body(request.scope, request.receive, _MOST_BYTES)
    except AppError as error:
        raise OAuthError("invalid_request", error.message) from error


async def _exchange(app: App, pairs: wire.Pairs, address: str) -> wire.TokenOut:
    given = wire.redemption(pairs)
    async with begin() as tx:
        found = await actions.exchange(tx, app, given, address=address)
    if isinstance(found, Refusal):
        _log.warning("oauth_code_refused", app_id=app.id, reason=found.reason, address=address)
        raise OAuthError("invalid_grant", found.description)
    return wire.token_out(found)


async def _revoke(app: App, pairs: wire.Pairs, address: str) -> None:
    token = wire.token_to_revoke(pairs)
    async with begin() as tx:
        is_own = await actions.revoke(tx, app, token, address=address)
    if not is_own:
        _log.warning("oauth_foreign_token", app_id=app.id, address=address)
        raise OAuthError("unauthorized_client", "The token was not made for this client.")


def _refused(error: OAuthError, *, is_basic: bool) -> Answer:
    headers = list(_NOT_KEPT)
    if error.code == "invalid_client" and is_basic:
        headers.append((b"www-authenticate", b'Basic realm="oauth", charset="UTF-8"'))
    if isinstance(error, Throttled):
        headers.append((b"retry-after", b"%d" % WINDOW.total_seconds()))
    return Answer(error.status, msgspec.json.encode(error.body()), headers=tuple(headers))


routes: list[Route | ControllerRouterHandler] = [exchange_code, revoke_token, create_jwt]
