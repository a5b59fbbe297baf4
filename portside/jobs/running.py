"""Running the handlers of leased jobs and turning what happens into outcomes. Workers and `drain` share it."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence
from typing import cast

import structlog

from portside.jobs.models import BatchHandler, Handler, Kind, Lease, Outcome, Postponed
from portside.jobs.registry import find_kind
from portside.jobs.rules import error_text, next_delay

log = structlog.get_logger(__name__)

# A kind this process does not know was queued by a newer Portside; its own workers will take it meanwhile.
UNKNOWN_KIND_DELAY = 60.0

Settle = Callable[[Outcome], None]


def group(leases: Sequence[Lease]) -> list[list[Lease]]:
    """The leases as they are to be run: those of a batched kind together, every other one alone."""
    groups: list[list[Lease]] = []
    batches: dict[str, list[Lease]] = {}
    for lease in leases:
        kind = find_kind(lease.kind)
        if kind is None or not kind.batch:
            groups.append([lease])
            continue
        batch = batches.get(lease.kind)
        if batch is None or len(batch) == kind.batch:
            batch = batches[lease.kind] = []
            groups.append(batch)
        batch.append(lease)
    return groups


async def run_group(leases: Sequence[Lease], settle: Settle) -> None:
    """Run one group and settle each of its leases. Raises nothing of the handler's; a cancellation passes through."""
    kind = find_kind(leases[0].kind)
    if kind is None:
        log.warning("job_kind_unknown", kind=leases[0].kind)
        for lease in leases:
            settle(Outcome(lease=lease, verdict="again", delay=UNKNOWN_KIND_DELAY))
        return
    ready = [lease for lease in leases if not _given_up(kind, lease, settle)]
    if len(ready) > 1 and await _run_together(kind, ready, settle):
        return
    for lease in ready:
        await _run_alone(kind, lease, settle)


def _given_up(kind: Kind, lease: Lease, settle: Settle) -> bool:
    """A job whose every attempt ended with its worker gone must not take yet another worker with it."""
    if lease.failures <= len(kind.retry.delays):
        return False
    error = "Its worker died or lost its lease while running it."
    log.error("job_dead", kind=kind.name, job=lease.id, failures=lease.failures, error=error)
    settle(Outcome(lease=lease, verdict="dead", error=error))
    return True


async def _run_together(kind: Kind, leases: list[Lease], settle: Settle) -> bool:
    try:
        async with asyncio.timeout(kind.timeout):
            await cast(BatchHandler, kind.handler)([lease.run() for lease in leases])
    except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001  (which job it was shows when each runs alone)
        _raise_if_cancelled(error)
        log.info("job_batch_failed", kind=kind.name, jobs=len(leases), error=error_text(error))
        return False
    for lease in leases:
        settle(Outcome(lease=lease, verdict="done"))
    return True


async def _run_alone(kind: Kind, lease: Lease, settle: Settle) -> None:
    try:
        async with asyncio.timeout(kind.timeout):
            if kind.batch:
                await cast(BatchHandler, kind.handler)([lease.run()])
            else:
                await cast(Handler, kind.handler)(lease.run())
    except Postponed as wish:
        settle(Outcome(lease=lease, verdict="again", delay=wish.seconds))
    except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001  (a handler's fault is its job's, not ours)
        _raise_if_cancelled(error)
        settle(_failure(kind, lease, error))
    else:
        settle(Outcome(lease=lease, verdict="done"))


def _raise_if_cancelled(error: BaseException) -> None:
    """Tell our own cancellation (shutdown, a lost lease) from a CancelledError that a handler let out by itself."""
    task = asyncio.current_task()
    if isinstance(error, asyncio.CancelledError) and task is not None and task.cancelling():
        raise error


def _failure(kind: Kind, lease: Lease, error: BaseException) -> Outcome:
    text = error_text(error)
    failures = lease.failures + 1
    delay = next_delay(kind.retry, failures, random.random())
    if delay is None:
        log.error("job_dead", kind=kind.name, job=lease.id, failures=failures, error=text, exc_info=error)
        return Outcome(lease=lease, verdict="dead", failed=True, error=text)
    log.warning("job_failed", kind=kind.name, job=lease.id, failures=failures, again_in=round(delay, 1), error=text)
    return Outcome(lease=lease, verdict="again", failed=True, delay=delay, error=text)
