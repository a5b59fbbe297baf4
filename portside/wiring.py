"""What follows what: event -> kinds of the jobs that react, and what lower folders are handed from higher ones."""

from __future__ import annotations

from portside.alerts import actions as alerts
from portside.events import outbox
from portside.events.outbox import Reactions
from portside.labels.news import apply_news
from portside.simulations import flows as simulations
from portside.tracking import flows as tracking

REACTIONS: Reactions = {
    "transaction_created": ["webhooks.fan_out", "alerts.look", "buyers.tell"],
    "transaction_updated": ["webhooks.fan_out", "alerts.look"],
    "track_updated": ["webhooks.fan_out", "alerts.look", "buyers.tell"],
    "batch_created": ["webhooks.fan_out"],
    "batch_purchased": ["webhooks.fan_out"],
    "order_created": ["webhooks.fan_out"],
    "order_updated": ["webhooks.fan_out"],
    "webhook_disabled": ["webhooks.fan_out", "notifications.tell_owners"],
    "webhook_failing": ["webhooks.fan_out", "notifications.tell_owners"],
    "webhook_recovered": ["webhooks.fan_out", "notifications.tell_owners"],
}


def install() -> None:
    """Hand the table down to the outbox, to tracking who tells labels a carrier's news, to simulations who cares for
    the time, and to alerts who tells buyers of a late parcel; once, at start."""
    outbox.install(REACTIONS)
    tracking.install(apply_news)
    simulations.install(["alerts.time_passed"])
    alerts.install(["buyers.tell_late"])
