"""/brand-logos/{logo}: the logos of merchants, on buyers' pages and in their mails."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get

from portside.branding.flows import open_logo

# Somebody made these pictures, even though we drew them: nothing in them may ever act.
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "X-Content-Type-Options": "nosniff",
    "Content-Disposition": 'inline; filename="logo.png"',
    "Cache-Control": "public, max-age=31536000, immutable",
}


@get("/brand-logos/{logo:str}")
async def brand_logo(request: Request[Any, Any, Any], logo: str) -> Response[bytes]:
    """A PNG of 256 by 256 pixels; 404 if there is none of that name."""
    return Response(await open_logo(logo), media_type="image/png", headers=_HEADERS)


routes = [brand_logo]
