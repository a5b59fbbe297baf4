"""/rates"""

from __future__ import annotations

from collections.abc import Sequence

from portside.db.begin import reading
from portside.db.tx import Tx
from portside.kit.ids import Id
from portside.kit.scope import Scope
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


async def rates_by_id(tx: Tx, scope: Scope, ids: Sequence[Id]) -> dict[Id, wire.CoreRateOut]:
    """For `?expand=rate`, which shows less of a rate than its own page does."""
    found = await queries.find_rates_by_id(tx, scope, ids)
    return {id_: wire.core_rate_out(rate) for id_, rate in found.items()}


routes = [get_rate, list_rates]
