"""Errors that a caller may see, each with its status; `rest.errors` turns them into the wire's shapes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class AppError(Exception):
    """A fact that ends the request: `status` is HTTP's, `code` is stable for programs, the message is for people."""

    status = 500
    code = "error"

    def __init__(self, message: str, *, code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        if code is not None:
            self.code = code

    def body(self) -> dict[str, Any]:
        """The JSON body of the answer."""
        return {"detail": self.message}


class OperatorError(Exception):
    """What only the operator can put right; the message is for them, and a command shows nothing else."""


class FieldErrors(AppError):
    """400: what is wrong, field by field, nested as the request was: `{"parcels": [{"weight": ["…"]}]}`."""

    status = 400
    code = "invalid"

    def __init__(self, errors: Mapping[str, Any]) -> None:
        super().__init__("The request has errors.")
        self.errors = dict(errors)

    def body(self) -> dict[str, Any]:
        return self.errors


class BadRequest(AppError):
    status = 400
    code = "bad_request"


class NotAuthenticated(AppError):
    status = 401
    code = "not_authenticated"

    def __init__(self, message: str = "Authentication credentials were not provided.") -> None:
        super().__init__(message)


class Forbidden(AppError):
    status = 403
    code = "forbidden"

    def __init__(self, message: str = "You do not have permission to perform this action.") -> None:
        super().__init__(message)


class NotFound(AppError):
    """404. Missing, foreign and other-mode look the same (law 3)."""

    status = 404
    code = "not_found"

    def __init__(self, message: str = "Not found.") -> None:
        super().__init__(message)


class MethodNotAllowed(AppError):
    status = 405
    code = "method_not_allowed"

    def __init__(self, method: str, allowed: frozenset[str] = frozenset()) -> None:
        super().__init__(f'Method "{method}" not allowed.')
        self.allowed = allowed


class Conflict(AppError):
    status = 409
    code = "conflict"


class PreconditionFailed(AppError):
    """412: what the caller has seen (If-Match) is not how it is any more."""

    status = 412
    code = "precondition_failed"


class TooLarge(AppError):
    status = 413
    code = "too_large"


class Overloaded(AppError):
    """429: more work is waiting than we accept; `retry_after` is in seconds."""

    status = 429
    code = "overloaded"

    def __init__(self, message: str = "Too many requests. Try again shortly.", retry_after: int = 1) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Unavailable(AppError):
    """503: the database cannot be reached; nothing was done."""

    status = 503
    code = "unavailable"

    def __init__(self, message: str = "The service is briefly unavailable. Nothing was done.") -> None:
        super().__init__(message)
