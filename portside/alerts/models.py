"""An alert, what is watched, why an alert is raised, and what was done about it."""

from __future__ import annotations

import datetime as dt
from typing import Literal, get_args

import msgspec

from portside.carriers.contract import Location
from portside.kit.ids import Id
from portside.kit.scope import Mode
from portside.labels.models import Label, StoredPurchase
from portside.tracking.models import Track, TrackingStatus

# One open alert of a kind per label. `not_scanned` and `silent` are the time's doing: a parcel that was never handed
# over, and one that nobody has scanned for days.
Kind = Literal[
    "not_delivered",
    "returned",
    "needs_action",
    "late",
    "not_scanned",
    "silent",
    "refund_rejected",
    "not_bought",
    "purchase_waits",
]
KINDS: tuple[Kind, ...] = get_args(Kind)
# How it ended: the parcel arrived, the cause has passed, or somebody said so.
Resolution = Literal["delivered", "passed", "person"]
State = Literal["open", "snoozed", "resolved"]
# What was done about an alert.
What = Literal["raised", "changed", "note", "contact", "assigned", "acknowledged", "snoozed", "resolved", "reopened"]
# What a carrier is asked about, in the words that Shippo's support routes by; those that concern a parcel.
Issue = Literal[
    "lost_or_delayed", "unused_label_refund", "address_exception", "customs_international", "damage", "other"
]
ISSUES: tuple[Issue, ...] = get_args(Issue)


class Thresholds(msgspec.Struct, frozen=True, kw_only=True):
    """When the time alone makes an alert: hours after the purchase without a first scan, days without a further one,
    days after the expected delivery."""

    first_scan_hours: int = 48
    silent_days: int = 5
    late_days: int = 1


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What an account has chosen, for both modes: the thresholds, and which kinds its owners get a mail about."""

    thresholds: Thresholds = Thresholds()
    mailed: tuple[Kind, ...] = ()


class Details(msgspec.Struct, frozen=True, kw_only=True):
    """What an alert tells beside its kind: what the carrier said last, where and when, and since when nothing came."""

    status: TrackingStatus | None = None
    substatus: str | None = None
    text: str = ""
    place: Location | None = None
    scanned_at: dt.datetime | None = None
    eta: dt.datetime | None = None
    since: dt.datetime | None = None


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """What is looked at: a label with its purchase and its parcel's track, or a track alone. `is_replaced`: another
    label was bought for the order of a label that was not."""

    label: Label | None
    track: Track | None
    purchase: StoredPurchase | None
    is_replaced: bool = False


class Watch(msgspec.Struct, frozen=True, kw_only=True):
    """Something that may yet need somebody, of whom; see alert_watches."""

    account_id: Id
    mode: Mode
    subject_id: Id
    label_id: Id | None
    track_id: Id | None
    clock: dt.datetime


class Cause(msgspec.Struct, frozen=True, kw_only=True):
    """A reason for an alert. `mark` is the same for as long as it is the same reason."""

    kind: Kind
    mark: str
    details: Details


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """An alert as it stands."""

    id: Id
    kind: Kind
    subject_id: Id
    label_id: Id | None
    track_id: Id | None
    order_id: Id | None
    carrier: str
    tracking_number: str
    cause: str
    details: Details
    assigned_to: Id | None
    acknowledged_at: dt.datetime | None
    acknowledged_by: Id | None
    snoozed_until: dt.datetime | None
    resolved_at: dt.datetime | None
    resolution: Resolution | None
    created_at: dt.datetime
    updated_at: dt.datetime


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What becomes of a subject's alerts: which are raised, which tell something else now, and which are over."""

    raised: tuple[Cause, ...]
    changed: tuple[tuple[Alert, Cause], ...]
    over: tuple[Alert, ...]
    resolution: Resolution


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was done about an alert, never changed. `actor` is `kind:id`."""

    id: Id
    what: What
    actor: str
    text: str
    created_at: dt.datetime


class AlertFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which alerts are wanted; None asks for all. With `number`, those of that tracking number or of one of the
    orders."""

    state: State = "open"
    kind: Kind | None = None
    assigned_to: Id | None = None
    number: str | None = None
    order_ids: tuple[Id, ...] = ()
