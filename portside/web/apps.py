"""/app/settings/apps: the partner apps of an account; its owner registers, changes and deletes them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from litestar import Response

from portside.apps import actions, queries
from portside.apps.models import App, AppChanges
from portside.apps.queries import logo_path
from portside.apps.rules import may_grant_live, trust_of
from portside.db.begin import begin, reading
from portside.errors import FieldErrors
from portside.oauth.actions import disconnect_everyone
from portside.web.answers import Flash, redirect
from portside.web.page import page
from portside.web.visit import Shown, Visit
from portside.web.words import plain_errors
from portside.webhooks.actions import delete_endpoints_of_app

PATH = "/app/settings/apps"
_LONGEST_LINES = 30_000
_FIELDS = ("name", "site_url", "redirect_uris", "origins")


@page("GET", PATH)
async def list_apps(visit: Visit) -> Shown:
    """The apps of the account."""
    async with reading() as tx:
        apps = await queries.list_apps(tx, visit.scope)
        connected = await queries.count_connected_accounts(tx, [app.id for app in apps])
    context = {
        "apps": [{**summary(app), "connected": connected.get(app.id, 0)} for app in apps],
        "new_url": f"{PATH}/new" if visit.is_owner else None,
    }
    return Shown(template="settings/apps.html", context=context, section="settings", child="apps")


@page("GET", PATH + "/new")
async def new_app(visit: Visit) -> Shown:
    """The form of an app that is not there yet."""
    visit.check_owner()
    return app_form(None, {})


@page("GET", PATH + "/{app_id}/edit")
async def edit_app(visit: Visit) -> Shown:
    """The form of an app."""
    visit.check_owner()
    async with reading() as tx:
        app = await queries.get_app(tx, visit.scope, visit.id("app_id"))
    data = {
        "name": app.name,
        "site_url": app.site_url,
        "redirect_uris": "\n".join(app.redirect_uris),
        "origins": "\n".join(known.origin for known in app.origins),
        "live": "true" if app.live else "",
    }
    return app_form(app, data)


@page("POST", PATH + "/{app_id}/edit")
async def update_app(visit: Visit) -> Shown | Response[bytes]:
    """Change what is said of an app."""
    visit.check_owner()
    async with reading() as tx:
        app = await queries.get_app(tx, visit.scope, visit.id("app_id"))
    try:
        async with begin() as tx:
            after = await actions.update_app(tx, visit.scope, app.id, given_changes(visit), address=visit.address)
    except FieldErrors as wrong:
        return app_form(app, visit.form, plain_errors(wrong))
    return redirect(f"{PATH}/{app.id}", saved(app, after, "Saved."))


@page("POST", PATH + "/{app_id}/delete")
async def delete_app(visit: Visit) -> Response[bytes]:
    """Delete an app, and disconnect every account from it."""
    visit.check_owner()
    async with begin() as tx:
        app = await actions.hold_app(tx, visit.scope, visit.id("app_id"))
        await disconnect_everyone(tx, app.id, visit.scope.actor)
        await actions.delete_app(tx, visit.scope, app.id, address=visit.address)
        await delete_endpoints_of_app(tx, visit.scope, app.id)
    return redirect(PATH, Flash("success", f"{app.name} was deleted."))


def summary(app: App) -> Mapping[str, Any]:
    """What lists and pages show of an app of the account's own."""
    return {
        "name": app.name,
        "href": f"{PATH}/{app.id}",
        "client_id": app.client_id,
        "logo_url": logo_path(app.id, app.logo_key) if app.logo_key else None,
        "access": "live" if may_grant_live(app) else "waiting" if app.live else "test",
        "certified": app.certified,
        "approved": app.approved,
        "created_at": app.created_at,
    }


def trust_words(app: App) -> str:
    """`certified and approved`, one of them, or nothing."""
    return " and ".join(trust_of(app))


def would_rest(app: App) -> bool:
    """Whether the app's live tokens hang on the operator's approval alone."""
    return may_grant_live(app) and not may_grant_live(msgspec.structs.replace(app, approved=False))


def saved(before: App, after: App, words: str) -> Flash:
    """What to say of a change, and of the operator's word that it has ended."""
    lost = " and ".join(trust for trust in trust_of(before) if trust not in trust_of(after))
    return Flash("warning", f"{words} The app is not {lost} any more.") if lost else Flash("success", words)


def given_changes(visit: Visit) -> AppChanges:
    """What the form says of an app."""
    return AppChanges(
        name=visit.field("name", 1000),
        site_url=visit.field("site_url", 2000),
        redirect_uris=tuple(visit.field("redirect_uris", _LONGEST_LINES).splitlines()),
        origins=tuple(visit.field("origins", _LONGEST_LINES).splitlines()),
        live=visit.field("live") == "true",
    )


def app_form(app: App | None, given: Mapping[str, str], errors: Mapping[str, str] | None = None) -> Shown:
    """The form of an app, or of a new one."""
    data = {name: given.get(name, "")[:_LONGEST_LINES] for name in _FIELDS}
    context = {
        "app_name": app.name if app else None,
        "trust": trust_words(app) if app else "",
        "is_approved": app.approved if app else False,
        "would_rest": would_rest(app) if app else False,
        "save_url": f"{PATH}/{app.id}/edit" if app else PATH,
        "back_url": f"{PATH}/{app.id}" if app else PATH,
        "is_live": given.get("live") == "true",
        "form": {"data": data, "errors": errors or {}, "message": ""},
    }
    status = 422 if errors else 200
    return Shown(template="settings/app_form.html", context=context, section="settings", child="apps", status=status)


routes = [list_apps, new_app, edit_app, update_app, delete_app]
