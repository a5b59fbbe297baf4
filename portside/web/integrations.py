"""/app/integrations: certified apps that an account can connect to. The way begins on the partner's site."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from portside.apps.models import App
from portside.apps.queries import list_certified_apps, list_connections, logo_path
from portside.apps.rules import site_of
from portside.db.begin import reading
from portside.kit.ids import Id
from portside.web.page import page
from portside.web.visit import Shown, Visit
from portside.web.words import host_of

PATH = "/app/integrations"
CONNECTIONS = "/app/settings/connections"


@page("GET", PATH)
async def list_integrations(visit: Visit) -> Shown:
    """A tile for each app."""
    async with reading() as tx:
        apps = await list_certified_apps(tx, visit.scope.mode)
        connected = {connection.app_id for connection in await list_connections(tx, visit.scope)}
    context = {"apps": [_tile(app, connected) for app in apps], "connections_url": CONNECTIONS}
    return Shown(template="integrations.html", context=context, section="settings", child="integrations")


def _tile(app: App, connected: Collection[Id]) -> Mapping[str, Any]:
    return {
        "name": app.name,
        "site_url": site_of(app),
        "host": host_of(site_of(app)),
        "logo_url": logo_path(app.id, app.logo_key) if app.logo_key else None,
        "connected": app.id in connected,
    }


routes = [list_integrations]
