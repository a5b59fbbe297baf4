"""A worker: the lanes of one process, with the leases they share and the schedule of periodic jobs."""

from __future__ import annotations

import asyncio
import os
import secrets
import socket
from collections.abc import Mapping

import structlog

from portside.jobs import wake
from portside.jobs.lane import LaneRunner
from portside.jobs.leases import Leases
from portside.jobs.models import Lane
from portside.jobs.schedule import run_schedule
from portside.kit.tripwire import leave

log = structlog.get_logger(__name__)

# After the grace, for handlers to end their cancellation and for the last outcomes to be written.
_LAST_SECONDS = 5.0


def worker_name() -> str:
    """A name that no other worker has: `host:pid:random`."""
    return f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(3)}"


class Worker:
    """Runs jobs of the given lanes, so many of each at a time, on this process's pool.

    `lease_seconds`: a silent worker's job is taken over after this. `poll_seconds`: how often an idle lane looks
    without being woken (`wake.share()` must run in this process for notes from others to arrive).
    """

    def __init__(
        self,
        *,
        lanes: Mapping[Lane, int],
        lease_seconds: float = 10.0,
        poll_seconds: float = 1.0,
        name: str | None = None,
    ) -> None:
        self.name = name or worker_name()
        self._leases = Leases(lease_seconds)
        self._lanes: dict[str, LaneRunner] = {
            lane: LaneRunner(lane, slots, self.name, self._leases, poll_seconds) for lane, slots in lanes.items()
        }
        self._leases.on_freed = self._freed
        self._stopping = asyncio.Event()
        self._ended = asyncio.Event()
        self._grace = 0.0

    async def run(self) -> None:
        """Work until `stop()` or cancellation. An unreachable database is waited for, never an end."""
        leave()
        log.info("worker_started", worker=self.name)
        upkeep = [
            asyncio.create_task(service) for service in (self._leases.settle_forever(), self._leases.renew_forever())
        ]
        schedule = asyncio.create_task(run_schedule())
        lanes = [asyncio.create_task(lane.run()) for lane in self._lanes.values()]
        stopping = asyncio.create_task(self._stopping.wait())
        try:
            await _first_end(stopping, {*upkeep, schedule, *lanes})
        finally:
            await _cancel(stopping, schedule)
            await self._wind_down(lanes)
            await _cancel(*upkeep)
            self._ended.set()
            log.info("worker_stopped", worker=self.name)

    async def stop(self, grace: float = 20.0) -> None:
        """Claim nothing more, give running jobs `grace` seconds, hand back the rest; returns when `run` has ended."""
        self._grace = grace
        self._stopping.set()
        await self._ended.wait()

    def _freed(self, lane: str) -> None:
        wake.note(lane)
        if own := self._lanes.get(lane):
            own.hurry()

    async def _wind_down(self, lanes: list[asyncio.Task[None]]) -> None:
        for lane in self._lanes.values():
            lane.stop()
        await asyncio.wait(lanes, timeout=_LAST_SECONDS)
        running = {task for lane in self._lanes.values() for task in lane.running}
        if running:
            await asyncio.wait(running, timeout=self._grace)
        late = {task for task in running if not task.done()}
        for task in late:
            task.cancel()
        if late:
            log.warning("jobs_handed_back", worker=self.name, jobs=len(late))
            await asyncio.wait(late, timeout=_LAST_SECONDS)
        try:
            await asyncio.wait_for(self._leases.written(), timeout=_LAST_SECONDS)
        except TimeoutError:
            log.warning("job_outcomes_lost", worker=self.name)
        await _cancel(*lanes)


async def _first_end(stopping: asyncio.Task[bool], others: set[asyncio.Task[None]]) -> None:
    """Wait for the stop. If one of the others ends first it has a bug: raise its error, so that somebody notices."""
    done, _ = await asyncio.wait({stopping, *others}, return_when=asyncio.FIRST_COMPLETED)
    for task in done & others:
        task.result()


async def _cancel(*tasks: asyncio.Task[bool] | asyncio.Task[None]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
