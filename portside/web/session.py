"""Who looks at a page: the session behind its cookie, and the proof that a form came from a page of ours."""

from __future__ import annotations

import secrets
from typing import Any
from urllib.parse import SplitResult, urlsplit

import msgspec
from litestar import Request
from litestar.datastructures import Cookie

from portside.accounts.models import Session
from portside.accounts.queries import find_session
from portside.db.begin import reading
from portside.kit.crypto import hash_token
from portside.kit.services import services
from portside.rest.client_address import client_address as of_request

SESSION = "portside_session"
# A browser before it has signed in: what the forms of such pages are bound to.
VISITOR = "portside_visitor"
# The mode that was looked at last, for the next sign-in.
MODE = "portside_mode"
FLASH = "portside_flash"

CSRF_FIELD = "_csrf_token"
CSRF_HEADER = "x-csrftoken"
# What is said on the next page may name an e-mail.
_LONGEST_COOKIE = 1000
_YEAR = 365 * 24 * 3600


class SignedIn(msgspec.Struct, frozen=True, kw_only=True):
    """A session with its cookie's value, to which forms are bound."""

    token: str
    session: Session


async def signed_in(request: Request[Any, Any, Any]) -> SignedIn | None:
    """The session of a request; None without a valid one."""
    token = read_cookie(request, SESSION)
    if not token:
        return None
    async with reading() as tx:
        session = await find_session(tx, hash_token(token))
    return None if session is None else SignedIn(token=token, session=session)


def read_cookie(request: Request[Any, Any, Any], name: str) -> str:
    """A cookie's value; empty when absent or nothing of ours."""
    value = request.cookies.get(name, "")
    return value if len(value) <= _LONGEST_COOKIE else ""


def cookie(name: str, value: str, seconds: int | None = None) -> Cookie:
    """A cookie that no script reads and no other site sends along; `seconds` None: until the browser is closed."""
    secure = services().public_url.startswith("https:")
    return Cookie(key=name, value=value, max_age=seconds, path="/", httponly=True, secure=secure, samesite="lax")


def session_cookie(token: str) -> Cookie:
    return cookie(SESSION, token, services().settings.session_hours * 3600)


def mode_cookie(mode: str) -> Cookie:
    return cookie(MODE, mode, _YEAR)


def no_cookie(name: str) -> Cookie:
    """Take a cookie back."""
    return cookie(name, "", 0)


def new_visitor() -> str:
    """The value of a fresh visitor cookie."""
    return secrets.token_urlsafe(18)


def csrf_token(bound_to: str) -> str:
    """What forms carry: a signature over the cookie, so that it is worth nothing in another session."""
    return services().keys.sign("csrf", bound_to.encode())


def is_ours(request: Request[Any, Any, Any], bound_to: str, given: str) -> bool:
    """Whether a POST was sent by a page of ours: the token fits the cookie, and the browser names no other origin."""
    if not bound_to or not services().keys.verify("csrf", bound_to.encode(), given):
        return False
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = request.headers.get("origin")
    if origin is None:
        return True
    own = {request.headers.get("host", ""), urlsplit(services().public_url).netloc}
    return origin.partition("://")[2] in own - {""}


def client_address(request: Request[Any, Any, Any]) -> str:
    """Where a request comes from, as attempts are counted."""
    return of_request(request.scope)


def parts_of(url: str) -> SplitResult:
    """The parts of what a header calls a URL; all of them empty if it is none."""
    try:
        return urlsplit(url)
    except ValueError:
        return urlsplit("")


def local_path(text: str) -> str:
    """The path to go to after a sign-in, if it leads into this installation; empty otherwise."""
    if not text.startswith("/") or text.startswith("//") or "\\" in text or not text.isprintable():
        return ""
    parts = urlsplit(text)
    return "" if parts.scheme or parts.netloc else text
