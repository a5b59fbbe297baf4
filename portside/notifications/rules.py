"""Which events are told to an account's owners, and what the templates of a message are given."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import msgspec

from portside.events.models import EventName, StoredEvent
from portside.kit.clock import from_wire
from portside.notifications.models import MailName

TO_OWNERS: Mapping[EventName, MailName] = {
    "webhook_disabled": "webhook_disabled",
    "webhook_failing": "webhook_failing",
    "webhook_recovered": "webhook_recovered",
}


def app_in_charge(event: StoredEvent) -> str | None:
    """The client id of the app that subscribed the webhook of the event in an account that is not its own: its partner
    is to look after it. None: the account itself is."""
    data = _data(event)
    return None if data.get("all_accounts") else data.get("app", {}).get("client_id")


def webhook_context(event: StoredEvent, account_name: str, public_url: str) -> dict[str, Any]:
    """What the templates of a webhook's mails are given; the event's body is the webhook as the API shows it.

    `api_path` is set if an app is in charge: then no page of whoever reads the mail shows the webhook.
    """
    data = _data(event)
    since = data.get("failing_since")
    return {
        "account_name": account_name,
        "test": event.mode == "test",
        "endpoint": shown_url(data.get("url", "")),
        "subscription": data.get("event", ""),
        "reason": data.get("disabled_reason"),
        "since": from_wire(since) if since else None,
        "api_path": f"/webhooks/{event.object_id}" if app_in_charge(event) else "",
        "webhooks_url": f"{public_url}/app/settings/webhooks",
        "public_url": public_url,
    }


def _data(event: StoredEvent) -> dict[str, Any]:
    data: dict[str, Any] = msgspec.json.decode(event.payload or "{}").get("data", {})
    return data


def shown_url(url: str) -> str:
    """An address without what may be secret in it: user, password and query."""
    parts = urlsplit(url)
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{parts.hostname or ''}{port}{parts.path}"
