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


def webhook_context(event: StoredEvent, account_name: str, public_url: str) -> dict[str, Any]:
    """What the templates of a webhook's mails are given; the event's body is the webhook as the API shows it."""
    data = msgspec.json.decode(event.payload or "{}").get("data", {})
    since = data.get("failing_since")
    return {
        "account_name": account_name,
        "test": event.mode == "test",
        "endpoint": shown_url(data.get("url", "")),
        "subscription": data.get("event", ""),
        "reason": data.get("disabled_reason"),
        "since": from_wire(since) if since else None,
        "webhooks_url": f"{public_url}/app/settings/webhooks",
        "public_url": public_url,
    }


def shown_url(url: str) -> str:
    """An address without what may be secret in it: user, password and query."""
    parts = urlsplit(url)
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{parts.hostname or ''}{port}{parts.path}"
