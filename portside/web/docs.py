"""/docs: the API's description, browsable without leaving this server, and /openapi.json, the description itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import msgspec
from litestar import Response, get
from litestar.handlers import HTTPRouteHandler

from portside.web.answers import HEADERS, POLICY, html

DESCRIPTION = "/openapi.json"
# Of this page alone: the reader writes styles into its elements as it draws them.
_POLICY = POLICY.replace("style-src 'self'", "style-src 'self' 'unsafe-inline'")


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
        response = html("docs.html", {"description_url": DESCRIPTION})
        response.headers.update({**HEADERS, "Content-Security-Policy": _POLICY})
        return response

    return [description, docs]
