"""/t/{link}: the public page of one parcel, or the way on to its carrier's; and its preview for the settings."""

from __future__ import annotations

import time
from typing import Any

from litestar import Request, Response, get

from portside.branding.models import Look
from portside.branding.rules import DEFAULT_COLOR, PREVIEW_PATH, wrong_fields
from portside.db.begin import reading
from portside.kit.crypto import BadLink
from portside.kit.services import services
from portside.portal.parcels import find_page, page_context
from portside.portal.render import headers, not_found, shown
from portside.portal.samples import sample


@get("/t/{link:str}")
async def show_parcel(request: Request[Any, Any, Any], link: str) -> Response[bytes]:
    """Where the parcel is; where the merchant would have it so, the carrier says that."""
    async with reading() as tx:
        page = await find_page(tx, link)
    if page is None:
        return not_found()
    if page.look.tracking_page == "carrier" and page.carrier_url:
        return Response(b"", status_code=302, headers={**headers(page.look), "Location": page.carrier_url})
    return shown("track.html", page_context(page), page.look)


@get("/track/{link:str}")
async def guess_parcel(request: Request[Any, Any, Any], link: str) -> Response[bytes]:
    """People write such addresses by heart. There is nothing behind the number of a parcel: numbers are no secrets."""
    async with reading() as tx:
        page = await find_page(tx, link)
    if page is None:
        return not_found()
    return Response(b"", status_code=301, headers={**headers(page.look), "Location": f"/t/{page.link}"})


@get(PREVIEW_PATH)
async def show_preview(request: Request[Any, Any, Any]) -> Response[bytes]:
    """A page about nothing real, in a look that is not saved; only by the links that the settings make."""
    given = request.query_params
    try:
        query = request.scope["query_string"].decode("latin-1")
        services().keys.verify_link(f"{PREVIEW_PATH}?{query}", time.time())
    except (BadLink, ValueError):
        return not_found()
    name, color, support = (str(given.get(field, "")) for field in ("name", "color", "support"))
    wrong = wrong_fields(name, color, support)
    look = Look(
        name=name if "name" not in wrong else "",
        logo_url=str(given.get("logo", "")),
        color=DEFAULT_COLOR if "color" in wrong or not color else color,
        support_email=support if "support_email" not in wrong else "",
    )
    return shown("track.html", sample(look), look, frames="'self'")


routes = [show_parcel, guess_parcel, show_preview]
