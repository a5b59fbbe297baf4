"""Writing messages, and what became of them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from portside.db.tx import Tx
from portside.jobs.models import Job
from portside.jobs.queue import enqueue
from portside.kit.clock import now
from portside.kit.ids import Id, new_id
from portside.kit.scope import Scope
from portside.notifications.models import MessageDraft

_INSERT = """INSERT INTO mailbox_messages (account_id, mode, id, event_id, name, recipient,
    subject, body_text, body_html, state, created_at)
SELECT *, 'waiting', now() FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::uuid[], $5::text[], $6::text[],
    $7::text[], $8::text[], $9::text[])
ON CONFLICT (account_id, mode, event_id, name, recipient) DO NOTHING RETURNING account_id, mode, id"""


async def create_messages(tx: Tx, drafts: Sequence[MessageDraft]) -> int:
    """Queue messages; gives how many are new. Nobody is told twice of one event."""
    if not drafts:
        return 0
    values = [
        (
            draft.scope.account_id,
            draft.scope.mode,
            new_id(),
            draft.event_id,
            draft.name,
            draft.recipient,
            draft.text.subject,
            draft.text.text,
            draft.text.html,
        )
        for draft in drafts
    ]
    made = await tx.fetch(_INSERT, *zip(*values, strict=True))
    jobs = [
        Job(
            kind="notifications.send_mail",
            payload={"account": row["account_id"], "mode": row["mode"], "message": row["id"]},
        )
        for row in made
    ]
    await enqueue(tx, *jobs)
    return len(made)


async def mark_sent(tx: Tx, scope: Scope, message_id: Id) -> None:
    """A server has taken it; what it said is no longer ours to keep."""
    await tx.execute(
        "UPDATE mailbox_messages SET state = 'sent', finished_at = $4, body_text = '', body_html = '' "
        "WHERE account_id = $1 AND mode = $2 AND id = $3 AND state = 'waiting'",
        scope.account_id,
        scope.mode,
        message_id,
        now(),
    )


async def mark_kept(tx: Tx, scope: Scope, message_id: Id) -> None:
    """There is no server: it stays to be read in the mailbox."""
    await tx.execute(
        "UPDATE mailbox_messages SET state = 'kept', finished_at = $4 "
        "WHERE account_id = $1 AND mode = $2 AND id = $3 AND state = 'waiting'",
        scope.account_id,
        scope.mode,
        message_id,
        now(),
    )


async def reject_message(tx: Tx, scope: Scope, message_id: Id, error: str) -> None:
    """No server will take it."""
    await tx.execute(
        "UPDATE mailbox_messages SET state = 'refused', finished_at = $4, error = $5 "
        "WHERE account_id = $1 AND mode = $2 AND id = $3 AND state = 'waiting'",
        scope.account_id,
        scope.mode,
        message_id,
        now(),
        error,
    )


# unscoped: time passes for all accounts alike.
async def forget_messages(tx: Tx, before: dt.datetime) -> None:
    """Remove messages that were made before then."""
    await tx.execute("DELETE FROM mailbox_messages WHERE created_at < $1", before)
