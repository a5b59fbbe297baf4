"""/webhooks"""

from __future__ import annotations

from portside.db.begin import begin, reading
from portside.kit.clock import to_wire
from portside.kit.services import services
from portside.rest.endpoint import Call, endpoint
from portside.rest.pages import Page
from portside.webhooks import actions, flows, queries, replays, wire

_PAGE = 25


@endpoint("POST", "/webhooks", status=201, takes=wire.WebhookIn, gives=wire.WebhookOut, query=wire.NewWebhookQuery)
async def create_webhook(call: Call, given: wire.WebhookIn) -> wire.WebhookOut:
    """Create a webhook."""
    asked = call.query(wire.NewWebhookQuery)
    given.app = given.app or asked.app or None
    given.all_accounts = given.all_accounts or asked.all_accounts
    draft = wire.webhook_draft(call.scope, given)
    async with begin() as tx:
        webhook = await actions.create_webhook(tx, call.scope, services().keys, draft)
    return wire.webhook_out(webhook, call.scope)


@endpoint("GET", "/webhooks", gives=wire.WebhookList)
async def list_webhooks(call: Call) -> wire.WebhookList:
    """List webhooks, newest first."""
    page = call.page(default=_PAGE)
    async with reading() as tx:
        found = await queries.list_webhooks(tx, call.scope, page)
        count = await queries.count_webhooks(tx, call.scope)
    shown = call.page_of(found.map(lambda webhook: wire.webhook_out(webhook, call.scope)), page)
    return wire.WebhookList(next=shown.next, previous=shown.previous, count=count, results=shown.results)


@endpoint("GET", "/webhooks/{webhook_id}", gives=wire.WebhookOut)
async def get_webhook(call: Call) -> wire.WebhookOut:
    """Retrieve a webhook."""
    async with reading() as tx:
        webhook = await queries.get_webhook(tx, call.scope, call.id("webhook_id"))
    return wire.webhook_out(webhook, call.scope)


@endpoint("PUT", "/webhooks/{webhook_id}", takes=wire.WebhookIn, gives=wire.WebhookOut)
async def update_webhook(call: Call, given: wire.WebhookIn) -> wire.WebhookOut:
    """Update a webhook; what waits for it is sent to the new URL."""
    draft = wire.webhook_draft(call.scope, given)
    async with begin() as tx:
        before = await queries.get_webhook(tx, call.scope, call.id("webhook_id"))
        webhook = await actions.update_webhook(tx, call.scope, before.id, wire.kept_reach(before, draft))
    return wire.webhook_out(webhook, call.scope)


@endpoint("DELETE", "/webhooks/{webhook_id}", status=204)
async def delete_webhook(call: Call) -> None:
    """Delete a webhook."""
    async with begin() as tx:
        await actions.delete_webhook(tx, call.scope, call.id("webhook_id"))


@endpoint("GET", "/webhooks/{webhook_id}/secret", gives=wire.SecretOut)
async def get_secret(call: Call) -> wire.SecretOut:
    """Show the secret that signs a webhook's deliveries."""
    return await _secret_out(call)


@endpoint("POST", "/webhooks/{webhook_id}/rotate-secret", takes=wire.RotateIn, gives=wire.SecretOut, keeps_answer=False)
async def rotate_secret(call: Call, given: wire.RotateIn) -> wire.SecretOut:
    """Make a new secret; the one before goes on signing beside it for a while."""
    default = services().settings.webhook_secret_grace_hours
    hours = default if given.grace_hours is None else given.grace_hours
    async with begin() as tx:
        await actions.rotate_secret(tx, call.scope, services().keys, call.id("webhook_id"), hours)
    return await _secret_out(call)


async def _secret_out(call: Call) -> wire.SecretOut:
    webhook_id = call.id("webhook_id")
    async with reading() as tx:
        await queries.get_webhook(tx, call.scope, webhook_id)
        secrets = await queries.list_secrets(tx, call.scope, services().keys, webhook_id)
    return wire.secret_out(secrets)


@endpoint("GET", "/webhooks/{webhook_id}/deliveries", gives=Page[wire.DeliveryOut])
async def list_deliveries(call: Call) -> Page[wire.DeliveryOut]:
    """List a webhook's deliveries, the newest event first."""
    page, webhook_id = call.page(default=_PAGE), call.id("webhook_id")
    async with reading() as tx:
        await queries.get_webhook(tx, call.scope, webhook_id)
        found = await queries.list_deliveries(tx, call.scope, webhook_id, page)
    return call.page_of(found.map(lambda delivery: wire.delivery_out(delivery, call.scope)), page)


@endpoint("GET", "/webhooks/{webhook_id}/deliveries/{event_id}", gives=wire.DeliveryWithAttemptsOut)
async def get_delivery(call: Call) -> wire.DeliveryWithAttemptsOut:
    """Retrieve a delivery with its attempts, the latest first."""
    return await _delivery_out(call)


@endpoint("POST", "/webhooks/{webhook_id}/deliveries/{event_id}/resend", status=202, gives=wire.DeliveryWithAttemptsOut)
async def resend_delivery(call: Call) -> wire.DeliveryWithAttemptsOut:
    """Send a delivery again, whatever became of it."""
    async with begin() as tx:
        await replays.resend_delivery(tx, call.scope, call.id("webhook_id"), call.id("event_id"))
    return await _delivery_out(call)


async def _delivery_out(call: Call) -> wire.DeliveryWithAttemptsOut:
    webhook_id, event_id = call.id("webhook_id"), call.id("event_id")
    async with reading() as tx:
        await queries.get_webhook(tx, call.scope, webhook_id)
        delivery = await queries.get_delivery(tx, call.scope, webhook_id, event_id)
        attempts = await queries.list_attempts(tx, call.scope, webhook_id, event_id)
    return wire.delivery_with_attempts_out(delivery, attempts, call.scope)


@endpoint("POST", "/webhooks/{webhook_id}/resend", status=202, takes=wire.ResendIn, gives=wire.ResendOut)
async def resend(call: Call, given: wire.ResendIn) -> wire.ResendOut:
    """Send deliveries again: all that failed, or a range of what was finished."""
    wanted = wire.replay(given)
    async with begin() as tx:
        used = await replays.queue_replay(tx, call.scope, call.id("webhook_id"), wanted)
    return wire.resend_out(used)


@endpoint("POST", "/webhooks/{webhook_id}/recover", status=202, takes=wire.RecoverIn, gives=wire.RecoverOut)
async def recover(call: Call, given: wire.RecoverIn) -> wire.RecoverOut:
    """Deliver everything that a webhook has missed since a time."""
    async with begin() as tx:
        since = await replays.queue_recovery(tx, call.scope, call.id("webhook_id"), given.since)
    return wire.RecoverOut(since=to_wire(since))


@endpoint("POST", "/webhooks/{webhook_id}/test", takes=wire.TrialIn, gives=wire.TrialOut)
async def test_webhook(call: Call, given: wire.TrialIn) -> wire.TrialOut:
    """Send a signed sample at once, and tell what the receiver answered."""
    webhook_id = call.id("webhook_id")
    trial = await flows.try_receiver(call.scope, webhook_id, given.event, "forged" if given.forged else "sample")
    return wire.trial_out(trial)


routes = [
    create_webhook,
    list_webhooks,
    get_webhook,
    update_webhook,
    delete_webhook,
    get_secret,
    rotate_secret,
    list_deliveries,
    get_delivery,
    resend_delivery,
    resend,
    recover,
    test_webhook,
]
