"""/static: the built styles, scripts, fonts and marks, cached for ever because their names carry a hash."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from litestar import Request, Response, get

from portside.errors import NotFound
from portside.kit.render import Assets, Templates
from portside.kit.services import services
from portside.kit.static import StaticFiles

WEB = Path(__file__).parent
DIST = WEB / "static" / "dist"
FOR_EVER = "public, max-age=31536000, immutable"


def load_templates() -> Templates:
    """The templates of the web app. Raises AssetError before the first build."""
    return Templates([WEB / "templates"], Assets.load(DIST))


def load_static_files() -> StaticFiles:
    """The built files. Raises AssetError before the first build."""
    return StaticFiles.load(DIST)


@get("/static/{name:str}")
async def static_file(request: Request[Any, Any, Any], name: str) -> Response[bytes]:
    """A built file by its hashed name."""
    return _answer(request, name, FOR_EVER)


@get("/favicon.ico")
async def favicon(request: Request[Any, Any, Any]) -> Response[bytes]:
    """For browsers that ask without having read a page."""
    return _answer(request, services().templates.assets.names["mark.svg"], "public, max-age=86400")


def _answer(request: Request[Any, Any, Any], name: str, caching: str) -> Response[bytes]:
    file = services().static_files.find(name)
    if file is None:
        raise NotFound
    headers = {
        "Cache-Control": caching,
        "ETag": file.tag,
        "Vary": "Accept-Encoding",
        "X-Content-Type-Options": "nosniff",
    }
    if file.tag in request.headers.get("if-none-match", ""):
        return Response(b"", status_code=304, headers=headers)
    if file.pressed is not None and "gzip" in request.headers.get("accept-encoding", ""):
        return Response(file.pressed, media_type=file.media_type, headers={**headers, "Content-Encoding": "gzip"})
    return Response(file.content, media_type=file.media_type, headers=headers)


routes = [static_file, favicon]
