"""/app/settings/webhooks: where events of this mode are sent, and how the last deliveries went."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, get_args

from litestar import Response

from portside.accounts.queries import list_managed_accounts
from portside.apps.queries import list_apps
from portside.db.begin import begin, reading
from portside.db.tx import Tx
from portside.errors import BadRequest, Conflict, FieldErrors
from portside.kit.ids import as_id
from portside.kit.paging import PageRequest
from portside.kit.scope import Scope
from portside.kit.services import services
from portside.rest.parse import parse_values
from portside.web.answers import Flash, redirect
from portside.web.event_log import PATH as LOG
from portside.web.page import page
from portside.web.visit import Shown, Visit
from portside.web.words import host_of, plain_errors
from portside.webhooks import actions, queries, replays
from portside.webhooks.models import Latest, Subscription, Webhook, WebhookDraft
from portside.webhooks.rules import MOST_WEBHOOKS, is_delivered, is_keeper, trouble
from portside.webhooks.wire import WebhookIn, webhook_draft

PATH = "/app/settings/webhooks"
SHOWN_DELIVERIES = 25
# So many endpoints in trouble get a notice of their own.
MOST_NOTICES = 3

_EVENTS = {
    "all": "All events of labels, tracking and batches",
    "track_updated": "track_updated: a parcel moved",
    "transaction_created": "transaction_created: a label was bought, or refused",
    "transaction_updated": "transaction_updated: a label changed",
    "order_created": "order_created: an order arrived",
    "order_updated": "order_updated: an order changed",
    "batch_created": "batch_created: a batch is ready to buy",
    "batch_purchased": "batch_purchased: the labels of a batch are bought",
    "webhook_disabled": "webhook_disabled: a webhook was switched off",
    "webhook_failing": "webhook_failing: a webhook has taken nothing for an hour",
    "webhook_recovered": "webhook_recovered: a failing webhook works again",
}
# How the form says whose events are heard; anything else is an app's client id.
_REACHES: Mapping[str, Mapping[str, Any]] = {"": {}, "managed": {"all_accounts": True}}
_STATES = {"pending": "waiting", "delivered": "delivered", "failed": "failed", "cancelled": "failed"}


@page("GET", PATH)
async def list_webhooks(visit: Visit) -> Shown:
    """The subscriptions and the last deliveries."""
    return await _page(visit)


@page("POST", PATH)
async def create_webhook(visit: Visit) -> Shown | Response[bytes]:
    """Subscribe an address, and show the secret that signs what it gets."""
    data = {name: visit.field(name, 400) for name in ("url", "event", "reach")}
    given = {"url": data["url"], "event": data["event"], **_REACHES.get(data["reach"], {"app": data["reach"]})}
    try:
        draft = webhook_draft(visit.scope, parse_values(WebhookIn, given))
        async with begin() as tx:
            webhook = await actions.create_webhook(tx, visit.scope, services().keys, draft)
    except FieldErrors as wrong:
        errors = {
            "reach" if field in ("app", "all_accounts") else field: text for field, text in plain_errors(wrong).items()
        }
        return await _page(visit, errors=errors, data=data)
    except BadRequest as wrong:
        return await _page(visit, errors={"url": wrong.message}, data=data)
    return redirect(f"{PATH}?secret={webhook.id}", Flash("success", "The webhook was added."))


@page("POST", PATH + "/{webhook_id}/toggle")
async def toggle_webhook(visit: Visit) -> Response[bytes]:
    """Pause a webhook, or go on."""
    async with begin() as tx:
        before = await queries.get_kept_webhook(tx, visit.scope, visit.id("webhook_id"))
        draft = WebhookDraft(event=before.event, url=before.url, active=not before.active)
        await actions.update_webhook(tx, visit.scope, before.id, draft)
    text = "Events are sent there again." if draft.active else "Nothing is sent there until you resume it."
    return redirect(PATH, Flash("success", text))


@page("POST", PATH + "/{webhook_id}/recover")
async def recover_webhook(visit: Visit) -> Response[bytes]:
    """Switch a webhook on and send it what it has missed in its trouble."""
    hours = services().settings.webhook_disable_hours
    async with begin() as tx:
        await replays.end_trouble(tx, visit.scope, visit.id("webhook_id"), hours)
    return redirect(PATH, Flash("success", "It is switched on, and what it has missed is sent now."))


@page("POST", PATH + "/{webhook_id}/delete")
async def delete_webhook(visit: Visit) -> Response[bytes]:
    """Remove a webhook."""
    async with begin() as tx:
        await actions.delete_webhook(tx, visit.scope, visit.id("webhook_id"))
    return redirect(PATH, Flash("success", "The webhook was deleted."))


@page("POST", PATH + "/{webhook_id}/deliveries/{event_id}/resend")
async def resend_delivery(visit: Visit) -> Response[bytes]:
    """Send a delivery again."""
    try:
        async with begin() as tx:
            await replays.resend_delivery(tx, visit.scope, visit.id("webhook_id"), visit.id("event_id"))
    except Conflict:
        return redirect(PATH, Flash("error", "The webhook is paused. Resume it first."))
    return redirect(PATH, Flash("success", "It is sent again."))


@page("GET", PATH + "/deliveries")
async def poll_deliveries(visit: Visit) -> Shown:
    """The last deliveries, while one of them waits."""
    async with reading() as tx:
        latest = await queries.list_latest(tx, visit.scope, SHOWN_DELIVERIES, SHOWN_DELIVERIES)
    return Shown(template="settings/_deliveries.html", context={"deliveries": _deliveries(latest)})


async def _page(
    visit: Visit, *, errors: Mapping[str, str] | None = None, data: Mapping[str, str] | None = None
) -> Shown:
    async with reading() as tx:
        found = await queries.list_webhooks(tx, visit.scope, PageRequest(size=MOST_WEBHOOKS))
        last = {one.webhook_id: one for one in await queries.list_latest(tx, visit.scope, 1, MOST_WEBHOOKS)}
        latest = await queries.list_latest(tx, visit.scope, SHOWN_DELIVERIES, SHOWN_DELIVERIES)
        wanted = as_id(visit.given("secret"))
        actor = visit.scope.actor
        kept = [webhook for webhook in found.rows if is_keeper(webhook, actor)]
        shown = next((webhook for webhook in kept if webhook.id == wanted), None)
        secrets = await queries.list_secrets(tx, visit.scope, services().keys, shown.id) if shown else []
        reaches = await _reaches(tx, visit.scope)
    troubled = [webhook for webhook in kept if trouble(webhook) is not None]
    context = {
        "webhooks": [_row(webhook, last.get(webhook.id), is_kept=webhook in kept) for webhook in found.rows],
        "troubles": [_trouble(webhook, last.get(webhook.id)) for webhook in troubled[:MOST_NOTICES]],
        "more_troubles": max(0, len(troubled) - MOST_NOTICES),
        "patience": _span(services().settings.webhook_disable_hours),
        "log_url": LOG,
        "deliveries": _deliveries(latest),
        "events": [{"value": event, "label": _EVENTS.get(event, event)} for event in _events()],
        "reaches": reaches,
        "secret": _secret(shown, secrets[0].text) if shown and secrets else None,
        "create_url": PATH,
        "form": {"data": {"event": "all", "reach": "", **(data or {})}, "errors": errors or {}, "message": ""},
        "open_form": bool(errors),
    }
    status = 422 if errors else 200
    return Shown(
        template="settings/webhooks.html", context=context, section="settings", child="webhooks", status=status
    )


def _span(hours: float) -> str:
    return f"{hours / 24:g} days" if hours >= 48 else f"{hours:g} hours"


def _secret(webhook: Webhook, text: str) -> Mapping[str, Any]:
    return {"url": webhook.url, "text": text, "test_url": f"{PATH}/{webhook.id}/test"}


def _trouble(webhook: Webhook, last: Latest | None) -> Mapping[str, Any]:
    url = f"{PATH}/{webhook.id}"
    return {
        "kind": trouble(webhook),
        "host": host_of(webhook.url),
        "since": webhook.disabled_at or webhook.health.failing_since,
        "answer": _answer(last) if last is not None else "",
        "recover_url": f"{url}/recover",
        "test_url": f"{url}/test",
        "log_url": f"{LOG}?webhook={webhook.id}",
    }


def _events() -> Sequence[str]:
    """Ours in the order people look for them, then any that has no words yet."""
    known = get_args(Subscription)
    return [*(event for event in _EVENTS if event in known), *(event for event in known if event not in _EVENTS)]


async def _reaches(tx: Tx, scope: Scope) -> list[dict[str, str]]:
    """Whose events a new webhook may hear, where there is a choice."""
    apps = [
        {"value": app.client_id, "label": f"All accounts connected to {app.name}"} for app in await list_apps(tx, scope)
    ]
    managed = await list_managed_accounts(tx, scope, PageRequest(size=1))
    every = [{"value": "managed", "label": "This account and all that you manage"}] if managed.rows else []
    return [{"value": "", "label": "This account"}, *every, *apps] if apps or every else []


def _heard(webhook: Webhook) -> str:
    """Whose app it is, or whom it hears beside its own account."""
    name = webhook.app.name if webhook.app is not None else ""
    if webhook.reach == "app":
        return f"All accounts connected to {name}"
    if webhook.reach == "managed":
        return "This account and all that you manage"
    return f"Added by {name}" if name else ""


def _row(webhook: Webhook, last: Latest | None, *, is_kept: bool) -> Mapping[str, Any]:
    url = f"{PATH}/{webhook.id}"
    attempted = last is not None and last.attempted_at is not None
    return {
        "id": webhook.id,
        "url": webhook.url,
        "is_kept": is_kept,
        "heard": _heard(webhook),
        "event": webhook.event,
        "active": webhook.active,
        "is_off": webhook.disabled_at is not None,
        "created_at": webhook.created_at,
        "last": _last(last) if last is not None and attempted else None,
        "secret_url": f"{PATH}?secret={webhook.id}",
        "test_url": f"{url}/test",
        "log_url": f"{LOG}?webhook={webhook.id}",
        "recover_url": f"{url}/recover" if is_kept and trouble(webhook) is not None else None,
        "toggle_url": f"{url}/toggle",
        "delete_url": f"{url}/delete",
    }


def _last(last: Latest) -> Mapping[str, Any]:
    return {"ok": is_delivered(last.status), "text": _answer(last), "at": last.attempted_at}


def _answer(delivery: Latest) -> str:
    """What the receiver said: its status, or why there is none."""
    if delivery.state == "cancelled":
        return "cancelled"
    return str(delivery.status) if delivery.status is not None else delivery.error or ""


def _deliveries(latest: Sequence[Latest]) -> Mapping[str, Any]:
    return {
        "list": [_delivery(delivery) for delivery in latest],
        "poll_url": f"{PATH}/deliveries",
        "log_url": LOG,
        "waiting": any(delivery.state == "pending" for delivery in latest),
    }


def _delivery(delivery: Latest) -> Mapping[str, Any]:
    again = f"{PATH}/{delivery.webhook_id}/deliveries/{delivery.event_id}/resend"
    return {
        "id": delivery.event_id,
        "event": delivery.event_name,
        "url": delivery.url,
        "state": _STATES[delivery.state],
        "answer": _answer(delivery),
        "attempts": delivery.attempts,
        "at": delivery.attempted_at or delivery.created_at,
        "next_at": delivery.due_at if delivery.state == "pending" and delivery.attempts else None,
        "again_url": None if delivery.state == "pending" else again,
        "log_url": f"{LOG}/{delivery.event_id}",
    }


routes = [
    list_webhooks,
    create_webhook,
    toggle_webhook,
    recover_webhook,
    delete_webhook,
    resend_delivery,
    poll_deliveries,
]
