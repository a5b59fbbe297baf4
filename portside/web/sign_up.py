"""/sign-up: an account for who has none, once the code from the mail has come back.

The form carries the sign-up's handle, and no cookie does, so that two of them in two tabs do not get in each other's
way. Nothing here tells whether an e-mail is known.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from litestar import Request, Response, get, post

from portside.db.begin import reading
from portside.errors import FieldErrors, NotFound
from portside.kit.services import services
from portside.people import flows, queries, rules
from portside.people.models import CodeRefusal
from portside.web import session
from portside.web.answers import HOME, SIGN_IN, Flash, redirect
from portside.web.entry import What, begin_session, is_throttled
from portside.web.guests import STALE, TOO_MANY, form_of, guest_page, read_guest_form
from portside.web.open_mailbox import mailbox_url

PATH = "/sign-up"
CODE = "/sign-up/code"
RESEND = "/sign-up/resend"

_REFUSED: Mapping[CodeRefusal, str] = {
    "wrong": "That is not the code. Use the one in the latest mail.",
    "over": "This code does not work any more. Start again, and we send you another.",
    "taken": "You have an account already. Sign in with your password, or set a new one.",
}


@get(PATH)
async def show_sign_up(request: Request[Any, Any, Any]) -> Response[bytes]:
    """The form; whoever is signed in goes on at once."""
    _check_open()
    target = session.local_path(request.query_params.get("next", ""))
    if await session.signed_in(request) is not None:
        return redirect(target or HOME)
    return _form(request, target)


@post(PATH, status_code=200)
async def sign_up(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Have a code sent, whoever it is."""
    _check_open()
    fields = await read_guest_form(request)
    if fields is None:
        return _form(request, "", message=STALE, status=403)
    target = session.local_path(fields.get("next", ""))
    try:
        given = rules.read_sign_up(fields)
    except FieldErrors as wrong:
        return _form(request, target, _shown(fields), wrong.errors, status=422)
    if await is_throttled(request, "sign-up", given.email):
        return _form(request, target, _shown(fields), message=TOO_MANY, throttled="sign-up")
    handle = await flows.begin_sign_up(given)
    return redirect(f"{CODE}?{urlencode({'handle': handle, 'next': target})}")


@get(CODE)
async def show_code(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Where the code is typed."""
    handle = request.query_params.get("handle", "")
    if not handle:
        return redirect(PATH)
    return await _code_form(request, handle, session.local_path(request.query_params.get("next", "")))


@post(CODE, status_code=200)
async def finish_sign_up(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Open the account and sign in."""
    fields = await read_guest_form(request)
    if fields is None:
        return _form(request, "", message=STALE, status=403)
    handle, target = fields.get("handle", ""), session.local_path(fields.get("next", ""))
    if await is_throttled(request, "code", handle):
        return await _code_form(request, handle, target, message=TOO_MANY, throttled="code")
    found = await flows.finish_sign_up(handle, fields.get("code", "")[:40], session.client_address(request))
    if found == "over" and await session.signed_in(request) is not None:
        # The button was pressed twice, and the first time did it.
        return redirect(target or HOME)
    if isinstance(found, str):
        return await _refused(request, handle, target, found)
    user, account_id = found
    welcome = Flash("success", "Welcome aboard. This is test mode: try everything, nothing is sent or charged.")
    return await begin_session(request, user, account_id, target, welcome)


@post(RESEND, status_code=200)
async def resend_code(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Another mail, with another code."""
    fields = await read_guest_form(request)
    if fields is None:
        return _form(request, "", message=STALE, status=403)
    handle, target = fields.get("handle", ""), session.local_path(fields.get("next", ""))
    if await is_throttled(request, "resend", handle):
        return await _code_form(request, handle, target, message=TOO_MANY, throttled="resend")
    if not await flows.resend_code(handle):
        message = "No further mail is sent for this sign-up. Type the code of the last one, or start again."
        return await _code_form(request, handle, target, message=message, status=422)
    return await _code_form(request, handle, target, sent=True)


async def _refused(request: Request[Any, Any, Any], handle: str, target: str, refusal: CodeRefusal) -> Response[bytes]:
    if refusal == "wrong":
        return await _code_form(request, handle, target, errors={"code": _REFUSED[refusal]}, status=422)
    return _form(request, target, message=_REFUSED[refusal], status=422)


async def _code_form(
    request: Request[Any, Any, Any],
    handle: str,
    target: str,
    *,
    message: str = "",
    errors: Mapping[str, str] | None = None,
    sent: bool = False,
    status: int = 200,
    throttled: What | None = None,
) -> Response[bytes]:
    async with reading() as tx:
        wanted = await queries.find_sign_up(tx, handle)
    if wanted is None:
        return _form(request, target, message=_REFUSED["over"], status=422)
    context = {
        "action_url": CODE,
        "resend_url": RESEND,
        "start_url": _with_next(PATH, target),
        "mailbox_url": mailbox_url(request),
        "handle": handle,
        "next": target,
        "email": wanted.email,
        "minutes": int(rules.CODE_LIFE.total_seconds()) // 60,
        "sent": sent,
        "form": form_of(errors=errors, message=message),
    }
    return guest_page(request, "sign_up_code.html", context, status, throttled)


def _form(
    request: Request[Any, Any, Any],
    target: str,
    data: Mapping[str, str] | None = None,
    errors: Mapping[str, str] | None = None,
    message: str = "",
    status: int = 200,
    throttled: What | None = None,
) -> Response[bytes]:
    context = {
        "action_url": PATH,
        "sign_in_url": _with_next(SIGN_IN, target),
        "next": target,
        "form": form_of(data, errors, message),
        "shortest_password": rules.SHORTEST_PASSWORD,
    }
    return guest_page(request, "sign_up.html", context, status, throttled)


def _shown(fields: Mapping[str, str]) -> Mapping[str, str]:
    return {name: fields.get(name, "").strip()[:300] for name in ("name", "company", "email")}


def _with_next(path: str, target: str) -> str:
    return f"{path}?{urlencode({'next': target})}" if target else path


def _check_open() -> None:
    """Raises NotFound where only the operator opens accounts."""
    if services().settings.sign_up == "closed":
        raise NotFound


routes = [show_sign_up, sign_up, show_code, finish_sign_up, resend_code]
