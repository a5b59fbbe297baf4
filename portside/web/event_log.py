"""/app/settings/webhooks/log: what happened, how each webhook was told, and the ways to tell it again."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any, get_args

import msgspec
from litestar import Response

from portside.db.begin import begin, reading
from portside.db.tx import Tx
from portside.errors import Conflict, NotFound
from portside.event_log import queries
from portside.event_log.models import Endpoint, Happened, LogFilter, LogPage
from portside.events.models import EventName
from portside.kit.clock import UTC, from_wire, now
from portside.kit.ids import Id, as_id
from portside.kit.scope import Scope
from portside.kit.services import services
from portside.web.answers import Flash, redirect
from portside.web.lists import PAGE_SIZE, ListView, address
from portside.web.page import page
from portside.web.visit import Shown, Visit
from portside.web.words import delivery_state, host_of
from portside.webhooks import replays
from portside.webhooks.models import DeliveryRef, DeliveryState, Finished, Replay
from portside.webhooks.queries import list_attempts

PATH = "/app/settings/webhooks/log"
CSV = "/app/settings/webhooks/log.csv"
# So many deliveries of an event are named in its row.
SHOWN = 2
_STATES: Mapping[str, str] = {
    "delivered": "Delivered",
    "failed": "Given up",
    "pending": "Waiting",
    "cancelled": "Cancelled",
}
_FINISHED = [
    {"value": "failed", "label": "What was given up"},
    {"value": "all", "label": "Everything, also what was taken"},
]
_WHAT: Mapping[Finished, str] = {"failed": "What failed", "delivered": "What was taken", "all": "Everything"}
_DAY = dt.timedelta(days=1)
_MINUTE = dt.timedelta(seconds=59, milliseconds=999)


class View(ListView, frozen=True, kw_only=True):
    """What of the log is looked at, as the address says it; what cannot be understood counts as not said, but an id
    that is none finds nothing. Days are whole ones, in UTC, both included."""

    q: str
    event: EventName | None
    webhook: Id | None
    state: DeliveryState | None
    first: str
    last: str

    def query(self, path: str = PATH, **changes: str) -> str:
        """The address of this view with changes; a page is left when anything else changes."""
        values = {"q": self.q, "webhook": self.webhook, "event": self.event, "state": self.state}
        values |= {"from": self.first, "to": self.last, **changes}
        return address(path, values)

    def wanted(self) -> LogFilter:
        since, until = from_wire(self.first) if self.first else None, from_wire(self.last) if self.last else None
        return LogFilter(
            name=self.event,
            webhook_id=self.webhook,
            state=self.state,
            object_id=as_id(self.q),
            since=since,
            until=until + _DAY - dt.timedelta(milliseconds=1) if until else None,
        )

    @property
    def is_filtered(self) -> bool:
        return self.query() != PATH


def view_of(visit: Visit) -> View:
    """The view that the address asks for."""
    event, state = visit.given("event"), visit.given("state")
    return View(
        q=visit.given("q"),
        event=next((name for name in get_args(EventName) if name == event), None),
        webhook=as_id(visit.given("webhook")),
        state=next((name for name in get_args(DeliveryState) if name == state), None),
        first=_day(visit.given("from")),
        last=_day(visit.given("to")),
        after=as_id(visit.given("after")),
        before=as_id(visit.given("before")),
    )


def _day(text: str) -> str:
    moment = from_wire(text) if len(text) == 10 else None
    return text if moment is not None and moment.year < dt.MAXYEAR else ""


@page("GET", PATH)
async def show_log(visit: Visit) -> Shown:
    """The log; to htmx its rows."""
    view = view_of(visit)
    async with reading() as tx:
        endpoints = await queries.list_endpoints(tx, visit.scope)
        found = await find_events(tx, visit.scope, view, endpoints)
    rows = {**_rows(view, found), "is_part": visit.wants_fragment}
    if visit.wants_fragment:
        return Shown(template="settings/_event_rows.html", context=rows)
    context = {
        **rows,
        "filters": _filters(view, endpoints),
        "since": f"{now() - _DAY:%Y-%m-%dT%H:%M}",
        "range_url": f"{PATH}/resend-range",
        "event_names": [{"value": name, "label": name} for name in get_args(EventName)],
        "finished": _FINISHED,
        "endpoints": _choices(endpoint for endpoint in endpoints if endpoint.active),
    }
    return Shown(template="settings/event_log.html", context=context, section="settings", child="event_log")


async def find_events(tx: Tx, scope: Scope, view: View, endpoints: Sequence[Endpoint]) -> LogPage:
    """A page of what the view asks for. What is looked for may be an object's id, or an event's own."""
    if view.q:
        sought = as_id(view.q)
        if sought is None:
            return LogPage(rows=[], older=None, newer=None)
        try:
            event, _ = await queries.get_happened(tx, scope, sought)
            return LogPage(rows=[event], older=None, newer=None)
        except NotFound:
            pass
    return await queries.list_log(tx, scope, view.page(), view.wanted(), endpoints)


@page("GET", PATH + "/{event_id}")
async def show_event(visit: Visit) -> Shown:
    """One event: its body, and every attempt at each of its deliveries."""
    async with reading() as tx:
        event, stored = await queries.get_happened(tx, visit.scope, visit.id("event_id"))
        deliveries = [
            {
                **_delivery(event, told),
                "attempts": await list_attempts(tx, visit.scope, told.endpoint.id, event.id),
                "again_url": f"{PATH}/{event.id}/resend?webhook={told.endpoint.id}" if told.endpoint.active else None,
            }
            for told in event.told
        ]
    context = {
        "event": _row(event),
        "account": event.account_id if event.account_id != visit.scope.account_id else "",
        "body": _pretty(stored.payload),
        "raw": stored.payload or "",
        "schema_url": f"/docs/events/{event.name}.json",
        "deliveries": deliveries,
        "back_url": PATH,
    }
    return Shown(template="settings/event.html", context=context, section="settings", child="event_log")


@page("POST", PATH + "/{event_id}/resend")
async def resend_event(visit: Visit) -> Response[bytes]:
    """Send one delivery of an event again."""
    event_id, webhook_id = visit.id("event_id"), as_id(visit.given("webhook"))
    if webhook_id is None:
        raise NotFound
    back = f"{PATH}/{event_id}"
    try:
        async with begin() as tx:
            await replays.resend_delivery(tx, visit.scope, webhook_id, event_id)
    except Conflict:
        return redirect(back, Flash("error", "The webhook is switched off. Switch it on first."))
    return redirect(back, Flash("success", "It is sent again."))


@page("POST", PATH + "/resend")
async def resend_picked(visit: Visit) -> Response[bytes]:
    """Send the picked events again: to the webhook that is looked at, or to all that they went to."""
    view = view_of(visit)
    picked = [found for text in (await visit.picked("event"))[: 2 * PAGE_SIZE] if (found := as_id(text)) is not None]
    async with begin() as tx:
        endpoints = await queries.list_endpoints(tx, visit.scope)
        deliveries = [
            DeliveryRef(webhook_id=endpoint.id, event_id=event_id)
            for event_id in dict.fromkeys(picked)
            for endpoint in endpoints
            if endpoint.active and view.webhook in (None, endpoint.id)
        ]
        count = await replays.resend_deliveries(tx, visit.scope, deliveries)
    return redirect(view.query(**view.here()), _told_again(count))


def _told_again(count: int) -> Flash:
    if count == 0:
        return Flash("warning", "Nothing was sent: no webhook that is switched on had been told of these events.")
    return Flash("success", f"{count:,} {'delivery is' if count == 1 else 'deliveries are'} sent again.")


@page("POST", PATH + "/resend-range")
async def resend_range(visit: Visit) -> Response[bytes]:
    """Send again what happened in a time (UTC) and was given up, or also what was taken, by a job for each webhook."""
    since, until = from_wire(visit.field("since")), from_wire(visit.field("until"))
    is_wrong = since is None or (visit.field("until") and until is None) or (until is not None and until < since)
    if since is None or is_wrong:
        return redirect(PATH, Flash("error", "Say since when and, if you like, until when, as a date and a time."))
    wanted = Replay(
        since=since,
        # The form tells minutes; the last one belongs to it.
        until=None if until is None or until.year == dt.MAXYEAR else until + _MINUTE,
        event=next((name for name in get_args(EventName) if name == visit.field("event")), None),
        state=next((state for state in get_args(Finished) if state == visit.field("state")), "failed"),
    )
    chosen = as_id(visit.field("webhook"))
    async with begin() as tx:
        active = [endpoint for endpoint in await queries.list_endpoints(tx, visit.scope) if endpoint.active]
        endpoints = [endpoint for endpoint in active if chosen in (None, endpoint.id)]
        for endpoint in endpoints:
            await replays.queue_replay(tx, visit.scope, endpoint.id, wanted)
    if not endpoints:
        return redirect(PATH, Flash("error", "There is no such webhook that is switched on."))
    return redirect(PATH, Flash("success", f"{_WHAT[wanted.state]} since {_spoken(since)} is sent again."))


def _spoken(moment: dt.datetime) -> str:
    moment = moment.astimezone(UTC)
    return f"{moment.day} {moment:%b %Y, %H:%M} UTC"


def _rows(view: View, found: LogPage) -> dict[str, Any]:
    count = len(found.rows)
    oldest = found.rows[-1].created_at if found.rows else None
    return {
        "events": [_row(event) for event in found.rows],
        "page": {
            "previous_url": view.query(before=found.newer) if found.newer else None,
            "next_url": view.query(after=found.older) if found.older else None,
            "note": f"{count} {'event' if count == 1 else 'events'} on this page",
        },
        "csv_url": view.query(CSV),
        "is_cut": found.is_cut,
        "is_end": found.older is None and oldest is not None,
        "retention_days": services().settings.retention_days,
        "is_filtered": view.is_filtered,
        "all_url": PATH,
        "poll_url": view.query(**view.here()) if any(_waits(event) for event in found.rows) else None,
        "bulk_actions": [{"label": "Send again", "icon": "redo-2", "url": view.query(f"{PATH}/resend", **view.here())}],
    }


def _waits(event: Happened) -> bool:
    return any(told.state == "pending" for told in event.told)


def _row(event: Happened) -> dict[str, Any]:
    return {
        "id": event.id,
        "href": f"{PATH}/{event.id}",
        "name": event.name,
        "object_id": event.object_id,
        "object_url": f"{PATH}?q={event.object_id}",
        "seq": event.seq,
        "created_at": event.created_at,
        "told": [_delivery(event, told) for told in event.told[:SHOWN]],
        "more": max(0, len(event.told) - SHOWN),
    }


def _delivery(event: Happened, told: Any) -> dict[str, Any]:
    return {
        "id": f"{event.id}-{told.endpoint.id}",
        "url": told.endpoint.url or "",
        "host": host_of(told.endpoint.url),
        "state": delivery_state(told.state, told.attempts),
        "answer": str(told.status) if told.status is not None else told.error or "",
        "count": told.attempts,
        "at": told.attempted_at,
        "next_at": told.due_at if told.state == "pending" and told.attempts else None,
    }


def _pretty(payload: str | None) -> str:
    """A body for reading; what is signed is the raw one."""
    if payload is None:
        return ""
    return msgspec.json.format(payload, indent=2)


def _filters(view: View, endpoints: Sequence[Endpoint]) -> dict[str, Any]:
    events = [{"value": "", "label": "Every event"}]
    events += [{"value": name, "label": name} for name in get_args(EventName)]
    states = [{"value": "", "label": "Every state"}]
    states += [{"value": state, "label": label} for state, label in _STATES.items()]
    webhooks = [{"value": "", "label": "Every webhook"}, *_choices(endpoints)]
    return {
        "url": PATH,
        "q": view.q,
        "hidden": {},
        "selects": [
            {"name": "webhook", "label": "Webhook", "value": view.webhook or "", "options": webhooks},
            {"name": "event", "label": "Event", "value": view.event or "", "options": events},
            {"name": "state", "label": "State", "value": view.state or "", "options": states},
        ],
        "dates": [
            {"name": "from", "label": "From", "value": view.first},
            {"name": "to", "label": "To", "value": view.last},
        ],
    }


def _choices(endpoints: Any) -> list[dict[str, str]]:
    return [{"value": one.id, "label": _called(one)} for one in endpoints]


def _called(endpoint: Endpoint) -> str:
    if endpoint.url is None:
        return f"Deleted webhook …{endpoint.id[-6:]}"
    return f"{endpoint.url} ({endpoint.app_name})" if endpoint.app_name else endpoint.url


routes = [show_log, show_event, resend_event, resend_picked, resend_range]
