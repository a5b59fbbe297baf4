"""Setting the simulated carriers' clocks, and letting them tell us what has happened since.

Each tenant has clocks of its own (one per carrier account), so nobody's parcels move because another one tests.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from portside.carrier_accounts.queries import list_carrier_accounts
from portside.db.begin import begin, reading
from portside.errors import BadRequest, NotFound
from portside.jobs.models import Job
from portside.jobs.queue import enqueue
from portside.kit.clock import now, to_wire
from portside.kit.paging import PageRequest
from portside.kit.scope import Scope
from portside.kit.tripwire import assert_no_transaction
from portside.simulations.models import CallFilter, Moment, Step
from portside.simulator.books import LoggedCall
from portside.simulator.world import world

_MOST_ACCOUNTS = 1000
# Beyond this, dates would leave the range that everybody can write.
_FARTHEST = dt.timedelta(days=3650)
_SHOWN_CALLS = 100
# What carriers push is taken first, in seconds: a parcel that has arrived meanwhile is not late.
_NEWS_TAKES = 5

# Kinds of job for whom the time at an account's carriers matters; handed down by `wiring.install()`.
_listeners: Sequence[str] = ()


def install(listeners: Sequence[str]) -> None:
    """Say which jobs are to hear that an account has set its carriers' clocks; once, at start."""
    global _listeners
    _listeners = listeners


async def look(scope: Scope) -> Moment:
    """What time it is at the account's simulated carriers. Raises BadRequest for a live token."""
    return await _moment(await _accounts(scope))


async def advance(scope: Scope, step: Step) -> Moment:
    """Set the clock forward; what has happened by then is pushed to us, as carriers do. Raises BadRequest,
    NotFound (no such parcel, or nothing more will happen to it)."""
    accounts = await _accounts(scope)
    by = step.by
    if by is None:
        by = await world().until_next_scan(accounts, step.tracking_number)
        if by is None:
            raise NotFound("No scan is to come.")
    if (await _moment(accounts)).now + by - now() > _FARTHEST:
        raise BadRequest("The clock cannot be set more than ten years ahead.")
    await world().advance(accounts, by)
    return await _told(scope, accounts)


async def set_speed(scope: Scope, speed: float) -> Moment:
    """Let the clock run faster or slower from now on. Raises BadRequest."""
    accounts = await _accounts(scope)
    await world().set_speed(accounts, speed)
    return await _told(scope, accounts)


async def choose_story(scope: Scope, tracking_number: str, story: str) -> Moment:
    """Give a parcel of the account another story from now on. Raises BadRequest, NotFound."""
    accounts = await _accounts(scope)
    if not await world().set_story(accounts, tracking_number, story):
        raise NotFound
    return await _told(scope, accounts)


async def list_calls(scope: Scope, wanted: CallFilter) -> list[LoggedCall]:
    """The account's calls that reached a simulated carrier. Raises BadRequest."""
    return await world().calls(
        accounts=await _accounts(scope),
        reference=wanted.reference or None,
        tracking_number=wanted.tracking_number or None,
        limit=_SHOWN_CALLS,
    )


async def push_due() -> None:
    """Let the simulated carriers push whatever has come due, for everybody."""
    assert_no_transaction("news of the simulated carriers")
    await world().push_due()


async def tidy() -> None:
    """Let them forget old calls."""
    await world().tidy()


async def _told(scope: Scope, accounts: list[str]) -> Moment:
    numbers = await world().push_due(accounts)
    moment = await _moment(accounts, tuple(sorted(set(numbers))))
    payload = {"account": scope.account_id, "mode": scope.mode, "moment": to_wire(moment.now)}
    later = now() + dt.timedelta(seconds=_NEWS_TAKES)
    async with begin() as tx:
        await enqueue(tx, *[Job(kind=kind, payload=payload, run_at=later) for kind in _listeners])
    return moment


async def _moment(accounts: list[str], numbers: tuple[str, ...] = ()) -> Moment:
    clocks = [await world().clock(account) for account in accounts]
    latest = max(clocks, key=lambda clock: clock.now())
    return Moment(now=latest.now(), speed=latest.speed, tracking_numbers=numbers)


async def _accounts(scope: Scope) -> list[str]:
    """The account's carrier accounts, inactive ones too: their parcels are still under way."""
    if not scope.is_test:
        raise BadRequest("The simulator works with test tokens only.")
    async with reading() as tx:
        found = await list_carrier_accounts(tx, scope, PageRequest(size=_MOST_ACCOUNTS))
    if not found.rows:
        raise BadRequest("This account has no carrier accounts.")
    return [account.id for account in found.rows]
