"""One lane of a worker: claims what is due as slots become free, and runs it."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence

import structlog

from portside.db.begin import begin, reading
from portside.jobs import claims, wake
from portside.jobs.leases import Leases
from portside.jobs.models import Lane, Lease, Outcome
from portside.jobs.registry import find_kind
from portside.jobs.running import group, run_group
from portside.jobs.trouble import TROUBLE

log = structlog.get_logger(__name__)

# Under a trickle of wake-ups a lane that found little looks again only after this, so that jobs are claimed in batches.
_LEAST_PAUSE = 0.01
_TROUBLE_PAUSE = 1.0


class LaneRunner:
    """`slots` runs of one lane at a time (a batch of a batched kind is one run)."""

    def __init__(self, lane: Lane, slots: int, owner: str, leases: Leases, poll_seconds: float) -> None:
        self.running: set[asyncio.Task[None]] = set()
        self._lane = lane
        self._slots = slots
        self._owner = owner
        self._leases = leases
        self._poll_seconds = poll_seconds
        self._look = asyncio.Event()
        self._hurried = False
        self._more_waiting = False
        self._in_trouble = False
        self._stopped = False

    def stop(self) -> None:
        """Claim nothing more; what runs goes on."""
        self._stopped = True
        self._look.set()

    def hurry(self) -> None:
        """There is certainly something to claim: the next job of a key whose last one has just ended here."""
        self._hurried = True
        self._look.set()

    async def run(self) -> None:
        """Claim and start jobs until `stop()`."""
        with wake.watching(self._lane, self._look):
            while not self._stopped:
                self._look.clear()
                self._hurried = False
                try:
                    progress = await self._fill_slots()
                except TROUBLE as error:
                    self._note_trouble(error)
                    await asyncio.sleep(_TROUBLE_PAUSE)
                    continue
                self._in_trouble = False
                if self._more_waiting and self._free():
                    # Without progress others hold the locks for a moment.
                    await asyncio.sleep(0 if progress else _LEAST_PAUSE)
                else:
                    await self._wait()

    def _free(self) -> int:
        return self._slots - len(self.running)

    async def _fill_slots(self) -> bool:
        """One look at the queue; gives whether it changed anything."""
        free = self._free()
        if not free:
            return False
        async with reading() as tx:
            found = await claims.claim(tx, self._lane, self._owner, self._leases.seconds, free)
        self._more_waiting = found.more
        for lease in found.leases:
            self._leases.hold(lease)
        groups = group(found.leases)
        for leases in groups:
            self._start(await self._topped_up(leases))
        if not found.blocked:
            return bool(found.leases)
        async with begin() as tx:
            parked = await claims.park(tx, self._lane)
        self._more_waiting = self._more_waiting or parked > 0
        return bool(found.leases) or parked > 0

    async def _topped_up(self, leases: list[Lease]) -> list[Lease]:
        """A batch that has met one job of its kind takes more of them, beyond the slots that were free."""
        kind = find_kind(leases[0].kind)
        try:
            while kind is not None and len(leases) < kind.batch:
                room = kind.batch - len(leases)
                async with reading() as tx:
                    more = await claims.claim(tx, self._lane, self._owner, self._leases.seconds, room, kind=kind.name)
                if not more.leases:
                    break
                leases = leases + more.leases
        except TROUBLE as error:
            self._note_trouble(error)
        return leases

    def _start(self, leases: Sequence[Lease]) -> None:
        task = asyncio.create_task(self._work(leases))
        self.running.add(task)
        task.add_done_callback(self._ended)
        for lease in leases:
            self._leases.hold(lease, task)

    async def _work(self, leases: Sequence[Lease]) -> None:
        try:
            await run_group(leases, self._leases.settle)
        except asyncio.CancelledError:
            # Shutdown, or a lease was lost: what is still ours is handed back at once, and no attempt is used up.
            for lease in leases:
                if self._leases.holds(lease):
                    self._leases.settle(Outcome(lease=lease, verdict="again"))

    def _ended(self, task: asyncio.Task[None]) -> None:
        self.running.discard(task)
        if self._more_waiting:
            self._look.set()

    async def _wait(self) -> None:
        """Until there may be something to claim: a wake-up, a free slot, or the slow poll."""
        loop = asyncio.get_running_loop()
        looked = loop.time()
        poll = loop.call_later(self._poll_seconds * random.uniform(0.8, 1.2), self._look.set)
        try:
            await self._look.wait()
        finally:
            poll.cancel()
        if not (self._more_waiting or self._hurried or self._stopped):
            await asyncio.sleep(max(0.0, looked + _LEAST_PAUSE - loop.time()))

    def _note_trouble(self, error: BaseException) -> None:
        if not self._in_trouble:
            log.warning("jobs_not_claimed", lane=self._lane, error=str(error))
        self._in_trouble = True
