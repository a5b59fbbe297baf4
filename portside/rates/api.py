"""/rates"""

from __future__ import annotations

from portside.db.begin import reading
from portside.rates import queries, wire
from portside.rest.endpoint import Call, endpoint
from portside.rest.pages import Page


@endpoint("GET", "/rates/{rate_id}", gives=wire.RateOut)
async def get_rate(call: Call) -> wire.RateOut:
    """Retrieve a rate."""
    async with reading() as tx:
        rate = await queries.get_rate(tx, call.scope, call.id("rate_id"))
    return wire.rate_out(rate, call.scope)


@endpoint("GET", "/rates", gives=Page[wire.RateOut])
async def list_rates(call: Call) -> Page[wire.RateOut]:
    """List the rates of all shipments, newest shipment first."""
    page = call.page(default=25)
    async with reading() as tx:
        found = await queries.list_rates(tx, call.scope, None, page)
    return call.page_of(found.map(lambda rate: wire.rate_out(rate, call.scope)), page)


routes = [get_rate, list_rates]
