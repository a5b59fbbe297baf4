"""/parcels"""

from __future__ import annotations

from portside.db.begin import begin, reading
from portside.parcels import actions, queries, wire
from portside.rest.endpoint import Call, endpoint
from portside.rest.pages import Page


@endpoint("POST", "/parcels", status=201, takes=wire.ParcelIn, gives=wire.ParcelOut)
async def create_parcel(call: Call, given: wire.ParcelIn) -> wire.ParcelOut:
    """Create a parcel."""
    draft = wire.parcel_draft(call.scope, given)
    async with begin() as tx:
        (stored,) = await actions.create_parcels(tx, [draft])
    return wire.parcel_out(stored, call.scope, as_sent=True)


@endpoint("GET", "/parcels", gives=Page[wire.ParcelOut])
async def list_parcels(call: Call) -> Page[wire.ParcelOut]:
    """List parcels, newest first."""
    page = call.page(default=5)
    async with reading() as tx:
        found = await queries.list_parcels(tx, call.scope, page)
    return call.page_of(found.map(lambda stored: wire.parcel_out(stored, call.scope)), page)


@endpoint("GET", "/parcels/{parcel_id}", gives=wire.ParcelOut)
async def get_parcel(call: Call) -> wire.ParcelOut:
    """Retrieve a parcel."""
    async with reading() as tx:
        stored = await queries.get_parcel(tx, call.scope, call.id("parcel_id"))
    return wire.parcel_out(stored, call.scope)


routes = [create_parcel, list_parcels, get_parcel]
