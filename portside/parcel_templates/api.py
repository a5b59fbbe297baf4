"""/parcel-templates, which are the carriers', and /user-parcel-templates"""

from __future__ import annotations

from portside.carrier_accounts.wire import known_carrier
from portside.carriers.templates import find_template, templates
from portside.db.begin import begin, reading
from portside.errors import NotFound
from portside.parcel_templates import actions, queries, wire
from portside.rest.endpoint import Call, endpoint


@endpoint("GET", "/parcel-templates", gives=wire.CarrierTemplateList, query=wire.TemplateFilter)
async def list_carrier_templates(call: Call) -> wire.CarrierTemplateList:
    """List carriers' parcel templates."""
    wanted = call.query(wire.TemplateFilter)
    found = list(templates().values())
    if wanted.carrier.strip():
        carrier = known_carrier(wanted.carrier)
        found = [template for template in found if template.carrier == carrier]
    if wanted.include != "all":
        async with reading() as tx:
            carriers = await queries.find_carriers(tx, call.scope, only_active=wanted.include == "enabled")
        found = [template for template in found if template.carrier in carriers]
    return wire.CarrierTemplateList(results=[wire.carrier_template_out(template) for template in found])


@endpoint("GET", "/parcel-templates/{token}", gives=wire.CarrierTemplateOut)
async def get_carrier_template(call: Call) -> wire.CarrierTemplateOut:
    """Retrieve a carrier's parcel template."""
    template = find_template(call.text("token"))
    if template is None:
        raise NotFound
    return wire.carrier_template_out(template)


# 200, not 201: the official SDKs accept nothing else here.
@endpoint("POST", "/user-parcel-templates", takes=wire.UserTemplateIn, gives=wire.UserTemplateOut)
async def create_user_template(call: Call, given: wire.UserTemplateIn) -> wire.UserTemplateOut:
    """Create a parcel template: a carrier's packaging with a weight, or one of your own."""
    draft = wire.user_template_draft(call.scope, given)
    async with begin() as tx:
        stored = await actions.create_user_template(tx, draft)
    return wire.user_template_out(stored, call.scope)


@endpoint("GET", "/user-parcel-templates", gives=wire.UserTemplateList)
async def list_user_templates(call: Call) -> wire.UserTemplateList:
    """List your parcel templates, newest first."""
    async with reading() as tx:
        found = await queries.list_user_templates(tx, call.scope)
    return wire.UserTemplateList(results=[wire.user_template_out(stored, call.scope) for stored in found])


@endpoint("GET", "/user-parcel-templates/{template_id}", gives=wire.UserTemplateOut)
async def get_user_template(call: Call) -> wire.UserTemplateOut:
    """Retrieve a parcel template."""
    async with reading() as tx:
        stored = await queries.get_user_template(tx, call.scope, call.id("template_id"))
    return wire.user_template_out(stored, call.scope)


@endpoint("PUT", "/user-parcel-templates/{template_id}", takes=wire.UserTemplateIn, gives=wire.UserTemplateOut)
async def update_user_template(call: Call, given: wire.UserTemplateIn) -> wire.UserTemplateOut:
    """Update a parcel template. A weight that is left out stays."""
    change = wire.user_template_change(given)
    async with begin() as tx:
        stored = await actions.update_user_template(tx, call.scope, call.id("template_id"), change)
    return wire.user_template_out(stored, call.scope)


@endpoint("DELETE", "/user-parcel-templates/{template_id}", status=204)
async def delete_user_template(call: Call) -> None:
    """Delete a parcel template."""
    async with begin() as tx:
        await actions.delete_user_template(tx, call.scope, call.id("template_id"))


routes = [
    list_carrier_templates,
    get_carrier_template,
    create_user_template,
    list_user_templates,
    get_user_template,
    update_user_template,
    delete_user_template,
]
