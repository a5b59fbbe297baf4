"""How the connect page answers: small pages without scripts or cookies, in frames of known sites only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from litestar import Response

from portside.apps.queries import logo_path
from portside.apps.rules import frame_origins, known_site
from portside.kit.services import services
from portside.web.answers import HTML
from portside.web.authorize_request import Asked

_NOWHERE = ("'none'",)


def shown(
    template: str, context: Mapping[str, Any], status: int = 200, *, frames: Sequence[str] = _NOWHERE
) -> Response[bytes]:
    """A page of oauth/; `frames` are the origins that may frame it."""
    body = services().templates.render(f"oauth/{template}.html", context).encode()
    return Response(body, status_code=status, media_type=HTML, headers=headers(frames))


def headers(frames: Sequence[str] = _NOWHERE) -> dict[str, str]:
    """No script at all, and nothing that tells the next site where the browser was."""
    policy = (
        "default-src 'none'; style-src 'self'; font-src 'self'; img-src 'self' data:; form-action 'self'; "
        f"base-uri 'none'; frame-ancestors {' '.join(frames)}"
    )
    return {
        "Content-Security-Policy": policy,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-store",
    }


def frames_of(asked: Asked) -> Sequence[str]:
    """Who may frame the answer. A page of its own may be framed by nobody, for it believes the session's cookie."""
    return (frame_origins(asked.app) or _NOWHERE) if asked.is_framed else _NOWHERE


def app_shown(asked: Asked) -> dict[str, Any]:
    """The app as the pages name it, with the host of its site, or of where people are sent if none is known for its."""
    app = asked.app
    return {
        "name": app.name,
        "initial": app.name[0].upper(),
        "host": urlsplit(known_site(app) or asked.redirect_uri).netloc,
        "site_url": app.site_url,
        "logo_url": logo_path(app.id, app.logo_key) if app.logo_key else "",
        "is_known": bool(frame_origins(app)) or app.approved,
    }


def step(asked: Asked, template: str, handle: str, status: int = 200, **context: Any) -> Response[bytes]:
    """A page on the way, with a form."""
    basis = {
        "app": app_shown(asked),
        "mode": asked.details.mode,
        "action_url": asked.url,
        "sign_in_url": asked.sign_in_url,
        "handle": handle,
    }
    return shown(template, basis | context, status, frames=frames_of(asked))


def unknown_client(text: str) -> Response[bytes]:
    """Nobody knows who asks: no way on, and none back."""
    return _stopped("This link does not work", text, 400)


def stopped(asked: Asked, title: str, text: str, status: int) -> Response[bytes]:
    """The way ends here; it can be begun again, or left."""
    links = {"again_url": asked.url, "app": app_shown(asked)}
    return _stopped(title, text, status, frames=frames_of(asked), **links)


def _stopped(title: str, text: str, status: int, *, frames: Sequence[str] = _NOWHERE, **links: Any) -> Response[bytes]:
    context = {"title": title, "text": text, "app": None, "again_url": ""} | links
    return shown("stopped", context, status, frames=frames)


def popup_offer(asked: Asked) -> Response[bytes]:
    """In a frame of a site that may not frame: nothing but a link that opens a page of its own. It is shown to the
    sites that the app has named and not yet verified, too; there is nothing on it that a hidden click could do."""
    named = [known.origin for known in asked.app.origins]
    context = {"app": app_shown(asked), "url": asked.top_url}
    return shown("popup", context, 403, frames=named or _NOWHERE)


def leave(asked: Asked, location: str, *, allowed: bool) -> Response[bytes]:
    """On to the app, by a page: a redirect would be stopped wherever the app redirects further, since browsers hold
    the whole chain that follows a form against `form-action`."""
    context = {"app": app_shown(asked), "location": location, "allowed": allowed}
    return shown("leave", context, frames=frames_of(asked))


def sent_back(location: str) -> Response[bytes]:
    """The app asked for what there is not, and is told at once."""
    return Response(b"", status_code=303, headers={**headers(), "Location": location})
