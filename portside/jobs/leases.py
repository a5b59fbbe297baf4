"""The leases one worker holds: renewed while their jobs run, settled in batches when they have."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog

from portside.db.begin import begin, reading
from portside.jobs import claims, wake
from portside.jobs.models import Lease, Outcome
from portside.jobs.trouble import TROUBLE

log = structlog.get_logger(__name__)

_SETTLE_AT_ONCE = 500
Fence = tuple[int, int]


def _fence(lease: Lease) -> Fence:
    return lease.id, lease.attempts


class Leases:
    """A lease is renewed from `hold` until its outcome has been written, so a database that is away for less than the
    lease costs nothing; one that another worker has taken over is dropped and its job cancelled."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        # Called with each lane in which settling has made a parked job due.
        self.on_freed: Callable[[str], None] = wake.note
        self._running: dict[Fence, asyncio.Task[None] | None] = {}
        self._outcomes: dict[Fence, Outcome] = {}
        self._settled = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()

    def hold(self, lease: Lease, task: asyncio.Task[None] | None = None) -> None:
        """Keep this lease alive; `task` is cancelled if it is lost."""
        self._running[_fence(lease)] = task

    def holds(self, lease: Lease) -> bool:
        """Whether the job is still ours to run."""
        return _fence(lease) in self._running

    def settle(self, outcome: Outcome) -> None:
        """Have the outcome written soon; nothing if the lease was lost."""
        fence = _fence(outcome.lease)
        if fence not in self._running:
            return
        del self._running[fence]
        self._outcomes[fence] = outcome
        self._idle.clear()
        self._settled.set()

    async def settle_forever(self) -> None:
        """Write outcomes as they come; those that come meanwhile go together into the next batch."""
        while True:
            await self._settled.wait()
            self._settled.clear()
            while self._outcomes:
                try:
                    await self.write_outcomes()
                except TROUBLE as error:
                    log.warning("job_outcomes_delayed", waiting=len(self._outcomes), error=str(error))
                    await asyncio.sleep(1)

    async def written(self) -> None:
        """Return when no outcome waits to be written."""
        await self._idle.wait()

    async def write_outcomes(self) -> None:
        """Write the outcomes that wait (the oldest 500 of them)."""
        batch = list(self._outcomes.values())[:_SETTLE_AT_ONCE]
        simple = all(outcome.verdict == "done" and outcome.lease.key is None for outcome in batch)
        async with reading() if simple else begin() as tx:
            freed = await claims.settle(tx, batch)
        for outcome in batch:
            del self._outcomes[_fence(outcome.lease)]
        # A job handed back is for others; a follower that was due and could not be parked is in its leader's lane.
        due: set[str] = {
            o.lease.lane for o in batch if o.lease.key is not None or (o.verdict == "again" and not o.delay)
        }
        for lane in due - freed:
            wake.note(lane)
        for lane in freed:
            self.on_freed(lane)
        if not self._outcomes:
            self._idle.set()

    async def renew_forever(self) -> None:
        """Renew everything every third of a lease."""
        while True:
            await asyncio.sleep(self.seconds / 3)
            try:
                await self.renew()
            except TROUBLE as error:
                log.warning("job_leases_not_renewed", held=len(self._running), error=str(error))

    async def renew(self) -> None:
        """Renew everything once, and cancel the jobs whose leases were lost."""
        fences = [*self._running, *self._outcomes]
        if not fences:
            return
        async with reading() as tx:
            ours = await claims.renew(tx, fences, self.seconds)
        # What was settled during the renewal is no longer running, and what was claimed then is not among `fences`.
        for fence in fences:
            if fence not in ours and fence in self._running:
                task = self._running.pop(fence)
                log.warning("job_lease_lost", job=fence[0])
                if task is not None:
                    task.cancel()
