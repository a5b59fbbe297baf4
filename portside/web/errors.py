"""Errors as pages for people in a browser; everything else is answered as the API answers."""

from __future__ import annotations

from typing import Any

import structlog
from litestar import Request, Response

from portside.errors import AppError, MethodNotAllowed, NotFound, Overloaded
from portside.rest import errors as rest
from portside.web.answers import HEADERS, HOME, html
from portside.web.authorize_request import PATH as AUTHORIZE
from portside.web.session import SESSION, read_cookie
from portside.web.visit import wants_fragment

_log = structlog.get_logger(__name__)

_PAGES = frozenset(
    {"", "app", "sign-in", "sign-out", "sign-up", "forgot-password", "reset-password", "join", "mailbox"}
)
_TITLES = {
    400: "That did not work",
    403: "Not allowed",
    404: "Not found",
    405: "Not possible",
    413: "Too large",
    429: "Too many requests",
    503: "Briefly unavailable",
}
_NOT_FOUND = "There is nothing at this address, or it belongs to another account."
_DEFECT = "Nothing was changed. Try again in a moment."


def answer_error(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """The one exception handler of the application."""
    if not _is_for_a_person(request):
        return rest.answer_error(request, error)
    failure = rest.translated(error, request.method)
    if failure is None:
        _log.exception("page_failed", path=request.scope["path"], method=request.method, exc_info=error)
    response = _fragment(failure) if wants_fragment(request) else _whole(failure)
    if isinstance(failure, Overloaded):
        response.headers["Retry-After"] = str(failure.retry_after)
    if isinstance(failure, MethodNotAllowed):
        response.headers["Allow"] = ", ".join(sorted(failure.allowed))
    return response


def _is_for_a_person(request: Request[Any, Any, Any]) -> bool:
    """Whether this is one of our pages, or somebody's browser went where nothing is.

    Old clients of the API tell a 404 by its documented body, so the nice page is only for who is surely a person.
    """
    first = request.scope["path"].split("/", 2)[1]
    if first in _PAGES or request.scope["path"] == AUTHORIZE:
        return True
    if first in {route.path.split("/", 2)[1] for route in request.app.routes}:
        return False
    accepts = request.headers.get("accept", "")
    if "text/html" not in accepts or "application/json" in accepts:
        return False
    return bool(read_cookie(request, SESSION)) or request.headers.get("sec-fetch-mode") == "navigate"


def _fragment(failure: AppError | None) -> Response[bytes]:
    """htmx does not swap errors in; the page says so itself."""
    status = 500 if failure is None else failure.status
    return Response(b"", status_code=status, media_type="text/plain", headers=dict(HEADERS))


def _whole(failure: AppError | None) -> Response[bytes]:
    status = 500 if failure is None else failure.status
    text = _DEFECT if failure is None else _NOT_FOUND if isinstance(failure, NotFound) else failure.message
    context = {
        "status": status,
        "title": _TITLES.get(status, "Something went wrong"),
        "text": text,
        "home_url": HOME,
        "request_id": _request_id() if status >= 500 else "",
    }
    return html("error.html", context, status)


def _request_id() -> str:
    return str(structlog.contextvars.get_contextvars().get("request_id", ""))
