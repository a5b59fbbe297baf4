"""/app/settings/branding: how the account looks to buyers, with a page to see it on before it is saved."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import msgspec
from litestar import Response

from portside.apps.logos import MOST_BYTES
from portside.branding import queries, rules
from portside.branding.actions import save_branding, set_logo
from portside.branding.flows import save_logo
from portside.branding.models import Look, OwnBranding
from portside.db.begin import begin, reading
from portside.errors import FieldErrors
from portside.kit.services import services
from portside.terms.models import TrackingPage
from portside.web.answers import Flash, redirect
from portside.web.limits import count
from portside.web.page import page
from portside.web.visit import Shown, Visit
from portside.web.words import plain_errors

PATH = "/app/settings/branding"
_PAGES: Mapping[str, TrackingPage | None] = {"": None, "branded": "branded", "carrier": "carrier"}


@page("GET", PATH)
async def show_branding(visit: Visit) -> Shown:
    """What the account says of itself, and how that looks."""
    async with reading() as tx:
        own = await queries.get_own(tx, visit.scope)
    return await _page(visit, own)


@page("POST", PATH)
async def change_branding(visit: Visit) -> Shown | Response[bytes]:
    """Save it, or only show how it would look."""
    visit.check_owner()
    async with reading() as tx:
        settled = await queries.look_with(tx, visit.scope, OwnBranding())
        given = _given(visit, await queries.get_own(tx, visit.scope), settled)
    if visit.field("do") == "preview":
        return await _preview(visit, given) if visit.wants_fragment else await _page(visit, given)
    try:
        async with begin() as tx:
            await save_branding(tx, visit.scope, given, address=visit.address)
    except FieldErrors as wrong:
        return await _page(visit, given, errors=plain_errors(wrong))
    return redirect(PATH, Flash("success", "Buyers see it so from now on."))


@page("POST", PATH + "/logo")
async def upload_logo(visit: Visit) -> Shown | Response[bytes]:
    """Take a picture as the account's logo."""
    visit.check_owner()
    await count(visit, "upload-logo")
    content = await visit.file("logo", MOST_BYTES)
    try:
        await save_logo(visit.scope, content, address=visit.address)
    except FieldErrors as wrong:
        async with reading() as tx:
            own = await queries.get_own(tx, visit.scope)
        return await _page(visit, own, errors=plain_errors(wrong))
    return redirect(PATH, Flash("success", "This is your logo now."))


@page("POST", PATH + "/logo/remove")
async def remove_logo(visit: Visit) -> Response[bytes]:
    """Show no logo of one's own."""
    visit.check_owner()
    async with begin() as tx:
        await set_logo(tx, visit.scope, None, address=visit.address)
    return redirect(PATH, Flash("success", "Your logo is not shown any more."))


def _given(visit: Visit, before: OwnBranding, settled: Look) -> OwnBranding:
    """What the form says; browsers always send a colour, so the one that is set anyway is none."""
    color = visit.field("color").lower()
    color = "" if visit.field("no_color") or color == settled.color else color
    return msgspec.structs.replace(
        before,
        name=visit.field("name", 300),
        color=color,
        support_email=visit.field("support_email", 300),
        tracking_page=_PAGES.get(visit.field("tracking_page")),
    )


async def _preview(visit: Visit, own: OwnBranding) -> Shown:
    return Shown(template="settings/_branding_preview.html", context={"preview_url": await _preview_url(visit, own)})


async def _preview_url(visit: Visit, own: OwnBranding) -> str:
    """A signed address, so that nobody else can make pages of ours say what they like."""
    async with reading() as tx:
        look = await queries.look_with(tx, visit.scope, own)
    return services().keys.sign_link(rules.preview_query(look), int(time.time()) + rules.PREVIEW_SECONDS)


async def _page(visit: Visit, own: OwnBranding, *, errors: Mapping[str, str] | None = None) -> Shown:
    async with reading() as tx:
        settled = await queries.look_with(tx, visit.scope, OwnBranding())
    data = {
        "name": own.name,
        "color": own.color or settled.color,
        "support_email": own.support_email,
        "tracking_page": own.tracking_page or "",
    }
    context: dict[str, Any] = {
        "form": {"data": data, "errors": errors or {}, "message": ""},
        "settled": settled,
        "has_color": bool(own.color),
        "logo_url": rules.logo_path(own.logo_key) if own.logo_key else "",
        "preview_url": await _preview_url(visit, own),
        "can_manage": visit.is_owner,
        "save_url": PATH,
        "upload_url": f"{PATH}/logo",
        "remove_url": f"{PATH}/logo/remove",
    }
    status = 422 if errors else 200
    return Shown(
        template="settings/branding.html", context=context, section="settings", child="branding", status=status
    )


routes = [show_branding, change_branding, upload_logo, remove_logo]
