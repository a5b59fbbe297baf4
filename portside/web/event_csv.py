"""/app/settings/webhooks/log.csv: the event log as it is looked at, a line per delivery, streamed page by page."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from typing import cast

import msgspec
from litestar import Response
from litestar.response import Stream

from portside.db.begin import reading
from portside.event_log import queries
from portside.event_log.models import Happened
from portside.kit.clock import to_wire
from portside.kit.scope import Scope
from portside.kit.sheets import csv_lines
from portside.web.answers import HEADERS
from portside.web.event_log import CSV, View, find_events, view_of
from portside.web.page import page
from portside.web.visit import Visit

COLUMNS = (
    "event_id",
    "account",
    "event",
    "object_id",
    "seq",
    "happened",
    "webhook",
    "url",
    "state",
    "attempts",
    "last_status",
    "last_error",
    "last_attempt",
    "next_attempt",
)


@page("GET", CSV)
async def export_log(visit: Visit) -> Response[bytes]:
    """Everything that fits the view, however much."""
    headers = {**HEADERS, "Content-Disposition": 'attachment; filename="portside-events.csv"'}
    lines = stream_log(visit.scope, view_of(visit))
    # To the types a stream is no answer of bytes, but it is one.
    return cast("Response[bytes]", Stream(lines, media_type="text/csv", headers=headers))


async def stream_log(scope: Scope, view: View) -> AsyncIterator[bytes]:
    """The lines, each page read by itself, so that a slow download holds nothing."""
    yield written([COLUMNS])
    following: View | None = msgspec.structs.replace(view, after=None, before=None)
    while following is not None:
        async with reading() as tx:
            endpoints = await queries.list_endpoints(tx, scope)
            found = await find_events(tx, scope, following, endpoints)
        if found.rows:
            yield written(line for event in found.rows for line in event_lines(event))
        following = msgspec.structs.replace(following, after=found.older) if found.older else None


def event_lines(event: Happened) -> list[Sequence[object]]:
    """A line for each delivery, or one for an event that no webhook heard of."""
    about = (event.id, event.account_id, event.name, event.object_id, event.seq, to_wire(event.created_at))
    told = [
        (
            *about,
            one.endpoint.id,
            one.endpoint.url,
            one.state,
            one.attempts,
            one.status,
            one.error,
            to_wire(one.attempted_at) if one.attempted_at else None,
            to_wire(one.due_at) if one.state == "pending" else None,
        )
        for one in event.told
    ]
    return [*told] or [about]


def written(lines: Iterable[Sequence[object]]) -> bytes:
    """Lines of the log, filled up to the columns."""
    return csv_lines([*line, *[None] * (len(COLUMNS) - len(line))] for line in lines)


routes = [export_log]
