"""Pure facts about alerts: what calls for one, what the time alone makes of a parcel, and how it is said."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from portside.alerts.models import Alert, Cause, Details, Issue, Kind, Plan, Resolution, State, Subject, Thresholds
from portside.tracking.models import SUBSTATUSES, Track
from portside.tracking.rules import current

LABELS: Mapping[Kind, str] = {
    "not_delivered": "Could not be delivered",
    "returned": "Comes back",
    "needs_action": "Needs action",
    "late": "Late",
    "not_scanned": "Not handed over",
    "silent": "No scan for days",
    "refund_rejected": "Refund rejected",
    "not_bought": "Label not bought",
    "purchase_waits": "Purchase unclear",
}
_ADVICE: Mapping[Kind, str] = {
    "not_delivered": "Ask the carrier what is left to do, then send a replacement or refund the buyer.",
    "returned": "Tell the buyer, and agree on a new delivery or a refund.",
    "needs_action": "Ask the carrier what it needs to deliver the parcel.",
    "late": "Tell the buyer, and ask the carrier where the parcel is.",
    "not_scanned": "Hand the parcel over, or ask for a refund of the unused label.",
    "silent": "Ask the carrier to search for the parcel.",
    "refund_rejected": "Ask the carrier why, with proof that the label was not used.",
    "not_bought": "Correct what the carrier says and buy again.",
    "purchase_waits": "Look the purchase up at the carrier. It is never bought a second time by itself.",
}
# What to do about a substatus, where it is something else than asking the carrier in general.
_ADVICE_OF: Mapping[str, str] = {
    "address_issue": "Ask the buyer for the right address and tell the carrier.",
    "pickup_available": "Tell the buyer to fetch the parcel before it is returned.",
    "notice_left": "Tell the buyer about the notice, or arrange another delivery.",
    "delivery_attempted": "Ask the buyer when somebody is at home, or let the carrier hold the parcel.",
    "reschedule_delivery": "Ask the buyer to choose a new day with the carrier.",
    "location_inaccessible": "Ask the buyer how the place can be reached and tell the carrier.",
    "package_held": "Ask the carrier which document or payment is missing.",
    "package_damaged": "Send a replacement, and file a claim with photos of the damage.",
    "package_lost": "Send a replacement, and file a claim.",
    "package_unclaimed": "Ask the buyer whether the parcel is still wanted.",
}
_ISSUES: Mapping[Kind, Issue] = {
    "returned": "other",
    "not_scanned": "unused_label_refund",
    "refund_rejected": "unused_label_refund",
    "not_bought": "other",
    "purchase_waits": "other",
}
_ISSUE_OF: Mapping[str, Issue] = {
    "address_issue": "address_exception",
    "location_inaccessible": "address_exception",
    "package_undeliverable": "address_exception",
    "package_damaged": "damage",
    "package_disposed": "damage",
}
_UNDER_WAY = frozenset({None, "UNKNOWN", "PRE_TRANSIT"})
# What is refunded, or is to be, is not waited for.
_AWAITED = frozenset({"SUCCESS"})
_TRACKED = frozenset({"SUCCESS", "REFUNDREJECTED"})


def causes(subject: Subject, moment: dt.datetime, limits: Thresholds) -> list[Cause]:
    """What calls for an alert at that moment, one of a kind at most."""
    return [*_of_label(subject), *_of_track(subject), *_of_time(subject, moment, limits)]


def next_due(subject: Subject, moment: dt.datetime, limits: Thresholds) -> dt.datetime | None:
    """When, after that moment, the time alone will make an alert; None if it will not as things stand."""
    return min((due for _, due, _ in _waits(subject, limits) if due > moment), default=None)


def known_moment(subject: Subject, clock: dt.datetime, now: dt.datetime) -> dt.datetime:
    """What time it is for the parcel: a simulated carrier's scans may be ahead of us."""
    latest = subject.track.scans[-1].at if subject.track and subject.track.scans else now
    return max(clock, now, latest)


def _of_label(subject: Subject) -> Iterator[Cause]:
    label, purchase = subject.label, subject.purchase
    if label is None:
        return
    if purchase is not None and purchase.flagged_at is not None and label.piece == 1:
        details = Details(text=purchase.flag_reason or "", since=purchase.flagged_at)
        yield Cause(kind="purchase_waits", mark=purchase.flagged_at.isoformat(), details=details)
    if label.status == "ERROR" and label.piece == 1 and not subject.is_replaced:
        text = " ".join(message.text for message in label.messages)
        yield Cause(kind="not_bought", mark=label.id, details=Details(text=text))
    if label.status == "REFUNDREJECTED":
        text = " ".join(message.text for message in label.messages)
        details = msgspec.structs.replace(_seen(subject.track), text=text)
        yield Cause(kind="refund_rejected", mark=label.id, details=details)


