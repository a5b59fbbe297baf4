"""/app-logos/{id}: logos of apps, for everybody who sees them on a page of ours."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get

from portside.apps.queries import find_app, logo_version
from portside.db.begin import reading
from portside.errors import NotFound
from portside.kit.files import NoSuchFile
from portside.kit.ids import as_id
from portside.kit.services import services
from portside.web.assets import FOR_EVER

# Somebody made these pictures, even though we drew them: nothing in them may ever act.
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "X-Content-Type-Options": "nosniff",
    "Content-Disposition": 'inline; filename="logo.png"',
}
# Without the version in the address it may be another picture tomorrow.
_A_WHILE = "public, max-age=300"


@get("/app-logos/{app_id:str}")
async def app_logo(request: Request[Any, Any, Any], app_id: str) -> Response[bytes]:
    """A PNG of 256 by 256 pixels; 404 if there is no such app or it has no logo."""
    known = as_id(app_id)
    async with reading() as tx:
        app = await find_app(tx, known) if known is not None else None
    if app is None or app.logo_key is None:
        raise NotFound
    version = logo_version(app.logo_key)
    is_current = request.query_params.get("v") == version
    headers = {**_HEADERS, "ETag": f'"{version}"', "Cache-Control": FOR_EVER if is_current else _A_WHILE}
    if headers["ETag"] in request.headers.get("if-none-match", ""):
        return Response(b"", status_code=304, headers=headers)
    try:
        content = await services().files.get(app.logo_key)
    except NoSuchFile:
        raise NotFound from None
    return Response(content, media_type="image/png", headers=headers)


routes = [app_logo]
