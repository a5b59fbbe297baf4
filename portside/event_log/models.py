"""What is looked for in the event log, and what is found."""

from __future__ import annotations

import datetime as dt

import msgspec

from portside.events.models import EventName
from portside.kit.ids import Id
from portside.webhooks.models import DeliveryState


class LogFilter(msgspec.Struct, frozen=True, kw_only=True):
    """None means any. `webhook_id` and `state` ask for events with such a delivery; `since` and `until` are when the
    event happened, both included."""

    name: EventName | None = None
    webhook_id: Id | None = None
    state: DeliveryState | None = None
    object_id: Id | None = None
    since: dt.datetime | None = None
    until: dt.datetime | None = None


class Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    """Where events go, or went: `url` is None once the webhook is deleted. `app_name` is that of the app it is for."""

    id: Id
    url: str | None
    active: bool
    app_name: str | None = None


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """One delivery of an event, with the last attempt at it if there was one; `attempts` counts them."""

    event_id: Id
    endpoint: Endpoint
    state: DeliveryState
    due_at: dt.datetime
    finished_at: dt.datetime | None
    attempts: int
    status: int | None
    error: str | None
    attempted_at: dt.datetime | None


class Happened(msgspec.Struct, frozen=True, kw_only=True):
    """An event and its deliveries. `account_id` is another's if it was told to a webhook for many accounts."""

    id: Id
    account_id: Id
    name: EventName
    object_id: Id
    seq: int
    created_at: dt.datetime
    told: list[Told]


class LogPage(msgspec.Struct, frozen=True, kw_only=True):
    """A page of the log, newest first. `older` and `newer` are the ids to go on from, None at the ends.

    `is_cut`: the look ended before the log did, so there may be older ones that fit although the page is not full.
    """

    rows: list[Happened]
    older: Id | None
    newer: Id | None
    is_cut: bool = False
