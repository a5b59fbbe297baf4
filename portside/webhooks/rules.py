"""What an answer means, when a delivery is tried again, how an endpoint's health moves, and what waits for what."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import Literal

from portside.events.models import EventName
from portside.kit.clock import from_wire
from portside.kit.scope import Actor
from portside.rest.permissions import EVERYTHING
from portside.webhooks.models import (
    SHIPPO_EVENTS,
    DisabledReason,
    Due,
    Health,
    HealthNews,
    Result,
    Sent,
    Subscription,
    TrialKind,
    Webhook,
)

# Answers below 500 that say "later" rather than "no" (Shippo repeats 408, 429 and 5XX).
TRANSIENT = frozenset({408, 409, 425, 429})
GONE = 410
# Retries up to this far apart keep a delivery's place before the later ones of its object, in seconds.
FAST_SECONDS = 60
# A receiver may ask for this long a wait, in seconds; a longer one is cut to it.
LONGEST_RETRY_AFTER = 3600
# So many failures without a success between them stop a round.
FEW = 5
# The pauses of a failing endpoint double from the one to the other.
SHORTEST_PAUSE = dt.timedelta(seconds=1)
LONGEST_PAUSE = dt.timedelta(seconds=300)
# Who has failed for this long is served in the lane of the slow.
APART_AFTER = dt.timedelta(seconds=5)
# Shippo gives receivers 3 s. Who needs longer gets it, but in a lane apart from the quick ones.
PATIENCE = 3.0
SLOW_FOR = dt.timedelta(minutes=10)
# Who has failed for this long, its owner hears of.
TOLD_AFTER = dt.timedelta(hours=1)
# Failures further apart than this are two troubles, not one that lasted: the longest gap between two retries is a day.
SAME_TROUBLE = dt.timedelta(hours=48)
MOST_WEBHOOKS = 200
# Tests that may be asked for in a minute: of one endpoint, and in one account, for a test sends to any address.
TRIALS_OF_WEBHOOK = 6
TRIALS_OF_ACCOUNT = 30

# An app hears of what its connection lets it read.
_PERMISSIONS = {"transaction": "labels:read", "batch": "labels:read", "track": "tracking:read", "order": "orders:read"}
EVERY_EVENT = "events:read"

Trouble = Literal["gone", "failed", "failing"]
Verdict = Literal["good", "bad", "unanswered"]


def is_keeper(webhook: Webhook, actor: Actor) -> bool:
    """Whether an actor who may see a subscription may change it and know its secret.

    A person may only end what an app subscribed in their account: its secret is between Portside and the partner.
    """
    return actor.kind != "user" or webhook.app_id is None or webhook.reach == "app"


def plain_url(url: str) -> str:
    """An address without its query, in which people put secrets."""
    return url.partition("?")[0].partition("#")[0]


def tells_of_webhooks(subscription: Subscription) -> bool:
    """Whether the events are about webhooks, whose addresses are their owners' own business."""
    return subscription in ("webhook_disabled", "webhook_failing", "webhook_recovered")


def permission_for(event: EventName) -> str | None:
    """The scope that an app needs, beside `events:read` or `*`, to hear of an event; None: no other."""
    return _PERMISSIONS.get(event.partition("_")[0])


def may_hear_of(event: EventName, scopes: str) -> bool:
    """Whether what was granted to an app, scopes with spaces between them, covers an event."""
    return not {EVERYTHING, EVERY_EVENT, permission_for(event)}.isdisjoint(scopes.split())


def events_of(subscription: Subscription) -> list[EventName]:
    """The events that a subscription hears of."""
    return list(SHIPPO_EVENTS) if subscription == "all" else [subscription]


def is_delivered(status: int | None) -> bool:
    return status is not None and 200 <= status < 300


def is_retryable(status: int | None) -> bool:
    """No answer, "later", or the receiver's own fault. Any other answer will not change by itself."""
    return status is None or status >= 500 or status in TRANSIENT


def next_attempt(
    status: int | None,
    tries: int,
    schedule: Sequence[int],
    moment: dt.datetime,
    retry_after: float | None,
    roll: float,
) -> dt.datetime | None:
    """When to try again after the n-th try failed at `moment`; None: not at all.

    `schedule` holds the seconds between tries; `roll` in [0, 1) spreads each by ±20 %; a receiver's Retry-After makes
    the wait longer, never shorter.
    """
    if not is_retryable(status) or tries > len(schedule):
        return None
    seconds = schedule[tries - 1] * (0.8 + 0.4 * roll)
    return moment + dt.timedelta(seconds=max(seconds, clamped(retry_after)))


def clamped(retry_after: float | None) -> float:
    """Retry-After as we are willing to heed it, in seconds."""
    return min(max(retry_after or 0.0, 0.0), LONGEST_RETRY_AFTER)


