"""/app/settings/tokens: the API tokens of this mode; a new one is shown once, a revoked one ends at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from litestar import Response

from portside.accounts import actions, queries
from portside.accounts.models import Credential
from portside.audit.actions import note
from portside.db.begin import begin, reading
from portside.db.commits import after_commit
from portside.rest.caller import forget_tokens
from portside.web.answers import Flash, redirect
from portside.web.page import page
from portside.web.profile import verification_notice
from portside.web.visit import Shown, Visit

PATH = "/app/settings/tokens"
LONGEST_NAME = 100
MOST_TOKENS = 100


@page("GET", PATH)
async def list_tokens(visit: Visit) -> Shown:
    """The tokens that work."""
    return await _page(visit)


@page("POST", PATH)
async def create_token(visit: Visit) -> Shown:
    """Make a token and show it, this one time."""
    name = visit.field("name", LONGEST_NAME)
    if not name:
        return await _page(visit, errors={"name": "Give it a name."}, data={"name": name})
    if _verification(visit) is not None:
        return await _page(visit, errors={"name": "Verify your e-mail first."}, data={"name": name})
    async with begin() as tx:
        active = [token for token in await queries.list_credentials(tx, visit.scope) if token.revoked_at is None]
        if len(active) >= MOST_TOKENS:
            message = f"There are {MOST_TOKENS} tokens already. Revoke one that is no longer used."
            return await _page(visit, errors={"name": message}, data={"name": name})
        secret = await actions.create_token(
            tx, visit.scope.account_id, visit.scope.mode, name=name, created_by=visit.user.id
        )
        await note(tx, visit.scope, "token.created", name, {"mode": visit.scope.mode}, visit.address)
    return await _page(visit, created={"name": name, "secret": secret})


@page("POST", PATH + "/{token_id}/revoke")
async def revoke_token(visit: Visit) -> Response[bytes]:
    """End a token."""
    async with begin() as tx:
        token_id = visit.id("token_id")
        await actions.revoke_token(tx, visit.scope, token_id)
        names = await queries.find_credential_names(tx, visit.scope, [token_id])
        await note(tx, visit.scope, "token.revoked", names[token_id], {"mode": visit.scope.mode}, visit.address)
        after_commit(forget_tokens)
    return redirect(PATH, Flash("success", "The token was revoked. Programs that used it are refused from now on."))


async def _page(
    visit: Visit,
    *,
    created: Mapping[str, str] | None = None,
    errors: Mapping[str, str] | None = None,
    data: Mapping[str, str] | None = None,
) -> Shown:
    async with reading() as tx:
        tokens = await queries.list_credentials(tx, visit.scope)
    context = {
        "tokens": [_row(token) for token in tokens if token.revoked_at is None],
        "created": created,
        "verification": _verification(visit),
        "create_url": PATH,
        "form": {"data": data or {}, "errors": errors or {}, "message": ""},
        "open_form": bool(errors),
    }
    status = 422 if errors else 200
    return Shown(template="settings/tokens.html", context=context, section="settings", child="tokens", status=status)


def _verification(visit: Visit) -> Mapping[str, str] | None:
    """Live tokens spend money: whoever makes one can be written to."""
    return None if visit.scope.is_test else verification_notice(visit.user)


def _row(token: Credential) -> Mapping[str, Any]:
    return {
        "id": token.id,
        "name": token.name or "Without a name",
        "hint": f"{token.hint}…",
        "mode": token.mode,
        "created_at": token.created_at,
        "created_by": token.created_by or "the operator",
        "last_used_at": token.last_used_at,
        "revoke_url": f"{PATH}/{token.id}/revoke",
    }


routes = [list_tokens, create_token, revoke_token]
