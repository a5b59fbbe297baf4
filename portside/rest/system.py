"""Routes that belong to no noun: health, and stored files by signed link."""

from __future__ import annotations

import time
from typing import Any

from litestar import Request, Response, get

from portside.db.begin import reading
from portside.errors import NotFound
from portside.kit.crypto import BadLink
from portside.kit.files import NoSuchFile
from portside.kit.services import services

_TYPES = {"pdf": "application/pdf", "png": "image/png", "zpl": "text/plain"}


@get("/healthz")
async def healthz() -> Response[bytes]:
    """The process answers."""
    return Response(b'{"status": "ok"}', media_type="application/json")


@get("/readyz")
async def readyz() -> Response[bytes]:
    """The process can work: its database answers."""
    async with reading() as tx:
        await tx.fetchval("SELECT 1")
    return Response(b'{"status": "ready"}', media_type="application/json")


@get("/files/{key:path}")
async def get_file(request: Request[Any, Any, Any], key: str) -> Response[bytes]:
    """A stored file, to whoever holds its signed link; a wrong or expired link looks like a missing file."""
    kit = services()
    link = f"/files/{key.lstrip('/')}?{request.scope['query_string'].decode('latin-1')}"
    try:
        kit.keys.verify_link(link, time.time())
        content = await kit.files.get(key.lstrip("/"))
    except (BadLink, NoSuchFile, ValueError) as error:
        raise NotFound from error
    kind = _TYPES.get(key.rsplit(".", 1)[-1], "application/octet-stream")
    headers = {"Cache-Control": "private, max-age=3600", "X-Content-Type-Options": "nosniff"}
    return Response(content, media_type=kind, headers=headers)


routes = [healthz, readyz, get_file]
