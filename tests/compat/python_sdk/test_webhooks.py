"""Webhook subscriptions through the SDK, and a delivery that its models accept."""

from __future__ import annotations

from collections.abc import Callable

import shippo
from shippo.models import components
from shippo.utils import unmarshal_json

from tests.compat.conftest import Merchant
from tests.compat.python_sdk.bodies import UNKNOWN, refused
from tests.compat.python_sdk.conftest import client_of
from tests.support.receiver import receiving

Event = components.WebhookEventTypeEnum


def request_of(
    url: str, event: components.WebhookEventTypeEnum = Event.TRANSACTION_CREATED, **changes: object
) -> components.WebhookUpdateRequest:
    return components.WebhookUpdateRequest(**{"url": url, "event": event, "is_test": True, "active": True, **changes})


def test_a_subscription_is_kept_changed_and_ended(sdk: shippo.Shippo) -> None:
    made = sdk.webhooks.create_webhook(request=request_of("http://127.0.0.1:9/hook"))
    assert (made.url, made.event, made.is_test) == ("http://127.0.0.1:9/hook", Event.TRANSACTION_CREATED, True)
    assert sdk.webhooks.get_webhook(webhook_id=made.object_id).url == made.url
    assert made.object_id in {entry.object_id for entry in sdk.webhooks.list_webhooks().results}
    change = request_of("http://127.0.0.1:9/hook", Event.TRACK_UPDATED, active=False)
    changed = sdk.webhooks.update_webhook(webhook_id=made.object_id, webhook_update_request=change)
    assert (changed.event, changed.active) == (Event.TRACK_UPDATED, False)
    sdk.webhooks.delete_webhook(webhook_id=made.object_id)
    with refused(404):
        sdk.webhooks.get_webhook(webhook_id=made.object_id)


def test_an_endpoint_for_many_accounts_is_asked_for_in_the_address(owner: Merchant) -> None:
    sdk = client_of(owner.url, owner.token)
    session = sdk.sdk_configuration.client
    session.params = {"all_accounts": "true"}
    made = sdk.webhooks.create_webhook(request=request_of("http://127.0.0.1:9/platform"))
    path = f"{owner.url}/webhooks/{made.object_id}"
    assert session.get(path, headers={"Authorization": f"ShippoToken {owner.token}"}).json()["all_accounts"] is True
    sdk.webhooks.delete_webhook(webhook_id=made.object_id)
    session.close()


def test_a_delivery_is_what_the_sdk_expects(sdk: shippo.Shippo, buy: Callable[[], components.Transaction]) -> None:
    with receiving() as receiver:
        made = sdk.webhooks.create_webhook(request=request_of(receiver.url))
        label = buy()
        receiver.wait_for(lambda: receiver.deliveries)
        sdk.webhooks.delete_webhook(webhook_id=made.object_id)
        body = receiver.deliveries[0].body.decode()
    parsed = unmarshal_json(body, components.WebhookPayloadTransaction)
    assert parsed.event == Event.TRANSACTION_CREATED and parsed.test is True
    assert parsed.data is not None
    assert (parsed.data.object_id, parsed.data.tracking_number) == (label.object_id, label.tracking_number)


def test_errors(sdk: shippo.Shippo) -> None:
    with refused(400, "url"):
        sdk.webhooks.create_webhook(request=request_of("not a url"))
    with refused(404):
        sdk.webhooks.get_webhook(webhook_id=UNKNOWN)
