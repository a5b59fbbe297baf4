"""/docs: the API's description, browsable without leaving this server, /openapi.json, the description itself, and the
catalogue of events: /asyncapi.json and a JSON Schema of each event's body."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import msgspec
from litestar import Response, get
from litestar.handlers import HTTPRouteHandler

from portside.errors import NotFound
from portside.web.answers import html
from portside.webhooks.catalogue import ENTRIES, asyncapi, event_schema

DESCRIPTION = "/openapi.json"
CATALOGUE = "/asyncapi.json"
EVENT_SCHEMAS = "/docs/events"
_FRESH = {"Cache-Control": "no-cache"}


def docs_routes(document: Callable[[], Mapping[str, Any]]) -> list[HTTPRouteHandler]:
    """The routes that show an OpenAPI document, which is made when it is first asked for."""

    @lru_cache(maxsize=1)
    def body() -> bytes:
        return msgspec.json.encode(document())

    @get(DESCRIPTION)
    async def description() -> Response[bytes]:
        return Response(body(), media_type="application/json", headers=_FRESH)

    @get("/docs")
    async def docs() -> Response[bytes]:
        return html("docs.html", {"description_url": DESCRIPTION})

    return [description, docs]


def catalogue_routes(version: str) -> list[HTTPRouteHandler]:
    """The routes that show what events look like, to anybody: it is the same for everybody."""

    @lru_cache(maxsize=1)
    def document() -> bytes:
        return msgspec.json.encode(asyncapi(version))

    @lru_cache(maxsize=1)
    def schemas() -> Mapping[str, bytes]:
        return {f"{name}.json": msgspec.json.encode(event_schema(name)) for name in ENTRIES}

    @get(CATALOGUE)
    async def catalogue() -> Response[bytes]:
        return Response(document(), media_type="application/json", headers=_FRESH)

    @get(EVENT_SCHEMAS + "/{file:str}")
    async def schema(file: str) -> Response[bytes]:
        if file not in schemas():
            raise NotFound
        return Response(schemas()[file], media_type="application/schema+json", headers=_FRESH)

    return [catalogue, schema]
