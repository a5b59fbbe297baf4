"""The connect page of partner apps: register or log in, allow or cancel, and back (RFC 6749 §4.1; docs/connect.md).

It works in a frame, a popup and a tab. In a frame it neither reads nor sets a cookie: what a person has done so far is
kept on the server, under a name that only the page's form knows and that is good for one answer (oauth.actions).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import structlog
from litestar import Request, Response, get, post

from portside.apps.rules import frame_origins, may_frame
from portside.db.begin import begin, reading
from portside.errors import AppError, Overloaded
from portside.kit.crypto import same
from portside.oauth.actions import begin_interaction, consume_interaction
from portside.oauth.queries import find_interaction
from portside.oauth.rules import OAuthError, refused_uri
from portside.rest.body import form_values
from portside.web import authorize_pages as pages
from portside.web.authorize_consent import allow, show_consent
from portside.web.authorize_entry import log_in, register, resend, show_entry, verify
from portside.web.authorize_request import (
    PATH,
    Asked,
    BadClient,
    SentBack,
    framing_origin,
    is_from_our_page,
    read_asked,
)
from portside.web.authorize_way import Way, is_over, sign_in
from portside.web.entry import is_throttled, retry_after
from portside.web.session import CSRF_FIELD, SignedIn, client_address, csrf_token, signed_in

_log = structlog.get_logger(__name__)

Step = Callable[[Way], Awaitable[Response[bytes]]]

_ADDRESS = "The address of this page was changed on the way. Go back to where you came from and start again."
_FOREIGN = "This was sent by a page that is not ours, so nothing was done."
_TOO_MANY = "This page was opened very often from where you are. Wait a quarter of an hour, then start again."
_UNCLEAR = "What was sent could not be read, so nothing was done."


@get(PATH)
async def show(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Begin: the page on which a person registers or logs in, or at once the consent for whoever is signed in."""
    try:
        asked = await read_asked(request)
    except BadClient as error:
        _refused("bad_client", reason=error.message)
        return pages.unknown_client(error.message)
    except SentBack as error:
        _refused(error.code, reason=str(error), app_id=error.app.id)
        return pages.sent_back(error.location)
    origin = framing_origin(request) if asked.is_framed else None
    if origin is not None and not _may_stand_on(asked, origin):
        _refused("foreign_frame", app_id=asked.app.id, origin=origin)
        return pages.popup_offer(asked)
    if await is_throttled(request, "connect", client_address(request)):
        _refused("throttled", app_id=asked.app.id)
        response = pages.stopped(asked, "Too many visits", _TOO_MANY, 429)
        response.headers["Retry-After"] = retry_after("connect")
        return response
    async with begin() as tx:
        handle = await begin_interaction(tx, asked.draft(origin))
    way = Way(request=request, asked=asked, handle=handle, form={})
    found = await _session_of(way)
    return show_entry(way) if found is None else await _welcome(way, found)


@post(PATH, status_code=200)
async def act(request: Request[Any, Any, Any]) -> Response[bytes]:
    """One step: `step` in the form names it, `handle` the way that it is a step of."""
    try:
        asked = await read_asked(request)
    except (BadClient, SentBack) as error:
        _refused("bad_request", reason=str(error))
        return pages.unknown_client(_ADDRESS)
    if not is_from_our_page(request):
        _refused("foreign_form", app_id=asked.app.id, origin=request.headers.get("origin", ""))
        return pages.stopped(asked, "Not allowed", _FOREIGN, 403)
    form = await _form(request)
    step = _STEPS.get(form.get("step", "")) if form is not None else None
    if form is None or step is None:
        _refused("bad_form", app_id=asked.app.id)
        return pages.stopped(asked, "That did not work", _UNCLEAR, 400)
    way = Way(request=request, asked=asked, handle=form.get("handle", ""), form=form)
    async with reading() as tx:
        interaction = await find_interaction(tx, way.handle)
    if interaction is None or not asked.began(interaction):
        _refused("unknown_interaction" if interaction is None else "foreign_interaction", app_id=asked.app.id)
        return is_over(way)
    if interaction.origin is not None and not _may_stand_on(asked, interaction.origin):
        _refused("foreign_frame", app_id=asked.app.id, origin=interaction.origin)
        return pages.popup_offer(asked)
    try:
        return await step(way)
    except Overloaded as error:
        response = pages.stopped(asked, "Briefly unavailable", error.message, error.status)
        response.headers["Retry-After"] = str(error.retry_after)
        return response


async def _stay(way: Way) -> Response[bytes]:
    """Somebody who is signed in as another person than the app named goes on all the same."""
    found = await _session_of(way)
    if found is None or not same(csrf_token(found.token), way.form.get(CSRF_FIELD, "")):
        _refused("foreign_session", app_id=way.asked.app.id)
        return is_over(way)
    return await _enter(way, found)


async def _cancel(way: Way) -> Response[bytes]:
    async with begin() as tx:
        interaction = await consume_interaction(tx, way.handle)
    if interaction is None:
        return is_over(way)
    error = OAuthError("access_denied", "The merchant did not allow access.")
    return pages.leave(way.asked, refused_uri(interaction.redirect_uri, error, interaction.state), allowed=False)


async def _welcome(way: Way, found: SignedIn) -> Response[bytes]:
    named = way.asked.details.prefill.email
    email = found.session.user.email
    if not named or named.casefold() == email.casefold():
        return await _enter(way, found)
    return pages.step(way.asked, "who", way.handle, email=email, named=named, csrf_token=csrf_token(found.token))


async def _enter(way: Way, found: SignedIn) -> Response[bytes]:
    user, account_id = found.session.user, found.session.scope.account_id
    entered = await sign_in(way, user, account_id)
    return is_over(way) if entered is None else await show_consent(entered, user, account_id, by_session=True)


async def _session_of(way: Way) -> SignedIn | None:
    """Who is signed in, where that counts: never in a frame, whose site could hide what is pressed (clickjacking)."""
    if way.asked.is_framed or way.asked.wants_sign_in:
        return None
    return await signed_in(way.request)


def _may_stand_on(asked: Asked, origin: str) -> bool:
    """A browser that does not tell the site is held by `frame-ancestors` all the same."""
    return may_frame(asked.app, origin) if origin else bool(frame_origins(asked.app))


async def _form(request: Request[Any, Any, Any]) -> Mapping[str, str] | None:
    try:
        fields = form_values(await request.body())
    except AppError:
        return None
    texts = {name: value for name, value in fields.items() if isinstance(value, str)}
    return None if any("\x00" in value for value in texts.values()) else texts


def _refused(code: str, **facts: str) -> None:
    """For the operator: somebody tried, or a partner has set something up wrongly."""
    _log.warning("authorize_refused", code=code, **facts)


_STEPS: Mapping[str, Step] = {
    "register": register,
    "verify": verify,
    "resend": resend,
    "login": log_in,
    "stay": _stay,
    "allow": allow,
    "cancel": _cancel,
}

routes = [show, act]
