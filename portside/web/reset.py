"""/forgot-password and /reset-password: a link by mail, good once, within an hour.

The first answers alike whoever asks. On the second the link's token is the proof, so its form is bound to no cookie;
nobody is signed in by it, and looking at the page uses nothing up.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from litestar import Request, Response, get, post

from portside.accounts.actions import forget_attempts
from portside.db.begin import begin, reading
from portside.oauth.actions import drop_interactions
from portside.people import actions, flows, queries, rules
from portside.web import session
from portside.web.answers import SIGN_IN, html
from portside.web.entry import What, counter, is_throttled
from portside.web.guests import STALE, TOO_MANY, form_of, guest_page, read_guest_form
from portside.web.open_mailbox import mailbox_url
from portside.web.page import read_fields

FORGOT = "/forgot-password"
RESET = "/reset-password"


@get(FORGOT)
async def show_forgot(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Where the e-mail is typed."""
    return _forgot(request)


@post(FORGOT, status_code=200)
async def ask_reset(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Have a link sent, if somebody has that e-mail; the answer does not tell."""
    fields = await read_guest_form(request)
    if fields is None:
        return _forgot(request, message=STALE, status=403)
    email = fields.get("email", "").strip()
    trouble = rules.email_trouble(email)
    if trouble:
        return _forgot(request, {"email": email[:300]}, {"email": trouble}, status=422)
    if await is_throttled(request, "reset", email):
        return _forgot(request, {"email": email}, message=TOO_MANY, throttled="reset")
    async with begin() as tx:
        await actions.ask_reset(tx, email)
    return _forgot(request, asked=email)


@get(RESET)
async def show_reset(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Where the new password is typed."""
    return await _reset(request.query_params.get("token", ""))


@post(RESET, status_code=200)
async def reset_password(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Set it, and end all sessions."""
    fields = await read_fields(request)
    token, password = fields.get("handle", ""), fields.get("password", "")
    async with reading() as tx:
        user = await queries.find_reset(tx, token)
    if user is None:
        return await _reset(token, status=422)
    trouble = rules.password_trouble(password, user.email)
    if trouble:
        return await _reset(token, {"password": trouble}, status=422)
    done = await flows.reset_password(token, password, session.client_address(request))
    if done is None:
        return await _reset(token, status=422)
    async with begin() as tx:
        await drop_interactions(tx, done.id)
        # Whoever had locked themselves out may come in.
        await forget_attempts(tx, counter("sign-in", done.email))
    return _unnamed(html("reset_done.html", {"sign_in_url": SIGN_IN, "email": done.email}))


def _forgot(
    request: Request[Any, Any, Any],
    data: Mapping[str, str] | None = None,
    errors: Mapping[str, str] | None = None,
    message: str = "",
    asked: str = "",
    status: int = 200,
    throttled: What | None = None,
) -> Response[bytes]:
    context = {
        "action_url": FORGOT,
        "sign_in_url": SIGN_IN,
        "mailbox_url": mailbox_url(request),
        "asked": asked,
        "form": form_of(data, errors, message),
    }
    return guest_page(request, "forgot_password.html", context, status, throttled)


async def _reset(token: str, errors: Mapping[str, str] | None = None, status: int = 200) -> Response[bytes]:
    async with reading() as tx:
        user = await queries.find_reset(tx, token)
    context = {
        "action_url": RESET,
        "forgot_url": FORGOT,
        "handle": token if user else "",
        "email": user.email if user else None,
        "form": form_of(errors=errors),
        "shortest_password": rules.SHORTEST_PASSWORD,
    }
    return _unnamed(html("reset_password.html", context, status if user or status != 200 else 404))


def _unnamed(response: Response[bytes]) -> Response[bytes]:
    """The page's address is a secret until it is used; no other page hears of it."""
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


routes = [show_forgot, ask_reset, show_reset, reset_password]
