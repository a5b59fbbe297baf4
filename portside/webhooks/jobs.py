"""Jobs of webhooks: fanning events out, the turns of endpoints, and what wakes them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import msgspec

from portside.jobs.models import Retry, Run
from portside.jobs.registry import job
from portside.kit.scope import SYSTEM, Scope
from portside.webhooks import flows
from portside.webhooks.models import EventRef, Replayed, WakeUp

# A turn fails only by a fault of ours or of the database; the endpoint's later turns wait behind it meanwhile.
_TURN_RETRY = Retry(delays=(1, 2, 5, 10, 30, 60, 60, 60))


@job("webhooks.fan_out", lane="fast", batch=200)
async def fan_out(runs: list[Run]) -> None:
    """Make deliveries of events."""
    await flows.fan_out([EventRef(scope=_scope(run.payload), event_id=run.payload["event"]) for run in runs])


@job("webhooks.deliver", lane="webhooks", retry=_TURN_RETRY)
async def deliver(run: Run) -> None:
    """An endpoint's turn."""
    await flows.take_turn(_scope(run.payload), run.payload["webhook"], apart=False, moment=_moment(run.payload))


@job("webhooks.deliver_apart", lane="slow", retry=_TURN_RETRY)
async def deliver_apart(run: Run) -> None:
    """The turn of an endpoint that is slow or failing."""
    await flows.take_turn(_scope(run.payload), run.payload["webhook"], apart=True, moment=_moment(run.payload))


@job("webhooks.wake", lane="fast", batch=200)
async def wake(runs: list[Run]) -> None:
    """Something is to be tried again, or a pause is over."""
    await flows.wake(
        [
            WakeUp(
                scope=_scope(run.payload),
                webhook_id=run.payload["webhook"],
                moment=dt.datetime.fromisoformat(run.payload["moment"]),
            )
            for run in runs
        ]
    )


@job("webhooks.recover", lane="bulk")
async def recover(run: Run) -> None:
    """Queue what a webhook has missed."""
    await flows.recover(_scope(run.payload), run.payload["webhook"], dt.datetime.fromisoformat(run.payload["since"]))


@job("webhooks.resend", lane="bulk")
async def resend(run: Run) -> None:
    """Queue finished deliveries anew."""
    wanted = msgspec.convert(run.payload["range"], Replayed)
    await flows.resend(_scope(run.payload), run.payload["webhook"], wanted)


@job("webhooks.sweep", lane="polls", every=60)
async def sweep(_run: Run) -> None:
    """Find endpoints whose turn got lost."""
    await flows.sweep()


def _scope(payload: Mapping[str, Any]) -> Scope:
    """Deliveries show nobody's e-mail address, so the account need not be read."""
    return Scope(payload["account"], payload["mode"], "", SYSTEM)


def _moment(payload: Mapping[str, Any]) -> dt.datetime | None:
    text = payload.get("moment")
    return dt.datetime.fromisoformat(text) if text else None
