"""/app/settings/activity: who did what, when and from where. For owners; also as CSV."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from typing import Any, cast, get_args

import msgspec
from litestar import Response
from litestar.response import Stream

from portside.accounts.queries import find_credential_names, find_users
from portside.apps.queries import find_app_names
from portside.audit.models import Action, Entry, EntryFilter
from portside.audit.queries import list_actors, list_entries
from portside.db.begin import reading
from portside.db.tx import Tx
from portside.kit.clock import to_wire
from portside.kit.ids import Id, as_id
from portside.kit.paging import PageRequest
from portside.kit.scope import Scope
from portside.kit.sheets import csv_lines
from portside.web.answers import HEADERS
from portside.web.lists import ListView, address
from portside.web.page import page
from portside.web.visit import Shown, Visit

PATH = "/app/settings/activity"
CSV = PATH + ".csv"
CSV_PAGE = 500
COLUMNS = ("when", "who", "what", "subject", "details", "address")

_WORDS: Mapping[str, str] = {
    "sign_in": "Signed in",
    "sign_in.refused": "Too many wrong sign-ins",
    "sign_up": "Created the account",
    "password.reset": "Password set by a link",
    "password.changed": "Password changed",
    "email.changed": "E-mail changed",
    "email.verified": "E-mail verified",
    "account.opened": "Account opened",
    "account.managed_opened": "Managed account opened",
    "account.settings_changed": "Settings changed",
    "token.created": "Token created",
    "token.revoked": "Token revoked",
    "member.invited": "Invitation sent",
    "member.invitation_cancelled": "Invitation cancelled",
    "member.joined": "Joined the team",
    "member.removed": "Removed from the team",
    "member.role_changed": "Role changed",
    "app.created": "App created",
    "app.changed": "App changed",
    "app.secret_rotated": "App secret replaced",
    "app.origin_verified": "App origin verified",
    "app.deleted": "App deleted",
    "app.approved": "App approved",
    "app.certified": "App certified",
    "connection.created": "App connected",
    "connection.ended": "App disconnected",
    "oauth.code_reused": "Authorization code used twice",
    "oauth.token_revoked": "App token revoked",
    "terms.changed": "Terms changed",
    "branding.changed": "Branding changed",
    "buyer_messages.changed": "Buyer messages changed",
    "webhook.created": "Webhook added",
    "webhook.changed": "Webhook changed",
    "webhook.deleted": "Webhook deleted",
    "webhook.secret_rotated": "Webhook secret replaced",
    "carrier_account.created": "Carrier account added",
    "carrier_account.changed": "Carrier account changed",
    "purchase.asked": "Carrier asked about a purchase",
    "purchase.released": "Purchase released",
}


class View(ListView, frozen=True, kw_only=True):
    """What of the log is looked at, as the address says it."""

    which: EntryFilter

    def url(self, path: str = PATH, **changes: str) -> str:
        """The address of this view with changes; the page is left."""
        values = {"action": self.which.action, "actor": self.which.actor, **changes}
        return address(path, values)


@page("GET", PATH)
async def show_activity(visit: Visit) -> Shown:
    """The log, newest first; to htmx its rows."""
    visit.check_owner()
    view = _view(visit)
    async with reading() as tx:
        found = await list_entries(tx, visit.scope, view.page(), view.which)
        actors = await list_actors(tx, visit.scope)
        names = await _names(tx, visit.scope, {*actors, *(entry.actor for entry in found.rows)})
    rows = found.rows
    context = {
        "entries": [_row(entry, names) for entry in rows],
        "page": {
            "previous_url": view.url(before=rows[0].id) if found.has_previous and rows else None,
            "next_url": view.url(after=rows[-1].id) if found.has_next and rows else None,
            "note": f"{len(rows)} {'entry' if len(rows) == 1 else 'entries'} on this page",
        },
        "filters": _filters(view, actors, names),
        "is_filtered": view.which != EntryFilter(),
        "all_url": PATH,
        "csv_url": view.url(CSV),
        "is_part": visit.wants_fragment,
    }
    if visit.wants_fragment:
        return Shown(template="settings/_activity_rows.html", context=context)
    return Shown(template="settings/activity.html", context=context, section="settings", child="activity")


@page("GET", CSV)
async def export_activity(visit: Visit) -> Response[bytes]:
    """Everything that fits the view."""
    visit.check_owner()
    headers = {**HEADERS, "Content-Disposition": 'attachment; filename="portside-activity.csv"'}
    lines = _stream(visit.scope, _view(visit).which)
    # To the types a stream is no answer of bytes, but it is one.
    return cast("Response[bytes]", Stream(lines, media_type="text/csv", headers=headers))


async def _stream(scope: Scope, which: EntryFilter) -> AsyncIterator[bytes]:
    """The lines, each page read by itself, so that a slow download holds nothing."""
    yield csv_lines([COLUMNS])
    request: PageRequest | None = PageRequest(size=CSV_PAGE)
    while request is not None:
        async with reading() as tx:
            found = await list_entries(tx, scope, request, which)
            names = await _names(tx, scope, {entry.actor for entry in found.rows})
        if found.rows:
            yield csv_lines(_line(entry, names) for entry in found.rows)
        request = PageRequest(size=CSV_PAGE, after=found.rows[-1].id) if found.has_next and found.rows else None


def _line(entry: Entry, names: Mapping[str, str]) -> Sequence[object]:
    return (
        to_wire(entry.created_at),
        names.get(entry.actor, entry.actor),
        entry.action,
        entry.subject,
        _details(entry),
        entry.address,
    )


def _row(entry: Entry, names: Mapping[str, str]) -> Mapping[str, Any]:
    return {
        "id": entry.id,
        "who": names.get(entry.actor, entry.actor),
        "what": _WORDS.get(entry.action, entry.action),
        "is_alarming": entry.action in ("sign_in.refused", "oauth.code_reused"),
        "subject": entry.subject,
        "details": _details(entry),
        "address": entry.address,
        "at": entry.created_at,
    }


def _details(entry: Entry) -> str:
    """`role: owner, again`: names are ours, values may be anybody's."""
    parts = [name if value is True else f"{name}: {_text(value)}" for name, value in entry.details.items()]
    return ", ".join(part.replace("_", " ", 1) for part in parts)


