"""Writing messages, and what became of them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import msgspec

from portside.db.tx import Tx
from portside.jobs.models import Job
from portside.jobs.queue import enqueue
from portside.kit.clock import now
from portside.kit.crypto import KeyRing
from portside.kit.folding import fold
from portside.kit.ids import Id, new_id
from portside.kit.scope import Scope
from portside.notifications.models import Channel, MessageDraft, State, SystemMailDraft
from portside.notifications.queries import sealed_place

_INSERT = """INSERT INTO mailbox_messages (account_id, mode, id, event_id, name, recipient,
    subject, body_text, body_html, state, channel, sender_name, reply_to, unsubscribe_url, created_at)
SELECT *, now() FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::uuid[], $5::text[], $6::text[],
    $7::text[], $8::text[], $9::text[], $10::text[], $11::text[], $12::text[], $13::text[], $14::text[])
ON CONFLICT (account_id, mode, event_id, name, recipient) DO NOTHING RETURNING account_id, mode, id, state"""


async def create_messages(tx: Tx, drafts: Sequence[MessageDraft]) -> int:
    """Queue messages; gives how many are new. Nobody is told twice of one event."""
    if not drafts:
        return 0
    values = [
        (
            draft.scope.account_id,
            draft.scope.mode,
            draft.id,
            draft.event_id,
            draft.name,
            draft.recipient,
            draft.text.subject,
            draft.text.text,
            draft.text.html,
            "kept" if draft.keep else "waiting",
            draft.channel,
            draft.sender_name,
            draft.reply_to,
            draft.unsubscribe_url,
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
        if row["state"] == "waiting"
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


async def suppress(tx: Tx, scope: Scope, channel: Channel, address: str) -> None:
    """Somebody wants no more messages from the account, in both modes. Mail addresses are compared folded."""
    await tx.execute(
        "INSERT INTO suppressions (account_id, channel, address, created_at) VALUES ($1, $2, $3, $4) "
        "ON CONFLICT DO NOTHING",
        scope.account_id,
        channel,
        fold(address),
        now(),
    )


async def end_suppression(tx: Tx, scope: Scope, channel: Channel, address: str) -> None:
    """They want them again."""
    await tx.execute(
        "DELETE FROM suppressions WHERE account_id = $1 AND channel = $2 AND address = $3",
        scope.account_id,
        channel,
        fold(address),
    )


# unscoped: time passes for all accounts alike.
async def forget_messages(tx: Tx, before: dt.datetime) -> None:
    """Remove messages that were made before then."""
    await tx.execute("DELETE FROM mailbox_messages WHERE created_at < $1", before)


async def create_system_mail(tx: Tx, draft: SystemMailDraft, keys: KeyRing) -> None:
    """Queue a mail with no account in hand; it lies sealed until it is sent. # unscoped: it belongs to no account."""
    mail_id = new_id()
    await tx.execute(
        "INSERT INTO system_mails (id, name, recipient, sealed, state, created_at, expires_at) "
        "VALUES ($1, $2, $3, $4, 'waiting', $5, $6)",
        mail_id,
        draft.name,
        draft.recipient,
        keys.seal(msgspec.json.encode(draft.text), sealed_place(mail_id)),
        now(),
        draft.expires_at,
    )
    await enqueue(tx, Job(kind="notifications.send_system_mail", payload={"mail": mail_id}))


async def finish_system_mail(tx: Tx, mail_id: Id, state: State, error: str | None = None) -> None:
    """What became of it; what a server has taken is no longer ours to keep. # unscoped: it belongs to no account."""
    await tx.execute(
        "UPDATE system_mails SET state = $2, error = $3, finished_at = $4, "
        "sealed = CASE WHEN $2 = 'sent' THEN NULL ELSE sealed END WHERE id = $1 AND state = 'waiting'",
        mail_id,
        state,
        error,
        now(),
    )


async def forget_system_mails(tx: Tx) -> None:
    """Remove what is of no use any more. # unscoped: time passes for all alike."""
    await tx.execute("DELETE FROM system_mails WHERE expires_at < now()")
