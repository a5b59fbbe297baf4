"""The way in and out: sign-in with its throttle, sign-out, and the switch between test and live data."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from litestar import Request, Response, get, post

from portside.accounts import actions
from portside.db.begin import begin
from portside.errors import BadRequest, Forbidden
from portside.kit.crypto import hash_token
from portside.web import session
from portside.web.answers import HOME, SIGN_IN, html, redirect
from portside.web.entry import begin_session, is_throttled, mode_of, person_of, retry_after
from portside.web.page import page, read_form
from portside.web.visit import Visit

_WRONG = "E-mail or password is wrong."
_TOO_MANY = "Too many attempts to sign in. Wait 15 minutes and try again."
_STALE = "This page was open for too long. Try again."


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
    try:
        form = await read_form(request, session.read_cookie(request, session.VISITOR))
    except Forbidden:
        return _form(request, "", message=_STALE, status=403)
    target = session.local_path(form.get("next", ""))
    email, password = form.get("email", "").strip()[:254], form.get("password", "")
    if await is_throttled(request, "sign-in", email):
        return _form(request, target, email, _TOO_MANY, 429)
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
    request: Request[Any, Any, Any], target: str, email: str = "", message: str = "", status: int = 200
) -> Response[bytes]:
    visitor = session.read_cookie(request, session.VISITOR) or session.new_visitor()
    context = {
        "action_url": SIGN_IN,
        "csrf_token": session.csrf_token(visitor),
        "next": target,
        "form": {"data": {"email": email}, "errors": {}, "message": message},
        "register_url": None,
        "demo": None,
    }
    response = html("sign_in.html", context, status)
    response.set_cookie(session.cookie(session.VISITOR, visitor))
    if status == 429:
        response.headers["Retry-After"] = retry_after("sign-in")
    return response


def _list_of(referer: str) -> str:
    """`/app/orders/…` → `/app/orders`; pages without an object stay."""
    path = session.local_path(urlsplit(referer).path)
    if not path.startswith("/app/"):
        return HOME
    kept = 3 if path.startswith("/app/settings/") else 2
    return "/".join(path.split("/")[: kept + 1])


routes = [home, show_sign_in, sign_in, sign_out, switch_mode]
