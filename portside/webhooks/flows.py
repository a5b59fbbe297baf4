"""An endpoint's turn: read what is due (tx), send it (no tx), record what came of it (tx), in rounds; and its tests.

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
from portside.accounts.actions import note_attempt
from portside.db.begin import begin, reading
from portside.errors import NotFound, Unavailable
from portside.events.models import EventName
from portside.jobs.once import enqueue_once
from portside.jobs.queue import enqueue
from portside.kit.clock import now
from portside.kit.ids import Id, first_id, new_id
from portside.kit.scope import Scope
from portside.kit.services import services
from portside.rest.limits import RateLimited
from portside.webhooks import actions, fanout, queries, replays, rules
from portside.webhooks.models import (
    Due,
    EventRef,
    Health,
    Replayed,
    Result,
    Secret,
    Sent,
    Trial,
    TrialKind,
    Turn,
    WakeUp,
)
from portside.webhooks.reach import list_sources
from portside.webhooks.samples import sample_body
from portside.webhooks.senders import send
from portside.webhooks.signing import new_secret
from portside.webhooks.wire import sample_event

log = structlog.get_logger(__name__)

# Requests at once to one endpoint.
CONCURRENCY = 16
# After so many seconds a turn makes way for others; a round starts no more requests.
TURN_SECONDS = 2.0
# Who finds all connections in use comes back after this.
BUSY_PAUSE = dt.timedelta(seconds=1)
# Each waits for the database for some seconds; meanwhile the lease may be lost, which ends the turn.
RECORDING_TRIES = 3
# What has been due for this long should have been sent.
NEGLECTED = dt.timedelta(minutes=5)


async def fan_out(events: Sequence[EventRef]) -> None:
    """Make deliveries of events; harmless when repeated."""
    async with begin() as tx:
        await fanout.fan_out(tx, events)


async def wake(wakes: Sequence[WakeUp]) -> None:
    """Queue the turns of endpoints that have something to try again, or whose pause is over."""
    async with begin() as tx:
        await fanout.wake_endpoints(tx, wakes)


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
    It lives by the database's clock, for clocks of hosts differ; or at the later `moment` that it was asked for, since
    `drain` may run ahead of time.
    """
    ahead: dt.timedelta | None = None
    ends = asyncio.get_running_loop().time() + TURN_SECONDS
    while True:
        async with begin() as tx:
            turn = await queries.find_turn(tx, scope, services().keys, webhook_id)
            if turn is None:
                break
            if ahead is None:
                ahead = max(moment - turn.moment, dt.timedelta()) if moment else dt.timedelta()
            due_by = turn.moment + ahead
            health = turn.webhook.health
            if not turn.webhook.active or rules.is_paused(health, due_by):
                return
            if rules.is_apart(health, due_by) and not apart:
                break
            size = queries.PROBE if health.failing_since else queries.ROUND
            chains = await queries.list_due(tx, scope, webhook_id, due_by, size)
        one = _Round(scope, turn, apart=apart, ends=ends, due_by=due_by)
        await one.run(chains)
        await _record(scope, turn, one)
        if one.was_busy:
            await _come_back(scope, webhook_id, one.moment() + BUSY_PAUSE)
            return
        is_all = size is queries.ROUND and not size.is_full(chains)
        if not one.was_cut and (is_all or not chains):
            return
        if asyncio.get_running_loop().time() >= ends:
            break
    if turn is None:
        await _cancel_rest(scope, webhook_id)
    else:
        await _queue_turn(scope, webhook_id, apart=rules.is_apart(turn.webhook.health, due_by), moment=due_by)


async def _come_back(scope: Scope, webhook_id: Id, moment: dt.datetime) -> None:
    """Our connections are in use; they may well be at this very host, so the turn leaves its slot to others."""
    async with begin() as tx:
        await enqueue(tx, *actions.wake_jobs(scope, webhook_id, [moment], Health()))


async def _queue_turn(scope: Scope, webhook_id: Id, *, apart: bool, moment: dt.datetime) -> None:
    """Go on later, at no earlier moment than this turn's: the wake-up that told it is used up."""
    async with begin() as tx:
        await enqueue(tx, actions.turn_job(scope, webhook_id, apart=apart, moment=moment))


async def _cancel_rest(scope: Scope, webhook_id: Id) -> None:
    """The webhook is gone: nothing is left to wait for."""
    more = True
    while more:
        async with begin() as tx:
            more = await actions.cancel_deliveries(tx, scope, webhook_id)


async def resend(scope: Scope, webhook_id: Id, wanted: Replayed) -> None:
    """Queue finished deliveries anew, some at a time."""
    following: Id | None = first_id(wanted.since - replays.SLACK)
    while following is not None:
        async with begin() as tx:
            following = await replays.resend_some(tx, scope, webhook_id, wanted, following)


async def recover(scope: Scope, webhook_id: Id, since: dt.datetime) -> None:
    """Queue deliveries of everything since a time that the webhook has not got, some at a time."""
    async with reading() as tx:
        webhook = await queries.get_webhook(tx, scope, webhook_id)
        sources = await list_sources(tx, scope, webhook)
    for source in sources:
        first = max(since, source.since or since)
        following: Id | None = first_id(first - replays.SLACK)
        while following is not None:
            async with begin() as tx:
                following = await replays.recover_some(tx, scope, webhook_id, source, first, following)


