"""/live-rates, and the default parcel template that they fall back on"""

from __future__ import annotations

from portside.db.begin import begin, reading
from portside.live_rates import actions, flows, queries, wire
from portside.rest.endpoint import Call, endpoint


# 200, not 201: nothing is made, and the official SDKs accept nothing else here.
@endpoint("POST", "/live-rates", takes=wire.LiveRateIn, gives=wire.LiveRateList)
async def create_live_rates(call: Call, given: wire.LiveRateIn) -> wire.LiveRateList:
    """Show a cart's shipping options, one for each active service group that applies to it."""
    rates, messages = await flows.offer(call.scope, given)
    return wire.live_rate_list(rates, messages)


@endpoint("GET", "/live-rates/settings/parcel-template", gives=wire.DefaultTemplateOut)
async def get_default_template(call: Call) -> wire.DefaultTemplateOut:
    """Retrieve the default parcel template; null if there is none."""
    async with reading() as tx:
        stored = await queries.find_default_template(tx, call.scope)
    return wire.default_template_out(stored, call.scope)


@endpoint("PUT", "/live-rates/settings/parcel-template", takes=wire.DefaultTemplateIn, gives=wire.DefaultTemplateOut)
async def choose_default_template(call: Call, given: wire.DefaultTemplateIn) -> wire.DefaultTemplateOut:
    """Choose one of your parcel templates as the default."""
    template_id = wire.chosen_template(given)
    async with begin() as tx:
        stored = await actions.choose_default_template(tx, call.scope, template_id)
    return wire.default_template_out(stored, call.scope)


@endpoint("DELETE", "/live-rates/settings/parcel-template", status=204)
async def clear_default_template(call: Call) -> None:
    """Have no default parcel template."""
    async with begin() as tx:
        await actions.clear_default_template(tx, call.scope)


routes = [create_live_rates, get_default_template, choose_default_template, clear_default_template]
