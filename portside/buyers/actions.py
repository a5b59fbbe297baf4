"""Writing what buyers are told, or why they are not; and what an account wants them to be told."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from portside.audit.actions import note
from portside.buyers.models import BuyerDraft, MessageSettings
from portside.buyers.queries import get_settings
from portside.db.tx import Tx
from portside.kit.clock import now
from portside.kit.ids import new_id
from portside.kit.scope import Scope
from portside.notifications.actions import create_messages
from portside.notifications.models import MessageDraft

CHANGED = "buyer_messages.changed"

_INSERT = (
    "INSERT INTO buyer_messages (account_id, mode, id, label_id, status, channel, recipient, message_id, reason, "
    "is_again, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT DO NOTHING RETURNING id"
)
_SAVE = (
    "INSERT INTO buyer_message_settings (account_id, email, sms, in_test_mode, updated_at) VALUES ($1, $2, $3, $4, $5) "
    "ON CONFLICT (account_id) DO UPDATE SET email = $2, sms = $3, in_test_mode = $4, updated_at = $5"
)


async def note_messages(tx: Tx, drafts: Sequence[BuyerDraft]) -> int:
    """Write down what is told and queue it; gives how many are new. Of a label's status a buyer is told once by each
    channel, unless somebody asks for it again."""
    made = 0
    for draft in drafts:
        message_id = new_id() if draft.text is not None else None
        written = await tx.fetchval(
            _INSERT,
            draft.scope.account_id,
            draft.scope.mode,
            draft.id,
            draft.label_id,
            draft.status,
            draft.channel,
            draft.recipient,
            message_id,
            draft.reason,
            draft.is_again,
            now(),
        )
        if written is None:
            continue
        made += 1
        if draft.text is not None and message_id is not None:
            message = MessageDraft(
                id=message_id,
                scope=draft.scope,
                event_id=draft.id,
                name="parcel",
                recipient=draft.recipient,
                text=draft.text,
                channel=draft.channel,
                sender_name=draft.sender_name,
                reply_to=draft.reply_to,
                unsubscribe_url=draft.unsubscribe_url,
                keep=draft.keep,
            )
            await create_messages(tx, [message])
    return made


# unscoped: what is old goes in all accounts alike.
async def forget_buyer_messages(tx: Tx, before: dt.datetime, limit: int) -> int:
    """Remove what was told, or not told, before then; gives how much, at most `limit`."""
    rows = await tx.fetch(
        "WITH old AS MATERIALIZED (SELECT account_id, mode, id FROM buyer_messages WHERE created_at < $1 "
        "ORDER BY created_at LIMIT $2 FOR UPDATE SKIP LOCKED) "
        "DELETE FROM buyer_messages AS gone USING old WHERE gone.account_id = old.account_id "
        "AND gone.mode = old.mode AND gone.id = old.id RETURNING gone.id",
        before,
        limit,
    )
    return len(rows)


async def save_settings(tx: Tx, scope: Scope, given: MessageSettings, *, address: str = "") -> None:
    """What buyers of the account are told from now on, in both modes."""
    before = await get_settings(tx, scope)
    await tx.execute(_SAVE, scope.account_id, list(given.email), list(given.sms), given.in_test_mode, now())
    if given != before:
        changes = {"email": given.email, "sms": given.sms, "in_test_mode": given.in_test_mode}
        await note(tx, scope, CHANGED, "", changes, address)
