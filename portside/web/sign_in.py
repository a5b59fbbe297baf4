"""The way in and out: sign-in with its throttle, sign-out, and the switch between test and live data."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from litestar import Request, Response, get, post

from portside.accounts import actions, people
from portside.db.begin import begin
from portside.errors import BadRequest, NotFound
from portside.kit.crypto import hash_token
from portside.kit.ids import as_id
from portside.kit.services import services
from portside.web import session
from portside.web.answers import HOME, SIGN_IN, redirect
from portside.web.entry import What, begin_session, is_throttled, mode_of, person_of
from portside.web.guests import STALE, form_of, guest_page, read_guest_form
from portside.web.page import page
from portside.web.visit import Visit

_WRONG = "E-mail or password is wrong."
_TOO_MANY = "Too many attempts to sign in. Wait 15 minutes and try again."


@get("/")
async def home(request: Request[Any, Any, Any]) -> Response[bytes]:
    """The first page there is to see."""
    return redirect(SIGN_IN if await session.signed_in(request) is None else HOME)


@get(SIGN_IN)
async def show_sign_in(request: Request[Any, Any, Any]) -> Response[bytes]:
    """The form; whoever is signed in goes on at once."""
    target = session.local_path(request.query_params.get("next", ""))
    if await session.signed_in(request) is not None:
        return redirect(target or HOME)
    return _form(request, target)


@post(SIGN_IN, status_code=200)
async def sign_in(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Check the password and begin a session."""
    form = await read_guest_form(request)
    if form is None:
        return _form(request, "", message=STALE, status=403)
    target = session.local_path(form.get("next", ""))
    email, password = form.get("email", "").strip()[:254], form.get("password", "")
    if await is_throttled(request, "sign-in", email):
        return _form(request, target, email, _TOO_MANY, throttled="sign-in")
    found = await person_of(email, password)
    if found is None:
        return _form(request, target, email, _WRONG, 422)
    user, account_id = found
    return await begin_session(request, user, account_id, target)


@page("POST", "/sign-out")
async def sign_out(visit: Visit) -> Response[bytes]:
    """End the session."""
    async with begin() as tx:
        await actions.end_session(tx, hash_token(visit.signed_in.token))
    response = redirect(SIGN_IN)
    response.set_cookie(session.no_cookie(session.SESSION))
    return response


@page("POST", "/app/account")
async def switch_account(visit: Visit) -> Response[bytes]:
    """Work on another account of one's own."""
    account_id = as_id(visit.field("account"))
    if account_id is None:
        raise NotFound
    async with begin() as tx:
        await people.open_account(tx, hash_token(visit.signed_in.token), visit.user.id, account_id)
    return redirect(HOME)


@page("POST", "/app/mode")
async def switch_mode(visit: Visit) -> Response[bytes]:
    """Look at the other data. What is on the page exists in one mode only, so this leads to the list it came from."""
    mode = mode_of(visit.field("mode"))
    if mode is None:
        raise BadRequest("The mode is test or live.")
    async with begin() as tx:
        await actions.set_session_mode(tx, hash_token(visit.signed_in.token), mode)
    response = redirect(_list_of(visit.request.headers.get("referer", "")))
    response.set_cookie(session.mode_cookie(mode))
    return response


def _form(
    request: Request[Any, Any, Any],
    target: str,
    email: str = "",
    message: str = "",
    status: int = 200,
    throttled: What | None = None,
) -> Response[bytes]:
    query = f"?{urlencode({'next': target})}" if target else ""
    context = {
        "action_url": SIGN_IN,
        "next": target,
        "form": form_of({"email": email}, message=message),
        "register_url": None if services().settings.sign_up == "closed" else f"/sign-up{query}",
        "forgot_url": "/forgot-password",
        "demo": None,
    }
    return guest_page(request, "sign_in.html", context, status, throttled)


def _list_of(referer: str) -> str:
    """`/app/orders/…` → `/app/orders`; pages without an object stay."""
    path = session.local_path(session.parts_of(referer).path)
    if not path.startswith("/app/"):
        return HOME
    kept = 3 if path.startswith("/app/settings/") else 2
    return "/".join(path.split("/")[: kept + 1])


routes = [home, show_sign_in, sign_in, sign_out, switch_account, switch_mode]
