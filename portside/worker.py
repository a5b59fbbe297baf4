"""The worker: imports every jobs.py and runs queue and schedule, alone or inside `serve`."""

from __future__ import annotations

import asyncio
from types import ModuleType

from portside import wiring
from portside.jobs.models import Lane
from portside.jobs.worker import Worker
from portside.settings import Settings

# Of eight jobs at once that work, six are for people and receivers who wait, and one each for bulk and polls.
# A turn at a receiver of webhooks waits for the network nearly all its time and holds no connection meanwhile, so
# both lanes of turns have more slots than their work would need.
_OF = 8
_SHARES: dict[Lane, int] = {"fast": 6, "webhooks": 24, "slow": 16, "bulk": 1, "polls": 1}


def import_jobs() -> tuple[ModuleType, ...]:
    """Import every feature's jobs.py, which declares its kinds of job. A process that only queues needs it too."""
    from portside.alerts import jobs as alerts
    from portside.apps import jobs as apps
    from portside.batches import jobs as batches
    from portside.buyers import jobs as buyers
    from portside.events import jobs as events
    from portside.jobs import jobs as queue
    from portside.labels import jobs as labels
    from portside.manifests import jobs as manifests
    from portside.notifications import jobs as notifications
    from portside.oauth import jobs as oauth
    from portside.order_imports import jobs as order_imports
    from portside.people import jobs as people
    from portside.pickups import jobs as pickups
    from portside.refunds import jobs as refunds
    from portside.rest import jobs as rest
    from portside.shipments import jobs as shipments
    from portside.simulations import jobs as simulations
    from portside.webhooks import jobs as webhooks

    nouns = (
        alerts,
        apps,
        batches,
        buyers,
        labels,
        manifests,
        notifications,
        order_imports,
        people,
        pickups,
        refunds,
        shipments,
        simulations,
        webhooks,
    )
    return events, queue, rest, oauth, *nouns


def lane_slots(concurrency: int) -> dict[Lane, int]:
    """How many jobs of each lane run at once; every lane has at least one, so that none starves another."""
    return {lane: max(1, concurrency * share // _OF) for lane, share in _SHARES.items()}


async def run_worker(settings: Settings, *, stop: asyncio.Event | None = None, grace: float = 20.0) -> None:
    """Run jobs until `stop` is set or this is cancelled; then give running ones `grace` seconds and hand back the rest.

    Needs the open pool, the installed services, and somebody who exchanges notes with the other processes
    (`startup.running` does all that). Installs the wiring.
    """
    import_jobs()
    wiring.install()
    worker = Worker(lanes=lane_slots(settings.worker_concurrency), lease_seconds=settings.job_lease_seconds)
    working = asyncio.create_task(worker.run())
    stopping = asyncio.create_task((stop or asyncio.Event()).wait())
    try:
        done, _ = await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
        for task in done - {stopping}:
            task.result()
    finally:
        await worker.stop(grace)
        stopping.cancel()
        await asyncio.gather(working, stopping, return_exceptions=True)
