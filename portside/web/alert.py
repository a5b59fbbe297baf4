"""/app/alerts/{id}: one alert, where its parcel is, what was done about it, and how to ask the carrier."""

from __future__ import annotations

import datetime as dt
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from litestar import Response

from portside.accounts.models import Member
from portside.accounts.queries import find_users, list_members
from portside.alerts import actions, queries, rules
from portside.alerts.contacts import CONTACTS, ISSUE_NAMES, enquiry
from portside.alerts.models import ISSUES, Alert, Entry, Issue
from portside.carriers.catalogue import carrier_name
from portside.db.begin import begin, reading
from portside.db.tx import Tx
from portside.errors import BadRequest, Conflict, NotFound
from portside.kit.clock import from_wire, now
from portside.kit.ids import Id, as_id
from portside.labels.models import Label
from portside.labels.queries import find_labels
from portside.tracking.flows import look_up
from portside.tracking.models import Track
from portside.tracking.queries import find_track, get_track
from portside.web.alerts import PATH, alert_rows
from portside.web.answers import Flash, redirect, unchanged
from portside.web.page import page
from portside.web.tracks import track_context
from portside.web.visit import Shown, Visit
from portside.web.waiting_purchases import waiting_context

ONE = PATH + "/{alert_id}"
_DONE: Mapping[str, str] = {
    "raised": "raised it",
    "changed": "There is another reason",
    "note": "noted",
    "contact": "asked the carrier",
    "assigned": "gave it to",
    "acknowledged": "has seen it",
    "snoozed": "snoozed it",
    "resolved": "resolved it",
    "reopened": "opened it again",
}
_CHANNELS: Mapping[str, str] = {"phone": "by phone", "web": "on the website", "email": "by e-mail", "chat": "by chat"}


@page("GET", ONE)
async def show_alert(visit: Visit) -> Shown:
    """The alert's page."""
    async with reading() as tx:
        alert = await queries.get_alert(tx, visit.scope, visit.id("alert_id"))
        label, track = await _parcel(tx, visit, alert)
        purchase = await waiting_context(tx, visit, alert, label)
        (row,) = await alert_rows(tx, visit.scope, [alert])
        entries = await queries.list_entries(tx, visit.scope, alert.id)
        members = await list_members(tx, visit.scope)
        seen_by = await find_users(tx, [alert.acknowledged_by] if alert.acknowledged_by else [])
        names = await _names(tx, entries)
    url = f"{PATH}/{alert.id}"
    context = {
        "alert": {**row, "seen_by": next((user.name or user.email for user in seen_by.values()), "")},
        "back_url": PATH,
        "urls": {name: f"{url}/{name}" for name in ("note", "assign", "acknowledge", "snooze", "resolve", "reopen")},
        "purchase": purchase,
        "track": _timeline(alert, track, label) if track else None,
        "entries": [_entry(entry, names) for entry in reversed(entries)],
        "assignee": alert.assigned_to or "",
        "people": _people(members),
        "tomorrow": f"{now() + dt.timedelta(days=1):%Y-%m-%d}",
        "contact": _contact(alert, row, rules.issue(alert)),
    }
    return Shown(template="alerts/detail.html", context=context, section="alerts")


@page("GET", ONE + "/contact")
async def show_contact(visit: Visit) -> Shown:
    """How to ask the carrier about one thing or another."""
    async with reading() as tx:
        alert = await queries.get_alert(tx, visit.scope, visit.id("alert_id"))
        (row,) = await alert_rows(tx, visit.scope, [alert])
    contact = _contact(alert, row, _issue(visit.given("issue"), alert))
    return Shown(template="alerts/_contact.html", context={"contact": contact})