async def try_receiver(scope: Scope, webhook_id: Id, wanted: EventName | None, kind: TrialKind) -> Trial:
    """Send a sample to an endpoint, whatever its state, and tell what it answered.

    Raises NotFound, FieldErrors for an event that it does not hear of, RateLimited.
    """
    async with reading() as tx:
        turn = await queries.find_turn(tx, scope, services().keys, webhook_id)
    if turn is None or not rules.is_keeper(turn.webhook, scope.actor):
        raise NotFound
    event = sample_event(turn.webhook, wanted)
    await _spend_trial(scope, webhook_id)
    moment = now()
    about = Due(
        event_id=new_id(),
        object_id=new_id(),
        seq=1,
        due_at=moment,
        keeps_order=False,
        event_created_at=moment,
        payload=sample_body(event),
        tries=0,
        attempts=0,
        event_account_id=scope.account_id if turn.webhook.reach == "app" else None,
    )
    secrets = turn.secrets if kind == "sample" else [Secret(text=new_secret(), created_at=moment, expires_at=None)]
    body, longest = sample_body(event), services().settings.webhook_timeout_seconds
    sent = await send(services().door, scope.account_id, turn.webhook.url, about, body, secrets, longest, apart=True)
    if sent is None:
        raise RateLimited(1)
    trial = Trial(
        id=about.event_id, webhook_id=webhook_id, event=event, kind=kind, body=body, sent=sent, created_at=moment
    )
    async with begin() as tx:
        await replays.record_trial(tx, scope, trial)
    return trial


async def _spend_trial(scope: Scope, webhook_id: Id) -> None:
    """Count a test. Raises RateLimited: whoever can make webhooks could have us call anybody."""
    minute = now().replace(second=0, microsecond=0)
    counters = {
        f"webhook-tests:{webhook_id}": rules.TRIALS_OF_WEBHOOK,
        f"webhook-tests:{scope.account_id}:{scope.mode}": rules.TRIALS_OF_ACCOUNT,
    }
    async with begin() as tx:
        counts = [await note_attempt(tx, name, minute) for name in counters]
    if any(count > most for count, most in zip(counts, counters.values(), strict=True)):
        raise RateLimited(max(1, 60 - now().second))


class _Round:
    """Some requests to one endpoint, a few at a time, each object's one after the other."""

    def __init__(self, scope: Scope, turn: Turn, *, apart: bool, ends: float, due_by: dt.datetime) -> None:
        self.results: list[Result] = []
        self.sent: list[Sent] = []
        self.was_cut = False
        self.was_busy = False
        self._scope = scope
        self._turn = turn
        longest = services().settings.webhook_timeout_seconds
        self._timeout = longest if apart else min(rules.PATIENCE, longest)
        self._apart = apart
        self._ends = ends
        self._due_by = due_by
        self._ahead = due_by - now()

    def moment(self) -> dt.datetime:
        """What time it is for the turn."""
        return now() + self._ahead

    async def run(self, chains: Sequence[Sequence[Due]]) -> None:
        """Work through the chains, the oldest first; stop early if the endpoint turns out to be failing."""
        waiting = iter(chains)

        async def work() -> None:
            for chain in waiting:
                await self._run_chain(chain)

        async with asyncio.TaskGroup() as group:
            for _ in range(min(CONCURRENCY, len(chains))):
                group.create_task(work())

    async def _run_chain(self, chain: Sequence[Due]) -> None:
        for due in rules.sendable(chain, self._due_by):
            if self._should_stop():
                self.was_cut = True
                return
            result = await self._attempt(due)
            if result is None:
                self.was_busy = True
                return
            self.results.append(result)
            if result.state == "pending" and result.keeps_order:
                return

    def _should_stop(self) -> bool:
        if self.was_busy or asyncio.get_running_loop().time() >= self._ends:
            return True
        if any(sent.retry_after for sent in self.sent):
            return True
        return len(self.sent) >= rules.FEW and not any(rules.is_delivered(sent.status) for sent in self.sent)

    async def _attempt(self, due: Due) -> Result | None:
        if due.payload is None:
            return Result(due=due, sent=None, state="cancelled", at=self.moment())
        webhook, secrets = self._turn.webhook, self._turn.secrets
        account_id, door = self._scope.account_id, services().door
        sent = await send(door, account_id, webhook.url, due, due.payload, secrets, self._timeout, apart=self._apart)
        if sent is None:
            return None
        self.sent.append(sent)
        schedule = services().settings.webhook_retry_schedule
        return rules.result_of(due, sent, schedule, self.moment(), random.random())


async def _record(scope: Scope, turn: Turn, one: _Round) -> None:
    """Write what a round came to. A database that went away is waited for: what is not written will be sent again."""
    if not one.results:
        return
    moment = one.moment()
    for number in range(RECORDING_TRIES):
        try:
            await _try_to_record(scope, turn, one, moment, is_repeated=number > 0)
            return
        except Unavailable:
            if number == RECORDING_TRIES - 1:
                raise


async def _try_to_record(scope: Scope, turn: Turn, one: _Round, moment: dt.datetime, *, is_repeated: bool) -> None:
    webhook = turn.webhook
    health = rules.after_round(webhook.health, one.sent, moment)
    hours = services().settings.webhook_disable_hours
    reason = rules.reason_to_disable(health, one.sent, moment, hours)
    news = rules.health_news(webhook, health, moment)
    async with begin() as tx:
        if is_repeated and await queries.is_recorded(tx, scope, webhook.id, one.results):
            return
        await actions.record_round(tx, scope, webhook, one.results, health)
        if reason is not None or news is not None:
            owned = await accounts.get_scope(tx, scope.account_id, scope.mode)
            if reason is not None:
                await actions.disable_webhook(tx, owned, webhook.id, reason)
            elif news is not None:
                await actions.note_health(tx, owned, webhook.id, news)
    if reason is not None:
        log.warning("webhook_disabled", webhook=webhook.id, account=scope.account_id, mode=scope.mode, reason=reason)
