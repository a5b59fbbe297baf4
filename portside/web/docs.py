"""/docs: the API's description, browsable without leaving this server, and /openapi.json, the description itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import msgspec
from litestar import Response, get
from litestar.handlers import HTTPRouteHandler

from portside.web.answers import html

DESCRIPTION = "/openapi.json"


def docs_routes(document: Callable[[], Mapping[str, Any]]) -> list[HTTPRouteHandler]:
    """The routes that show an OpenAPI document, which is made when it is first asked for."""

    @lru_cache(maxsize=1)
    def body() -> bytes:
        return msgspec.json.encode(document())

    @get(DESCRIPTION)
    async def description() -> Response[bytes]:
        return Response(body(), media_type="application/json", headers={"Cache-Control": "no-cache"})

    @get("/docs")
    async def docs() -> Response[bytes]:
        return html("docs.html", {"description_url": DESCRIPTION})

    return [description, docs]
