"""Writing events: the row and the jobs of its reactions, together, in the transaction of the change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from portside.db.commits import after_commit
from portside.db.sql import Part, insert_all
from portside.db.tx import Tx
from portside.events.models import Event, EventName
from portside.jobs import wake
from portside.jobs.models import Job
from portside.jobs.queue import job_part

# Event name -> kinds of the jobs that react; handed down by `wiring.install()` at start, so that code stays below.
Reactions = Mapping[EventName, Sequence[str]]
_reactions: Reactions | None = None

# Those who follow the log wait for this topic.
TOPIC = "events"

_INSERT = (
    "INSERT INTO events (id, account_id, mode, name, object_id, seq, actor, payload, created_at) "
    "SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::uuid[], $6::int[], $7::text[], "
    "$8::text[], $9::timestamptz[]) AS given ON CONFLICT DO NOTHING"
)


def install(reactions: Reactions | None) -> None:
    """Say which jobs react to which events; once, at start."""
    global _reactions
    _reactions = reactions


async def record(tx: Tx, *events: Event) -> None:
    """Write events and the jobs of their reactions, in the caller's transaction."""
    await insert_all(tx, *event_parts(events))


def event_parts(events: Sequence[Event]) -> list[Part]:
    """The same as parts of a joined statement, for list actions."""
    if _reactions is None:
        raise RuntimeError("events.install() has not run: no reaction would follow this event")
    rows = [
        (
            e.id,
            e.scope.account_id,
            e.scope.mode,
            e.name,
            e.object_id,
            e.seq,
            str(e.scope.actor),
            e.payload,
            e.created_at,
        )
        for e in events
    ]
    jobs = [
        Job(
            kind=kind,
            payload={"event": e.id, "account": e.scope.account_id, "mode": e.scope.mode},
            # Reactions to one object's events run in their order; the object's row lock gives the jobs that order.
            key=f"{kind}:{e.object_id}",
        )
        for e in events
        for kind in _reactions.get(e.name, ())
    ]
    if rows:
        after_commit(wake.noter(TOPIC))
    return [Part(_INSERT, tuple(zip(*rows, strict=True))), job_part(jobs)]
