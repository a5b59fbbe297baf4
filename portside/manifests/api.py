"""/manifests"""

from __future__ import annotations

from portside.carrier_accounts.api import carrier_accounts_by_id
from portside.db.begin import reading
from portside.labels.api import transactions_by_id
from portside.manifests import flows, queries, wire
from portside.rest.endpoint import Call, endpoint
from portside.rest.expand import Loader
from portside.rest.pages import Page

_EXPANDS: dict[str, Loader] = {"transactions": transactions_by_id, "carrier_account": carrier_accounts_by_id}


@endpoint("POST", "/manifests", status=201, takes=wire.ManifestIn, gives=wire.ManifestOut)
async def create_manifest(call: Call, given: wire.ManifestIn) -> wire.ManifestOut:
    """Hand a day's labels over together: one form for the driver to scan."""
    manifest = await flows.make_manifest(call.scope, wire.wanted(call.scope, given))
    return wire.manifest_out(manifest, call.scope)


@endpoint("GET", "/manifests", gives=Page[wire.ManifestOut], expands=_EXPANDS)
async def list_manifests(call: Call) -> Page[wire.ManifestOut]:
    """List manifests, newest first."""
    page = call.page(default=5)
    async with reading() as tx:
        found = await queries.list_manifests(tx, call.scope, page)
    return call.page_of(found.map(lambda manifest: wire.manifest_out(manifest, call.scope)), page)


@endpoint("GET", "/manifests/{manifest_id}", gives=wire.ManifestOut, expands=_EXPANDS)
async def get_manifest(call: Call) -> wire.ManifestOut:
    """Retrieve a manifest."""
    async with reading() as tx:
        manifest = await queries.get_manifest(tx, call.scope, call.id("manifest_id"))
    return wire.manifest_out(manifest, call.scope)


routes = [create_manifest, list_manifests, get_manifest]
