"""How pages are answered: HTML under a strict policy, redirects, and one sentence carried over to the next page."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Any, Literal

import msgspec
from litestar import Request, Response

from portside.kit.services import services
from portside.web.session import FLASH, cookie, read_cookie

POLICY = (
    "default-src 'self'; style-src 'self'; script-src 'self'; img-src 'self' data:; "
    "frame-ancestors 'none'; form-action 'self'; base-uri 'none'"
)
HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
    "Vary": "HX-Request-Type, Cookie",
}
HTML = "text/html"
SIGN_IN = "/sign-in"
HOME = "/app/orders"
_FLASH_SECONDS = 60

Kind = Literal["info", "success", "warning", "error"]


class Flash(msgspec.Struct, frozen=True):
    """One sentence to be said beside what is shown."""

    kind: Kind
    text: str


def html(template: str, context: Mapping[str, Any], status: int = 200) -> Response[bytes]:
    """A rendered template."""
    body = services().templates.render(template, context).encode()
    return Response(body, status_code=status, media_type=HTML, headers=dict(HEADERS))


def unchanged() -> Response[bytes]:
    """To a part that asked whether there is news: there is none."""
    return Response(b"", status_code=204, headers=dict(HEADERS))


def redirect(path: str, flash: Flash | None = None) -> Response[bytes]:
    """Look there now; `flash` is said on that page."""
    response = Response(b"", status_code=303, headers={**HEADERS, "Location": path})
    if flash is not None:
        response.set_cookie(cookie(FLASH, _written(flash), _FLASH_SECONDS))
    return response


def htmx_redirect(path: str) -> Response[bytes]:
    """The same for a request that htmx made: the whole page goes there."""
    return Response(b"", status_code=204, headers={**HEADERS, "HX-Redirect": path})


def toast_header(flash: Flash) -> str:
    """The value of HX-Trigger. Headers are Latin-1; JSON can write everything in ASCII."""
    return json.dumps({"toast": {"kind": flash.kind, "text": flash.text}})


def read_flash(request: Request[Any, Any, Any]) -> Flash | None:
    """What the page before wanted to be said; None if nothing, or if it is not our writing."""
    value, _, signature = read_cookie(request, FLASH).partition("~")
    if not value or not services().keys.verify("flash", value.encode(), signature):
        return None
    try:
        return msgspec.json.decode(base64.urlsafe_b64decode(value), type=Flash)
    except (binascii.Error, msgspec.MsgspecError):
        return None


def _written(flash: Flash) -> str:
    value = base64.urlsafe_b64encode(msgspec.json.encode(flash)).decode()
    return f"{value}~{services().keys.sign('flash', value.encode())}"
