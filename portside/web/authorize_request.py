"""What a visitor of the connect page asks for: which app, where to go back to, and whether it stands in a frame."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import msgspec
from litestar import Request

from portside.apps.models import App
from portside.apps.queries import find_app_by_client_id
from portside.apps.rules import may_grant_live, redirect_uri_of
from portside.db.begin import reading
from portside.errors import AppError
from portside.kit.services import services
from portside.oauth.models import Interaction, InteractionDraft
from portside.oauth.rules import AuthorizeRequest, OAuthError, authorize_request, parameter, refused_uri, state_of
from portside.web.session import parts_of

PATH = "/oauth/authorize"
_MOST_PARAMETERS = 50
# What is kept of a request when it begins anew; everything else means nothing to us.
_KNOWN = (
    "response_type",
    "client_id",
    "redirect_uri",
    "scope",
    "state",
    "code_challenge",
    "code_challenge_method",
    "mode",
    "utm_source",
    "email",
    "first_name",
    "last_name",
    "company_name",
    "display",
)
_FRAMES = frozenset({"iframe", "frame", "embed", "object", "fencedframe"})

Pairs = Sequence[tuple[str, str]]


class BadClient(AppError):
    """It is not known who asks, or where to go back to: this is said on a page, and nobody is sent anywhere
    (RFC 6749 §4.1.2.1)."""

    status = 400
    code = "bad_client"


class SentBack(Exception):
    """The app asked for something that there is not; `location` tells it."""

    def __init__(self, error: OAuthError, app: App, location: str) -> None:
        super().__init__(error.message)
        self.code = error.code
        self.app = app
        self.location = location


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A request whose app and redirect URI are right. `is_framed`: the page that answers it stands in another one."""

    app: App
    redirect_uri: str
    redirect_uri_given: bool
    details: AuthorizeRequest
    pairs: Pairs
    wants_sign_in: bool
    is_framed: bool

    @property
    def url(self) -> str:
        """The same request, to be made anew."""
        return _url(self.pairs)

    @property
    def top_url(self) -> str:
        """The same, for a page of its own."""
        return _url([pair for pair in self.pairs if pair[0] != "display"])

    @property
    def sign_in_url(self) -> str:
        """The same, to be answered by whoever signs in then."""
        return _url([*self.pairs, ("prompt", "login")])

    def draft(self, origin: str | None) -> InteractionDraft:
        """What is remembered of it, for a page that stands on `origin` (None: a page of its own)."""
        return InteractionDraft(
            app_id=self.app.id,
            mode=self.details.mode,
            redirect_uri=self.redirect_uri,
            redirect_uri_given=self.redirect_uri_given,
            scopes=self.details.scopes,
            origin=origin,
            state=self.details.state,
            code_challenge=self.details.code_challenge,
            prefill=self.details.prefill,
            utm_source=self.details.utm_source,
        )

    def began(self, interaction: Interaction) -> bool:
        """Whether that interaction began with this very request, in the same kind of window. If the app may grant less
        than then, it did not."""
        draft = self.draft(interaction.origin)
        same = all(getattr(interaction, name) == getattr(draft, name) for name in draft.__struct_fields__)
        return same and (interaction.origin is not None) == self.is_framed


async def read_asked(request: Request[Any, Any, Any]) -> Asked:
    """The request in the page's address. Raises BadClient, SentBack."""
    pairs = _pairs(request)
    app = await _app(_single(pairs, "client_id"))
    given = _single(pairs, "redirect_uri")
    redirect_uri = redirect_uri_of(app, given)
    if redirect_uri is None:
        raise BadClient(
            f"{app.name} asked to send you to an address that it has not registered."
            if given
            else f"{app.name} did not say where to send you."
        )
    return Asked(
        app=app,
        redirect_uri=redirect_uri,
        redirect_uri_given=given is not None,
        details=_details(app, redirect_uri, pairs),
        pairs=[pair for pair in pairs if pair[0] in _KNOWN],
        wants_sign_in=("prompt", "login") in pairs,
        is_framed=_is_framed(request, pairs),
    )


def is_from_our_page(request: Request[Any, Any, Any]) -> bool:
    """Whether the browser names no other site as the sender of a form. The proof is the interaction's name in the form:
    without Sec-Fetch-Site (plain HTTP, old browsers) all origins of pages that send no referrer are `null`."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = request.headers.get("origin", "null")
    return origin == "null" or parts_of(origin).netloc in {
        request.headers.get("host"),
        urlsplit(services().public_url).netloc,
    }


def framing_origin(request: Request[Any, Any, Any]) -> str:
    """The site whose page frames ours, as far as the browser tells; empty if it does not."""
    parts = parts_of(request.headers.get("referer", ""))
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""


def _pairs(request: Request[Any, Any, Any]) -> list[tuple[str, str]]:
    text = request.scope["query_string"].decode("latin-1")
    try:
        return parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=_MOST_PARAMETERS)
    except ValueError as error:
        raise BadClient("The address of this page cannot be read.") from error


async def _app(client_id: str | None) -> App:
    if client_id is not None:
        async with reading() as tx:
            app = await find_app_by_client_id(tx, client_id)
        if app is not None:
            return app
    raise BadClient("The page that sent you here named no app that is registered with us.")


def _single(pairs: Pairs, name: str) -> str | None:
    try:
        return parameter(pairs, name)
    except OAuthError as error:
        raise BadClient(error.message) from error


def _details(app: App, redirect_uri: str, pairs: Pairs) -> AuthorizeRequest:
    state = None
    try:
        state = state_of(pairs)
        return authorize_request(pairs, may_grant_live=may_grant_live(app))
    except OAuthError as error:
        raise SentBack(error, app, refused_uri(redirect_uri, error, state)) from error


def _is_framed(request: Request[Any, Any, Any], pairs: Pairs) -> bool:
    """Browsers say it; `display=frame` is the word of the partner for those that do not."""
    kind = request.headers.get("sec-fetch-dest")
    return kind in _FRAMES if kind is not None else ("display", "frame") in pairs


def _url(pairs: Pairs) -> str:
    return f"{PATH}?{urlencode(pairs)}"
