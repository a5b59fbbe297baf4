"""/refunds"""

from __future__ import annotations

from portside.db.begin import reading
from portside.labels.api import transactions_by_id
from portside.refunds import flows, queries, wire
from portside.rest.endpoint import Call, endpoint
from portside.rest.pages import Page


@endpoint("POST", "/refunds", status=201, takes=wire.RefundIn, gives=wire.RefundOut)
async def create_refund(call: Call, given: wire.RefundIn) -> wire.RefundOut:
    """Ask for a label's refund; its carrier decides."""
    return wire.refund_out(await flows.request_refund(call.scope, wire.label_id(given)), call.scope)


@endpoint("GET", "/refunds", gives=Page[wire.RefundOut], expands={"transaction": transactions_by_id})
async def list_refunds(call: Call) -> Page[wire.RefundOut]:
    """List refunds, newest first."""
    page = call.page(default=5)
    async with reading() as tx:
        found = await queries.list_refunds(tx, call.scope, page)
    return call.page_of(found.map(lambda refund: wire.refund_out(refund, call.scope)), page)


@endpoint("GET", "/refunds/{refund_id}", gives=wire.RefundOut, expands={"transaction": transactions_by_id})
async def get_refund(call: Call) -> wire.RefundOut:
    """Retrieve a refund."""
    async with reading() as tx:
        refund = await queries.get_refund(tx, call.scope, call.id("refund_id"))
    return wire.refund_out(refund, call.scope)


routes = [create_refund, list_refunds, get_refund]
