"""/addresses"""

from __future__ import annotations

from portside.addresses import actions, flows, queries, wire
from portside.db.begin import begin, reading
from portside.rest.endpoint import Call, endpoint
from portside.rest.pages import Page


@endpoint("POST", "/addresses", status=201, takes=wire.AddressIn, gives=wire.AddressOut)
async def create_address(call: Call, given: wire.AddressIn) -> wire.AddressOut:
    """Create an address. With `validate` it is validated and corrected first."""
    await flows.prepare_validation(given)
    draft = wire.address_draft(call.scope, given)
    async with begin() as tx:
        (stored,) = await actions.create_addresses(tx, [draft])
    return wire.address_out(stored, call.scope)


@endpoint("GET", "/addresses", gives=Page[wire.AddressOut])
async def list_addresses(call: Call) -> Page[wire.AddressOut]:
    """List addresses, newest first."""
    page = call.page(default=5)
    async with reading() as tx:
        found = await queries.list_addresses(tx, call.scope, page)
    return call.page_of(found.map(lambda stored: wire.address_out(stored, call.scope)), page)


@endpoint("GET", "/addresses/{address_id}", gives=wire.AddressOut)
async def get_address(call: Call) -> wire.AddressOut:
    """Retrieve an address."""
    async with reading() as tx:
        stored = await queries.get_address(tx, call.scope, call.id("address_id"))
    return wire.address_out(stored, call.scope)


@endpoint("GET", "/addresses/{address_id}/validate", gives=wire.AddressOut)
async def validate_address(call: Call) -> wire.AddressOut:
    """Validate an address. The answer is a new address, corrected, with an id of its own."""
    return wire.address_out(await flows.validate_address(call.scope, call.id("address_id")), call.scope)


routes = [create_address, list_addresses, get_address, validate_address]
