"""Carriers' pushes: kept and answered at once; a job asks for the news (news.py).

A push only says that there is news of a number. What the news is, the carrier is asked, so that a push which is forged,
garbled or late can never tell anything untrue.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from litestar import Request, Response, post
from litestar.status_codes import HTTP_200_OK

from portside.carriers.client import push_reader
from portside.carriers.errors import CarrierError
from portside.db.begin import begin
from portside.errors import BadRequest, NotAuthenticated, NotFound
from portside.jobs.models import Job
from portside.jobs.queue import enqueue
from portside.tracking import actions as tracking


@post("/carrier-hooks/{carrier:str}", status_code=HTTP_200_OK)
async def receive_push(request: Request[Any, Any, Any], carrier: str) -> Response[bytes]:
    """Take a carrier's push: verify it, keep it once, answer 200. A job asks for the news."""
    if push_reader(carrier) is None:
        raise NotFound
    body = await request.body()
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in request.scope["headers"]}
    await accept_push(carrier, headers, body)
    return Response(b'{"status": "received"}', media_type="application/json")


async def accept_push(carrier: str, headers: Mapping[str, str], body: bytes) -> None:
    """Verify a push and keep it once; header names are in lower case. Raises NotFound, NotAuthenticated, BadRequest."""
    reader = push_reader(carrier)
    if reader is None:
        raise NotFound
    try:
        push = reader.parse_push(headers, body)
    except CarrierError as refusal:
        if refusal.kind == "auth":
            raise NotAuthenticated(refusal.text) from refusal
        raise BadRequest(refusal.text) from refusal
    async with begin() as tx:
        if await tracking.save_push(tx, carrier, push, body):
            await enqueue(tx, Job(kind="labels.take_push", payload={"carrier": carrier, "event": push.event_id}))


routes = [receive_push]
