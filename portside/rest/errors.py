"""How errors look on the wire: JSON for programs, a short page for those who do not accept JSON."""

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
from portside.rest.answer import Answer

_log = structlog.get_logger(__name__)


def answer_error(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """The one exception handler of the API, as the framework takes it."""
    accepts_json = "application/json" in request.headers.get("accept", "")
    answer = error_answer(error, request.method, request.scope["path"], accepts_json=accepts_json)
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in answer.headers}
    media_type = answer.content_type.decode("latin-1")
    return Response(answer.body, status_code=answer.status, media_type=media_type, headers=headers)


def error_answer(error: Exception, method: str, path: str, *, accepts_json: bool) -> Answer:
    """What the API answers to a request that failed."""
    failure = translated(error, method)
    if failure is None:
        _log.error("request_failed", path=path, method=method, exc_info=error)
        return Answer(500, b'{"detail": "Internal error."}')
    headers: list[tuple[bytes, bytes]] = []
    if isinstance(failure, Overloaded):
        headers.append((b"retry-after", str(failure.retry_after).encode()))
    if isinstance(failure, MethodNotAllowed) and failure.allowed:
        headers.append((b"allow", ", ".join(sorted(failure.allowed)).encode()))
    if failure.status == HTTPStatus.UNAUTHORIZED:
        headers.append((b"www-authenticate", b"ShippoToken"))
    # Some old clients tell "no such thing" from other errors only by a body that is not JSON.
    if isinstance(failure, NotFound) and not accepts_json:
        return Answer(404, _page(path), b"text/html", tuple(headers))
    return Answer(failure.status, msgspec.json.encode(failure.body()), headers=tuple(headers))


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


def _page(path: str) -> bytes:
    told = html.escape(path[:200])
    return f"<h1>Not Found</h1><p>The requested URL {told} was not found on this server.</p>".encode()
