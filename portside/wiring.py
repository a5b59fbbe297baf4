"""What follows what: event -> kinds of the jobs that react. Nothing else."""

from __future__ import annotations

from portside.events import outbox
from portside.events.outbox import Reactions

REACTIONS: Reactions = {
    "transaction_created": ["webhooks.fan_out"],
    "transaction_updated": ["webhooks.fan_out"],
    "track_updated": ["webhooks.fan_out"],
    "batch_created": ["webhooks.fan_out"],
    "batch_purchased": ["webhooks.fan_out"],
    "order_created": ["webhooks.fan_out"],
    "order_updated": ["webhooks.fan_out"],
    "webhook_disabled": ["webhooks.fan_out"],
}


def install() -> None:
    """Hand the table down to the outbox; once, at start."""
    outbox.install(REACTIONS)
