"""One decorator makes a page: it finds the session, checks the form, calls the handler and renders what that shows."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Literal
from urllib.parse import quote

from litestar import Request, Response
from litestar.enums import RequestEncodingType
from litestar.handlers import HTTPRouteHandler

from portside.errors import BadRequest, Forbidden
from portside.rest.body import form_values
from portside.web.answers import SIGN_IN, html, htmx_redirect, read_flash, redirect, toast_header
from portside.web.session import CSRF_FIELD, CSRF_HEADER, FLASH, is_ours, no_cookie, parts_of, signed_in
from portside.web.shell import fragment_shell, page_shell
from portside.web.visit import Shown, Visit, wants_fragment

Handler = Callable[[Visit], Awaitable[Shown | Response[bytes]]]


def page(method: Literal["GET", "POST"], path: str) -> Callable[[Handler], HTTPRouteHandler]:
    """Make a route for signed-in people of `async def handler(visit)`, which shows a template or gives a response."""

    def declare(handler: Handler) -> HTTPRouteHandler:
        async def answer(request: Request[Any, Any, Any]) -> Response[bytes]:
            found = await signed_in(request)
            if found is None:
                return _to_sign_in(request)
            form = await read_form(request, found.token) if method == "POST" else {}
            visit = Visit(request=request, signed_in=found, form=form)
            shown = await handler(visit)
            return shown if isinstance(shown, Response) else await _render(visit, shown)

        answer.__name__ = handler.__name__
        answer.__doc__ = handler.__doc__
        return HTTPRouteHandler(path.replace("}", ":str}"), http_method=method, status_code=200)(answer)

    return declare


async def read_form(request: Request[Any, Any, Any], bound_to: str) -> Mapping[str, str]:
    """The fields of a form of ours. Raises Forbidden for anybody else's, BadRequest, TooLarge."""
    fields = await read_fields(request)
    given = request.headers.get(CSRF_HEADER) or fields.get(CSRF_FIELD, "")
    if not is_ours(request, bound_to, given):
        raise Forbidden("This form was open for too long, or it came from another site. Reload the page and try again.")
    return fields


async def read_fields(request: Request[Any, Any, Any]) -> Mapping[str, str]:
    """The texts of a form, whoever sends it: for forms that hold a proof of their own. Raises BadRequest, TooLarge."""
    fields = {name: value for name, value in (await _fields(request)).items() if isinstance(value, str)}
    if any("\x00" in value for value in fields.values()):
        raise BadRequest("Null characters are not allowed.")
    try:
        "".join(fields.values()).encode()
    except UnicodeEncodeError as error:
        # Halves of characters, which some charsets can spell.
        raise BadRequest("The form cannot be read.") from error
    return fields


async def _fields(request: Request[Any, Any, Any]) -> Mapping[str, Any]:
    """The fields of a form, uploaded files among them."""
    if request.content_type[0] != RequestEncodingType.MULTI_PART:
        return form_values(await request.body())
    try:
        return dict((await request.form()).multi_items())
    except (LookupError, ValueError) as error:
        # A part may name any charset, and be something else.
        raise BadRequest("The form cannot be read.") from error


async def _render(visit: Visit, shown: Shown) -> Response[bytes]:
    if not shown.section:
        response = html(shown.template, {"shell": fragment_shell(visit), **shown.context}, shown.status)
        response.headers.update(shown.headers)
        if shown.flash is not None:
            response.headers["HX-Trigger"] = toast_header(shown.flash)
        return response
    carried = read_flash(visit.request)
    flashes = [flash for flash in (carried, shown.flash) if flash is not None]
    response = html(shown.template, {"shell": await page_shell(visit, shown, flashes), **shown.context}, shown.status)
    if carried is not None:
        response.set_cookie(no_cookie(FLASH))
    return response


def _to_sign_in(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Sign in and come back. What was posted is lost, so a form leads back to the page it stood on."""
    if wants_fragment(request):
        return htmx_redirect(_sign_in_path(_own_path(request.headers.get("hx-current-url", ""))))
    if request.method != "GET":
        return redirect(_sign_in_path(_own_path(request.headers.get("referer", ""))))
    # Not the framework's URL of the request, for that is no URL with every Host that a client may send.
    query = request.scope["query_string"].decode("latin-1")
    return redirect(_sign_in_path(f"{request.scope['path']}?{query}" if query else request.scope["path"]))


def _own_path(url: str) -> str:
    parts = parts_of(url)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


def _sign_in_path(path: str) -> str:
    return f"{SIGN_IN}?next={quote(path, safe='/')}" if path else SIGN_IN
