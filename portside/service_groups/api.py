"""/service-groups"""

from __future__ import annotations

from portside.db.begin import begin, reading
from portside.rest.endpoint import Call, endpoint
from portside.service_groups import actions, queries, wire


@endpoint("POST", "/service-groups", status=201, takes=wire.ServiceGroupCreate, gives=wire.ServiceGroupOut)
async def create_service_group(call: Call, given: wire.ServiceGroupCreate) -> wire.ServiceGroupOut:
    """Create a service group."""
    draft = wire.service_group_draft(call.scope, given)
    async with begin() as tx:
        group = await actions.create_service_group(tx, draft)
    return wire.service_group_out(group)


@endpoint("GET", "/service-groups", gives=list[wire.ServiceGroupOut])
async def list_service_groups(call: Call) -> list[wire.ServiceGroupOut]:
    """List service groups, newest first: a bare array, without pages."""
    async with reading() as tx:
        groups = await queries.list_service_groups(tx, call.scope)
    return [wire.service_group_out(group) for group in groups]


@endpoint("PUT", "/service-groups", takes=wire.ServiceGroupUpdate, gives=wire.ServiceGroupOut)
async def update_service_group(call: Call, given: wire.ServiceGroupUpdate) -> wire.ServiceGroupOut:
    """Update the service group that `object_id` names."""
    draft = wire.service_group_draft(call.scope, given)
    async with begin() as tx:
        group = await actions.update_service_group(tx, call.scope, wire.updated_id(given), draft)
    return wire.service_group_out(group)


@endpoint("DELETE", "/service-groups/{group_id}", status=204)
async def delete_service_group(call: Call) -> None:
    """Delete a service group."""
    async with begin() as tx:
        await actions.delete_service_group(tx, call.scope, call.id("group_id"))


routes = [create_service_group, list_service_groups, update_service_group, delete_service_group]
