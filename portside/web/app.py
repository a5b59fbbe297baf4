"""/app/settings/apps/{id}: one app with its credentials, its sites, its logo, and how to connect to it."""

from __future__ import annotations

import html as markup
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from litestar import Response

from portside.apps import actions, queries
from portside.apps.flows import WELL_KNOWN, save_logo
from portside.apps.flows import verify_origin as look_at_origin
from portside.apps.logos import MOST_BYTES
from portside.apps.models import App, AppDraft, Origin
from portside.apps.rules import may_grant_live
from portside.db.begin import begin, reading
from portside.errors import FieldErrors
from portside.kit.clock import now
from portside.kit.services import services
from portside.web.answers import Flash, redirect
from portside.web.apps import PATH, app_form, given_changes, saved, summary, trust_words, would_rest
from portside.web.limits import count
from portside.web.page import page
from portside.web.visit import Shown, Visit
from portside.web.words import plain_errors

# To be replaced by whoever copies the address; a state that everybody knows protects from nothing.
_STATE = "RANDOM-VALUE-OF-THE-SESSION"


@page("GET", PATH + "/{app_id}")
async def show_app(visit: Visit) -> Shown:
    """The app's page."""
    return await _page(visit, await _app(visit))


@page("POST", PATH)
async def create_app(visit: Visit) -> Shown:
    """Register an app and show its secret, this one time."""
    visit.check_owner()
    await count(visit, "register-app")
    given = given_changes(visit)
    draft = AppDraft(
        scope=visit.scope,
        name=given.name,
        redirect_uris=given.redirect_uris,
        origins=given.origins,
        site_url=given.site_url,
        live=given.live,
    )
    try:
        async with begin() as tx:
            app, secret = await actions.create_app(tx, draft, address=visit.address)
    except FieldErrors as wrong:
        return app_form(None, visit.form, plain_errors(wrong))
    return await _page(visit, app, secret=secret)


@page("POST", PATH + "/{app_id}/secret")
async def rotate_secret(visit: Visit) -> Shown:
    """Make a new client secret and show it, this one time."""
    visit.check_owner()
    app = await _app(visit)
    keep_old = visit.field("old") == "keep"
    async with begin() as tx:
        address = visit.address
        secret = await actions.rotate_secret(tx, visit.scope, app.id, keep_old=keep_old, address=address)
    return await _page(visit, await _app(visit), secret=secret)


@page("POST", PATH + "/{app_id}/origin")
async def verify_origin(visit: Visit) -> Shown | Response[bytes]:
    """Look whether a site publishes its text."""
    visit.check_owner()
    app, origin = await _app(visit), visit.field("origin", 2000)
    await count(visit, "verify-origin")
    verdict = await look_at_origin(visit.scope, app.id, origin, address=visit.address)
    if verdict.verified:
        return redirect(f"{PATH}/{app.id}#sites", Flash("success", f"{origin} is verified."))
    return await _page(visit, app, failed={"origin": origin, "found": verdict.found})


@page("POST", PATH + "/{app_id}/logo")
async def upload_logo(visit: Visit) -> Shown | Response[bytes]:
    """Take a picture as the app's logo."""
    visit.check_owner()
    app = await _app(visit)
    await count(visit, "upload-logo")
    content = await visit.file("logo", MOST_BYTES)
    try:
        await save_logo(visit.scope, app.id, content, address=visit.address)
    except FieldErrors as wrong:
        return await _page(visit, app, errors=plain_errors(wrong))
    return redirect(f"{PATH}/{app.id}", saved(app, await _app(visit), "This is the app's logo now."))


@page("POST", PATH + "/{app_id}/logo/remove")
async def remove_logo(visit: Visit) -> Response[bytes]:
    """Show no logo."""
    visit.check_owner()
    app = await _app(visit)
    async with begin() as tx:
        await actions.set_logo(tx, visit.scope, app.id, None, address=visit.address)
    return redirect(f"{PATH}/{app.id}", saved(app, await _app(visit), "The app has no logo any more."))


async def _app(visit: Visit) -> App:
    async with reading() as tx:
        return await queries.get_app(tx, visit.scope, visit.id("app_id"))


async def _page(
    visit: Visit,
    app: App,
    *,
    secret: str | None = None,
    failed: Mapping[str, str] | None = None,
    errors: Mapping[str, str] | None = None,
) -> Shown:
    async with reading() as tx:
        connected = await queries.count_connected_accounts(tx, [app.id])
        rests = not may_grant_live(app) and await queries.has_live_connections(tx, app.id)
    url = f"{PATH}/{app.id}"
    until = app.previous_secret_until
    context = {
        "app": {
            **summary(app),
            "site_url": app.site_url,
            "trust": trust_words(app),
            "redirect_uris": app.redirect_uris,
            "secret_hint": app.secret_hint,
            "previous_until": until if until is not None and until > now() else None,
            "connected": connected.get(app.id, 0),
            "rests": rests,
            "would_rest": would_rest(app),
        },
        "secret": secret,
        "sites": [_site(app, known, failed) for known in app.origins],
        "connect": _connect(app),
        "can_manage": visit.is_owner,
        "edit_url": f"{url}/edit",
        "delete_url": f"{url}/delete",
        "secret_url": f"{url}/secret",
        "verify_url": f"{url}/origin",
        "logo_url": f"{url}/logo",
        "remove_logo_url": f"{url}/logo/remove" if app.logo_key else None,
        "form": {"data": {}, "errors": errors or {}, "message": ""},
        "back_url": PATH,
    }
    status = 422 if errors or failed else 200
    return Shown(template="settings/app.html", context=context, section="settings", child="apps", status=status)


def _site(app: App, known: Origin, failed: Mapping[str, str] | None) -> Mapping[str, Any]:
    return {
        "origin": known.origin,
        "state": "verified" if known.verified_at else "approved" if app.approved else "open",
        "verified_at": known.verified_at,
        "file_url": known.origin + WELL_KNOWN,
        "text": known.challenge,
        "found": failed["found"] if failed and failed["origin"] == known.origin else "",
    }


def _connect(app: App) -> Mapping[str, Any]:
    """The address that a partner sends merchants to, and the three ways to show it."""
    asked = {"response_type": "code", "client_id": app.client_id, "scope": "*", "state": _STATE}
    # Which of several it is must be said.
    asked |= {"redirect_uri": app.redirect_uris[0]} if len(app.redirect_uris) > 1 else {}
    url = f"{services().public_url}/oauth/authorize?{urlencode(asked, safe='*')}"
    link, frame = (markup.escape(text) for text in (url, f"{url}&display=frame"))
    ways = [
        ("Tab", f'<a href="{link}">Connect shipping</a>'),
        (
            "Popup",
            f'<a href="{link}" id="connect-shipping">Connect shipping</a>\n<script>\n'
            'document.getElementById("connect-shipping").addEventListener("click", (event) => {\n'
            '  if (window.open(event.currentTarget.href, "connect-shipping", "popup,width=480,height=720")) '
            "event.preventDefault();\n});\n</script>",
        ),
        (
            "Frame",
            f'<iframe src="{frame}" title="Connect shipping" width="440" height="720"\n'
            '  referrerpolicy="strict-origin"></iframe>',
        ),
    ]
    return {"url": url, "state": _STATE, "ways": [{"name": name, "code": code} for name, code in ways]}


routes = [show_app, create_app, rotate_secret, verify_origin, upload_logo, remove_logo]
