"""How errors look on the wire (api.md §1.9): JSON for programs, a short page for those who do not accept JSON."""

from __future__ import annotations

import html
from http import HTTPStatus
from typing import Any

import msgspec
import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException  # noqa: TID251 - the framework's own errors are translated here
from litestar.exceptions import MethodNotAllowedException as FrameworkMethodNotAllowed  # noqa: TID251

from portside.errors import AppError, MethodNotAllowed, NotFound, Overloaded, TooLarge

_log = structlog.get_logger(__name__)


def answer_error(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """The one exception handler of the API."""
    failure = translated(error, request.method)
    if failure is None:
        _log.exception("request_failed", path=request.url.path, method=request.method, exc_info=error)
        return Response(b'{"detail": "Internal error."}', status_code=500, media_type="application/json")
    headers = {}
    if isinstance(failure, Overloaded):
        headers["Retry-After"] = str(failure.retry_after)
    if isinstance(failure, MethodNotAllowed) and failure.allowed:
        headers["Allow"] = ", ".join(sorted(failure.allowed))
    if failure.status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "ShippoToken"
    # Some old clients tell "no such thing" from other errors only by a body that is not JSON.
    if isinstance(failure, NotFound) and not _accepts_json(request):
        return Response(_page(request), status_code=404, media_type="text/html", headers=headers)
    body = msgspec.json.encode(failure.body())
    return Response(body, status_code=failure.status, media_type="application/json", headers=headers)


def translated(error: Exception, method: str) -> AppError | None:
    """Our error for any exception that is the client's doing; None for a defect of ours."""
    if isinstance(error, AppError):
        return error
    if isinstance(error, FrameworkMethodNotAllowed):
        allowed = (error.headers or {}).get("allow", "")
        return MethodNotAllowed(method, frozenset(part.strip() for part in allowed.split(",") if part))
    if isinstance(error, HTTPException):
        if error.status_code == HTTPStatus.NOT_FOUND:
            return NotFound()
        if error.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            return TooLarge("The body is too large.")
        if error.status_code < HTTPStatus.INTERNAL_SERVER_ERROR:
            failure = AppError(error.detail)
            failure.status = error.status_code
            return failure
    return None


def _accepts_json(request: Request[Any, Any, Any]) -> bool:
    return "application/json" in request.headers.get("accept", "")


def _page(request: Request[Any, Any, Any]) -> bytes:
    path = html.escape(request.url.path[:200])
    return f"<h1>Not Found</h1><p>The requested URL {path} was not found on this server.</p>".encode()
