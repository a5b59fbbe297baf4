"""Webhooks in Shippo's shapes, and our extensions: secrets, the delivery log, recovery."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType

from portside.apps.identity import AppMark
from portside.errors import FieldErrors
from portside.events.models import EventName
from portside.kit.clock import to_wire
from portside.kit.destinations import USER, BadURL, BlockedAddress, read_url
from portside.kit.nulls import json_without_nulls
from portside.kit.scope import Scope
from portside.rest.parse import Moment
from portside.webhooks.models import (
    Attempt,
    Delivery,
    DeliveryState,
    Finished,
    Replay,
    Replayed,
    Secret,
    Subscription,
    Trial,
    TrialKind,
    Webhook,
    WebhookDraft,
)
from portside.webhooks.rules import Verdict, events_of, tells_of_webhooks, verdict

REACH_STAYS = "What a webhook hears of is settled when it is made. Make a new one."
NOT_OF_WEBHOOKS = "Events of webhooks are told to the account that made them: subscribe them with a token of its own."


class WebhookIn(msgspec.Struct, kw_only=True):
    """`all` means Shippo's five events; ours reach only those who name them."""

    event: Subscription
    url: Annotated[str, Meta(max_length=199, description="http or https; anything in its query is delivered too.")]
    active: bool | None = None
    is_test: Annotated[bool | None, Meta(description="The mode of the token decides; true needs a test token.")] = None
    app: Annotated[
        str | None,
        Meta(description="The client id of an app of yours: hears of all accounts that are connected to it."),
    ] = None
    all_accounts: Annotated[
        bool | None, Meta(description="Hears of your own account and of all accounts that you manage.")
    ] = None

    @staticmethod
    def also_wrong(found: Mapping[str, Any]) -> dict[str, list[str]]:
        return url_errors(found["url"]) if "url" in found else {}


class NewWebhookQuery(msgspec.Struct, kw_only=True):
    """What clients that cannot add fields to a body may say in the address instead."""

    app: str | None = None
    all_accounts: bool | None = None


class WebhookOut(msgspec.Struct, kw_only=True):
    """One that Portside itself switched off has `disabled_at` and the reason: `gone` (it answered 410) or `failing`.

    `app` is there if an app made it with a merchant's token, or if it hears of all accounts connected to that app; then
    `all_accounts` is true. Without `app`, `all_accounts` means those that the account manages.
    """

    object_id: str
    object_created: str
    object_updated: str
    object_owner: str
    event: Subscription
    url: str
    active: bool
    is_test: bool
    failing_since: str | None
    disabled_at: str | None
    disabled_reason: str | None
    app: AppMark | UnsetType = UNSET
    all_accounts: bool | UnsetType = UNSET


class WebhookList(msgspec.Struct, kw_only=True):
    """One page of webhooks, newest first, and how many there are."""

    next: str | None
    previous: str | None
    count: int
    results: list[WebhookOut]


class SecretOut(msgspec.Struct, kw_only=True):
    """The secret that signs now. `previous_expires`: until then the one before it signs beside it."""

    secret: str
    created: str
    previous_expires: str | None


class RotateIn(msgspec.Struct, kw_only=True):
    """`grace_hours`: how long the secret before goes on signing; 0 ends it at once."""

    grace_hours: Annotated[float, Meta(ge=0, le=168)] | None = None


class RecoverIn(msgspec.Struct, kw_only=True):
    """Everything that the webhook missed since then is delivered."""

    since: Moment


class RecoverOut(msgspec.Struct, kw_only=True):
    since: str


class ResendIn(msgspec.Struct, kw_only=True):
    """Which of a webhook's deliveries are sent again: `failed` were given up, `delivered` were taken, `all` is both.
    Dates are compared with when the event happened, both included; without them it is everything until now."""

    since: Moment | None = None
    until: Moment | None = None
    event: EventName | None = None
    state: Finished = "failed"


class ResendOut(msgspec.Struct, kw_only=True):
    """What is sent again; the dates are those that are used."""

    since: str
    until: str
    event: EventName | None
    state: Finished