def _text(value: Any) -> str:
    if isinstance(value, str | int | float):
        return str(value)
    return msgspec.json.encode(value).decode()


async def _names(tx: Tx, scope: Scope, actors: Iterable[str]) -> Mapping[str, str]:
    """What each `kind:id` is called."""
    ids: dict[str, list[Id]] = {"user": [], "token": [], "app": []}
    names: dict[str, str] = {}
    for actor in actors:
        kind, _, given = actor.partition(":")
        found = as_id(given)
        if found is not None and kind in ids:
            ids[kind].append(found)
        elif kind == "system":
            names[actor] = "The operator" if given == "operator" else "Portside"
    users = await find_users(tx, ids["user"])
    names |= {f"user:{each}": user.name or user.email for each, user in users.items()}
    tokens = await find_credential_names(tx, scope, ids["token"])
    names |= {f"token:{each}": f"Token “{name}”" for each, name in tokens.items()}
    apps = await find_app_names(tx, ids["app"])
    return names | {f"app:{each}": f"App {app.name}" for each, app in apps.items()}


def _filters(view: View, actors: Sequence[str], names: Mapping[str, str]) -> Mapping[str, Any]:
    people = [{"value": "", "label": "Everybody"}]
    people += [{"value": actor, "label": names.get(actor, actor)} for actor in actors]
    actions = [{"value": "", "label": "Everything"}]
    actions += [{"value": action, "label": _WORDS.get(action, action)} for action in get_args(Action)]
    return {
        "url": PATH,
        "selects": [
            {"name": "actor", "label": "Who", "value": view.which.actor, "options": people},
            {"name": "action", "label": "What", "value": view.which.action, "options": actions},
        ],
    }


def _view(visit: Visit) -> View:
    which = EntryFilter(action=visit.given("action", 60), actor=visit.given("actor", 80))
    return View(which=which, after=as_id(visit.given("after")), before=as_id(visit.given("before")))


routes = [show_activity, export_activity]
