"""An endpoint's turn: read what is due (tx), send it (no tx), record what came of it (tx), in rounds.

The deliveries themselves are the queue; a job is only the turn of one endpoint, so a backlog of any length is one job,
and a dead endpoint's backlog, between two probes, is none.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import random
from collections.abc import Sequence

import structlog

from portside.accounts import queries as accounts
from portside.db.begin import begin, reading
from portside.jobs.once import enqueue_once
from portside.jobs.queue import enqueue
from portside.kit.clock import now
from portside.kit.ids import Id
from portside.kit.scope import Scope
from portside.kit.services import services
from portside.webhooks import actions, queries, rules
from portside.webhooks.models import Due, EventRef, Result, Sent, Turn, WakeUp
from portside.webhooks.senders import send

log = structlog.get_logger(__name__)

# Requests at once to one endpoint.
CONCURRENCY = 16
# After so many seconds a turn makes way for others; a round starts no more requests.
TURN_SECONDS = 2.0
# What has been due for this long should have been sent.
NEGLECTED = dt.timedelta(minutes=5)


async def fan_out(events: Sequence[EventRef]) -> None:
    """Make deliveries of events; harmless when repeated."""
    async with begin() as tx:
        await actions.fan_out(tx, events)


async def wake(wakes: Sequence[WakeUp]) -> None:
    """Queue the turns of endpoints that have something to try again, or whose pause is over."""
    async with begin() as tx:
        await actions.wake_endpoints(tx, wakes)


async def sweep() -> None:
    """The net under the turns: an endpoint with something long due and no turn gets one, whatever went wrong."""
    async with reading() as tx:
        neglected = await queries.list_neglected(tx, NEGLECTED)
    async with begin() as tx:
        await enqueue_once(tx, *[actions.turn_job(scope, webhook_id) for scope, webhook_id in neglected])
    if neglected:
        log.warning("webhooks_neglected", endpoints=len(neglected))


async def take_turn(scope: Scope, webhook_id: Id, *, apart: bool, moment: dt.datetime | None = None) -> None:
    """Send what is due for an endpoint: all of it, or as much as fits in a turn, which then queues the next one.

    A failing endpoint is asked with one delivery first. `apart`: in the lane where the full timeout may be waited for.
    A turn that was asked for a `moment` which this clock has not reached yet lives at that moment: clocks of hosts
    differ, and `drain` may run ahead of time.
    """
    ahead = max(moment - now(), dt.timedelta()) if moment else dt.timedelta()
    ends = asyncio.get_running_loop().time() + TURN_SECONDS
    while True:
        due_by = now() + ahead
        async with begin() as tx:
            turn = await queries.find_turn(tx, scope, services().keys, webhook_id)
            if turn is None:
                break
            health = turn.webhook.health
            if not turn.webhook.active or rules.is_paused(health, due_by):
                return
            if rules.is_apart(health, due_by) and not apart:
                break
            size = queries.PROBE if health.failing_since else queries.ROUND
            chains = await queries.list_due(tx, scope, webhook_id, due_by, size)
        one = _Round(scope, turn, apart=apart, ends=ends, ahead=ahead)
        await one.run(chains, due_by)
        await _record(scope, turn, one, now() + ahead)
        if not one.was_cut and size is queries.ROUND and not size.is_full(chains):
            return
        if asyncio.get_running_loop().time() >= ends:
            break
    if turn is None:
        await _cancel_rest(scope, webhook_id)
    else:
        await _queue_turn(scope, webhook_id, apart=rules.is_apart(turn.webhook.health, due_by))


async def _queue_turn(scope: Scope, webhook_id: Id, *, apart: bool) -> None:
    async with begin() as tx:
        await enqueue(tx, actions.turn_job(scope, webhook_id, apart=apart))


async def _cancel_rest(scope: Scope, webhook_id: Id) -> None:
    """The webhook is gone: nothing is left to wait for."""
    more = True
    while more:
        async with begin() as tx:
            more = await actions.cancel_deliveries(tx, scope, webhook_id)


async def recover(scope: Scope, webhook_id: Id, after: Id) -> None:
    """Queue deliveries of everything after an event id that the webhook has not got, some at a time."""
    following: Id | None = after
    while following is not None:
        async with begin() as tx:
            following = await actions.recover_some(tx, scope, webhook_id, following)


class _Round:
    """Some requests to one endpoint, a few at a time, each object's one after the other."""

    def __init__(self, scope: Scope, turn: Turn, *, apart: bool, ends: float, ahead: dt.timedelta) -> None:
        self.results: list[Result] = []
        self.sent: list[Sent] = []
        self.was_cut = False
        self._scope = scope
        self._turn = turn
        longest = services().settings.webhook_timeout_seconds
        self._timeout = longest if apart else min(rules.PATIENCE, longest)
        self._ends = ends
        self._ahead = ahead

    async def run(self, chains: Sequence[Sequence[Due]], due_by: dt.datetime) -> None:
        """Work through the chains, the oldest first; stop early if the endpoint turns out to be failing."""
        waiting = iter(chains)

        async def work() -> None:
            for chain in waiting:
                await self._run_chain(chain, due_by)

        async with asyncio.TaskGroup() as group:
            for _ in range(min(CONCURRENCY, len(chains))):
                group.create_task(work())

    async def _run_chain(self, chain: Sequence[Due], due_by: dt.datetime) -> None:
        for due in rules.sendable(chain, due_by):
            if self._should_stop():
                self.was_cut = True
                return
            result = await self._attempt(due)
            self.results.append(result)
            if result.state == "pending" and result.keeps_order:
                return

    def _should_stop(self) -> bool:
        if asyncio.get_running_loop().time() >= self._ends:
            return True
        if any(sent.retry_after for sent in self.sent):
            return True
        return len(self.sent) >= rules.FEW and not any(rules.is_delivered(sent.status) for sent in self.sent)

    async def _attempt(self, due: Due) -> Result:
        if due.payload is None:
            return Result(due=due, sent=None, state="cancelled", at=now() + self._ahead)
        webhook, secrets = self._turn.webhook, self._turn.secrets
        sent = await send(
            services().door, self._scope.account_id, webhook.url, due, due.payload, secrets, self._timeout
        )
        self.sent.append(sent)
        schedule = services().settings.webhook_retry_schedule
        return rules.result_of(due, sent, schedule, now() + self._ahead, random.random())


async def _record(scope: Scope, turn: Turn, one: _Round, moment: dt.datetime) -> None:
    if not one.results:
        return
    webhook = turn.webhook
    health = rules.after_round(webhook.health, one.sent, moment)
    hours = services().settings.webhook_disable_hours
    reason = rules.reason_to_disable(health, one.sent, moment, hours)
    async with begin() as tx:
        await actions.record_round(tx, scope, webhook, one.results, health)
        if reason is not None:
            owned = await accounts.get_scope(tx, scope.account_id, scope.mode)
            await actions.disable_webhook(tx, owned, webhook.id, reason)
    if reason is not None:
        log.warning("webhook_disabled", webhook=webhook.id, account=scope.account_id, mode=scope.mode, reason=reason)