class DeliveryOut(msgspec.Struct, kw_only=True):
    """`object_id` is the event's id, which receivers get as `webhook-id`; `subject` is the object that it tells of,
    `account` the account that it happened in."""

    object_id: str
    object_created: str
    event: str
    subject: str
    account: str
    seq: int
    state: DeliveryState
    next_attempt: str | None
    finished: str | None


class AttemptOut(msgspec.Struct, kw_only=True):
    """Secrets are taken out of the headers; the body is cut at 20,000 bytes."""

    number: int
    created: str
    status: int | None
    error: str | None
    duration_ms: int
    request_headers: dict[str, str]
    response_headers: dict[str, str] | None
    response_body: str | None
    next_attempt: str | None


class DeliveryWithAttemptsOut(DeliveryOut, kw_only=True):
    attempts: list[AttemptOut]


class TrialIn(msgspec.Struct, kw_only=True):
    """`event` is one that the webhook hears of, else the first of them. `forged` signs the sample with a secret of
    nobody's: a receiver that takes it does not check signatures."""

    event: EventName | None = None
    forged: bool = False


class TrialOut(msgspec.Struct, kw_only=True):
    """A sample that was sent just now, and its answer. `object_id` went as `webhook-id`.

    `verdict` is good when a sample was taken (2xx), or a forged one was not.
    """

    object_id: str
    object_created: str
    event: EventName
    kind: TrialKind
    verdict: Verdict
    status: int | None
    error: str | None
    duration_ms: int
    request_headers: dict[str, str]
    request_body: str
    response_headers: dict[str, str] | None
    response_body: str | None


class WebhookPayload(msgspec.Struct, kw_only=True):
    """The body of events about a webhook."""

    event: EventName
    test: bool
    data: WebhookOut


def url_errors(url: str) -> dict[str, list[str]]:
    """What is wrong with the address of a webhook. A private one is not refused here: see `webhook_draft`."""
    try:
        read_url(url, USER)
    except BlockedAddress:
        return {}
    except BadURL as error:
        return {"url": [f"Enter a valid URL. {error}"]}
    return {}


def webhook_draft(scope: Scope, given: WebhookIn) -> WebhookDraft:
    """Raises FieldErrors. A private address is not refused here: the door judges it at connect time, every time."""
    errors = url_errors(given.url)
    if given.is_test and not scope.is_test:
        errors["is_test"] = ["A live token makes webhooks for live events. Use a test token for test events."]
    if errors:
        raise FieldErrors(errors)
    if given.app is not None and given.all_accounts:
        raise FieldErrors({"all_accounts": ["A webhook hears of an app's accounts or of yours. Make two."]})
    hears_of_many = given.app is not None or bool(given.all_accounts)
    if scope.actor.kind == "app" and hears_of_many:
        named = "app" if given.app is not None else "all_accounts"
        raise FieldErrors({named: ["Only a token of the app's own account makes webhooks for many accounts."]})
    if (scope.actor.kind == "app" or given.app is not None) and tells_of_webhooks(given.event):
        raise FieldErrors({"event": [NOT_OF_WEBHOOKS]})
    return WebhookDraft(
        event=given.event,
        url=given.url,
        active=given.active,
        client_id=given.app,
        is_for_managed=bool(given.all_accounts),
    )


def kept_reach(webhook: Webhook, draft: WebhookDraft) -> WebhookDraft:
    """The draft of a change. Raises FieldErrors when it would have the webhook hear of other accounts than before."""
    client_id = webhook.app.client_id if webhook.app is not None and webhook.reach == "app" else None
    if draft.client_id not in (None, client_id):
        raise FieldErrors({"app": [REACH_STAYS]})
    if webhook.reach == "app" and tells_of_webhooks(draft.event):
        raise FieldErrors({"event": [NOT_OF_WEBHOOKS]})
    if draft.is_for_managed and webhook.reach != "managed":
        raise FieldErrors({"all_accounts": [REACH_STAYS]})
    return draft


