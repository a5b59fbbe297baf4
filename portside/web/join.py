"""/join: an invitation, accepted by the one it was sent to. Looking at the page uses nothing up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from litestar import Request, Response, get, post

from portside.accounts.models import User
from portside.accounts.queries import find_user_by_email
from portside.db.begin import reading
from portside.people import flows, queries, rules
from portside.people.models import Invitation, Joined, JoinRefusal
from portside.web import session
from portside.web.answers import SIGN_IN, Flash
from portside.web.entry import What, begin_session, is_throttled, person_of
from portside.web.guests import STALE, TOO_MANY, form_of, guest_page, read_guest_form
from portside.web.page import read_form

PATH = "/join"

# How the one who was invited may prove to be them: they are signed in, they have a password, or they are new.
Proof = Literal["session", "password", "new"]


@get(PATH)
async def show_invitation(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Who invites whom to what, and what is missing."""
    return await _page(request, request.query_params.get("token", ""))


@post(PATH, status_code=200)
async def accept_invitation(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Join the account and open it."""
    found = await session.signed_in(request)
    # In a session forms are bound to it, elsewhere to the visitor's cookie.
    fields = await (read_guest_form(request) if found is None else read_form(request, found.token))
    if fields is None:
        return await _page(request, "", message=STALE, status=403)
    token = fields.get("token", "")
    async with reading() as tx:
        invitation = await queries.find_invitation(tx, token)
    if invitation is None:
        return await _page(request, token)
    proof, _ = await _proof(request, invitation)
    if proof == "session" and found is not None:
        joined = await flows.join(token, found.session.user, session.client_address(request))
        return await _opened(request, token, joined)
    if proof == "password":
        return await _accept_by_password(request, token, invitation, fields)
    return await _accept_anew(request, token, fields)


async def _accept_by_password(
    request: Request[Any, Any, Any], token: str, invitation: Invitation, fields: Mapping[str, str]
) -> Response[bytes]:
    if await is_throttled(request, "sign-in", invitation.email):
        return await _page(request, token, message=TOO_MANY, throttled="sign-in")
    found = await person_of(invitation.email, fields.get("password", ""))
    user = found[0] if found else await _without_account(invitation, fields.get("password", ""))
    if user is None:
        return await _page(request, token, errors={"password": "This is not your password."}, status=422)
    return await _opened(request, token, await flows.join(token, user, session.client_address(request)))


async def _without_account(invitation: Invitation, password: str) -> User | None:
    """Who was on a team once and is on none now cannot sign in, but may be invited again."""
    async with reading() as tx:
        user = await find_user_by_email(tx, invitation.email)
    return user if user is not None and await flows.knows_password(user, password) else None


async def _accept_anew(request: Request[Any, Any, Any], token: str, fields: Mapping[str, str]) -> Response[bytes]:
    name, password = fields.get("name", "").strip(), fields.get("password", "")
    troubles = {"name": rules.name_trouble(name, "Tell us your name."), "password": rules.password_trouble(password)}
    errors = {field: text for field, text in troubles.items() if text}
    if errors:
        return await _page(request, token, {"name": name[:300]}, errors, status=422)
    if await is_throttled(request, "code", token):
        return await _page(request, token, {"name": name}, message=TOO_MANY, throttled="code")
    joined = await flows.join_anew(token, name, password, session.client_address(request))
    return await _opened(request, token, joined)


async def _opened(request: Request[Any, Any, Any], token: str, joined: Joined | JoinRefusal) -> Response[bytes]:
    if isinstance(joined, str):
        # Somebody was quicker; the page says what is possible now.
        return await _page(request, token, status=422)
    welcome = Flash("success", f"You work on {joined.account_name} now.")
    return await begin_session(request, joined.user, joined.account_id, "", welcome)


async def _proof(request: Request[Any, Any, Any], invitation: Invitation) -> tuple[Proof, User | None]:
    """What is missing, and who is signed in."""
    found = await session.signed_in(request)
    here = found.session.user if found else None
    if here is not None and here.email.casefold() == invitation.email.casefold():
        return "session", here
    async with reading() as tx:
        known = await find_user_by_email(tx, invitation.email)
    return ("new" if known is None else "password"), here


async def _page(
    request: Request[Any, Any, Any],
    token: str,
    data: Mapping[str, str] | None = None,
    errors: Mapping[str, str] | None = None,
    message: str = "",
    status: int = 200,
    throttled: What | None = None,
) -> Response[bytes]:
    async with reading() as tx:
        invitation = await queries.find_invitation(tx, token)
    proof, here = await _proof(request, invitation) if invitation else ("new", None)
    context = {
        "action_url": PATH,
        "sign_in_url": SIGN_IN,
        "forgot_url": "/forgot-password",
        "token": token if invitation else "",
        "invitation": _shown(invitation) if invitation else None,
        "proof": proof,
        "here": here.email if here and proof != "session" else "",
        "form": form_of(data, errors, message),
        "shortest_password": rules.SHORTEST_PASSWORD,
    }
    if invitation is None and status == 200:
        status = 404
    found = await session.signed_in(request)
    bound = session.csrf_token(found.token) if found else ""
    return guest_page(request, "join.html", context, status, throttled, bound)


def _shown(invitation: Invitation) -> Mapping[str, Any]:
    return {
        "inviter": invitation.inviter,
        "account": invitation.account_name,
        "email": invitation.email,
        "role_words": "an owner" if invitation.role == "owner" else "a member",
    }


routes = [show_invitation, accept_invitation]
