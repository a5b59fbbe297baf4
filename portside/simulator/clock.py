"""The simulated carriers' clocks: one for each account, kept in the database so that all processes read the same time.

An account's clock can be set forward and made to run faster; it never goes back, because a carrier's scans do not.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import msgspec

from portside.db.tx import Tx
from portside.kit import clock as real

_ADVANCE = (
    "INSERT INTO sim_clocks (account, real_at, sim_at, speed) SELECT account, $2, $2::timestamptz + $3, 1 "
    "FROM unnest($1::text[]) AS a (account) "
    "ON CONFLICT (account) DO UPDATE SET real_at = $2, "
    "  sim_at = sim_clocks.sim_at + ($2 - sim_clocks.real_at) * sim_clocks.speed + $3"
)
_SET_SPEED = (
    "INSERT INTO sim_clocks (account, real_at, sim_at, speed) SELECT account, $2, $2, $3 "
    "FROM unnest($1::text[]) AS a (account) "
    "ON CONFLICT (account) DO UPDATE SET real_at = $2, speed = $3, "
    "  sim_at = sim_clocks.sim_at + ($2 - sim_clocks.real_at) * sim_clocks.speed"
)
# What waits for its next scan waits for another real moment once the clock goes otherwise.
_MOVE_DUE_TIMES = (
    "UPDATE sim_parcels p SET due_at = c.real_at + (p.next_scan_at - c.sim_at) / c.speed FROM sim_clocks c "
    "WHERE c.account = p.account AND p.account = ANY($1::text[]) AND p.next_scan_at IS NOT NULL"
)


class Clock(msgspec.Struct, frozen=True, kw_only=True):
    """At the real moment `real_at` it was `sim_at` for the account, and a real second is `speed` of its seconds."""

    real_at: dt.datetime
    sim_at: dt.datetime
    speed: float = 1.0

    def at(self, moment: dt.datetime) -> dt.datetime:
        """The account's time at a real moment."""
        return self.sim_at + (moment - self.real_at) * self.speed

    def now(self) -> dt.datetime:
        return self.at(real.now())

    def real_time_of(self, moment: dt.datetime) -> dt.datetime:
        """When it will really be, or was, that moment for the account."""
        return self.real_at + (moment - self.sim_at) / self.speed


async def read_clock(tx: Tx, account: str) -> Clock:
    """The account's clock; nobody has touched it: the real time."""
    row = await tx.fetchrow("SELECT real_at, sim_at, speed FROM sim_clocks WHERE account = $1", account)
    if row is None:
        moment = real.now()
        return Clock(real_at=moment, sim_at=moment)
    return Clock(**dict(row))


async def advance_clocks(tx: Tx, accounts: Sequence[str], by: dt.timedelta) -> None:
    """Set the clocks of the accounts forward. `by` is not negative."""
    await tx.execute(_ADVANCE, _in_order(accounts), real.now(), by)
    await tx.execute(_MOVE_DUE_TIMES, _in_order(accounts))


async def set_speed(tx: Tx, accounts: Sequence[str], speed: float) -> None:
    """From now on a real second is `speed` (above 0) of the accounts' seconds."""
    await tx.execute(_SET_SPEED, _in_order(accounts), real.now(), speed)
    await tx.execute(_MOVE_DUE_TIMES, _in_order(accounts))


def _in_order(accounts: Sequence[str]) -> list[str]:
    # Two callers who lock the same clocks in one order cannot wait for each other in a circle.
    return sorted(set(accounts))