def read_retry_after(text: str | None, moment: dt.datetime) -> float | None:
    """The header in seconds: a number, or a date (RFC 9110 §10.2.3) as ours or HTTP's. None: absent or unreadable."""
    if not text:
        return None
    text = text.strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    until = from_wire(text) or _http_date(text)
    return None if until is None else max(0.0, (until - moment).total_seconds())


def _http_date(text: str) -> dt.datetime | None:
    try:
        return dt.datetime.strptime(text, "%a, %d %b %Y %H:%M:%S GMT").replace(tzinfo=dt.UTC)
    except ValueError:
        return None


def result_of(due: Due, sent: Sent, schedule: Sequence[int], moment: dt.datetime, roll: float) -> Result:
    """What an attempt makes of its delivery."""
    if is_delivered(sent.status):
        return Result(due=due, sent=sent, state="delivered", at=moment)
    again = next_attempt(sent.status, due.tries + 1, schedule, moment, sent.retry_after, roll)
    if again is None:
        return Result(due=due, sent=sent, state="failed", at=moment)
    return Result(
        due=due,
        sent=sent,
        state="pending",
        at=moment,
        next_attempt_at=again,
        keeps_order=due.keeps_order and schedule[due.tries] <= FAST_SECONDS,
    )


def sendable(chain: Sequence[Due], moment: dt.datetime) -> Iterator[Due]:
    """Of one object's pending deliveries, in order, those that may go now: none past one that keeps its place."""
    for due in sorted(chain, key=lambda due: due.seq):
        if due.due_at <= moment:
            yield due
        elif due.keeps_order:
            return


def is_apart(health: Health, moment: dt.datetime) -> bool:
    """Whether an endpoint is served in the lane of the slow: it has failed for a while, or was slow not long ago."""
    if health.slow_until is not None and health.slow_until > moment:
        return True
    return health.failing_since is not None and moment - health.failing_since >= APART_AFTER


def is_paused(health: Health, moment: dt.datetime) -> bool:
    return health.paused_until is not None and health.paused_until > moment


def after_round(health: Health, sent: Sequence[Sent], moment: dt.datetime) -> Health:
    """An endpoint's health after a round of attempts at it.

    Any success ends a failure. A first failure or two pause nothing: it may be the delivery. From then on failures
    alone pause the endpoint, each time for as long as it has been failing so far, so the probes double up to the
    longest pause and nothing has to be counted. A receiver that asks for time gets it.
    """
    if not sent:
        return health
    wait = min(dt.timedelta(seconds=max(clamped(one.retry_after) for one in sent)), LONGEST_PAUSE)
    slow = any(one.is_timeout or one.duration_ms > PATIENCE * 1000 for one in sent)
    slow_until = moment + SLOW_FOR if slow else health.slow_until
    if any(is_delivered(one.status) for one in sent):
        return Health(paused_until=moment + wait if wait else None, slow_until=slow_until)
    since = health.failing_since
    if since is None or health.last_failure_at is None or moment - health.last_failure_at > SAME_TROUBLE:
        since = moment
    if len(sent) >= FEW or since < moment:
        wait = max(wait, min(max(moment - since, SHORTEST_PAUSE), LONGEST_PAUSE))
    return Health(
        failing_since=since,
        last_failure_at=moment,
        paused_until=moment + wait if wait else None,
        slow_until=slow_until,
    )


def reason_to_disable(
    health: Health, sent: Sequence[Sent], moment: dt.datetime, after_hours: float
) -> DisabledReason | None:
    """Why an endpoint is switched off after a round, if it is: it said 410, or it has only failed for so long."""
    if any(one.status == GONE for one in sent):
        return "gone"
    if health.failing_since is not None and moment - health.failing_since >= dt.timedelta(hours=after_hours):
        return "failing"
    return None


def health_news(webhook: Webhook, health: Health, moment: dt.datetime) -> HealthNews | None:
    """What its owner is to be told of an endpoint's health after a round, once for each trouble that lasted."""
    if webhook.failing_told_at is not None:
        return "webhook_recovered" if health.failing_since is None else None
    if health.failing_since is not None and moment - health.failing_since >= TOLD_AFTER:
        return "webhook_failing"
    return None


def trouble(webhook: Webhook) -> Trouble | None:
    """What its owner has to know of an endpoint: Portside switched it off, or it fails since its last success."""
    if webhook.disabled_at is not None:
        return "gone" if webhook.disabled_reason == "gone" else "failed"
    return "failing" if webhook.active and webhook.health.failing_since is not None else None


def missed_since(webhook: Webhook, moment: dt.datetime, disable_hours: float) -> dt.datetime:
    """Since when an endpoint in trouble may have missed something.

    One that was switched off had failed for that many hours; what first failed may have waited for a while before.
    """
    began = webhook.disabled_at or webhook.health.failing_since or moment
    return began - dt.timedelta(hours=disable_hours)


def verdict(kind: TrialKind, status: int | None) -> Verdict:
    """What an answer to a sample says of the receiver's code: good takes what we signed and refuses what we did not."""
    if status is None:
        return "unanswered"
    return "good" if is_delivered(status) == (kind == "sample") else "bad"
