"""The simulated outside world as one process holds it: its carriers' host, its clocks, and the news it sends.

It is another company's computer that happens to share our database server: own tables, own connections, own commits.
Nothing of ours joins them, so a call made inside one of our transactions is caught where all carriers' calls are.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from portside.db.tx import Tx
from portside.kit.clock import now
from portside.simulator import books
from portside.simulator.clock import Clock, advance_clocks, read_clock, set_speed
from portside.simulator.host import Host
from portside.simulator.line import Line
from portside.simulator.numbers import normalise
from portside.simulator.parcels import SimulatedParcel
from portside.simulator.pushes import Deliver, Sign, push_of
from portside.simulator.stories import STORIES

_PUSHES_AT_ONCE = 50
_ROUNDS = 1000
_KEPT_CALLS = dt.timedelta(days=30)
_FORGOTTEN_AT_ONCE = 10_000


class World:
    """One process's door to the simulated carriers. Opens connections only when they are needed.

    `sign` signs pushes, `deliver` takes them to us; without it nothing is pushed and we must ask.
    """

    def __init__(
        self, dsn: str, connect: Mapping[str, Any] | None = None, *, sign: Sign, deliver: Deliver | None = None
    ) -> None:
        self._line = Line(dsn, connect)
        self._host = Host(self._line)
        self._sign = sign
        self._deliver = deliver

    async def close(self) -> None:
        """Hang up."""
        await self._line.close()

    async def call(self, operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
        """One call to a carrier, as over HTTP: `{"status": …, "body": …}`. Raises ConnectionError when no answer comes
        at all."""
        return await self._host.call(operation, request)

    async def clock(self, account: str) -> Clock:
        """What time it is for an account."""
        async with self._line.connection() as tx:
            return await read_clock(tx, account)

    async def advance(self, accounts: Sequence[str], by: dt.timedelta) -> None:
        """Set the clocks of accounts forward; `push_due` then tells what has happened."""
        async with self._line.connection() as tx, tx.transaction():
            await advance_clocks(tx, accounts, by)

    async def set_speed(self, accounts: Sequence[str], speed: float) -> None:
        """Let the clocks of accounts run `speed` times as fast as the real time."""
        async with self._line.connection() as tx, tx.transaction():
            await set_speed(tx, accounts, speed)

    async def until_next_scan(self, accounts: Sequence[str], tracking_number: str | None = None) -> dt.timedelta | None:
        """How far the accounts' clocks are from the next untold scan, of one parcel or of any; None if there is none
        to come."""
        async with self._line.connection() as tx:
            number = None if tracking_number is None else normalise(tracking_number)
            waiting = await books.list_waiting(tx, accounts, number)
            gaps = [at - (await read_clock(tx, account)).now() for account, at in waiting]
        return max(min(gaps), dt.timedelta(0)) if gaps else None

    async def set_story(self, accounts: Sequence[str], tracking_number: str, story: str) -> bool:
        """From now on the parcel lives another story; False if none of the accounts sent it. Raises KeyError for an
        unknown story."""
        plot = STORIES[story].name
        async with self._line.connection() as tx, tx.transaction():
            found = await books.find_parcel(tx, normalise(tracking_number))
            if found is None or found[0].account not in accounts:
                return False
            await self._save(tx, found[0], plot, told=_common(found[0], plot))
        return True

    async def calls(
        self,
        *,
        accounts: Sequence[str] | None = None,
        reference: str | None = None,
        tracking_number: str | None = None,
        limit: int = 100,
    ) -> list[books.LoggedCall]:
        """The call log, the latest `limit` entries, oldest first."""
        async with self._line.connection() as tx:
            return await books.list_calls(
                tx, accounts=accounts, reference=reference, tracking_number=tracking_number, limit=limit
            )

    async def push_due(self, accounts: Sequence[str] | None = None) -> list[str]:
        """Push the news of parcels whose next scan is due; gives their numbers.

        A parcel is marked as told when its push was delivered: who breaks off before pushes again, under the same id.
        """
        if self._deliver is None:
            return []
        told: list[str] = []
        # Scans come due while others are pushed, so there is an end to it.
        for _ in range(_ROUNDS):
            async with self._line.connection() as tx:
                parcels = await books.claim_due(tx, accounts, _PUSHES_AT_ONCE)
            told += [parcel.tracking_number for parcel in parcels if await self._push(self._deliver, parcel)]
            if len(parcels) < _PUSHES_AT_ONCE:
                break
        return told

    async def _push(self, deliver: Deliver, parcel: SimulatedParcel) -> bool:
        async with self._line.connection() as tx:
            happened = len(parcel.scans((await read_clock(tx, parcel.account)).now()))
        is_news = happened > parcel.told
        if is_news:
            headers, body = push_of(parcel, happened, self._sign)
            await deliver(parcel.carrier, headers, body)
        async with self._line.connection() as tx:
            await self._save(tx, parcel, parcel.story, told=max(happened, parcel.told))
        return is_news

    async def _save(self, tx: Tx, parcel: SimulatedParcel, story: str, *, told: int) -> None:
        next_at = msgspec.structs.replace(parcel, story=story).next_after(told)
        clock = await read_clock(tx, parcel.account)
        due_at = None if next_at is None else clock.real_time_of(next_at)
        changed = msgspec.structs.replace(parcel, story=story, told=told, next_scan_at=next_at, due_at=due_at)
        await books.save_progress(tx, changed, before=parcel)

    async def tidy(self) -> int:
        """Drop old entries of the call log; gives how many."""
        async with self._line.connection() as tx:
            return await books.forget_calls(tx, now() - _KEPT_CALLS, _FORGOTTEN_AT_ONCE)


def _common(parcel: SimulatedParcel, story: str) -> int:
    """How many of the scans told so far also begin the other story."""
    ours, theirs = parcel.life()[: parcel.told], msgspec.structs.replace(parcel, story=story).life()
    pairs = list(zip(ours, theirs, strict=False))
    return next((index for index, (one, other) in enumerate(pairs) if one != other), len(pairs))


_installed: World | None = None


def install(world: World | None) -> None:
    """Give this process its simulated carriers (None at its end)."""
    global _installed
    _installed = world


def world() -> World:
    """The simulated carriers of this process."""
    if _installed is None:
        raise RuntimeError("world.install() has not run in this process")
    return _installed
