"""/events"""

from __future__ import annotations

from portside.db.begin import reading
from portside.errors import FieldErrors
from portside.event_log import queries, wire
from portside.kit.paging import Slice
from portside.rest.endpoint import Call, endpoint
from portside.rest.pages import Page, page_of

_PAGE = 25
FOLLOW = "Events have no numbered pages. Follow the link in `next`."


@endpoint("GET", "/events", gives=Page[wire.EventOut], query=wire.EventFilter)
async def list_events(call: Call) -> Page[wire.EventOut]:
    """List what happened, newest first, and how your webhooks were told.

    A page may hold less than was asked for, even nothing, and still have a `next`: the log is looked through in parts.
    """
    page, wanted = call.page(default=_PAGE), wire.log_filter(call.query(wire.EventFilter))
    if page.offset:
        raise FieldErrors({"page": [FOLLOW]})
    async with reading() as tx:
        endpoints = await queries.list_endpoints(tx, call.scope)
        found = await queries.list_log(tx, call.scope, page, wanted, endpoints)
    rows = [wire.event_out(event) for event in found.rows]
    shown = Slice(rows=rows, has_next=found.older is not None, has_previous=found.newer is not None)
    return page_of(shown, page, call.own_url(), call.query_pairs(), [found.newer or "", found.older or ""])


@endpoint("GET", "/events/{event_id}", gives=wire.EventWithPayloadOut)
async def get_event(call: Call) -> wire.EventWithPayloadOut:
    """Retrieve an event: its body, and how your webhooks were told of it."""
    async with reading() as tx:
        event, stored = await queries.get_happened(tx, call.scope, call.id("event_id"))
    return wire.event_with_payload_out(event, stored)


routes = [list_events, get_event]
