"""The way in and out: sign-in with its throttle, sign-out, and the switch between test and live data."""

from __future__ import annotations

import datetime as dt
import hashlib
from typing import Any
from urllib.parse import urlsplit

import structlog
from litestar import Request, Response, get, post

from portside.accounts import actions, queries
from portside.accounts.models import User
from portside.db.begin import begin, reading
from portside.db.tx import Tx
from portside.errors import BadRequest, Forbidden
from portside.kit.clock import now
from portside.kit.crypto import hash_token
from portside.kit.ids import Id
from portside.kit.password import DamagedHash
from portside.kit.scope import Mode
from portside.kit.services import services
from portside.web import session
from portside.web.answers import HOME, SIGN_IN, html, redirect
from portside.web.page import page, read_form
from portside.web.visit import Visit

_log = structlog.get_logger(__name__)

# Attempts in any quarter of an hour, whether they were right or wrong, counted for all processes together.
WINDOW = dt.timedelta(minutes=15)
MOST_PER_EMAIL = 10
MOST_PER_ADDRESS = 100

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
    if await _is_throttled(request, email):
        return _form(request, target, email, _TOO_MANY, 429)
    found = await _person(email, password)
    if found is None:
        return _form(request, target, email, _WRONG, 422)
    user, account_id = found
    return await _begin_session(request, user, account_id, target)


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
    mode = _mode(visit.field("mode"))
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
        response.headers["Retry-After"] = str(int(WINDOW.total_seconds()))
    return response


async def _is_throttled(request: Request[Any, Any, Any], email: str) -> bool:
    """Count this attempt, before the password is looked at, so that many at once count as many."""
    async with begin() as tx:
        by_email = await _count(tx, _email_counter(email))
        by_address = await _count(tx, f"sign-in address {session.client_address(request)}")
    return by_email > MOST_PER_EMAIL or by_address > MOST_PER_ADDRESS


async def _count(tx: Tx, name: str) -> int:
    """Attempts of that name in the window, this one included."""
    minute = now().replace(second=0, microsecond=0)
    await actions.note_attempt(tx, name, minute)
    return await queries.count_attempts(tx, name, minute - WINDOW)


def _email_counter(email: str) -> str:
    """A counter per e-mail, known or not. Hashed, because people also type passwords into that field."""
    return f"sign-in e-mail {hashlib.sha256(email.casefold().encode('utf-8', 'surrogatepass')).hexdigest()}"


async def _person(email: str, password: str) -> tuple[User, Id] | None:
    """Who that is, after the same work for known and unknown people."""
    async with reading() as tx:
        found = await queries.find_sign_in(tx, email)
    passwords = services().passwords
    try:
        right = await passwords.verify(found[1] if found else None, password)
    except DamagedHash:
        _log.error("password_hash_damaged", user_id=found[0].id if found else None)
        return None
    if found is None or not right:
        return None
    user, stored, account_id = found
    if passwords.needs_rehash(stored):
        renewed = await passwords.hash(password)
        async with begin() as tx:
            await actions.renew_password_hash(tx, user.id, stored, renewed)
    return user, account_id


async def _begin_session(request: Request[Any, Any, Any], user: User, account_id: Id, target: str) -> Response[bytes]:
    """A new session with a token of its own; one that the browser had before ends."""
    mode = _mode(session.read_cookie(request, session.MODE)) or "test"
    before = session.read_cookie(request, session.SESSION)
    async with begin() as tx:
        if before:
            await actions.end_session(tx, hash_token(before))
        token = await actions.create_session(tx, user.id, account_id, mode, services().settings.session_hours)
        await actions.forget_attempts(tx, _email_counter(user.email))
    response = redirect(target or HOME)
    response.set_cookie(session.session_cookie(token))
    response.set_cookie(session.no_cookie(session.VISITOR))
    return response


def _mode(text: str) -> Mode | None:
    return "test" if text == "test" else "live" if text == "live" else None


def _list_of(referer: str) -> str:
    """`/app/orders/…` → `/app/orders`; pages without an object stay."""
    path = session.local_path(urlsplit(referer).path)
    if not path.startswith("/app/"):
        return HOME
    kept = 3 if path.startswith("/app/settings/") else 2
    return "/".join(path.split("/")[: kept + 1])


routes = [home, show_sign_in, sign_in, sign_out, switch_mode]
