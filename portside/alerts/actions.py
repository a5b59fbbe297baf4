"""Looking at what is watched and keeping its alerts true; and what people do about them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from portside.accounts.actions import change_settings
from portside.accounts.queries import get_account, list_members, list_owners
from portside.alerts import queries, rules
from portside.alerts.models import Alert, Cause, Plan, Resolution, Settings, Subject, Watch, What
from portside.carriers.catalogue import carrier_name
from portside.db.tx import Tx
from portside.errors import BadRequest, Conflict
from portside.jobs.models import Job
from portside.jobs.queue import enqueue
from portside.kit.clock import now
from portside.kit.ids import Id, new_id
from portside.kit.scope import Scope
from portside.kit.services import services
from portside.notifications.actions import create_messages
from portside.notifications.models import MessageDraft
from portside.notifications.render import render

LONGEST_SNOOZE = dt.timedelta(days=366)
LONGEST_NOTE = 4000

# Kinds of job for whom a parcel has become late; handed down by `wiring.install()`.
_listeners: Sequence[str] = ()

_WATCH = (
    "INSERT INTO alert_watches (account_id, mode, subject_id, label_id, track_id, clock) "
    "VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (account_id, mode, subject_id) DO UPDATE SET "
    "track_id = coalesce(alert_watches.track_id, excluded.track_id), "
    "clock = greatest(alert_watches.clock, excluded.clock) RETURNING *"
)
_RAISE = (
    "INSERT INTO alerts (account_id, mode, id, kind, subject_id, label_id, track_id, order_id, carrier, "
    "tracking_number, cause, details, created_at, updated_at) "
    "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $13) ON CONFLICT DO NOTHING RETURNING *"
)


def install(listeners: Sequence[str]) -> None:
    """Say which jobs are to hear of a label whose parcel is late; once, at start."""
    global _listeners
    _listeners = listeners


async def look(
    tx: Tx, scope: Scope, *, label_id: Id | None = None, track_id: Id | None = None, clock: dt.datetime | None = None
) -> list[Alert]:
    """Bring the alerts of a label, or of a track of no label of ours, up to what is known now; gives those raised.

    `clock` is a later moment that is known of it. Two looks at the same subject come one after the other, so the later
    one always judges by what is newer.
    """
    moment = now()
    (row,) = await tx.fetch(
        _WATCH, scope.account_id, scope.mode, label_id or track_id, label_id, track_id, max(clock or moment, moment)
    )
    watch = Watch(**{name: row[name] for name in Watch.__struct_fields__})
    subject = await queries.get_subject(tx, scope, watch)
    settings = await queries.get_alert_settings(tx, scope)
    known_moment = rules.known_moment(subject, watch.clock, moment)
    found = rules.causes(subject, known_moment, settings.thresholds)
    known = await queries.list_alerts_of_subject(tx, scope, watch.subject_id)
    raised = await _carry_out(tx, scope, watch, subject, rules.plan(known, found, subject))
    due = rules.next_due(subject, known_moment, settings.thresholds)
    await _wait(tx, scope, watch.subject_id, known_moment, due, is_over=due is None and not found)
    await _mail(tx, scope, [alert for alert in raised if alert.kind in settings.mailed])
    if label_id is not None and any(alert.kind == "late" for alert in raised):
        payload = {"account": scope.account_id, "mode": scope.mode, "label": label_id}
        await enqueue(tx, *(Job(kind=kind, payload=payload) for kind in _listeners))
    return raised


async def _wait(
    tx: Tx, scope: Scope, subject_id: Id, clock: dt.datetime, due_at: dt.datetime | None, *, is_over: bool
) -> None:
    """Look again when it is due; what needs nobody any more is not watched."""
    place = (scope.account_id, scope.mode, subject_id)
    where = "WHERE account_id = $1 AND mode = $2 AND subject_id = $3"
    if is_over:
        await tx.execute(f"DELETE FROM alert_watches {where}", *place)
    else:
        await tx.execute(f"UPDATE alert_watches SET clock = $4, due_at = $5 {where}", *place, clock, due_at)


async def _carry_out(tx: Tx, scope: Scope, watch: Watch, subject: Subject, plan: Plan) -> list[Alert]:
    raised = []
    for cause in plan.raised:
        alert = await _raise(tx, scope, watch, subject, cause)
        if alert is not None:
            raised.append(alert)
    for alert, cause in plan.changed:
        await _change(tx, scope, alert, cause)
    for alert in plan.over:
        await _finish(tx, scope, alert, plan.resolution)
    return raised


async def _raise(tx: Tx, scope: Scope, watch: Watch, subject: Subject, cause: Cause) -> Alert | None:
    label, track = subject.label, subject.track
    row = await tx.fetchrow(
        _RAISE,
        scope.account_id,
        scope.mode,
        new_id(),
        cause.kind,
        watch.subject_id,
        label.id if label else None,
        track.id if track else None,
        label.order_id if label else None,
        label.carrier if label else track.carrier if track else "",
        (label.tracking_number if label else track.tracking_number if track else "") or "",
        cause.mark,
        cause.details,
        now(),
    )
    return None if row is None else queries.alert_of(row)


async def _change(tx: Tx, scope: Scope, alert: Alert, cause: Cause) -> None:
    """Say what is so now. Another reason wakes who sleeps over it, and is written down."""
    is_new = alert.cause != cause.mark
    await tx.execute(
        "UPDATE alerts SET cause = $4, details = $5, updated_at = $6, "
        "snoozed_until = CASE WHEN $7 THEN NULL ELSE snoozed_until END "
        "WHERE account_id = $1 AND mode = $2 AND id = $3",
        scope.account_id,
        scope.mode,
        alert.id,
        cause.mark,
        cause.details,
        now(),
        is_new,
    )
    if is_new:
        await _note(tx, scope, alert.id, "changed", rules.reason(msgspec.structs.replace(alert, details=cause.details)))


async def _finish(tx: Tx, scope: Scope, alert: Alert, resolution: Resolution) -> None:
    """It ends by itself, unless somebody has ended it just now."""
    is_mine = await tx.fetchval(
        "UPDATE alerts SET resolved_at = $4, resolution = $5, updated_at = $4 "
        "WHERE account_id = $1 AND mode = $2 AND id = $3 AND resolved_at IS NULL RETURNING true",
        scope.account_id,
        scope.mode,
        alert.id,
        now(),
        resolution,
    )
    if is_mine:
        words = "The parcel was delivered." if resolution == "delivered" else "The cause has passed."
        await _note(tx, scope, alert.id, "resolved", words)


async def _mail(tx: Tx, scope: Scope, alerts: Sequence[Alert]) -> None:
    """Tell the owners, once of each alert."""
    if not alerts:
        return
    account = await get_account(tx, scope)
    owners = await list_owners(tx, scope)
    drafts = []
    for alert in alerts:
        text = render("alert_raised", _mail_context(scope, alert, account.company_name or account.email))
        drafts += [
            MessageDraft(scope=scope, event_id=alert.id, name="alert_raised", recipient=owner.email, text=text)
            for owner in owners
        ]
    await create_messages(tx, drafts)


def _mail_context(scope: Scope, alert: Alert, account_name: str) -> Mapping[str, Any]:
    public_url = services().public_url
    return {
        "account_name": account_name,
        "test": scope.is_test,
        "label": rules.LABELS[alert.kind],
        "reason": rules.reason(alert),
        "advice": rules.advice(alert),
        "carrier_name": carrier_name(alert.carrier),
        "tracking_number": alert.tracking_number,
        "alert_url": f"{public_url}/app/alerts/{alert.id}",
        "public_url": public_url,
    }


async def resolve_alerts(tx: Tx, scope: Scope, alert_ids: Sequence[Id]) -> int:
    """Somebody says that these need nobody any more; gives how many were not resolved already."""
    rows = await tx.fetch(
        "UPDATE alerts SET resolved_at = $4, resolution = 'person', updated_at = $4 "
        "WHERE account_id = $1 AND mode = $2 AND id = ANY($3::uuid[]) AND resolved_at IS NULL RETURNING id",
        scope.account_id,
        scope.mode,
        list(alert_ids),
        now(),
    )
    for row in rows:
        await _note(tx, scope, Id(row["id"]), "resolved")
    return len(rows)


async def reopen_alert(tx: Tx, scope: Scope, alert_id: Id) -> None:
    """Take back that it was resolved. Raises NotFound, Conflict: another of its kind was raised since."""
    alert = await queries.get_alert(tx, scope, alert_id, lock=True)
    known = await queries.list_alerts_of_subject(tx, scope, alert.subject_id)
    if any(other.resolved_at is None and other.kind == alert.kind for other in known):
        raise Conflict("This parcel has an open alert of this kind already.")
    await tx.execute(
        "UPDATE alerts SET resolved_at = NULL, resolution = NULL, snoozed_until = NULL, updated_at = $4 "
        "WHERE account_id = $1 AND mode = $2 AND id = $3",
        scope.account_id,
        scope.mode,
        alert_id,
        now(),
    )
    await _note(tx, scope, alert_id, "reopened")


async def snooze_alert(tx: Tx, scope: Scope, alert_id: Id, until: dt.datetime | None) -> None:
    """Hide it until then, or show it again. Raises NotFound, BadRequest for a moment that is past or a year away."""
    alert = await queries.get_alert(tx, scope, alert_id, lock=True)
    if until is not None and not now() < until < now() + LONGEST_SNOOZE:
        raise BadRequest("Choose a day after today, within a year.")
    if alert.resolved_at is not None:
        raise BadRequest("This alert is resolved.")
    await tx.execute(
        "UPDATE alerts SET snoozed_until = $4, updated_at = $5 WHERE account_id = $1 AND mode = $2 AND id = $3",
        scope.account_id,
        scope.mode,
        alert_id,
        until,
        now(),
    )
    await _note(tx, scope, alert_id, "snoozed", f"until {until:%Y-%m-%d}" if until else "not any more")


async def assign_alert(tx: Tx, scope: Scope, alert_id: Id, user_id: Id | None) -> None:
    """Give it to a member of the account, or to nobody. Raises NotFound, BadRequest for who is no member."""
    members = {member.user.id: member.user.name or member.user.email for member in await list_members(tx, scope)}
    if user_id is not None and user_id not in members:
        raise BadRequest("Only people of this account can take an alert over.")
    await queries.get_alert(tx, scope, alert_id, lock=True)
    await tx.execute(
        "UPDATE alerts SET assigned_to = $4, updated_at = $5 WHERE account_id = $1 AND mode = $2 AND id = $3",
        scope.account_id,
        scope.mode,
        alert_id,
        user_id,
        now(),
    )
    await _note(tx, scope, alert_id, "assigned", members[user_id] if user_id else "nobody")


async def acknowledge_alert(tx: Tx, scope: Scope, alert_id: Id, user_id: Id) -> None:
    """Say that somebody has seen it; the first one counts. Raises NotFound."""
    alert = await queries.get_alert(tx, scope, alert_id, lock=True)
    if alert.acknowledged_at is not None:
        return
    await tx.execute(
        "UPDATE alerts SET acknowledged_at = $4, acknowledged_by = $5, updated_at = $4 "
        "WHERE account_id = $1 AND mode = $2 AND id = $3",
        scope.account_id,
        scope.mode,
        alert_id,
        now(),
        user_id,
    )
    await _note(tx, scope, alert_id, "acknowledged")


async def note_alert(tx: Tx, scope: Scope, alert_id: Id, text: str, what: What = "note") -> None:
    """Write something down. Raises NotFound, BadRequest for an empty text."""
    if not text.strip():
        raise BadRequest("Write something down first.")
    await queries.get_alert(tx, scope, alert_id, lock=True)
    await _note(tx, scope, alert_id, what, text.strip()[:LONGEST_NOTE])
    await tx.execute(
        "UPDATE alerts SET updated_at = $4 WHERE account_id = $1 AND mode = $2 AND id = $3",
        scope.account_id,
        scope.mode,
        alert_id,
        now(),
    )


async def change_alert_settings(tx: Tx, scope: Scope, settings: Settings) -> None:
    """Keep what the account has chosen; what is watched is looked at anew by it."""
    await change_settings(tx, scope, {"alerts": msgspec.to_builtins(settings)})
    await tx.execute("UPDATE alert_watches SET due_at = $2 WHERE account_id = $1", scope.account_id, now())


async def _note(tx: Tx, scope: Scope, alert_id: Id, what: What, text: str = "") -> None:
    await tx.execute(
        "INSERT INTO alert_entries (account_id, mode, id, alert_id, what, actor, text, created_at) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        scope.account_id,
        scope.mode,
        new_id(),
        alert_id,
        what,
        str(scope.actor),
        text,
        now(),
    )


# unscoped: what is old goes in all accounts alike.
async def forget_alerts(tx: Tx, before: dt.datetime, limit: int) -> int:
    """Remove alerts that were resolved before then, with what was done about them; gives how many, at most `limit`.

    What they were about is not watched any more unless something is due of it: nobody is told again of what is long
    over because a threshold has changed.
    """
    rows = await tx.fetch(
        "SELECT account_id, mode, id, subject_id FROM alerts WHERE resolved_at < $1 ORDER BY resolved_at LIMIT $2 "
        "FOR UPDATE SKIP LOCKED",
        before,
        limit,
    )
    if not rows:
        return 0
    accounts, modes, ids, subjects = zip(*[tuple(row) for row in rows], strict=True)
    given = "unnest($1::uuid[], $2::text[], $3::uuid[]) AS given (account_id, mode, id) "
    same = "gone.account_id = given.account_id AND gone.mode = given.mode AND gone."
    await tx.execute(
        f"DELETE FROM alert_entries AS gone USING {given} WHERE {same}alert_id = given.id", accounts, modes, ids
    )
    await tx.execute(f"DELETE FROM alerts AS gone USING {given} WHERE {same}id = given.id", accounts, modes, ids)
    await tx.execute(
        f"DELETE FROM alert_watches AS gone USING {given} WHERE {same}subject_id = given.id AND gone.due_at IS NULL "
        "AND NOT EXISTS (SELECT FROM alerts WHERE alerts.account_id = gone.account_id AND alerts.mode = gone.mode "
        "AND alerts.subject_id = gone.subject_id)",
        accounts,
        modes,
        subjects,
    )
    return len(rows)
