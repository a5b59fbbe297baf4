"""/app/settings/connections: which apps may act for the account in this mode; its owner disconnects them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from litestar import Response

from portside.apps.models import App, Connection
from portside.apps.queries import find_app_names, find_apps, list_connections, logo_path
from portside.apps.rules import known_site, may_grant_live
from portside.db.begin import begin, reading
from portside.errors import NotFound
from portside.kit.ids import Id
from portside.oauth.actions import disconnect
from portside.web.answers import Flash, redirect
from portside.web.authorize_consent import sentences
from portside.web.integrations import PATH as DIRECTORY
from portside.web.page import page
from portside.web.visit import Shown, Visit

PATH = "/app/settings/connections"


@page("GET", PATH)
async def list_connected(visit: Visit) -> Shown:
    """The apps that may act now, and what each was granted."""
    async with reading() as tx:
        connections = await list_connections(tx, visit.scope)
        apps = await find_apps(tx, [connection.app_id for connection in connections])
    context = {
        "connections": [_row(connection, apps) for connection in connections if connection.app_id in apps],
        "can_disconnect": visit.is_owner,
        "directory_url": DIRECTORY,
    }
    return Shown(template="settings/connections.html", context=context, section="settings", child="connections")


@page("POST", PATH + "/{app_id}/disconnect")
async def disconnect_app(visit: Visit) -> Response[bytes]:
    """End what an app may do here."""
    visit.check_owner()
    app_id = visit.id("app_id")
    async with begin() as tx:
        await disconnect(tx, visit.scope, app_id, address=visit.address)
        named = (await find_app_names(tx, [app_id])).get(app_id)
    if named is None:
        raise NotFound
    return redirect(PATH, Flash("success", f"{named.name} is disconnected. Its tokens no longer work."))


def _row(connection: Connection, apps: Mapping[Id, App]) -> Mapping[str, Any]:
    app = apps[connection.app_id]
    return {
        "name": app.name,
        "site_url": known_site(app),
        "logo_url": logo_path(app.id, app.logo_key) if app.logo_key else None,
        "certified": app.certified,
        "mode": connection.mode,
        "permissions": sentences(connection.scopes, connection.mode),
        "connected_at": connection.created_at,
        "connected_by": connection.created_by,
        "granter_left": connection.granter_left,
        "rests": connection.mode == "live" and not may_grant_live(app),
        "last_used_at": connection.last_used_at,
        "disconnect_url": f"{PATH}/{app.id}/disconnect",
    }


routes = [list_connected, disconnect_app]
