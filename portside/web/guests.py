"""Pages for people who have not signed in: their forms are bound to a cookie that says nothing of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from litestar import Request, Response

from portside.errors import Forbidden
from portside.web import session
from portside.web.answers import html
from portside.web.entry import What, retry_after
from portside.web.page import read_form

STALE = "This page was open for too long. Try again."
TOO_MANY = "Too many attempts. Wait a while and try again."


async def read_guest_form(request: Request[Any, Any, Any]) -> Mapping[str, str] | None:
    """The fields of a form on such a page; None if it is not ours or too old. Raises BadRequest, TooLarge."""
    try:
        return await read_form(request, session.read_cookie(request, session.VISITOR))
    except Forbidden:
        return None


def guest_page(
    request: Request[Any, Any, Any],
    template: str,
    context: Mapping[str, Any],
    status: int = 200,
    throttled: What | None = None,
    csrf_token: str = "",
) -> Response[bytes]:
    """Such a page; its context gets a `csrf_token`, of the visitor's cookie unless one is given.

    `throttled` says which door is closed, and when to come back.
    """
    visitor = session.read_cookie(request, session.VISITOR) or session.new_visitor()
    csrf_token = csrf_token or session.csrf_token(visitor)
    response = html(template, {**context, "csrf_token": csrf_token}, 429 if throttled else status)
    response.set_cookie(session.cookie(session.VISITOR, visitor))
    if throttled:
        response.headers["Retry-After"] = retry_after(throttled)
    return response


def form_of(
    data: Mapping[str, str] | None = None, errors: Mapping[str, str] | None = None, message: str = ""
) -> Mapping[str, Any]:
    """The `form` of a template; passwords are never in it, so they are typed again."""
    kept = {name: value for name, value in (data or {}).items() if "password" not in name}
    return {"data": kept, "errors": errors or {}, "message": message}