@page("POST", ONE + "/contact")
async def log_contact(visit: Visit) -> Response[bytes]:
    """Write down what came of asking."""
    outcome, channel = visit.field("outcome", actions.LONGEST_NOTE), _CHANNELS.get(visit.field("channel"), "by phone")

    async def log(tx: Tx, alert_id: Id) -> None:
        alert = await queries.get_alert(tx, visit.scope, alert_id)
        if not outcome:
            raise BadRequest("Write down what the carrier said.")
        what = ISSUE_NAMES[_issue(visit.field("issue"), alert)]
        await actions.note_alert(tx, visit.scope, alert_id, f"{what}, {channel}: {outcome}", "contact")

    return await _act(visit, log, "Written down.")


@page("POST", ONE + "/note")
async def add_note(visit: Visit) -> Response[bytes]:
    """Write something down."""
    text = visit.field("text", actions.LONGEST_NOTE)
    return await _act(visit, lambda tx, alert_id: actions.note_alert(tx, visit.scope, alert_id, text), "Written down.")


@page("POST", ONE + "/assign")
async def assign(visit: Visit) -> Response[bytes]:
    """Give it to somebody of the account."""
    given = visit.field("user")
    user_id = as_id(given)
    if given and user_id is None:
        raise NotFound
    return await _act(visit, lambda tx, alert_id: actions.assign_alert(tx, visit.scope, alert_id, user_id), "Assigned.")


@page("POST", ONE + "/acknowledge")
async def acknowledge(visit: Visit) -> Response[bytes]:
    """Say that somebody has seen it."""
    user_id = visit.user.id
    return await _act(
        visit, lambda tx, alert_id: actions.acknowledge_alert(tx, visit.scope, alert_id, user_id), "Marked as seen."
    )


@page("POST", ONE + "/snooze")
async def snooze(visit: Visit) -> Response[bytes]:
    """Hide it until a day, or show it again."""
    given = visit.field("until")
    until = from_wire(given) if len(given) == len("2026-01-31") else None

    async def put_off(tx: Tx, alert_id: Id) -> None:
        if given and until is None:
            raise BadRequest("Choose a day.")
        await actions.snooze_alert(tx, visit.scope, alert_id, until)

    return await _act(visit, put_off, f"Snoozed until {given}." if given else "It is open again.")


@page("POST", ONE + "/resolve")
async def resolve(visit: Visit) -> Response[bytes]:
    """Say that it needs nobody any more."""

    async def end(tx: Tx, alert_id: Id) -> None:
        await queries.get_alert(tx, visit.scope, alert_id)
        await actions.resolve_alerts(tx, visit.scope, [alert_id])

    return await _act(visit, end, "The alert is resolved.", PATH)


@page("POST", ONE + "/reopen")
async def reopen(visit: Visit) -> Response[bytes]:
    """Take back that it is resolved."""
    return await _act(
        visit, lambda tx, alert_id: actions.reopen_alert(tx, visit.scope, alert_id), "The alert is open again."
    )


@page("GET", ONE + "/track")
async def poll_track(visit: Visit) -> Shown | Response[bytes]:
    """The timeline, if it is another than the one that was seen."""
    alert, label, track = await _tracked(visit)
    if visit.given("seen") == str(track.event_seq):
        return unchanged()
    return Shown(template="orders/_timeline.html", context={"track": _timeline(alert, track, label)})


@page("POST", ONE + "/track")
async def refresh_track(visit: Visit) -> Shown:
    """Ask the carrier now."""
    alert, label, track = await _tracked(visit)
    answer = await look_up(visit.scope, track.carrier, track.tracking_number)
    flash = Flash("warning", " ".join(answer.messages)) if answer.messages else None
    context = {"track": _timeline(alert, answer.track, label)}
    return Shown(template="orders/_timeline.html", context=context, flash=flash)


async def _act(visit: Visit, act: Callable[[Tx, Id], Awaitable[None]], done: str, path: str = "") -> Response[bytes]:
    """Do it in one transaction, and come back to the page to say so."""
    alert_id = visit.id("alert_id")
    here = f"{PATH}/{alert_id}"
    try:
        async with begin() as tx:
            await act(tx, alert_id)
    except (BadRequest, Conflict) as wrong:
        return redirect(here, Flash("error", wrong.message))
    return redirect(path or here, Flash("success", done))