def webhook_out(webhook: Webhook, scope: Scope) -> WebhookOut:
    since, disabled = webhook.health.failing_since, webhook.disabled_at
    return WebhookOut(
        object_id=webhook.id,
        object_created=to_wire(webhook.created_at),
        object_updated=to_wire(webhook.updated_at),
        object_owner=scope.owner,
        event=webhook.event,
        url=webhook.url,
        active=webhook.active,
        is_test=scope.is_test,
        failing_since=to_wire(since) if since else None,
        disabled_at=to_wire(disabled) if disabled else None,
        disabled_reason=webhook.disabled_reason,
        app=webhook.app or UNSET,
        all_accounts=True if webhook.reach != "account" else UNSET,
    )


def secret_out(secrets: list[Secret]) -> SecretOut:
    """The current secret comes first."""
    current = secrets[0]
    ends = [secret.expires_at for secret in secrets if secret.expires_at is not None]
    return SecretOut(
        secret=current.text,
        created=to_wire(current.created_at),
        previous_expires=to_wire(max(ends)) if ends else None,
    )


def replay(given: ResendIn) -> Replay:
    """Raises FieldErrors."""
    if given.since is not None and given.until is not None and given.until < given.since:
        raise FieldErrors({"until": ["This is before `since`."]})
    return Replay(since=given.since, until=given.until, event=given.event, state=given.state)


def resend_out(used: Replayed) -> ResendOut:
    return ResendOut(since=to_wire(used.since), until=to_wire(used.until), event=used.event, state=used.state)


def delivery_out(delivery: Delivery, scope: Scope) -> DeliveryOut:
    return DeliveryOut(
        object_id=delivery.id,
        object_created=to_wire(delivery.event_created_at),
        event=delivery.event_name,
        subject=delivery.object_id,
        account=delivery.event_account_id or scope.account_id,
        seq=delivery.seq,
        state=delivery.state,
        next_attempt=to_wire(delivery.due_at) if delivery.state == "pending" else None,
        finished=to_wire(delivery.finished_at) if delivery.finished_at else None,
    )


def delivery_with_attempts_out(delivery: Delivery, attempts: list[Attempt], scope: Scope) -> DeliveryWithAttemptsOut:
    return DeliveryWithAttemptsOut(
        **msgspec.structs.asdict(delivery_out(delivery, scope)),
        attempts=[_attempt_out(attempt) for attempt in attempts],
    )


def _attempt_out(attempt: Attempt) -> AttemptOut:
    return AttemptOut(
        number=attempt.number,
        created=to_wire(attempt.created_at),
        status=attempt.status,
        error=attempt.error,
        duration_ms=attempt.duration_ms,
        request_headers=attempt.request_headers,
        response_headers=attempt.response_headers,
        response_body=attempt.response_body,
        next_attempt=to_wire(attempt.next_attempt_at) if attempt.next_attempt_at else None,
    )


def sample_event(webhook: Webhook, wanted: EventName | None) -> EventName:
    """The event whose sample is to test a webhook. Raises FieldErrors for one that it would never get."""
    heard = events_of(webhook.event)
    if wanted is None:
        return heard[0]
    if wanted not in heard:
        raise FieldErrors({"event": [f"This webhook does not hear of that. It hears of: {', '.join(heard)}."]})
    return wanted


def trial_out(trial: Trial) -> TrialOut:
    sent = trial.sent
    return TrialOut(
        object_id=trial.id,
        object_created=to_wire(trial.created_at),
        event=trial.event,
        kind=trial.kind,
        verdict=verdict(trial.kind, sent.status),
        status=sent.status,
        error=sent.error,
        duration_ms=sent.duration_ms,
        request_headers=sent.request_headers,
        request_body=trial.body,
        response_headers=sent.response_headers,
        response_body=sent.response_body,
    )


def webhook_payload(name: EventName, webhook: Webhook, scope: Scope) -> str:
    """The finished body of an event that tells an owner how an endpoint fares."""
    payload = WebhookPayload(event=name, test=scope.is_test, data=webhook_out(webhook, scope))
    return json_without_nulls(payload).decode()
