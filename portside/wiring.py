"""What follows what: event -> kinds of the jobs that react, and what lower folders are handed from higher ones."""

from __future__ import annotations

from portside.events import outbox
from portside.events.outbox import Reactions
from portside.labels.news import apply_news
from portside.tracking import flows as tracking

REACTIONS: Reactions = {
    "transaction_created": ["webhooks.fan_out", "buyers.tell"],
    "transaction_updated": ["webhooks.fan_out"],
    "track_updated": ["webhooks.fan_out", "buyers.tell"],
    "batch_created": ["webhooks.fan_out"],
    "batch_purchased": ["webhooks.fan_out"],
    "order_created": ["webhooks.fan_out"],
    "order_updated": ["webhooks.fan_out"],
    "webhook_disabled": ["webhooks.fan_out", "notifications.tell_owners"],
    "webhook_failing": ["webhooks.fan_out", "notifications.tell_owners"],
    "webhook_recovered": ["webhooks.fan_out", "notifications.tell_owners"],
}


def install() -> None:
    """Hand the table down to the outbox, and to tracking who tells labels a carrier's news; once, at start."""
    outbox.install(REACTIONS)
    tracking.install(apply_news)