async def _tracked(visit: Visit) -> tuple[Alert, Label | None, Track]:
    async with reading() as tx:
        alert = await queries.get_alert(tx, visit.scope, visit.id("alert_id"))
        label, track = await _parcel(tx, visit, alert)
    if track is None:
        raise NotFound
    return alert, label, track


async def _parcel(tx: Tx, visit: Visit, alert: Alert) -> tuple[Label | None, Track | None]:
    label = None
    if alert.label_id is not None:
        label = (await find_labels(tx, visit.scope, [alert.label_id])).get(alert.label_id)
    if alert.track_id is not None:
        return label, await get_track(tx, visit.scope, alert.track_id)
    if label is not None and label.tracking_number:
        return label, await find_track(tx, visit.scope, label.carrier, label.tracking_number)
    return label, None


def _timeline(alert: Alert, track: Track, label: Label | None) -> Mapping[str, Any]:
    """The context of orders/_timeline.html, with the addresses of this page."""
    url = f"{PATH}/{alert.id}/track"
    shown = track_context(alert.order_id or alert.id, track, label)
    return {**shown, "poll_url": f"{url}?seen={track.event_seq}", "refresh_url": url}


def _issue(text: str, alert: Alert) -> Issue:
    return next((known for known in ISSUES if known == text), rules.issue(alert))


def _contact(alert: Alert, row: Mapping[str, Any], issue: Issue) -> dict[str, Any]:
    """The `contact` of alerts/_contact.html."""
    details = alert.details
    known = CONTACTS.get(alert.carrier)
    last = ", ".join(filter(None, (f"{details.scanned_at:%Y-%m-%d}" if details.scanned_at else "", row["last_place"])))
    facts = [
        ("Tracking number", alert.tracking_number),
        ("Service", row["service"]),
        ("Order", row["order_number"]),
        ("Going to", ", ".join(filter(None, (row["recipient"], row["place"])))),
        ("Last scan", last),
        ("Carrier's words", details.text),
        ("Expected", f"{details.eta:%Y-%m-%d}" if details.eta else ""),
    ]
    name = carrier_name(alert.carrier)
    return {
        "url": f"{PATH}/{alert.id}/contact",
        "carrier_name": name,
        "known": None
        if known is None
        else {
            "phone": known.phone,
            "phone_words": known.phone_words,
            "links": [{"label": link.label, "url": link.url} for link in (known.enquiry, known.claim)],
            "source": known.source,
            "noted_on": known.noted_on,
        },
        "reference": alert.tracking_number,
        "issue": issue,
        "issues": [{"value": value, "label": ISSUE_NAMES[value]} for value in ISSUES],
        "channels": [{"value": value, "label": words.capitalize()} for value, words in _CHANNELS.items()],
        "text": enquiry(issue, name, alert.tracking_number, facts),
    }


def _people(members: Sequence[Member]) -> list[dict[str, str]]:
    known = [{"value": each.user.id, "label": each.user.name or each.user.email} for each in members]
    return [{"value": "", "label": "Nobody"}, *known]


async def _names(tx: Tx, entries: Sequence[Entry]) -> dict[str, str]:
    ids = {entry.actor.partition(":")[2] for entry in entries if entry.actor.startswith("user:")}
    users = await find_users(tx, [Id(user_id) for user_id in ids])
    return {f"user:{user_id}": user.name or user.email for user_id, user in users.items()}


def _entry(entry: Entry, names: Mapping[str, str]) -> dict[str, Any]:
    return {
        "what": entry.what,
        "words": _DONE[entry.what],
        "who": names.get(entry.actor, "Portside"),
        "text": entry.text,
        "at": entry.created_at,
    }


routes = [
    show_alert,
    show_contact,
    log_contact,
    add_note,
    assign,
    acknowledge,
    snooze,
    resolve,
    reopen,
    poll_track,
    refresh_track,
]
