"""What all pages share: the store they belong to, who looks at them, forms, redirects and security headers."""

from __future__ import annotations

import dataclasses
import logging
import threading
from typing import Annotated, Any

from litestar import Request, Response
from litestar.datastructures import Cookie
from litestar.enums import RequestEncodingType
from litestar.exceptions import HTTPException, NotFoundException, PermissionDeniedException
from litestar.params import Body
from litestar.response import Redirect, Template

from storefront import sessions
from storefront.database import Connection, Database, Row, one
from storefront.settings import Settings

log = logging.getLogger("storefront")

WebRequest = Request[Any, Any, Any]
Form = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]
# A form that may be nothing but a button.
Buttons = Annotated[dict[str, str] | None, Body(media_type=RequestEncodingType.URL_ENCODED)]
MERCHANT_COOKIE = "merchant"
BUYER_COOKIE = "buyer"
CART_COOKIE = "cart"


@dataclasses.dataclass(frozen=True)
class Store:
    """Settings, database, and the bell that wakes the thread in background.py."""

    settings: Settings
    database: Database
    bell: threading.Event = dataclasses.field(default_factory=threading.Event)


class SignInNeeded(Exception):
    """Somebody has to sign in first; `path` says where."""

    def __init__(self, path: str) -> None:
        self.path = path


def merchant_of(request: WebRequest, db: Connection) -> Row:
    """The merchant who is signed in. Everything in the dashboard is looked up by this merchant's id."""
    who = sessions.find(db, "merchant", request.cookies.get(MERCHANT_COOKIE, ""))
    merchant = one(db, "SELECT * FROM merchants WHERE id = ?", who)
    if merchant is None:
        raise SignInNeeded("/dashboard/sign-in")
    return merchant


def shop_of(db: Connection, shop: str) -> Row:
    merchant = one(db, "SELECT * FROM merchants WHERE id = ?", shop)
    if merchant is None:
        raise NotFoundException("There is no such shop.")
    return merchant


def own_order(db: Connection, merchant: Row, order_id: int) -> Row:
    """An order of this merchant; anybody else's does not exist."""
    order = one(db, "SELECT * FROM orders WHERE id = ? AND merchant_id = ?", order_id, merchant["id"])
    if order is None:
        raise NotFoundException("There is no such order.")
    return order


def page(template: str, *, status: int = 200, **names: Any) -> Template:
    """A rendered page. `names` are what its template needs."""
    return Template(template, context=names, status_code=status)


def go(path: str, said: str = "", cookies: list[Cookie] | None = None) -> Redirect:
    """To another page of ours after a form; `said` is shown there once."""
    flash = [Cookie(key="said", value=said.encode().hex(), max_age=60, httponly=True, samesite="lax")] if said else []
    return Redirect(path, status_code=303, cookies=[*(cookies or []), *flash])


def cookie(settings: Settings, name: str, value: str, *, days: int = 7) -> Cookie:
    """`Lax` is enough: no page of ours needs its cookies in somebody else's frame."""
    secure = settings.public_url.startswith("https:")
    return Cookie(key=name, value=value, max_age=days * 86400, httponly=True, samesite="lax", secure=secure)


def read_flash(request: WebRequest) -> str:
    """What the last page wanted to say. Cookies can be set by anybody, so it is text and nothing more."""
    try:
        return bytes.fromhex(request.cookies.get("said", "")).decode()[:300]
    except ValueError:
        return ""


def refuse_foreign_forms(request: WebRequest) -> None:
    """Every form must come from a page of ours (CSRF). Webhooks come from no page; they are signed instead."""
    if request.method != "POST" or request.url.path.startswith("/webhooks/"):
        return
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    own: Settings = request.app.state.settings
    if site != "same-origin" and origin != own.public_url:
        raise PermissionDeniedException("This form came from another site.")


def protect(portside_url: str, response: Response[Any]) -> Response[Any]:
    """Security headers. Portside's connect page is the only foreign thing that a page of ours shows."""
    response.headers.setdefault(
        "Content-Security-Policy",
        f"default-src 'self'; img-src 'self' data:; frame-src 'self' {portside_url}; "
        "frame-ancestors 'self'; base-uri 'none'; object-src 'none'",
    )
    response.headers.setdefault("Referrer-Policy", "same-origin")
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("Cache-Control", "no-store")
    if isinstance(response, Template):
        response.delete_cookie("said")
    return response


def show_error(request: WebRequest, error: HTTPException) -> Template:
    """A page for what could not be done."""
    return page("error.html", status=error.status_code, title=error.detail)


def show_failure(request: WebRequest, error: Exception) -> Template:
    """A page for a mistake of ours; what it was is in the log."""
    log.error("%s %s failed", request.method, request.url.path, exc_info=error)
    return page("error.html", status=500, title="Something went wrong here. Please try again.")


def to_sign_in(request: WebRequest, error: SignInNeeded) -> Redirect:
    return Redirect(error.path, status_code=303)
