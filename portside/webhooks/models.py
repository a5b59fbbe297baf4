"""Subscriptions, their secrets, deliveries and the attempts at them."""

from __future__ import annotations

import datetime as dt
from typing import Literal, get_args

import msgspec

from portside.apps.identity import AppMark
from portside.events.models import EventName
from portside.kit.ids import Id, new_id
from portside.kit.scope import Scope
from portside.rest.permissions import EVERYTHING

# Shippo's values; `all` means these five events and never ours, which reach only those who name them.
ShippoEvent = Literal["transaction_created", "transaction_updated", "track_updated", "batch_created", "batch_purchased"]
Subscription = Literal[
    "transaction_created",
    "transaction_updated",
    "track_updated",
    "batch_created",
    "batch_purchased",
    "all",
    "order_created",
    "order_updated",
    "webhook_disabled",
    "webhook_failing",
    "webhook_recovered",
]
SHIPPO_EVENTS: tuple[ShippoEvent, ...] = get_args(ShippoEvent)

DeliveryState = Literal["pending", "delivered", "failed", "cancelled"]
# Which deliveries are wanted once more: those that were given up, those that were taken, or both.
Finished = Literal["failed", "delivered", "all"]
# Whose events an endpoint hears: its account's, those of all accounts connected to an app of its account's, or its
# account's and those of all accounts that this one manages.
Reach = Literal["account", "app", "managed"]
# What its owner is told of an endpoint, beside that it was switched off.
HealthNews = Literal["webhook_failing", "webhook_recovered"]
DisabledReason = Literal["gone", "failing"]
# A sample signed as deliveries are, or with a secret of nobody's, which a receiver must refuse.
TrialKind = Literal["sample", "forged"]


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of an endpoint. All None: healthy.

    `failing_since` is the first failure since the last success; nothing is sent before `paused_until`; until
    `slow_until` it is served in the lane of the slow.
    """

    failing_since: dt.datetime | None = None
    last_failure_at: dt.datetime | None = None
    paused_until: dt.datetime | None = None
    slow_until: dt.datetime | None = None


class Webhook(msgspec.Struct, frozen=True, kw_only=True):
    """A subscription. One that Portside itself switched off has `disabled_at` and a reason. `failing_told_at` is when
    its owner was told that it fails. `app` is the app that made it with a merchant's token or, where the reach is
    `app`, whose merchants it hears of."""

    id: Id
    event: Subscription
    url: str
    active: bool
    health: Health
    disabled_at: dt.datetime | None
    disabled_reason: DisabledReason | None
    created_at: dt.datetime
    updated_at: dt.datetime
    failing_told_at: dt.datetime | None = None
    app_id: Id | None = None
    app: AppMark | None = None
    reach: Reach = "account"


class WebhookDraft(msgspec.Struct, frozen=True, kw_only=True):
    """What a caller may choose of a webhook; `active` None keeps what it is (true for a new one). `client_id` names the
    app whose merchants it is to hear of. How far it hears is settled when it is made."""

    event: Subscription
    url: str
    active: bool | None = None
    client_id: str | None = None
    is_for_managed: bool = False


class Secret(msgspec.Struct, frozen=True, kw_only=True):
    """A signing secret in the text its owner knows, `whsec_` and base64. Without `expires_at` it is the current one."""

    text: str
    created_at: dt.datetime
    expires_at: dt.datetime | None

    def __repr__(self) -> str:
        return f"Secret(created_at={self.created_at}, expires_at={self.expires_at})"


class EventRef(msgspec.Struct, frozen=True, kw_only=True):
    """An event to be fanned out, opening with its scope (law 3)."""

    scope: Scope
    event_id: Id


class WakeUp(msgspec.Struct, frozen=True, kw_only=True):
    """An endpoint that is to look at what is due at a moment, opening with its scope (law 3)."""

    scope: Scope
    webhook_id: Id
    moment: dt.datetime


class DeliveryRef(msgspec.Struct, frozen=True, kw_only=True):
    """One event for one endpoint."""

    webhook_id: Id
    event_id: Id


class Due(msgspec.Struct, frozen=True, kw_only=True):
    """A pending delivery as its endpoint's turn sees it. `payload` None: erased, or of an account that the endpoint may
    not hear of any more. `tries` were made since it was queued (or queued again), `attempts` in all.
    `event_account_id` is set by endpoints of many accounts."""

    event_id: Id
    object_id: Id
    seq: int
    due_at: dt.datetime
    keeps_order: bool
    event_created_at: dt.datetime
    payload: str | None
    tries: int
    attempts: int
    event_account_id: Id | None = None


class Replay(msgspec.Struct, frozen=True, kw_only=True):
    """What of an endpoint's deliveries is to be sent again: of events that happened from `since` to `until`, both
    included. None: since the endpoint was made; until now; any event."""

    since: dt.datetime | None = None
    until: dt.datetime | None = None
    event: EventName | None = None
    state: Finished = "failed"


class Replayed(msgspec.Struct, frozen=True, kw_only=True):
    """What is sent again, with the moments that are used."""

    since: dt.datetime
    until: dt.datetime
    event: EventName | None
    state: Finished


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """What one request came to. `status` None: no answer; `error` says why, or what was wrong with the answer.

    `retry_after` is in seconds, as the receiver asked; headers hold no secrets; `response_body` is cut.
    """

    status: int | None
    error: str | None
    is_timeout: bool
    request_headers: dict[str, str]
    response_headers: dict[str, str] | None
    response_body: str | None
    duration_ms: int
    retry_after: float | None


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What becomes of a delivery after an attempt, or (`sent` None) without one: its payload was erased.

    `id` becomes the attempt's: it tells whether a commit whose answer was lost has happened.
    """

    id: Id = msgspec.field(default_factory=new_id)
    due: Due
    sent: Sent | None
    state: DeliveryState
    at: dt.datetime
    next_attempt_at: dt.datetime | None = None
    keeps_order: bool = False


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """A test of an endpoint: a sample, sent at once, and what came of it. `id` is what went as `webhook-id`."""

    id: Id
    webhook_id: Id
    event: EventName
    kind: TrialKind
    body: str
    sent: Sent
    created_at: dt.datetime


class Turn(msgspec.Struct, frozen=True, kw_only=True):
    """An endpoint whose turn it is, with the secrets that sign for it, the current one first. `moment` is the time by
    the database's clock."""

    webhook: Webhook
    secrets: list[Secret]
    moment: dt.datetime


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery as its owner sees it in the log; `id` is the event's, which receivers get as `webhook-id`."""

    id: Id
    event_name: str
    object_id: Id
    seq: int
    state: DeliveryState
    due_at: dt.datetime
    created_at: dt.datetime
    finished_at: dt.datetime | None
    event_created_at: dt.datetime
    event_account_id: Id | None


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """An account whose events an endpoint hears, since when, and what was granted to the app that hears them. None: its
    own; always."""

    account_id: Id | None = None
    since: dt.datetime | None = None
    scopes: str = EVERYTHING


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """One request that was made for a delivery; a row that never changes."""

    id: Id
    number: int
    status: int | None
    error: str | None
    request_headers: dict[str, str]
    response_headers: dict[str, str] | None
    response_body: str | None
    duration_ms: int
    next_attempt_at: dt.datetime | None
    created_at: dt.datetime


class Latest(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery with the last attempt at it, if there was one; `attempts` counts them."""

    webhook_id: Id
    url: str
    event_id: Id
    event_name: str
    state: DeliveryState
    due_at: dt.datetime
    created_at: dt.datetime
    status: int | None
    error: str | None
    attempts: int
    attempted_at: dt.datetime | None