def _of_track(subject: Subject) -> Iterator[Cause]:
    track = subject.track
    scan = current(track.scans) if track is not None else None
    if track is None or scan is None or not _is(subject, _TRACKED):
        return
    known = SUBSTATUSES.get(scan.substatus or "")
    if scan.status == "FAILURE":
        yield Cause(kind="not_delivered", mark=scan.id, details=_seen(track))
    elif scan.status == "RETURNED":
        yield Cause(kind="returned", mark=scan.id, details=_seen(track))
    elif scan.status != "DELIVERED" and known is not None and known.action_required:
        yield Cause(kind="needs_action", mark=scan.id, details=_seen(track))


def _of_time(subject: Subject, moment: dt.datetime, limits: Thresholds) -> Iterator[Cause]:
    for kind, due, since in _waits(subject, limits):
        if due <= moment:
            details = msgspec.structs.replace(_seen(subject.track), since=since)
            yield Cause(kind=kind, mark=since.isoformat(), details=details)


def _waits(subject: Subject, limits: Thresholds) -> Iterator[tuple[Kind, dt.datetime, dt.datetime]]:
    """(kind, when it becomes an alert, what that is counted from) of what a parcel is waited for to do."""
    label, track = subject.label, subject.track
    if track is None or not _is(subject, _AWAITED):
        return
    if track.status in _UNDER_WAY:
        made = label.created_at if label is not None else track.created_at
        since = max([made, *(scan.at for scan in track.scans[:1])])
        yield "not_scanned", since + dt.timedelta(hours=limits.first_scan_hours), since
    elif track.status == "TRANSIT":
        last = track.scans[-1].at
        yield "silent", last + dt.timedelta(days=limits.silent_days), last
        if track.details.eta is not None:
            yield "late", track.details.eta + dt.timedelta(days=limits.late_days), track.details.eta


def _is(subject: Subject, statuses: frozenset[str]) -> bool:
    return subject.label is None or subject.label.status in statuses


def _seen(track: Track | None) -> Details:
    scan = current(track.scans) if track is not None else None
    if track is None or scan is None:
        return Details(eta=track.details.eta if track else None)
    places = (each.location for each in reversed(track.scans))
    return Details(
        status=track.status,
        substatus=scan.substatus,
        text=scan.text,
        place=next((place for place in places if place is not None and place.city), None),
        scanned_at=scan.at,
        eta=track.details.eta,
    )


def plan(known: Sequence[Alert], found: Sequence[Cause], subject: Subject) -> Plan:
    """What becomes of the alerts known of a subject. What somebody has resolved stays so for as long as it is the same
    reason; another reason raises it anew, and wakes what is snoozed."""
    standing = {alert.kind: alert for alert in known if alert.resolved_at is None}
    settled = {(alert.kind, alert.cause) for alert in known if alert.resolved_at is not None}
    kinds = {cause.kind for cause in found}
    arrived = subject.track is not None and subject.track.status == "DELIVERED"
    resolution: Resolution = "delivered" if arrived else "passed"
    return Plan(
        raised=tuple(c for c in found if c.kind not in standing and (c.kind, c.mark) not in settled),
        changed=tuple(
            (standing[c.kind], c)
            for c in found
            if c.kind in standing and (standing[c.kind].cause, standing[c.kind].details) != (c.mark, c.details)
        ),
        over=tuple(alert for kind, alert in standing.items() if kind not in kinds),
        resolution=resolution,
    )


def state_of(alert: Alert, moment: dt.datetime) -> State:
    """Where the worklist shows it."""
    if alert.resolved_at is not None:
        return "resolved"
    return "snoozed" if alert.snoozed_until is not None and alert.snoozed_until > moment else "open"


def reason(alert: Alert) -> str:
    """Why the alert is there, in one sentence."""
    details = alert.details
    said = details.text.strip()
    known = SUBSTATUSES.get(details.substatus or "")
    days = f"{details.since.day} {details.since:%B}" if details.since else ""
    fallback = {
        "not_delivered": "The carrier cannot deliver the parcel.",
        "returned": "The parcel goes back to you.",
        "needs_action": known.text if known else "Somebody has to do something.",
        "late": f"It was expected on {days} and has not been delivered.",
        "not_scanned": f"The label has been there since {days}, but the carrier has not scanned the parcel.",
        "silent": f"The carrier has not scanned the parcel since {days}.",
        "refund_rejected": "The carrier does not refund the label.",
        "not_bought": "The carrier did not sell the label.",
        "purchase_waits": "Nobody knows whether the label was bought.",
    }[alert.kind]
    return fallback if alert.kind in ("late", "not_scanned", "silent") or not said else said


def advice(alert: Alert) -> str:
    """What to do about it."""
    special = _ADVICE_OF.get(alert.details.substatus or "") if alert.kind in ("not_delivered", "needs_action") else None
    return special or _ADVICE[alert.kind]


def issue(alert: Alert) -> Issue:
    """What the carrier is most likely asked about."""
    special = _ISSUE_OF.get(alert.details.substatus or "") if alert.kind in ("not_delivered", "needs_action") else None
    return special or _ISSUES.get(alert.kind, "lost_or_delayed")
